using static TorchSharp.torch;

namespace Dit.Runtime;

/// <summary>A solver that visits some of the timesteps of a Gaussian diffusion, one call of the network at
/// each.</summary>
/// <param name="Steps">Steps, 2 to the process's timesteps.</param>
/// <param name="ClipDenoised">Whether the predicted data is clipped to [-1, 1] at each step; for pixels, not for
/// latents.</param>
public abstract record GaussianSolver(int Steps, bool ClipDenoised) : FixedStepSolver<GaussianDiffusion>(Steps)
{
    private const int FewestSteps = 2; // a process of one step has no step before it

    /// <inheritdoc/>
    public override (int Fewest, int Most) StepsRange(GaussianDiffusion process) => (FewestSteps, process.Timesteps);

    /// <inheritdoc/>
    public override IReadOnlyList<double> Times(GaussianDiffusion process) =>
        [.. Respaced(process).TimestepMap.Select(static t => (double)t)];

    /// <inheritdoc/>
    public override Tensor Run(GaussianDiffusion process, Denoiser network, SolverRun run) =>
        Follow(process, network, run, rising: false, Step);

    /// <summary>The process that visits only the solver's timesteps.</summary>
    /// <param name="process">The process that the model is trained for.</param>
    /// <exception cref="DitException">The process does not allow so many steps.</exception>
    public GaussianDiffusion Respaced(GaussianDiffusion process) => process.Respace(Spacing(process.Timesteps));

    private protected abstract Respacing Spacing(int timesteps);

    /// <summary>A step towards the data.</summary>
    /// <param name="process">The respaced process.</param>
    /// <param name="output">The network's output at x.</param>
    /// <param name="x">The state, (N, C, Y, X).</param>
    /// <param name="t">The respaced timestep, N times.</param>
    /// <param name="run">The source of noise.</param>
    private protected abstract DiffusionStep Step(GaussianDiffusion process, Tensor output, Tensor x, int[] t, SolverRun run);

    private protected Tensor Follow(
        GaussianDiffusion process,
        Denoiser network,
        SolverRun run,
        bool rising,
        Func<GaussianDiffusion, Tensor, Tensor, int[], SolverRun, DiffusionStep> step)
    {
        var few = Respaced(process);
        var t = new int[run.Start.shape[0]];
        return run.Follow(Steps, state =>
        {
            Array.Fill(t, rising ? state.Step : Steps - 1 - state.Step);
            double time = few.TimestepMap[t[0]];
            var next = step(few, network(state.X, time), state.X, t, run);
            return new(next.Sample, next.PredictedStart, time);
        });
    }
}
