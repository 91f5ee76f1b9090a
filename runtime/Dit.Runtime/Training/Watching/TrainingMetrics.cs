using System.Text.Json;
using System.Text.Json.Serialization;

namespace Dit.Runtime;

/// <summary>
/// The measurements of one training step: a line of <see cref="TrainingFolder.Metrics"/>, a JSON object with the names
/// below in snake case.
/// </summary>
/// <remarks>
/// A run that was interrupted and resumed has the same numbers as one that was not, except for speed, wait and memory.
/// </remarks>
public sealed record TrainingMetrics
{
    /// <summary>The step, from 1.</summary>
    public required int Step { get; init; }

    /// <summary>What is minimized, the mean over the batch.</summary>
    public required double Loss { get; init; }

    /// <summary>Mean squared error of the prediction, before min-SNR weighting.</summary>
    public double Mse { get; init; }

    /// <summary>The term that trains the learned variance, <c>vb</c> in JSON; 0 where the variance is fixed.</summary>
    [JsonPropertyName("vb")]
    public double VariationalBound { get; init; }

    /// <summary>The learning rate of the step.</summary>
    public double LearningRate { get; init; }

    /// <summary>The 2-norm of the gradient of all trained parameters, before it is clipped.</summary>
    public double GradientNorm { get; init; }

    /// <summary>The batch size divided by the seconds that the step took, the wait for its data included.</summary>
    public double ImagesPerSecond { get; init; }

    /// <summary>Seconds that the step waited for its data.</summary>
    public double DataWaitSeconds { get; init; }

    /// <summary>Resident memory of the process after the step, in bytes.</summary>
    public long MemoryBytes { get; init; }

    /// <summary>
    /// The mean squared error in equal intervals of the process's time, from the data to the noise: running means over
    /// about the last 1,000 samples of each. Null where no sample has fallen into the interval yet.
    /// </summary>
    public IReadOnlyList<double?> MseByTime { get; init; } = [];

    /// <summary>How many samples have fallen into each of these intervals since the run began.</summary>
    public IReadOnlyList<long> SamplesByTime { get; init; } = [];

    /// <summary>Reads the metrics of a run, which may still be going on.</summary>
    /// <param name="path">The file, see <see cref="TrainingFolder.Metrics"/>.</param>
    /// <returns>A value for each step, in order.</returns>
    /// <exception cref="DitException">The file cannot be read, or a line of it is damaged.</exception>
    public static IReadOnlyList<TrainingMetrics> Read(string path) => [.. MetricsFile.Lines(path).Select((line, i) =>
        Parse(line) ?? throw new DitException($"Line {i + 1} of '{path}' is damaged: it does not hold the metrics of a step."))];

    /// <summary>A line as metrics; null where it is damaged.</summary>
    internal static TrainingMetrics? Parse(string line)
    {
        try
        {
            return JsonSerializer.Deserialize(line, MetricsJson.Default.TrainingMetrics);
        }
        catch (JsonException)
        {
            return null;
        }
    }

    /// <summary>The line without its end.</summary>
    internal string ToJson() => JsonSerializer.Serialize(this, MetricsJson.Default.TrainingMetrics);
}

/// <summary>How metrics are written as JSON, as code made at compile time (see <see cref="TrainingJson"/>).</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(TrainingMetrics))]
internal sealed partial class MetricsJson : JsonSerializerContext;
