using static TorchSharp.torch;

namespace Dit.Runtime;

/// <summary>Ancestral sampling over evenly spaced timesteps (DDPM, arXiv 2006.11239, algorithm 2; Improved DDPM, arXiv
/// 2102.09672, section 4).</summary>
/// <param name="Steps">Steps, 2 to the process's timesteps.</param>
/// <param name="ClipDenoised">Whether the predicted data is clipped to [-1, 1] at each step; for pixels, not for
/// latents.</param>
public sealed record Ddpm(int Steps, bool ClipDenoised = false) : GaussianSolver(Steps, ClipDenoised)
{
    /// <inheritdoc/>
    public override string Method => "ddpm";

    private protected override Respacing Spacing(int timesteps) => Respacing.Even(Steps);

    private protected override DiffusionStep Step(GaussianDiffusion process, Tensor output, Tensor x, int[] t, SolverRun run) =>
        process.DdpmStep(output, x, t, t[0] > 0 ? run.NextNoise(x) : null, ClipDenoised);
}
