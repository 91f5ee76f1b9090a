using System.Collections.Immutable;
using static TorchSharp.torch;

namespace Dit.Runtime;

/// <summary>
/// A solver that calls the network once a step and remembers its last predictions. The first steps are of lower order,
/// and so are the last ones.
/// </summary>
/// <typeparam name="TProcess">The process.</typeparam>
/// <param name="Steps">Steps from noise to data, at least <paramref name="Order"/>.</param>
/// <param name="Order">1 to 3: predictions that a step uses.</param>
/// <param name="Spacing">Where the steps lie; by default <see cref="Spacing.Time"/> on a flow, else <see
/// cref="Spacing.LogSnr"/>.</param>
/// <param name="ClipDenoised">Whether the predicted data is clipped to [-1, 1] at each step; for pixels, not for
/// latents.</param>
/// <exception cref="DitException">The order is not one of the method, or above the number of steps.</exception>
public abstract record MultistepSolver<TProcess>(int Steps, int Order, Spacing? Spacing, bool ClipDenoised)
    : NodeSolver<TProcess>(Steps, Spacing, ClipDenoised)
    where TProcess : IProcess
{
    private const int MostOrder = 3;
    private const int FewSteps = 15; // below which published code lowers the order towards the end

    /// <summary>Predictions that a step uses, 1 to 3.</summary>
    /// <exception cref="DitException">There is no such order.</exception>
    public int Order { get; init => field = RequireOrder(value, int.MaxValue); } = RequireOrder(Order, Steps);

    /// <inheritdoc/>
    public override (int Fewest, int Most) StepsRange(TProcess process) => base.StepsRange(process) with { Fewest = Order };

    /// <summary>Whether the last steps are of lower order where there are few.</summary>
    internal bool LowersOrderAtEnd { get; init; } = true;

    /// <summary>Whether the last step is of first order however many there are.</summary>
    internal bool EndsWithEuler { get; init; }

    /// <inheritdoc/>
    /// <remarks>
    /// A flow's prediction of the noise or of the score says nothing of the data where alpha is 0. Nodes that begin
    /// there are moved into the times of SiT's published code, which begin 0.001 later.
    /// </remarks>
    public override ImmutableArray<NoiseNode> Nodes(TProcess process)
    {
        var nodes = base.Nodes(process);
        return nodes[0].Alpha == 0 && process is Flow flow ? FlowInterval.Inside(flow, nodes) : nodes;
    }

    /// <inheritdoc/>
    public override Tensor Run(TProcess process, Denoiser network, SolverRun run)
    {
        RequireOrder(Order, Steps);
        var nodes = Nodes(process);
        return run.Follow(Steps, state => Step(process, network, run, nodes, state));
    }

    private protected abstract SolverStep Step(
        TProcess process, Denoiser network, SolverRun run, ImmutableArray<NoiseNode> nodes, SolverState state);

    /// <summary>Whether the order falls towards the end, as far as the settings ask for it.</summary>
    private protected virtual bool IsShort => Steps < FewSteps;

    /// <summary>The order of a step: as many predictions as there are, at finite lambda.</summary>
    private protected int OrderAt(ImmutableArray<NoiseNode> nodes, int step)
    {
        var (order, to) = (Math.Min(Order, step + 1), nodes[step + 1]);
        if (LowersOrderAtEnd && IsShort) order = Math.Min(order, Steps - step);
        if (EndsWithEuler && step == Steps - 1) order = 1;
        // A step to the data is infinite in lambda, and one between equal nodes is none.
        if (to.Sigma == 0 || to.Lambda == nodes[step].Lambda) order = 1;
        while (order > 1 && !double.IsFinite(nodes[step - order + 1].Lambda)) order--;
        return order;
    }

    /// <summary>The steps before one, the newest first, in units of it; one less than its order.</summary>
    private protected static double[] StepsBefore(ImmutableArray<NoiseNode> nodes, int step, int order)
    {
        var h = nodes[step + 1].Lambda - nodes[step].Lambda;
        return [.. Enumerable.Range(0, order - 1).Select(k => (nodes[step - k].Lambda - nodes[step - k - 1].Lambda) / h)];
    }

    private static int RequireOrder(int order, int steps)
    {
        if (order is < 1 or > MostOrder)
            throw new DitException($"A solver of order {order} was asked for: there are orders 1 to {MostOrder}.");
        return order <= steps
            ? order
            : throw new DitException($"A solver of order {order} needs at least {order} steps, and has {steps}.");
    }
}
