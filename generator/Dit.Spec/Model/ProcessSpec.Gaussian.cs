namespace Dit.Spec;

public abstract partial record ProcessSpec
{
    /// <summary>A Gaussian diffusion process (Improved DDPM, arXiv 2102.09672).</summary>
    /// <param name="Prediction">What the model predicts.</param>
    /// <param name="Variance">Where the variance of the reverse step comes from.</param>
    /// <param name="Schedule">The noise schedule.</param>
    /// <param name="Timesteps">Number of steps.</param>
    public sealed record Gaussian(Prediction Prediction, Variance Variance, Schedule Schedule, int Timesteps) : ProcessSpec;
}
