using static TorchSharp.torch;

namespace Dit.Runtime;

/// <summary>A flow between noise, at t = 0, and data, at t = 1 (SiT, arXiv 2401.08740).</summary>
/// <remarks>Immutable. The network sees t itself, from 0 to 1.</remarks>
public sealed class Flow : IProcess
{
    /// <summary>The flow along a path.</summary>
    /// <param name="path">How data and noise are mixed.</param>
    /// <param name="prediction">What the network predicts.</param>
    public Flow(FlowPath path, Prediction prediction = Prediction.Velocity) => (Path, Prediction) = (path, prediction);

    /// <summary>How data and noise are mixed.</summary>
    public FlowPath Path { get; }

    /// <inheritdoc/>
    public Prediction Prediction { get; }

    /// <inheritdoc/>
    public double NoiseTime => 0;

    /// <inheritdoc/>
    public double DataTime => 1;

    /// <inheritdoc/>
    public double Alpha(double t) => Path.Alpha(Inside(t));

    /// <inheritdoc/>
    public double Sigma(double t) => Path.Sigma(Inside(t));

    /// <inheritdoc/>
    public PredictionWeights Weights(Prediction prediction, double t) => prediction switch
    {
        Prediction.Velocity => new(Path.AlphaRate(Inside(t)), Path.SigmaRate(t)),
        Prediction.StartX => new(1, 0),
        Prediction.Epsilon => new(0, 1),
        Prediction.Score => new(0, -1 / Sigma(t)),
        _ => throw new DitException($"There is no prediction '{prediction}'."),
    };

    /// <inheritdoc/>
    /// <remarks>Reals, uniform between 0 and 1.</remarks>
    public double[] DrawTimes(int n, Generator random)
    {
        using var drawn = rand([n], dtype: ScalarType.Float64, generator: random);
        return [.. drawn.data<double>()];
    }

    private static double Inside(double t) => t is >= 0 and <= 1
        ? t
        : throw new DitException(FormattableString.Invariant($"Time {t} does not exist: a flow has 0, which is noise, to 1, which is data."));
}
