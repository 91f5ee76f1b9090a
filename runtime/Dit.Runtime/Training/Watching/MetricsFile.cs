using System.Text;

namespace Dit.Runtime;

/// <summary>
/// The file of a run's metrics, which grows by a line with each step. It is created with the first line: a run that
/// stops before its first step leaves no file.
/// </summary>
/// <param name="path">The file.</param>
internal sealed class MetricsFile(string path) : IDisposable
{
    private FileStream? stream;

    /// <summary>
    /// The lines of a file. One whose end is missing is left out: a run writes it at this moment, or was killed then.
    /// </summary>
    /// <param name="path">The file.</param>
    /// <exception cref="DitException">It cannot be read.</exception>
    public static IEnumerable<string> Lines(string path)
    {
        using var reader = Open(path);
        var line = new StringBuilder();
        var part = new char[1 << 16];
        while (reader.Read(part) is > 0 and var count)
        {
            var rest = part.AsMemory(0, count);
            for (int end; (end = rest.Span.IndexOf('\n')) >= 0; rest = rest[(end + 1)..])
            {
                yield return line.Append(rest[..end]).ToString();
                line.Clear();
            }
            line.Append(rest);
        }
    }

    /// <summary>
    /// Removes the lines of the steps after a checkpoint, and damaged ones; without a file there is nothing to do.
    /// </summary>
    /// <param name="path">The file.</param>
    /// <param name="step">The step of the checkpoint.</param>
    /// <param name="keep">Receives the metrics that stay.</param>
    /// <exception cref="DitException">The file cannot be read or written; then it stays as it was.</exception>
    public static void Cut(string path, int step, Action<TrainingMetrics> keep)
    {
        if (!File.Exists(path)) return;
        AtomicFile.Write(path, stream =>
        {
            foreach (var line in Lines(path))
            {
                if (TrainingMetrics.Parse(line) is not { } metrics || metrics.Step > step) continue;
                stream.Write(Encoding.UTF8.GetBytes(line + "\n"));
                keep(metrics);
            }
        });
    }

    /// <summary>Adds a line and hands it to the operating system.</summary>
    /// <exception cref="DitException">The file cannot be written.</exception>
    public void Append(TrainingMetrics metrics)
    {
        try
        {
            stream ??= new(path, FileMode.Append, FileAccess.Write, FileShare.Read | FileShare.Delete);
            stream.Write(Encoding.UTF8.GetBytes(metrics.ToJson() + "\n"));
            stream.Flush();
        }
        catch (Exception e) when (WriteFailure.Of(e) is { } refusal)
        {
            throw new DitException($"Cannot write '{path}': {WriteFailure.Reason(refusal, path, path)}.", e);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => stream?.Dispose();

    private static StreamReader Open(string path)
    {
        try
        {
            return new(new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new DitException($"Cannot read '{path}': {e.Message.TrimEnd('.')}.", e);
        }
    }
}
