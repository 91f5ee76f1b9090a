using static TorchSharp.torch;

namespace Dit.Runtime;

// The way from noise to data: what the network's output means, and the steps that samplers are made of.
public sealed partial class GaussianDiffusion
{
    /// <summary>The Gaussian p(x_{t-1} | x_t) that the network's output describes.</summary>
    /// <param name="modelOutput">(N, 2 C, Y, X) when the variance is learned, else (N, C, Y, X).</param>
    /// <param name="x">x_t, (N, C, Y, X).</param>
    /// <param name="t">Timesteps, N of them.</param>
    /// <param name="clipDenoised">Whether the predicted data is clipped to [-1, 1].</param>
    /// <exception cref="DitException">The output's shape does not fit the input's.</exception>
    public ReversePrediction PredictMeanVariance(Tensor modelOutput, Tensor x, ReadOnlySpan<int> t, bool clipDenoised)
    {
        using var scope = NewDisposeScope();
        var (mean, logVariance, start) = Predict(modelOutput, x, t, clipDenoised);
        var variance = Variance switch
        {
            ModelVariance.FixedSmall => Coefficient.At(Schedule.PosteriorVariance, t, x).ExpandAs(mean),
            ModelVariance.FixedLarge => Coefficient.At(Schedule.LargeVariance, t, x).ExpandAs(mean),
            _ => logVariance.exp(),
        };
        return new(mean.MoveToOuterDisposeScope(), variance.MoveToOuterDisposeScope(),
            logVariance.MoveToOuterDisposeScope(), start.MoveToOuterDisposeScope());
    }

    /// <summary>The data x_0 that the network's output describes.</summary>
    /// <param name="modelOutput">(N, 2 C, Y, X) when the variance is learned, else (N, C, Y, X).</param>
    /// <param name="x">x_t, (N, C, Y, X).</param>
    /// <param name="t">Timesteps, N of them.</param>
    /// <param name="clipDenoised">Whether the predicted data is clipped to [-1, 1].</param>
    /// <returns>(N, C, Y, X).</returns>
    /// <exception cref="DitException">The output's shape does not fit the input's.</exception>
    public Tensor PredictStart(Tensor modelOutput, Tensor x, ReadOnlySpan<int> t, bool clipDenoised)
    {
        RequireTimesteps(t, x);
        RequireOutput(modelOutput, x);
        using var scope = NewDisposeScope();
        var predicted = GaussianMath.Compute(modelOutput.narrow(1, 0, x.shape[1]));
        var start = Prediction switch
        {
            Prediction.StartX => predicted,
            Prediction.Epsilon => PredictStartFromEpsilon(x, t, predicted),
            _ => ((IProcess)this).Convert(modelOutput, x, TimesOf(t), Prediction.StartX),
        };
        return (clipDenoised ? start.clamp(Scalars.MinusOne, Scalars.One) : start).MoveToOuterDisposeScope();
    }

    /// <summary>One ancestral step, x_{t-1} from p(x_{t-1} | x_t) (DDPM, algorithm 2).</summary>
    /// <param name="modelOutput">The network's output at x_t, (N, C or 2 C, Y, X).</param>
    /// <param name="x">x_t, (N, C, Y, X).</param>
    /// <param name="t">Timesteps, N of them.</param>
    /// <param name="noise">
    /// Standard normal, (N, C, Y, X); may be left out when every timestep is 0, which adds none.
    /// </param>
    /// <param name="clipDenoised">Whether the predicted data is clipped to [-1, 1].</param>
    public DiffusionStep DdpmStep(Tensor modelOutput, Tensor x, ReadOnlySpan<int> t, Tensor? noise, bool clipDenoised = false)
    {
        using var scope = NewDisposeScope();
        var (mean, logVariance, start) = Predict(modelOutput, x, t, clipDenoised);
        if (t.IndexOfAnyExcept(0) >= 0)
        {
            var scale = Coefficient.At(static i => i == 0 ? 0f : 1f, t, x) * (logVariance * Scalars.Half).exp();
            mean = mean + scale * RequireNoise(noise, x);
        }
        return new(mean.MoveToOuterDisposeScope(), start.MoveToOuterDisposeScope());
    }

    /// <summary>One DDIM step from t to the timestep before (Song et al., arXiv 2010.02502, equation 12).</summary>
    /// <param name="modelOutput">The network's output at x_t, (N, C or 2 C, Y, X).</param>
    /// <param name="x">x_t, (N, C, Y, X).</param>
    /// <param name="t">Timesteps, N of them.</param>
    /// <param name="noise">Standard normal, (N, C, Y, X); may be left out when eta or every timestep is 0.</param>
    /// <param name="eta">0 is deterministic, 1 has the variance of DDPM (equation 16).</param>
    /// <param name="clipDenoised">Whether the predicted data is clipped to [-1, 1].</param>
    /// <exception cref="DitException">eta lies outside 0 to 1, noise is missing, or a shape does not fit.</exception>
    public DiffusionStep DdimStep(
        Tensor modelOutput,
        Tensor x,
        ReadOnlySpan<int> t,
        Tensor? noise,
        double eta = 0,
        bool clipDenoised = false)
    {
        RequireEta(eta);
        using var scope = NewDisposeScope();
        var start = PredictStart(modelOutput, x, t, clipDenoised);
        var epsilon = PredictEpsilonFromStart(x, t, start);
        var toStart = Coefficient.At(i => MathF.Sqrt((float)Schedule.AlphasCumprodPrev[i]), t, x);
        var toNoise = Coefficient.At(i => DdimDirection(i, eta), t, x);
        var next = toStart * start + toNoise * epsilon;
        if (eta > 0 && t.IndexOfAnyExcept(0) >= 0)
            next = next + Coefficient.At(i => DdimSigma(i, eta), t, x) * RequireNoise(noise, x);
        return new(next.MoveToOuterDisposeScope(), start.MoveToOuterDisposeScope());
    }

    /// <summary>
    /// One deterministic DDIM step the other way, from t to the timestep after: towards the noise that leads to this
    /// image.
    /// </summary>
    /// <param name="modelOutput">The network's output at x_t, (N, C or 2 C, Y, X).</param>
    /// <param name="x">x_t, (N, C, Y, X).</param>
    /// <param name="t">Timesteps, N of them.</param>
    /// <param name="clipDenoised">Whether the predicted data is clipped to [-1, 1].</param>
    public DiffusionStep DdimReverseStep(Tensor modelOutput, Tensor x, ReadOnlySpan<int> t, bool clipDenoised = false)
    {
        using var scope = NewDisposeScope();
        var start = PredictStart(modelOutput, x, t, clipDenoised);
        var epsilon = PredictEpsilonFromStart(x, t, start);
        var toStart = Coefficient.At(i => MathF.Sqrt((float)Schedule.AlphasCumprodNext[i]), t, x);
        var toNoise = Coefficient.At(i => MathF.Sqrt(1 - (float)Schedule.AlphasCumprodNext[i]), t, x);
        var next = toStart * start + toNoise * epsilon;
        return new(next.MoveToOuterDisposeScope(), start.MoveToOuterDisposeScope());
    }

    /// <summary>Makes sure that DDIM can have this share of DDPM's noise.</summary>
    /// <exception cref="DitException">eta lies outside 0 to 1.</exception>
    internal static double RequireEta(double eta) => eta is >= 0 and <= 1
        ? eta
        : throw new DitException($"An eta of {eta} was given: DDIM takes 0 (deterministic) to 1 (the variance of DDPM).");

    private (Tensor Mean, Tensor LogVariance, Tensor Start) Predict(Tensor modelOutput, Tensor x, ReadOnlySpan<int> t, bool clipDenoised)
    {
        var start = PredictStart(modelOutput, x, t, clipDenoised);
        using var scope = NewDisposeScope();
        var mean = PosteriorMean(start, GaussianMath.Compute(x), t);
        var logVariance = Variance switch
        {
            ModelVariance.FixedSmall => Coefficient.At(Schedule.PosteriorLogVarianceClipped, t, x).ExpandAs(mean),
            ModelVariance.FixedLarge => Coefficient.At(Schedule.LargeLogVariance, t, x).ExpandAs(mean),
            _ => LearnedLogVariance(modelOutput, x, t),
        };
        return (mean.MoveToOuterDisposeScope(), logVariance.MoveToOuterDisposeScope(), start);
    }

    /// <summary>
    /// v log(beta) + (1 - v) log(beta tilde), v being the output's second half moved from [-1, 1] to [0, 1] (Improved
    /// DDPM, equation 15).
    /// </summary>
    private Tensor LearnedLogVariance(Tensor modelOutput, Tensor x, ReadOnlySpan<int> t)
    {
        using var scope = NewDisposeScope();
        var channels = x.shape[1];
        var v = (GaussianMath.Compute(modelOutput.narrow(1, channels, channels)) + 1) / 2;
        var largest = Coefficient.At(Schedule.LogBetas, t, x);
        var smallest = Coefficient.At(Schedule.PosteriorLogVarianceClipped, t, x);
        return (largest * v + smallest * (1 - v)).MoveToOuterDisposeScope();
    }

    // In float32, number by number, as the tables are read.
    private float DdimSigma(int t, double eta)
    {
        var (now, next) = ((float)Schedule.AlphasCumprod[t], (float)Schedule.AlphasCumprodPrev[t]);
        return (float)eta * MathF.Sqrt((1 - next) / (1 - now)) * MathF.Sqrt(1 - now / next);
    }

    private float DdimDirection(int t, double eta)
    {
        var sigma = DdimSigma(t, eta);
        return MathF.Sqrt(MathF.Max(0, 1 - (float)Schedule.AlphasCumprodPrev[t] - sigma * sigma)); // rounding may pass below 0 at eta 1
    }

    private static Tensor RequireNoise(Tensor? noise, Tensor x)
    {
        if (noise is null)
            throw new DitException("The step adds noise and none was given: pass standard normal noise of the state's shape.");
        RequireSameShape(x, noise, "noise");
        return GaussianMath.Compute(noise);
    }

    private void RequireOutput(Tensor modelOutput, Tensor x)
    {
        var wanted = x.shape;
        if (Variance == ModelVariance.LearnedRange) wanted[1] *= 2;
        if (modelOutput.shape.AsSpan().SequenceEqual(wanted)) return;
        var reason =
            Variance == ModelVariance.LearnedRange ? "a learned variance doubles the channels" : "a fixed variance keeps the channels";
        throw new DitException(
            $"The model's output has shape {Shape(modelOutput)} for an input of shape {Shape(x)}: {reason}, so it must be "
                + $"({string.Join(", ", wanted)}).");
    }
}
