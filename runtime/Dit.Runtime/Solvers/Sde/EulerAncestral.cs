namespace Dit.Runtime;

/// <summary>
/// Ancestral sampling of a Gaussian diffusion with Euler's method: a step to a smaller sigma than asked for, and noise
/// up to it. It is SDE-DPM-Solver++ of first order (arXiv 2211.01095, appendix B.6), and DDIM with eta 1 (arXiv
/// 2010.02502).
/// </summary>
/// <param name="Steps">Steps from noise to data.</param>
/// <param name="Spacing">Where the steps lie; by default <see cref="Spacing.LogSnr"/>.</param>
/// <param name="ClipDenoised">Whether the predicted data is clipped to [-1, 1] at each step; for pixels, not for
/// latents.</param>
public sealed record EulerAncestral(int Steps, Spacing? Spacing = null, bool ClipDenoised = false)
    : LinearMultistep<GaussianDiffusion>(Steps, 1, Spacing, ClipDenoised)
{
    /// <inheritdoc/>
    public override string Method => "euler-ancestral";

    private protected override Spacing Way => base.Way with { VisitsSmallest = true };

    private protected override bool UsesNoise => false;

    private protected override ExponentialStep Between(NoiseNode from, NoiseNode to) => ExponentialStep.OfDataStochastic(from, to);

    private protected override double[] Weights(ExponentialStep step, double[] before) => step.Constant();
}
