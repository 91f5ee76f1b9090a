using System.Globalization;

namespace Dit.Runtime;

/// <summary>The checkpoints of a run's folder: the newest, some before it, and the best.</summary>
/// <remarks>
/// The newest is <c>checkpoint.safetensors</c>; the others are named after their steps,
/// <c>checkpoint-00001000.safetensors</c>. At every moment, also while a new one is put in, there is a whole newest
/// one: it is written beside the others under its step, and then files are only renamed.
/// </remarks>
internal static class CheckpointShelf
{
    private const string Pattern = "checkpoint-*.safetensors";

    /// <summary>The files, the newest first.</summary>
    public static IEnumerable<string> NewestFirst(TrainingFolder folder)
    {
        if (!Directory.Exists(folder.Path)) return [];
        string[] earlier = [.. Earlier(folder).Order(StringComparer.Ordinal).Reverse()];
        if (!File.Exists(folder.Checkpoint)) return earlier;
        // One that was written whole and not renamed yet is newer than the newest.
        var newest = StepOf(folder.Checkpoint);
        return
        [
            .. earlier.Where(path => newest is { } step && StepOf(path) > step), folder.Checkpoint,
            .. earlier.Where(path => !(newest is { } step && StepOf(path) > step)),
        ];
    }

    /// <summary>The newest file that was saved before a step; null for none.</summary>
    public static string? NewestBefore(TrainingFolder folder, int step) =>
        NewestFirst(folder).FirstOrDefault(path => StepOf(path) < step);

    /// <summary>Puts a new checkpoint in, and removes those that are not kept.</summary>
    /// <param name="folder">The folder.</param>
    /// <param name="step">Its step.</param>
    /// <param name="write">Writes it to a path, whole or not at all.</param>
    /// <exception cref="DitException">It cannot be written; all that was there stays.</exception>
    public static void Put(TrainingFolder folder, int step, Action<string> write)
    {
        var path = PathOf(folder, step);
        write(path);
        if (File.Exists(folder.Checkpoint))
        {
            if (StepOf(folder.Checkpoint) is { } before && before != step)
                File.Move(folder.Checkpoint, PathOf(folder, before), overwrite: true);
            else File.Delete(folder.Checkpoint); // of the same step, or damaged
        }
        File.Move(path, folder.Checkpoint, overwrite: true);
        Tidy(folder);
    }

    /// <summary>Removes what writers that were killed have left.</summary>
    public static void RemoveUnfinished(TrainingFolder folder)
    {
        string[] folders = [folder.Path, .. ((string[])[folder.Averages, folder.Samples]).Where(Directory.Exists)];
        foreach (var file in folders.SelectMany(static one => Directory.EnumerateFiles(one, ".*.tmp"))) // see AtomicFile
            if (Guid.TryParseExact(Path.GetFileNameWithoutExtension(file)[1..], "N", out _)) File.Delete(file);
    }

    private static void Tidy(TrainingFolder folder)
    {
        (string Path, double Loss)[] all = [.. NewestFirst(folder).Select(static path => (path, LossOf(path)))];
        var best = all.MinBy(static one => one.Loss).Path;
        foreach (var (path, _) in all.Skip(folder.Keep).Where(one => one.Path != best)) File.Delete(path);
    }

    private static IEnumerable<string> Earlier(TrainingFolder folder) => Directory.EnumerateFiles(folder.Path, Pattern);

    private static string PathOf(TrainingFolder folder, int step) => System.IO.Path.Combine(
        folder.Path, string.Create(CultureInfo.InvariantCulture, $"checkpoint-{step:D8}.safetensors"));

    private static int? StepOf(string path) =>
        int.TryParse(Metadata(path, TrainingCheckpoint.StepKey), NumberStyles.None, CultureInfo.InvariantCulture, out var step)
            ? step
            : null;

    // A file that cannot be read is not the best one.
    private static double LossOf(string path) =>
        double.TryParse(Metadata(path, TrainingCheckpoint.LossKey), NumberStyles.Float, CultureInfo.InvariantCulture, out var loss)
            ? loss
            : double.PositiveInfinity;

    private static string? Metadata(string path, string key)
    {
        try
        {
            using var file = SafeTensorsFile.Open(path);
            return file.Metadata.GetValueOrDefault(key);
        }
        catch (DitException)
        {
            return null; // damaged: resuming says so
        }
    }
}
