using System.Collections.Immutable;
using static TorchSharp.torch;

namespace Dit.Runtime;

// The process as all processes are seen. Times are the original timesteps, which the network was trained with.
public sealed partial class GaussianDiffusion : IProcess
{
    /// <inheritdoc/>
    public double NoiseTime => TimestepMap[^1];

    /// <inheritdoc/>
    /// <remarks>One before the first timestep, whose state already holds a little noise.</remarks>
    public double DataTime => -1;

    /// <inheritdoc/>
    /// <remarks>Between two timesteps the logarithm of alpha bar is interpolated linearly (DPM-Solver, arXiv
    /// 2206.00927, appendix D).</remarks>
    public double Alpha(double t) => IndexOf(t) is { } i ? Schedule.SqrtAlphasCumprod[i] : Math.Sqrt(AlphaBarBetween(t));

    /// <inheritdoc/>
    public double Sigma(double t) => IndexOf(t) is { } i ? Schedule.SqrtOneMinusAlphasCumprod[i] : Math.Sqrt(1 - AlphaBarBetween(t));

    /// <inheritdoc/>
    public double NoiseLevel(double t) =>
        IndexOf(t) is { } i ? Schedule.SqrtRecipm1AlphasCumprod[i] : Math.Sqrt(1 / AlphaBarBetween(t) - 1);

    /// <inheritdoc/>
    public PredictionWeights Weights(Prediction prediction, double t) => prediction switch
    {
        Prediction.Epsilon => new(0, 1),
        Prediction.StartX => new(1, 0),
        Prediction.Velocity => new(-Sigma(t), Alpha(t)),
        Prediction.Score => new(0, -1 / Sigma(t)),
        _ => throw new DitException($"There is no prediction '{prediction}'."),
    };

    /// <inheritdoc/>
    /// <remarks>Whole timesteps, all equally likely.</remarks>
    public double[] DrawTimes(int n, Generator random)
    {
        using var drawn = randint(0, Timesteps, [n], dtype: ScalarType.Int32, generator: random);
        return [.. drawn.data<int>().Select(i => (double)TimestepMap[i])];
    }

    /// <inheritdoc/>
    /// <remarks>The hybrid loss: as DiT trains (<see cref="LossKind.Hybrid"/>).</remarks>
    public DiffusionLosses TrainingLosses(TrainedNetwork network, Tensor x0, ReadOnlySpan<double> t, Tensor noise)
    {
        var timesteps = new int[t.Length];
        for (var i = 0; i < timesteps.Length; i++)
            timesteps[i] = IndexOf(t[i]) ?? throw new DitException(
                FormattableString.Invariant($"Timestep {t[i]} does not exist: the process is trained at whole timesteps."));
        return TrainingLosses(network, x0, timesteps, noise, LossKind.Hybrid);
    }

    /// <summary>The timestep of this process at a time; null between two.</summary>
    private int? IndexOf(double t)
    {
        if (!(t >= DataTime && t <= NoiseTime))
            throw new DitException(FormattableString.Invariant($"Timestep {t} does not exist: the process has 0 to {NoiseTime}."));
        return t == Math.Floor(t) && TimestepMap.BinarySearch((int)t) is >= 0 and var i ? i : null;
    }

    private double AlphaBarBetween(double t)
    {
        var found = TimestepMap.BinarySearch((int)Math.Ceiling(t));
        var above = found < 0 ? ~found : found; // of the first timestep that is not before t
        var (low, lowBar) = above == 0 ? (DataTime, 1.0) : (TimestepMap[above - 1], Schedule.AlphasCumprod[above - 1]);
        var share = (t - low) / (TimestepMap[above] - low);
        return Math.Exp((1 - share) * Math.Log(lowBar) + share * Math.Log(Schedule.AlphasCumprod[above]));
    }
}
