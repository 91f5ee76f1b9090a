using static TorchSharp.torch;

namespace Dit.Runtime;

/// <summary>A solver and its process under a name; it knows no model, and takes a denoiser and noise of your
/// own.</summary>
/// <typeparam name="TProcess">The process.</typeparam>
/// <param name="Name">The name in the spec file, for instance <c>ddpm-250</c>.</param>
/// <param name="Solver">How it steps.</param>
/// <param name="Process">The process that the network is trained for.</param>
public sealed record SamplingLoop<TProcess>(string Name, Solver<TProcess> Solver, TProcess Process)
    where TProcess : IProcess
{
    /// <summary>Steps from noise to data; null for a solver that chooses them as it goes.</summary>
    internal int? Steps => Fixed?.Steps;

    /// <summary>The fewest and the most steps that it can take; null for a solver that chooses its steps.</summary>
    internal (int Fewest, int Most)? StepsRange => Fixed?.StepsRange(Process);

    private FixedStepSolver<TProcess>? Fixed => Solver as FixedStepSolver<TProcess>;

    /// <summary>
    /// The same solver with a different number of steps; a name that ends with that number follows it.
    /// </summary>
    /// <exception cref="DitException">
    /// It is outside <see cref="StepsRange"/>, or the solver chooses its steps.
    /// </exception>
    internal (string Name, Solver<TProcess> Solver) WithSteps(int steps)
    {
        if (Fixed is not { } solver || StepsRange is not var (fewest, most))
            throw new DitException($"{Name} cannot be made to take {steps} steps: it chooses them as it goes.");
        if (steps < fewest || steps > most)
            throw new DitException($"{Name} cannot be made to take {steps} steps: its process allows {fewest} to {most}.");
        var end = $"-{solver.Steps}";
        return (Name.EndsWith(end, StringComparison.Ordinal) ? $"{Name[..^end.Length]}-{steps}" : Name, solver with { Steps = steps });
    }

    /// <summary>Runs from noise to data, without gradients.</summary>
    /// <param name="denoise">The network; the state it is given is float32.</param>
    /// <param name="noise">The start, unless one is given, then noise for each step that needs it, in the order of the
    /// steps; it stays the caller's.</param>
    /// <param name="progress">Receives a report after each step.</param>
    /// <param name="cancellation">Checked before each step.</param>
    /// <param name="observe">Shown the state after each step.</param>
    /// <param name="start">x_T, (N, C, Y, X), real; it stays the caller's. By default the first noise of
    /// <paramref name="noise"/>.</param>
    /// <returns>x_0, (N, C, Y, X).</returns>
    /// <exception cref="NonFiniteSampleException">A sample is NaN or infinite.</exception>
    /// <exception cref="DitException">Noise is not of the state's shape or not of real numbers.</exception>
    public Tensor Sample(
        Denoiser denoise,
        INoiseSource noise,
        IProgress<SamplingProgress>? progress = null,
        CancellationToken cancellation = default,
        Action<SamplingState>? observe = null,
        Tensor? start = null)
    {
        cancellation.ThrowIfCancellationRequested();
        using var noGradient = no_grad();
        using var scope = NewDisposeScope();
        using var drawn = start is null ? noise.Next() : null;
        var first = start ?? drawn ?? throw new InvalidOperationException("The noise source gave nothing.");
        SamplingLoop.RequireImages("The start of a sampling loop", first);
        var run = new SolverRun(GaussianMath.Compute(first), (Process.NoiseTime, Process.DataTime), noise, progress, cancellation, observe);
        return Solver.Run(Process, run.Watched(denoise), run).MoveToOuterDisposeScope();
    }

    /// <summary>Runs a deterministic solver backwards, from data to the noise that leads to it, without
    /// gradients.</summary>
    /// <param name="denoise">The network.</param>
    /// <param name="x0">Data, (N, C, Y, X).</param>
    /// <param name="progress">Receives a report after each step.</param>
    /// <param name="cancellation">Checked before each step.</param>
    /// <param name="observe">Shown the state after each step.</param>
    /// <returns>The noise, (N, C, Y, X).</returns>
    /// <exception cref="NonFiniteSampleException">Noise of a sample is NaN or infinite.</exception>
    /// <exception cref="DitException">The solver cannot be run backwards, or the data is not of real numbers, (N, C, Y,
    /// X).</exception>
    public Tensor Invert(
        Denoiser denoise,
        Tensor x0,
        IProgress<SamplingProgress>? progress = null,
        CancellationToken cancellation = default,
        Action<SamplingState>? observe = null)
    {
        if (!Solver.CanInvert)
            throw new DitException($"The sampler {Name} cannot be run backwards: only a deterministic one can, such as DDIM with eta 0.");
        cancellation.ThrowIfCancellationRequested();
        SamplingLoop.RequireImages("The data of an inversion", x0);
        using var noGradient = no_grad();
        using var scope = NewDisposeScope();
        var run = new SolverRun(GaussianMath.Compute(x0), (Process.DataTime, Process.NoiseTime), null, progress, cancellation, observe);
        return Solver.Invert(Process, run.Watched(denoise), run).MoveToOuterDisposeScope();
    }
}

/// <summary>What all loops check.</summary>
internal static class SamplingLoop
{
    /// <summary>Makes sure that a tensor holds images.</summary>
    /// <exception cref="DitException">It is not of real numbers, (N, C, Y, X).</exception>
    public static void RequireImages(string what, Tensor x)
    {
        if (x.dim() != 4 || x.shape[0] < 1 || !x.is_floating_point())
            throw new DitException(
                $"{what} must be of real numbers, (N, C, Y, X), but is {x.dtype} of shape ({string.Join(", ", x.shape)}).");
    }
}
