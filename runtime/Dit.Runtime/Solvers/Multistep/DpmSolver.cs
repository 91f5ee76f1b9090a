namespace Dit.Runtime;

/// <summary>DPM-Solver (Lu et al., arXiv 2206.00927), multistep: an exponential integrator of the predicted
/// noise.</summary>
/// <remarks>
/// Third order takes the whole quadratic term of the Taylor expansion. The published code and diffusers take half of
/// it, and converge with order 2. A step to the data is of first order, and so is one from pure noise.
/// </remarks>
/// <typeparam name="TProcess">The process.</typeparam>
/// <param name="Steps">Steps from noise to data, at least <paramref name="Order"/>.</param>
/// <param name="Order">1, which is DDIM, to 3.</param>
/// <param name="Spacing">Where the steps lie; by default <see cref="Spacing.Time"/> on a flow, else <see
/// cref="Spacing.LogSnr"/>.</param>
/// <param name="ClipDenoised">Whether the predicted data is clipped to [-1, 1] at each step; for pixels, not for
/// latents.</param>
/// <exception cref="DitException">The order is not 1 to 3, or above the number of steps.</exception>
public sealed record DpmSolver<TProcess>(int Steps, int Order = 2, Spacing? Spacing = null, bool ClipDenoised = false)
    : DpmMultistep<TProcess>(Steps, Order, Spacing, ClipDenoised)
    where TProcess : IProcess
{
    /// <inheritdoc/>
    public override string Method => "dpm-solver";

    private protected override bool UsesNoise => true;

    private protected override ExponentialStep Between(NoiseNode from, NoiseNode to) => ExponentialStep.OfNoise(from, to);
}
