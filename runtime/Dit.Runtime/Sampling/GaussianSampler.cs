using static TorchSharp.torch;

namespace Dit.Runtime;

/// <summary>How far a loop is.</summary>
/// <param name="Step">Steps done, from 1.</param>
/// <param name="Steps">Steps in all.</param>
/// <param name="Timestep">The original timestep of the step just done.</param>
public readonly record struct SamplingProgress(int Step, int Steps, int Timestep);

/// <summary>The state after one step, lent to an observer: its tensors live until the observer returns.</summary>
/// <param name="Progress">How far the loop is.</param>
/// <param name="State">The state after the step, (N, C, Y, X).</param>
/// <param name="PredictedStart">The data predicted on the way, (N, C, Y, X): a preview of the result.</param>
public readonly record struct SamplingState(SamplingProgress Progress, Tensor State, Tensor PredictedStart);

/// <summary>A sampling loop over a Gaussian diffusion process; it knows no model.</summary>
/// <param name="Name">The name it is asked for by, for instance <c>ddpm-250</c>.</param>
/// <param name="Method">How it steps.</param>
/// <param name="Process">The process, already respaced: one step per timestep.</param>
/// <param name="ClipDenoised">Whether the predicted data is clipped to [-1, 1] at each step; for pixels, not for latents.</param>
public sealed record GaussianSampler(string Name, SamplingMethod Method, GaussianDiffusion Process, bool ClipDenoised = false)
{
    /// <summary>Steps of the loop, and calls of the network.</summary>
    public int Steps => Process.Timesteps;

    /// <summary>Runs the loop from noise to data, without gradients.</summary>
    /// <param name="denoise">The network, called once per step; the state it is given is float32.</param>
    /// <param name="noise">The start, then noise for each step that needs it, the highest timestep first; it stays the caller's.</param>
    /// <param name="progress">Told after each step.</param>
    /// <param name="cancellation">Looked at before each step.</param>
    /// <param name="observe">Shown the state after each step.</param>
    /// <returns>x_0, (N, C, Y, X).</returns>
    public Tensor Sample(
        Denoiser denoise,
        INoiseSource noise,
        IProgress<SamplingProgress>? progress = null,
        CancellationToken cancellation = default,
        Action<SamplingState>? observe = null) => Sample(_ => denoise, noise, progress, cancellation, observe);

    /// <summary>As the other, with a network for each timestep of the process.</summary>
    internal Tensor Sample(
        Func<int, Denoiser> denoiseAt,
        INoiseSource noise,
        IProgress<SamplingProgress>? progress,
        CancellationToken cancellation,
        Action<SamplingState>? observe)
    {
        using var noGradient = no_grad();
        using var scope = NewDisposeScope();
        using var first = noise.Next();
        var timesteps = Enumerable.Range(0, Steps).Reverse();
        return Run(GaussianMath.Compute(first), timesteps, (x, t) => Step(denoiseAt(t[0]), noise, x, t), progress, cancellation, observe).MoveToOuterDisposeScope();
    }

    /// <summary>Runs deterministic DDIM backwards, from data to the noise that leads to it, without gradients.</summary>
    /// <param name="denoise">The network, called once per step.</param>
    /// <param name="x0">Data, (N, C, Y, X).</param>
    /// <param name="progress">Told after each step.</param>
    /// <param name="cancellation">Looked at before each step.</param>
    /// <param name="observe">Shown the state after each step.</param>
    /// <returns>The noise, (N, C, Y, X).</returns>
    /// <exception cref="DitException">The method is not DDIM with eta 0.</exception>
    public Tensor Invert(
        Denoiser denoise,
        Tensor x0,
        IProgress<SamplingProgress>? progress = null,
        CancellationToken cancellation = default,
        Action<SamplingState>? observe = null) => Invert(_ => denoise, x0, progress, cancellation, observe);

    /// <summary>As the other, with a network for each timestep of the process.</summary>
    internal Tensor Invert(
        Func<int, Denoiser> denoiseAt,
        Tensor x0,
        IProgress<SamplingProgress>? progress,
        CancellationToken cancellation,
        Action<SamplingState>? observe)
    {
        if (Method is not SamplingMethod.Ddim { Eta: 0 })
            throw new DitException($"The sampler {Name} cannot be run backwards: only DDIM with eta 0 is deterministic.");
        using var noGradient = no_grad();
        using var scope = NewDisposeScope();
        var timesteps = Enumerable.Range(0, Steps);
        return Run(GaussianMath.Compute(x0), timesteps, (x, t) => ReverseStep(denoiseAt(t[0]), x, t), progress, cancellation, observe).MoveToOuterDisposeScope();
    }

    private DiffusionStep Step(Denoiser denoise, INoiseSource noise, Tensor x, int[] t)
    {
        var output = denoise(x, Process.OriginalTimesteps(t, x.device));
        return Method.Match(
            ddpm => Process.DdpmStep(output, x, t, t[0] > 0 ? noise.Next() : null, ClipDenoised),
            ddim => Process.DdimStep(output, x, t, t[0] > 0 && ddim.Eta > 0 ? noise.Next() : null, ddim.Eta, ClipDenoised));
    }

    private DiffusionStep ReverseStep(Denoiser denoise, Tensor x, int[] t) =>
        Process.DdimReverseStep(denoise(x, Process.OriginalTimesteps(t, x.device)), x, t, ClipDenoised);

    /// <summary>Follows a trajectory; takes over <paramref name="start"/>. Each step's tensors are gone before the next begins.</summary>
    private Tensor Run(
        Tensor start,
        IEnumerable<int> timesteps,
        Func<Tensor, int[], DiffusionStep> step,
        IProgress<SamplingProgress>? progress,
        CancellationToken cancellation,
        Action<SamplingState>? observe)
    {
        var x = start;
        var t = new int[x.shape[0]];
        var done = 0;
        foreach (var timestep in timesteps)
        {
            cancellation.ThrowIfCancellationRequested();
            using var scope = NewDisposeScope();
            Array.Fill(t, timestep);
            var next = step(x, t);
            var report = new SamplingProgress(++done, Steps, Process.TimestepMap[timestep]);
            observe?.Invoke(new(report, next.Sample, next.PredictedStart));
            progress?.Report(report);
            x.Dispose();
            x = next.Sample.MoveToOuterDisposeScope();
        }
        return x;
    }
}
