using static TorchSharp.torch;

namespace Dit.Runtime;

/// <summary>A flow between noise, at t = 0, and data, at t = 1 (SiT, arXiv 2401.08740).</summary>
/// <remarks>
/// Immutable. The network sees t itself, from 0 to 1; of an output with twice the channels, the second half is not
/// used. The velocity is the drift of the probability-flow ODE; <see cref="IProcess"/> converts every prediction to it
/// and to the score.
/// </remarks>
public sealed partial class Flow : IProcess
{
    /// <summary>The flow along a path.</summary>
    /// <param name="path">How data and noise are mixed.</param>
    /// <param name="prediction">What the network predicts.</param>
    /// <param name="training">How it is trained; by default as SiT.</param>
    /// <exception cref="DitException">The settings of the training contradict each other.</exception>
    public Flow(FlowPath path, Prediction prediction = Prediction.Velocity, FlowTraining? training = null)
    {
        (Path, Prediction, Training) = (path, prediction, training ?? new());
        RequireLegal();
    }

    /// <summary>How data and noise are mixed.</summary>
    public FlowPath Path { get; }

    /// <inheritdoc/>
    public Prediction Prediction { get; }

    /// <summary>How it is trained.</summary>
    public FlowTraining Training { get; }

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

    private static double Inside(double t) => t is >= 0 and <= 1
        ? t
        : throw new DitException(
            FormattableString.Invariant($"Time {t} does not exist: a flow has 0, which is noise, to 1, which is data."));
}
