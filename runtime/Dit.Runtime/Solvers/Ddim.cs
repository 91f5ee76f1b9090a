using static TorchSharp.torch;

namespace Dit.Runtime;

/// <summary>DDIM (Song et al., arXiv 2010.02502), over every k-th timestep where a whole k gives exactly so many steps,
/// else over evenly spaced ones.</summary>
/// <param name="Steps">Steps, 2 to the process's timesteps.</param>
/// <param name="Eta">The share of DDPM's noise: 0 is deterministic, 1 has the variance of DDPM.</param>
/// <param name="ClipDenoised">Whether the predicted data is clipped to [-1, 1] at each step; for pixels, not for
/// latents.</param>
/// <exception cref="DitException">eta lies outside 0 to 1.</exception>
public sealed record Ddim(int Steps, double Eta = 0, bool ClipDenoised = false) : GaussianSolver(Steps, ClipDenoised)
{
    /// <inheritdoc/>
    public override string Method => "ddim";

    /// <summary>The share of DDPM's noise, 0 to 1.</summary>
    public double Eta { get; init => field = GaussianDiffusion.RequireEta(value); } = GaussianDiffusion.RequireEta(Eta);

    /// <inheritdoc/>
    /// <remarks>Only eta 0 is deterministic.</remarks>
    public override bool CanInvert => Eta == 0;

    /// <inheritdoc/>
    public override Tensor Invert(GaussianDiffusion process, Denoiser network, SolverRun run) => Follow(
        process, network, run, rising: true, (few, output, x, t, _) => few.DdimReverseStep(output, x, t, ClipDenoised));

    private protected override Respacing Spacing(int timesteps) => Respacing.StrideOrEven(Steps, timesteps);

    private protected override DiffusionStep Step(GaussianDiffusion process, Tensor output, Tensor x, int[] t, SolverRun run) =>
        process.DdimStep(output, x, t, t[0] > 0 && Eta > 0 ? run.NextNoise(x) : null, Eta, ClipDenoised);
}
