using System.Collections.Immutable;
using static TorchSharp.torch;

namespace Dit.Runtime;

/// <summary>
/// The discrete Gaussian diffusion process of Improved DDPM (Nichol and Dhariwal, arXiv 2102.09672), as DiT uses it.
/// </summary>
/// <remarks>
/// Immutable; every method is a function of its arguments. Timesteps are those of this process, 0 .. S - 1, on the
/// host, one per sample: when all are equal, as in sampling, no number crosses to the device. float16 and bfloat16
/// inputs are computed in float32.
/// </remarks>
public sealed partial class GaussianDiffusion
{
    private GaussianDiffusion(NoiseSchedule schedule, Prediction prediction, ModelVariance variance, ImmutableArray<int> timestepMap)
    {
        Schedule = schedule;
        Prediction = prediction;
        Variance = variance;
        TimestepMap = timestepMap;
    }

    /// <summary>The process over all timesteps of a schedule.</summary>
    public GaussianDiffusion(NoiseSchedule schedule, Prediction prediction, ModelVariance variance)
        : this(schedule, prediction, variance, [.. Enumerable.Range(0, schedule.Timesteps)]) { }

    /// <summary>The noise of each step.</summary>
    public NoiseSchedule Schedule { get; }

    /// <summary>What the network's output stands for.</summary>
    public Prediction Prediction { get; }

    /// <summary>Where the variance of a reverse step comes from.</summary>
    public ModelVariance Variance { get; }

    /// <summary>
    /// For each timestep of this process, the timestep of the original one: what the network is called with.
    /// </summary>
    public ImmutableArray<int> TimestepMap { get; }

    /// <summary>S, the number of timesteps.</summary>
    public int Timesteps => Schedule.Timesteps;

    /// <summary>The process that visits fewer timesteps, with the same noise at each of them.</summary>
    /// <exception cref="DitException">The respacing cannot pick so many of this process's timesteps.</exception>
    public GaussianDiffusion Respace(Respacing respacing)
    {
        var retained = respacing.Retain(Timesteps);
        return new(Schedule.Retain(retained), Prediction, Variance, [.. retained.Select(i => TimestepMap[i])]);
    }

    /// <summary>The original timesteps of these, as a network takes them: float32, (N,).</summary>
    /// <param name="t">Timesteps of this process, N of them.</param>
    /// <param name="device">Where the tensor is made.</param>
    /// <exception cref="DitException">There are none, or one is outside 0 .. S - 1.</exception>
    public Tensor OriginalTimesteps(ReadOnlySpan<int> t, Device device)
    {
        if (t.IsEmpty) throw new DitException("No timestep was given: a network is called with one for each sample.");
        foreach (var step in t)
            if (step < 0 || step >= Timesteps)
                throw new DitException($"Timestep {step} does not exist: the process has 0 to {Timesteps - 1}.");
        return ProcessMath.ToTensor(TimesOf(t), device);
    }

    /// <summary>Draws x_t from q(x_t | x_0) (DDPM, equation 4).</summary>
    /// <param name="x0">Data, (N, C, Y, X).</param>
    /// <param name="t">Timesteps, N of them.</param>
    /// <param name="noise">Standard normal, (N, C, Y, X).</param>
    /// <returns>x_t, (N, C, Y, X).</returns>
    public Tensor QSample(Tensor x0, ReadOnlySpan<int> t, Tensor noise)
    {
        RequireTimesteps(t, x0);
        RequireSameShape(x0, noise, "noise");
        using var scope = NewDisposeScope();
        var signal = Coefficient.At(Schedule.SqrtAlphasCumprod, t, x0) * GaussianMath.Compute(x0);
        var spread = Coefficient.At(Schedule.SqrtOneMinusAlphasCumprod, t, x0) * GaussianMath.Compute(noise);
        return (signal + spread).MoveToOuterDisposeScope();
    }

    /// <summary>The moments of q(x_{t-1} | x_t, x_0) (DDPM, equations 6 and 7).</summary>
    /// <param name="x0">Data, (N, C, Y, X).</param>
    /// <param name="xt">The noised data, (N, C, Y, X).</param>
    /// <param name="t">Timesteps, N of them.</param>
    public GaussianMoments QPosteriorMeanVariance(Tensor x0, Tensor xt, ReadOnlySpan<int> t)
    {
        RequireTimesteps(t, xt);
        RequireSameShape(xt, x0, "x0");
        using var scope = NewDisposeScope();
        var mean = PosteriorMean(GaussianMath.Compute(x0), GaussianMath.Compute(xt), t);
        var variance = Coefficient.At(Schedule.PosteriorVariance, t, xt).ExpandAs(mean);
        var logVariance = Coefficient.At(Schedule.PosteriorLogVarianceClipped, t, xt).ExpandAs(mean);
        return new(mean.MoveToOuterDisposeScope(), variance.MoveToOuterDisposeScope(), logVariance.MoveToOuterDisposeScope());
    }

    /// <summary>The data that x_t and its noise imply.</summary>
    /// <param name="xt">(N, C, Y, X).</param>
    /// <param name="t">Timesteps, N of them.</param>
    /// <param name="epsilon">Noise, (N, C, Y, X).</param>
    /// <returns>x_0, (N, C, Y, X).</returns>
    public Tensor PredictStartFromEpsilon(Tensor xt, ReadOnlySpan<int> t, Tensor epsilon)
    {
        RequireTimesteps(t, xt);
        RequireSameShape(xt, epsilon, "epsilon");
        using var scope = NewDisposeScope();
        var scaled = Coefficient.At(Schedule.SqrtRecipAlphasCumprod, t, xt) * GaussianMath.Compute(xt);
        var noise = Coefficient.At(Schedule.SqrtRecipm1AlphasCumprod, t, xt) * GaussianMath.Compute(epsilon);
        return (scaled - noise).MoveToOuterDisposeScope();
    }

    /// <summary>The noise that x_t and its data imply.</summary>
    /// <param name="xt">(N, C, Y, X).</param>
    /// <param name="t">Timesteps, N of them.</param>
    /// <param name="start">Data x_0, (N, C, Y, X).</param>
    /// <returns>epsilon, (N, C, Y, X).</returns>
    public Tensor PredictEpsilonFromStart(Tensor xt, ReadOnlySpan<int> t, Tensor start)
    {
        RequireTimesteps(t, xt);
        RequireSameShape(xt, start, "start");
        using var scope = NewDisposeScope();
        var scaled = Coefficient.At(Schedule.SqrtRecipAlphasCumprod, t, xt) * GaussianMath.Compute(xt);
        var noise = (scaled - GaussianMath.Compute(start)) / Coefficient.At(Schedule.SqrtRecipm1AlphasCumprod, t, xt);
        return noise.MoveToOuterDisposeScope();
    }

    private Tensor PosteriorMean(Tensor start, Tensor xt, ReadOnlySpan<int> t)
    {
        using var scope = NewDisposeScope();
        var fromStart = Coefficient.At(Schedule.PosteriorMeanCoef1, t, xt) * start;
        var fromState = Coefficient.At(Schedule.PosteriorMeanCoef2, t, xt) * xt;
        return (fromStart + fromState).MoveToOuterDisposeScope();
    }

    private double[] TimesOf(ReadOnlySpan<int> t)
    {
        var times = new double[t.Length];
        for (var i = 0; i < times.Length; i++) times[i] = TimestepMap[t[i]];
        return times;
    }

    private void RequireTimesteps(ReadOnlySpan<int> t, Tensor x)
    {
        if (x.dim() < 2)
            throw new DitException($"A batch of shape {Shape(x)} was given: the process works on (N, C, Y, X).");
        if (t.Length != x.shape[0] || t.Length == 0)
            throw new DitException(
                $"{t.Length} timesteps were given for {x.shape[0]} samples: there must be one per sample, and at least one sample.");
        foreach (var step in t)
        {
            if (step < 0 || step >= Timesteps)
                throw new DitException($"Timestep {step} does not exist: this process has timesteps 0 to {Timesteps - 1}.");
        }
    }

    private static void RequireSameShape(Tensor x, Tensor other, string name)
    {
        if (!x.shape.AsSpan().SequenceEqual(other.shape))
            throw new DitException($"The {name} has shape {Shape(other)} beside a batch of shape {Shape(x)}: the two must be equal.");
    }

    private static string Shape(Tensor x) => $"({string.Join(", ", x.shape)})";
}
