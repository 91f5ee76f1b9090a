namespace Dit.Runtime;

/// <summary>
/// Multistep consistency sampling (Song et al., arXiv 2303.01469, algorithm 1): a step predicts the data and mixes it
/// with new noise of the next level. FlowMatchEuler of diffusers has it as stochastic sampling.
/// </summary>
/// <remarks>
/// For models that are distilled to predict the data in one step; they take 1 to 8. Other models predict the mean of
/// all data that a state allows: their samples lose detail, however many steps there are.
/// </remarks>
/// <typeparam name="TProcess">The process.</typeparam>
/// <param name="Steps">Steps from noise to data.</param>
/// <param name="Spacing">Where the steps lie; by default <see cref="Spacing.Time"/> on a flow, else <see
/// cref="Spacing.LogSnr"/>.</param>
/// <param name="ClipDenoised">Whether the predicted data is clipped to [-1, 1] at each step; for pixels, not for
/// latents.</param>
public sealed record Consistency<TProcess>(int Steps, Spacing? Spacing = null, bool ClipDenoised = false)
    : LinearMultistep<TProcess>(Steps, 1, Spacing, ClipDenoised)
    where TProcess : IProcess
{
    /// <inheritdoc/>
    public override string Method => "consistency";

    private protected override Spacing Usual => Dit.Runtime.Spacing.Time;

    private protected override bool UsesNoise => false;

    private protected override ExponentialStep Between(NoiseNode from, NoiseNode to) =>
        new(State: 0, First: to.Alpha, Noise: to.Sigma, Scale: 0, Z: 0);

    private protected override double[] Weights(ExponentialStep step, double[] before) => step.Constant();
}
