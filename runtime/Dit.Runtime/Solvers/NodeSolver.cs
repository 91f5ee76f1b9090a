using System.Collections.Immutable;

namespace Dit.Runtime;

/// <summary>A solver that needs nothing of a process but alpha and sigma at its nodes.</summary>
/// <typeparam name="TProcess">The process.</typeparam>
/// <param name="Steps">Steps from noise to data.</param>
/// <param name="Spacing">Where the steps lie; by default <see cref="Spacing.Time"/> on a flow, else <see
/// cref="Spacing.LogSnr"/>.</param>
/// <param name="ClipDenoised">Whether the predicted data is clipped to [-1, 1] at each step; for pixels, not for
/// latents.</param>
public abstract record NodeSolver<TProcess>(int Steps, Spacing? Spacing, bool ClipDenoised) : FixedStepSolver<TProcess>(Steps)
    where TProcess : IProcess
{
    /// <inheritdoc/>
    public override (int Fewest, int Most) StepsRange(TProcess process) => (1, Way.MostSteps(process));

    /// <inheritdoc/>
    public override IReadOnlyList<double> Times(TProcess process) =>
        [.. Nodes(process)[..^1].Select(static node => node.Time).Distinct().Order()];

    /// <summary>The nodes, from the noise to the end.</summary>
    /// <param name="process">The process that the model is trained for.</param>
    /// <returns>One more than there are steps.</returns>
    /// <exception cref="DitException">The process does not allow the spacing, or so many steps.</exception>
    public virtual ImmutableArray<NoiseNode> Nodes(TProcess process) => Way.Nodes(process, Steps);

    private protected virtual Spacing Way => Spacing ?? Usual;

    /// <summary>Where steps lie that the user does not place.</summary>
    private protected virtual Spacing Usual =>
        IsFlow ? Dit.Runtime.Spacing.Time : Dit.Runtime.Spacing.LogSnr;

    private protected static bool IsFlow => typeof(Flow).IsAssignableFrom(typeof(TProcess));
}
