using System.Collections.Immutable;
using static TorchSharp.torch;

namespace Dit.Runtime;

/// <summary>
/// An explicit Runge-Kutta method in given steps: on a <see cref="Flow"/> along the velocity over the time (SiT, arXiv
/// 2401.08740), on other processes along the predicted noise, x / alpha over sigma / alpha (Karras et al., arXiv
/// 2206.00364).
/// </summary>
/// <remarks>The last step is Euler's where it ends at data at which no slope is known: on a process that is no flow,
/// and on a flow whose network predicts the data, as JiT does it (arXiv 2511.13720).</remarks>
/// <typeparam name="TProcess">The process.</typeparam>
/// <param name="Steps">Steps, at least 1.</param>
/// <param name="Tableau">The method's coefficients.</param>
/// <param name="Spacing">Where the steps begin and end; by default <see cref="Spacing.Time"/> on a flow, else <see
/// cref="Spacing.Karras"/>. On a flow it is moved into the times of SiT's published code, which leave 0.001 out where
/// the velocity is infinite or not known.</param>
/// <param name="ClipDenoised">Whether the predicted data is clipped to [-1, 1] at each step; for pixels, not for
/// latents.</param>
public record RungeKutta<TProcess>(int Steps, ButcherTableau Tableau, Spacing? Spacing = null, bool ClipDenoised = false)
    : NodeSolver<TProcess>(Steps, Spacing, ClipDenoised)
    where TProcess : IProcess
{
    /// <inheritdoc/>
    public override string Method => Tableau.Name;

    /// <inheritdoc/>
    /// <remarks>The stages of every step; one for a last step that is Euler's.</remarks>
    public override int? EvaluationsFor(TProcess process) =>
        Ode.Of(process, ClipDenoised).EndsWithoutSlope ? Tableau.Evaluations * (Steps - 1) + 1 : Tableau.Evaluations * Steps;

    /// <inheritdoc/>
    public override IReadOnlyList<double> Times(TProcess process)
    {
        var ode = Ode.Of(process, ClipDenoised);
        var nodes = Nodes(process);
        var stages = Enumerable.Range(0, Steps).SelectMany(step => Enumerable
            .Range(0, TableauOf(ode, step).Evaluations)
            .Select(stage => StageNode(ode, TableauOf(ode, step), StartOf(ode, nodes[step]), nodes[step + 1], stage).Time));
        return [.. stages.Distinct().Order()];
    }

    /// <inheritdoc/>
    public override ImmutableArray<NoiseNode> Nodes(TProcess process) => Ode.Of(process, ClipDenoised).Inside(base.Nodes(process));

    /// <inheritdoc/>
    public override Tensor Run(TProcess process, Denoiser network, SolverRun run)
    {
        var ode = Ode.Of(process, ClipDenoised);
        var nodes = Nodes(process);
        return run.Follow(Steps, state =>
        {
            var (node, to, tableau) = (nodes[state.Step], nodes[state.Step + 1], TableauOf(ode, state.Step));
            var from = StartOf(ode, node);
            Tensor? start = null;
            var begin = Raised(ode.StateOf(state.X, node), ode.PlaceOf(node), ode.PlaceOf(from), run);
            var y = tableau.Step(begin, ode.PlaceOf(to) - ode.PlaceOf(from), (at, stage) =>
            {
                var there = ode.SlopeAt(network, at, StageNode(ode, tableau, from, to, stage));
                start ??= there.Start;
                return there.Slope;
            });
            return new(ode.SampleOf(y, to), start ?? y, from.Time);
        });
    }

    /// <summary>Where the step from a node really starts, for a method that adds noise first.</summary>
    private protected virtual NoiseNode StartOf(Ode ode, NoiseNode node) => node;

    /// <summary>The state with the noise that such a method adds.</summary>
    private protected virtual Tensor Raised(Tensor y, double level, double raised, SolverRun run) => y;

    private ButcherTableau TableauOf(Ode ode, int step) =>
        step == Steps - 1 && ode.EndsWithoutSlope ? ButcherTableau.Euler : Tableau;

    private protected override Spacing Way => base.Way with { VisitsSmallest = true };

    private protected override Spacing Usual => IsFlow ? base.Usual : Dit.Runtime.Spacing.Karras;

    // At the ends of a step exactly the node, so that the next step calls the network at the same time.
    private static NoiseNode StageNode(Ode ode, ButcherTableau tableau, NoiseNode from, NoiseNode to, int stage) =>
        tableau.PlaceOf(stage) switch
        {
            0 => from,
            1 => to,
            var share => ode.NodeAt(ode.PlaceOf(from) + (ode.PlaceOf(to) - ode.PlaceOf(from)) * share),
        };
}
