namespace Dit.Runtime;

/// <summary>
/// DEIS (Zhang and Chen, arXiv 2204.13902): the polynomial through the last predictions of the noise, in the logarithm
/// of sigma / alpha, is integrated exactly.
/// </summary>
/// <typeparam name="TProcess">The process.</typeparam>
/// <param name="Steps">Steps from noise to data, at least <paramref name="Order"/>.</param>
/// <param name="Order">1, which is DDIM, to 3.</param>
/// <param name="Spacing">Where the steps lie; by default <see cref="Spacing.Time"/> on a flow, else <see
/// cref="Spacing.LogSnr"/>.</param>
/// <param name="ClipDenoised">Whether the predicted data is clipped to [-1, 1] at each step; for pixels, not for
/// latents.</param>
/// <exception cref="DitException">The order is not 1 to 3, or above the number of steps.</exception>
public sealed record Deis<TProcess>(int Steps, int Order = 2, Spacing? Spacing = null, bool ClipDenoised = false)
    : LinearMultistep<TProcess>(Steps, Order, Spacing, ClipDenoised)
    where TProcess : IProcess
{
    /// <inheritdoc/>
    public override string Method => "deis";

    private protected override bool UsesNoise => true;

    private protected override ExponentialStep Between(NoiseNode from, NoiseNode to) => ExponentialStep.OfNoise(from, to);

    private protected override double[] Weights(ExponentialStep step, double[] before) =>
        before.Length == 0 ? step.Constant() : step.Polynomial(before);
}
