using System.Globalization;
using System.Text.Json;
using Dit.Runtime;
using Dit.Spec;

namespace Dit.Commands;

/// <summary>What the folder of a run says of it.</summary>
/// <param name="Folder">The folder, a full path.</param>
/// <param name="Checkpoint">The newest whole checkpoint.</param>
/// <param name="Metadata">What the checkpoint says of model, recipe and data.</param>
/// <param name="Spec">The spec of the model; null where the checkpoint carries none that can be read.</param>
/// <param name="Metrics">The steps.</param>
/// <param name="Grids">The grids of samples, by step.</param>
/// <param name="Unreadable">Images that were left out.</param>
/// <param name="Sessions">The programs that trained it.</param>
internal sealed record RunFacts(
    TrainingFolder Folder,
    TrainingCheckpoint Checkpoint,
    IReadOnlyDictionary<string, string> Metadata,
    ModelSpec? Spec,
    IReadOnlyList<TrainingMetrics> Metrics,
    IReadOnlyList<(int Step, string Path)> Grids,
    IReadOnlyList<string> Unreadable,
    IReadOnlyList<RunSession> Sessions)
{
    /// <summary>Reads the folder of a run.</summary>
    /// <exception cref="DitException">It is not one, or it has no checkpoint yet.</exception>
    public static RunFacts Read(string path)
    {
        if (!Directory.Exists(path)) throw new DitException($"There is no folder '{path}': name the folder of a run of 'dit train'.");
        var folder = new TrainingFolder(AtomicFile.FullPath(path));
        var checkpoint = TrainingCheckpoint.Newest(folder);
        using var file = CheckpointFile.Open(checkpoint.Path);
        return new(
            folder,
            checkpoint,
            new Dictionary<string, string>(file.Metadata),
            checkpoint.Spec is { } text ? SpecFile.Parse(text).Models.Select(static model => model.Spec).FirstOrDefault() : null,
            File.Exists(folder.Metrics) ? TrainingMetrics.Read(folder.Metrics) : [],
            GridsOf(folder),
            File.Exists(folder.UnreadableList) ? File.ReadAllLines(folder.UnreadableList) : [],
            RunSession.Read(folder.Path));
    }

    /// <summary>Whether the run has made all its steps.</summary>
    public bool IsFinished => Checkpoint.Step >= Checkpoint.Recipe.Steps && File.Exists(Folder.Weights);

    /// <summary>The classes of the data, by label.</summary>
    public IReadOnlyList<string> Classes => Fact(TrainingFolder.ClassesKey) is { } json
        ? JsonSerializer.Deserialize(json, RunSessionJson.Default.StringArray) ?? []
        : [];

    /// <summary>How long the steps took, the time between sessions not counted.</summary>
    public TimeSpan Duration => Sessions.Sum(static session => session.Seconds) is > 0 and var seconds
        ? TimeSpan.FromSeconds(seconds)
        : TimeSpan.FromSeconds(Metrics.Sum(step => step.ImagesPerSecond > 0 ? Checkpoint.Recipe.BatchSize / step.ImagesPerSecond : 0));

    /// <summary>A value of the checkpoint's metadata; null where it is not there.</summary>
    public string? Fact(string key) => Metadata.GetValueOrDefault(key);

    private static IReadOnlyList<(int, string)> GridsOf(TrainingFolder folder) => Directory.Exists(folder.Samples)
        ?
        [
            .. Directory.EnumerateFiles(folder.Samples, "*.png")
                .Select(static path => (Step: StepOf(path), path))
                .Where(static grid => grid.Step > 0)
                .OrderBy(static grid => grid.Step),
        ]
        : [];

    private static int StepOf(string path) =>
        int.TryParse(Path.GetFileNameWithoutExtension(path), NumberStyles.None, CultureInfo.InvariantCulture, out var step) ? step : 0;
}
