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
    /// <param name="noise">The start, unless one is given, then noise for each step that needs it, the highest timestep first; it stays the caller's.</param>
    /// <param name="progress">Told after each step.</param>
    /// <param name="cancellation">Looked at before each step.</param>
    /// <param name="observe">Shown the state after each step.</param>
    /// <param name="start">x_T, (N, C, Y, X), real; it stays the caller's. By default the first noise of <paramref name="noise"/>.</param>
    /// <returns>x_0, (N, C, Y, X).</returns>
    /// <exception cref="NonFiniteSampleException">A sample is NaN or infinite.</exception>
    /// <exception cref="DitException">Noise is not of the state's shape or not of real numbers.</exception>
    public Tensor Sample(
        Denoiser denoise,
        INoiseSource noise,
        IProgress<SamplingProgress>? progress = null,
        CancellationToken cancellation = default,
        Action<SamplingState>? observe = null,
        Tensor? start = null) => Sample(_ => denoise, noise, progress, cancellation, observe, start);

    /// <summary>As the other, with a network for each timestep of the process.</summary>
    internal Tensor Sample(
        Func<int, Denoiser> denoiseAt,
        INoiseSource noise,
        IProgress<SamplingProgress>? progress,
        CancellationToken cancellation,
        Action<SamplingState>? observe,
        Tensor? start)
    {
        cancellation.ThrowIfCancellationRequested();
        using var noGradient = no_grad();
        using var scope = NewDisposeScope();
        using var drawn = start is null ? noise.Next() : null;
        var first = start ?? drawn ?? throw new InvalidOperationException("The noise source gave nothing.");
        RequireImages("The start of a sampling loop", first);
        var timesteps = Enumerable.Range(0, Steps).Reverse();
        return Run(GaussianMath.Compute(first), timesteps, (x, t, see) => Step(denoiseAt(t[0]), noise, x, t, see), progress, cancellation, observe).MoveToOuterDisposeScope();
    }

    /// <summary>Runs deterministic DDIM backwards, from data to the noise that leads to it, without gradients.</summary>
    /// <param name="denoise">The network, called once per step.</param>
    /// <param name="x0">Data, (N, C, Y, X).</param>
    /// <param name="progress">Told after each step.</param>
    /// <param name="cancellation">Looked at before each step.</param>
    /// <param name="observe">Shown the state after each step.</param>
    /// <returns>The noise, (N, C, Y, X).</returns>
    /// <exception cref="NonFiniteSampleException">Noise of a sample is NaN or infinite.</exception>
    /// <exception cref="DitException">The method is not DDIM with eta 0, or the data is not of real numbers, (N, C, Y, X).</exception>
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
        cancellation.ThrowIfCancellationRequested();
        RequireImages("The data of an inversion", x0);
        using var noGradient = no_grad();
        using var scope = NewDisposeScope();
        var timesteps = Enumerable.Range(0, Steps);
        return Run(GaussianMath.Compute(x0), timesteps, (x, t, see) => ReverseStep(denoiseAt(t[0]), x, t, see), progress, cancellation, observe).MoveToOuterDisposeScope();
    }

    private DiffusionStep Step(Denoiser denoise, INoiseSource noise, Tensor x, int[] t, Action<Tensor> see)
    {
        var output = denoise(x, Process.OriginalTimesteps(t, x.device));
        see(output);
        return Method.Match(
            ddpm => Process.DdpmStep(output, x, t, t[0] > 0 ? Next(noise, x) : null, ClipDenoised),
            ddim => Process.DdimStep(output, x, t, t[0] > 0 && ddim.Eta > 0 ? Next(noise, x) : null, ddim.Eta, ClipDenoised));
    }

    private DiffusionStep ReverseStep(Denoiser denoise, Tensor x, int[] t, Action<Tensor> see)
    {
        var output = denoise(x, Process.OriginalTimesteps(t, x.device));
        see(output);
        return Process.DdimReverseStep(output, x, t, ClipDenoised);
    }

    // Noise of one image would otherwise be spread over all of them in silence.
    private static Tensor Next(INoiseSource source, Tensor x)
    {
        using var noise = source.Next();
        if (!noise.shape.AsSpan().SequenceEqual(x.shape) || !noise.is_floating_point())
            throw new DitException($"The noise source gave {noise.dtype} of shape ({string.Join(", ", noise.shape)}): noise for a step is real and has the shape of the state, ({string.Join(", ", x.shape)}).");
        return noise.to(x.dtype, x.device);
    }

    private static void RequireImages(string what, Tensor x)
    {
        if (x.dim() != 4 || x.shape[0] < 1 || !x.is_floating_point())
            throw new DitException($"{what} must be of real numbers, (N, C, Y, X), but is {x.dtype} of shape ({string.Join(", ", x.shape)}).");
    }

    /// <summary>Follows a trajectory; takes over <paramref name="start"/>. Each step's tensors are gone before the next begins.</summary>
    private Tensor Run(
        Tensor start,
        IEnumerable<int> timesteps,
        Func<Tensor, int[], Action<Tensor>, DiffusionStep> step,
        IProgress<SamplingProgress>? progress,
        CancellationToken cancellation,
        Action<SamplingState>? observe)
    {
        var x = start;
        var t = new int[x.shape[0]];
        using var trace = new FiniteTrace(Steps, start);
        var taken = new List<SamplingProgress>(Steps + 1) { new(0, Steps, 0) };
        foreach (var timestep in timesteps)
        {
            cancellation.ThrowIfCancellationRequested();
            using var scope = NewDisposeScope();
            Array.Fill(t, timestep);
            var report = new SamplingProgress(taken.Count, Steps, Process.TimestepMap[timestep]);
            // Of the prediction as well as of the state, where clipping makes a finite number of an infinite one.
            var next = step(x, t, output => trace.See(report.Step, output));
            trace.See(report.Step, next.Sample);
            taken.Add(report);
            Show(new(report, next.Sample, next.PredictedStart));
            progress?.Report(report);
            x.Dispose();
            x = next.Sample.MoveToOuterDisposeScope();
        }
        trace.Require(at => taken[at]);
        return x;

        // An observer that makes pictures may be the first to stumble over what is not finite; the trace knows where it began.
        void Show(SamplingState state)
        {
            try
            {
                observe?.Invoke(state);
            }
            catch (DitException)
            {
                trace.Require(at => taken[at]);
                throw;
            }
        }
    }
}
