using Dit.Runtime;
using static TorchSharp.torch;

namespace Dit.Commands;

/// <summary>
/// Tries whether a run that is interrupted and resumed gives the same bits as one that is not: a few steps without a
/// break, then the same steps with a break in the middle.
/// </summary>
/// <param name="train">
/// Trains from a new model in a folder to a step: from its newest checkpoint, where there is one.
/// </param>
/// <param name="steps">Steps of the run.</param>
internal sealed class ResumeProof(Action<TrainingFolder, TrainingCheckpoint?, int> train, int steps)
{
    /// <summary>Steps that are enough for every part of a step to matter.</summary>
    public const int UsualSteps = 6;

    /// <summary>Trains and compares, in a folder of its own that is removed.</summary>
    /// <param name="like">Where the run would write, and how.</param>
    /// <returns>What was found.</returns>
    public ResumeVerdict Run(TrainingFolder like)
    {
        var root = Directory.CreateTempSubdirectory("dit-verify-resume-").FullName;
        try
        {
            var (whole, broken) = (Folder("whole"), Folder("broken"));
            train(whole, null, steps);
            train(broken, null, steps / 2);
            train(broken, TrainingCheckpoint.Newest(broken), steps);
            return Compare(whole, broken);
        }
        finally
        {
            Directory.Delete(root, recursive: true);
        }

        TrainingFolder Folder(string name) =>
            like with { Path = Path.Combine(root, name), SampleEvery = 0, TensorBoard = false };
    }

    /// <summary>Compares the newest checkpoints and the metrics of two runs.</summary>
    internal static ResumeVerdict Compare(TrainingFolder whole, TrainingFolder broken)
    {
        using var scope = NewDisposeScope();
        using var expected = CheckpointFile.Open(whole.Checkpoint);
        using var actual = CheckpointFile.Open(broken.Checkpoint);
        string[] names = [.. expected.Tensors.Keys.Union(actual.Tensors.Keys)];
        var different = names.FirstOrDefault(name => !IsSame(name));
        var difference = different is null ? MetricsDifference(whole, broken) : $"the tensor '{different}'";
        var bytes = expected.Tensors.Values.Sum(static tensor => tensor.Bytes);
        return new(names.Length, bytes, TrainingMetrics.Read(whole.Metrics).Count, difference);

        bool IsSame(string name)
        {
            if (!expected.Tensors.ContainsKey(name) || !actual.Tensors.ContainsKey(name)) return false;
            using var first = expected.Read(name);
            using var second = actual.Read(name);
            return first.dtype == second.dtype && first.shape.SequenceEqual(second.shape) && first.bytes.SequenceEqual(second.bytes);
        }
    }

    private static string? MetricsDifference(TrainingFolder whole, TrainingFolder broken)
    {
        var (expected, actual) = (Lines(whole), Lines(broken));
        if (expected.Length != actual.Length) return $"the number of steps in {TrainingFolder.MetricsName}";
        var step = Enumerable.Range(0, expected.Length).FirstOrDefault(i => expected[i] != actual[i], -1);
        return step < 0 ? null : $"the metrics of step {step + 1}";

        // Speed, wait and memory are measured, and differ from run to run.
        static string[] Lines(TrainingFolder run) =>
        [
            .. TrainingMetrics.Read(run.Metrics).Select(static line =>
                Json.Of(line with { ImagesPerSecond = 0, DataWaitSeconds = 0, MemoryBytes = 0 })),
        ];
    }
}

/// <summary>What the comparison of two runs has found.</summary>
/// <param name="Tensors">Tensors of the checkpoint.</param>
/// <param name="Bytes">Their bytes.</param>
/// <param name="Steps">Steps whose metrics were compared.</param>
/// <param name="Difference">The first difference; null where all bits are the same.</param>
internal sealed record ResumeVerdict(int Tensors, long Bytes, int Steps, string? Difference);
