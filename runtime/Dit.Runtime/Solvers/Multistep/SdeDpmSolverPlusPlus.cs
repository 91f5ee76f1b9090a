namespace Dit.Runtime;

/// <summary>SDE-DPM-Solver++ (Lu et al., arXiv 2211.01095, appendix B.6), multistep: draws noise at each step but the
/// last.</summary>
/// <remarks>Third order integrates the polynomial through three predictions. That of diffusers has a wrong sign, and an
/// error that does not vanish with the step.</remarks>
/// <typeparam name="TProcess">The process.</typeparam>
/// <param name="Steps">Steps from noise to data, at least <paramref name="Order"/>.</param>
/// <param name="Order">1, which is ancestral sampling, to 3.</param>
/// <param name="Spacing">Where the steps lie; by default <see cref="Spacing.Time"/> on a flow, else <see
/// cref="Spacing.LogSnr"/>.</param>
/// <param name="ClipDenoised">Whether the predicted data is clipped to [-1, 1] at each step; for pixels, not for
/// latents.</param>
/// <exception cref="DitException">The order is not 1 to 3, or above the number of steps.</exception>
public sealed record SdeDpmSolverPlusPlus<TProcess>(int Steps, int Order = 2, Spacing? Spacing = null, bool ClipDenoised = false)
    : DpmMultistep<TProcess>(Steps, Order, Spacing, ClipDenoised)
    where TProcess : IProcess
{
    /// <inheritdoc/>
    public override string Method => "sde-dpm-solver++";

    /// <summary>Whether the prediction of the noise is integrated: SDE-DPM-Solver.</summary>
    internal bool OfNoise { get; init; }

    private protected override bool UsesNoise => OfNoise;

    private protected override ExponentialStep Between(NoiseNode from, NoiseNode to) => OfNoise
        ? ExponentialStep.OfNoiseStochastic(from, to)
        : ExponentialStep.OfDataStochastic(from, to);
}
