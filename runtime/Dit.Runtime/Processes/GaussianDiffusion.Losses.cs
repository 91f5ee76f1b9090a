using static TorchSharp.torch;

namespace Dit.Runtime;

// What training minimizes and what evaluation measures.
public sealed partial class GaussianDiffusion
{
    private static readonly double NatsPerBit = Math.Log(2);

    /// <summary>
    /// Losses of a batch, one number per sample; gradients flow into whatever <paramref name="network"/> calls.
    /// </summary>
    /// <param name="network">The network, called once with x_t and the original timesteps.</param>
    /// <param name="x0">Data, (N, C, Y, X).</param>
    /// <param name="t">Timesteps, N of them.</param>
    /// <param name="noise">Standard normal, (N, C, Y, X).</param>
    /// <param name="kind">
    /// What to minimize; the hybrid losses are the mean squared error alone when the variance is fixed.
    /// </param>
    public DiffusionLosses TrainingLosses(
        TrainedNetwork network,
        Tensor x0,
        ReadOnlySpan<int> t,
        Tensor noise,
        LossKind kind = LossKind.Hybrid)
    {
        using var scope = NewDisposeScope();
        var xt = QSample(x0, t, noise);
        var output = network(xt, OriginalTimesteps(t, x0.device));
        RequireOutput(output, xt);
        var start = GaussianMath.Compute(x0);
        if (kind is LossKind.Kl or LossKind.RescaledKl)
        {
            var bound = BoundTerm(output, start, xt, t, clipDenoised: false).Bits;
            var weighted = kind == LossKind.RescaledKl ? bound * Timesteps : bound;
            return new(weighted.MoveToOuterDisposeScope(), null, weighted.alias().MoveToOuterDisposeScope());
        }
        var target = TargetOf(start, GaussianMath.Compute(noise), t);
        var mse = GaussianMath.MeanPerSample((target - GaussianMath.Compute(output.narrow(1, 0, x0.shape[1]))).square());
        if (Variance != ModelVariance.LearnedRange)
            return new(mse.MoveToOuterDisposeScope(), mse.alias().MoveToOuterDisposeScope(), null);
        var vb = VarianceTerm(output, start, xt, t) * (kind == LossKind.RescaledHybrid ? Timesteps / 1000.0 : 1.0);
        var total = mse + vb;
        return new(total.MoveToOuterDisposeScope(), mse.MoveToOuterDisposeScope(), vb.MoveToOuterDisposeScope());
    }

    /// <summary>
    /// The variational bound on the negative log-likelihood of images (Improved DDPM, section 2.2), without gradients.
    /// </summary>
    /// <param name="denoise">The network, called once per timestep.</param>
    /// <param name="x0">Data in [-1, 1] of 256 levels, (N, C, Y, X).</param>
    /// <param name="noise">Gives the noise of each timestep, the highest first.</param>
    /// <param name="clipDenoised">Whether the predicted data is clipped to [-1, 1].</param>
    /// <param name="progress">Receives a report after each timestep.</param>
    /// <param name="cancellation">Checked before each timestep.</param>
    public BitsPerDimension BitsPerDim(
        Denoiser denoise,
        Tensor x0,
        INoiseSource noise,
        bool clipDenoised = true,
        IProgress<SamplingProgress>? progress = null,
        CancellationToken cancellation = default)
    {
        using var noGradient = no_grad();
        using var scope = NewDisposeScope();
        var start = GaussianMath.Compute(x0);
        var terms = new List<BoundParts>(Timesteps);
        var t = new int[x0.shape[0]];
        for (var i = Timesteps - 1; i >= 0; i--)
        {
            cancellation.ThrowIfCancellationRequested();
            Array.Fill(t, i);
            terms.Add(PartsAt(denoise, start, t, noise, clipDenoised));
            progress?.Report(new(Timesteps - i, Timesteps, TimestepMap[i]));
        }
        var prior = PriorBits(start);
        var bounds = stack(terms.Select(term => term.Bits), dim: 1); // (N, S)
        var startMse = stack(terms.Select(term => term.StartMse), dim: 1);
        var mse = stack(terms.Select(term => term.Mse), dim: 1);
        var total = bounds.sum(1) + prior;
        return new(total.MoveToOuterDisposeScope(), prior.MoveToOuterDisposeScope(), bounds.MoveToOuterDisposeScope(),
            startMse.MoveToOuterDisposeScope(), mse.MoveToOuterDisposeScope());
    }

    private readonly record struct BoundParts(Tensor Bits, Tensor StartMse, Tensor Mse);

    private BoundParts PartsAt(Denoiser denoise, Tensor x0, int[] t, INoiseSource noise, bool clipDenoised)
    {
        using var scope = NewDisposeScope();
        var drawn = noise.Next();
        var xt = QSample(x0, t, drawn);
        var output = denoise(xt, TimestepMap[t[0]]);
        var (bits, start) = BoundTerm(output, x0, xt, t, clipDenoised);
        var startMse = GaussianMath.MeanPerSample((start - x0).square());
        var mse = GaussianMath.MeanPerSample((PredictEpsilonFromStart(xt, t, start) - drawn).square());
        return new(bits.MoveToOuterDisposeScope(), startMse.MoveToOuterDisposeScope(), mse.MoveToOuterDisposeScope());
    }

    /// <summary>
    /// The divergence of q(x_S | x_0) from pure noise, (N,), in bits per dimension: a constant of the process.
    /// </summary>
    private Tensor PriorBits(Tensor x0)
    {
        using var scope = NewDisposeScope();
        var last = new int[x0.shape[0]];
        Array.Fill(last, Timesteps - 1);
        var mean = Coefficient.At(Schedule.SqrtAlphasCumprod, last, x0) * x0;
        var logVariance = Coefficient.At(Schedule.LogOneMinusAlphasCumprod, last, x0).ExpandAs(mean);
        return (GaussianMath.MeanPerSample(GaussianMath.KlFromStandard(mean, logVariance)) / NatsPerBit).MoveToOuterDisposeScope();
    }

    private Tensor TargetOf(Tensor start, Tensor noise, ReadOnlySpan<int> t) => Prediction switch
    {
        Prediction.StartX => start,
        Prediction.Epsilon => noise,
        _ => ProcessMath.Mix(start, noise, TimesOf(t), time => Weights(Prediction, time)),
    };

    /// <summary>
    /// The bound as a loss of the variance alone: the mean is detached, so that it learns from the squared error only
    /// (Improved DDPM, section 3.1).
    /// </summary>
    private Tensor VarianceTerm(Tensor output, Tensor x0, Tensor xt, ReadOnlySpan<int> t)
    {
        using var scope = NewDisposeScope();
        var channels = x0.shape[1];
        var frozen = cat([output.narrow(1, 0, channels).detach(), output.narrow(1, channels, channels)], dim: 1);
        return BoundTerm(frozen, x0, xt, t, clipDenoised: false).Bits.MoveToOuterDisposeScope();
    }

    /// <summary>
    /// L_t of the variational bound (DDPM, equation 5): the decoder's negative log-likelihood at t = 0, a divergence
    /// elsewhere.
    /// </summary>
    /// <returns>(N,) in bits per dimension, and the predicted data, (N, C, Y, X).</returns>
    private (Tensor Bits, Tensor Start) BoundTerm(Tensor output, Tensor x0, Tensor xt, ReadOnlySpan<int> t, bool clipDenoised)
    {
        using var scope = NewDisposeScope();
        var (mean, logVariance, start) = Predict(output, xt, t, clipDenoised);
        var anyFirst = t.Contains(0);
        var anyLater = t.IndexOfAnyExcept(0) >= 0;
        var nats = (anyFirst, anyLater) switch
        {
            (true, false) => DecoderTerm(x0, mean, logVariance),
            (false, _) => DivergenceTerm(x0, xt, t, mean, logVariance),
            _ => where(IsFirst(t, x0.device), DecoderTerm(x0, mean, logVariance), DivergenceTerm(x0, xt, t, mean, logVariance)),
        };
        return ((nats / NatsPerBit).MoveToOuterDisposeScope(), start.MoveToOuterDisposeScope());
    }

    private static Tensor IsFirst(ReadOnlySpan<int> t, Device device)
    {
        var first = new bool[t.Length];
        for (var i = 0; i < first.Length; i++) first[i] = t[i] == 0;
        return tensor(first, device: device);
    }

    private static Tensor DecoderTerm(Tensor x0, Tensor mean, Tensor logVariance)
    {
        using var scope = NewDisposeScope();
        return (-GaussianMath.MeanPerSample(GaussianMath.DiscretizedLogLikelihood(x0, mean, 0.5 * logVariance))).MoveToOuterDisposeScope();
    }

    private Tensor DivergenceTerm(Tensor x0, Tensor xt, ReadOnlySpan<int> t, Tensor mean, Tensor logVariance)
    {
        using var scope = NewDisposeScope();
        var truth = PosteriorMean(x0, xt, t);
        var trueLogVariance = Coefficient.At(Schedule.PosteriorLogVarianceClipped, t, x0).ExpandAs(truth);
        return GaussianMath.MeanPerSample(GaussianMath.Kl(truth, trueLogVariance, mean, logVariance)).MoveToOuterDisposeScope();
    }
}
