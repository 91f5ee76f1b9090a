namespace Dit.Runtime;

/// <summary>How many images of one class were written.</summary>
/// <param name="Class">The name of the class.</param>
/// <param name="Images">How many.</param>
public sealed record ClassCount(string Class, int Images);

public static partial class ShapesDataset
{
    /// <summary>
    /// Writes the first images of a data set as <c>DIRECTORY/CLASS/INDEX.png</c>, all of them or none;
    /// <see cref="ImageFolder"/> reads them.
    /// </summary>
    /// <param name="directory">A folder that is empty or does not exist yet.</param>
    /// <param name="count">Number of images, at least one for each class.</param>
    /// <param name="seed">Names the data set.</param>
    /// <param name="progress">Reports the number of images written so far, about a hundred times.</param>
    /// <param name="cancellation">Stops the writing; nothing is left behind then.</param>
    /// <param name="size">Y and X, in pixels.</param>
    /// <returns>The classes and how many images each has.</returns>
    /// <exception cref="DitException">
    /// The folder holds something already or cannot be written, or a number is out of range.
    /// </exception>
    public static IReadOnlyList<ClassCount> Write(
        string directory,
        int count,
        long seed,
        IProgress<int>? progress = null,
        CancellationToken cancellation = default,
        int size = DefaultSize)
    {
        if (count < Classes.Count)
            throw new DitException($"{count} images are too few: each of the {Classes.Count} classes needs at least one.");
        CheckSize(size);
        var target = Path.TrimEndingDirectorySeparator(AtomicFile.FullPath(directory));
        // Inside the target, so that a mount point or the working directory can be filled; data sets leave out what
        // begins with a dot.
        var drawn = Path.Combine(target, $".{Guid.NewGuid():N}.tmp");
        List<string> made = [Directory.Exists(target) ? drawn : target];
        try
        {
            CheckTarget(target);
            AtomicFile.CreateFolder(target);
            WriteImages(drawn, count, seed, size, progress, cancellation);
            foreach (var name in Classes)
            {
                Directory.Move(Path.Combine(drawn, name), Path.Combine(target, name));
                made.Add(Path.Combine(target, name));
            }
            Directory.Delete(drawn);
            made.Clear();
        }
        catch (Exception e) when (WriteFailure.Of(e) is { } refusal)
        {
            throw new DitException($"The shapes cannot be written to '{directory}': {WriteFailure.Reason(refusal, drawn, directory)}.", e);
        }
        finally
        {
            foreach (var left in made.Where(Directory.Exists)) Directory.Delete(left, recursive: true);
        }
        return [.. Classes.Select((name, label) => new ClassCount(name, (count - label + Classes.Count - 1) / Classes.Count))];
    }

    private static void WriteImages(
        string directory,
        int count,
        long seed,
        int size,
        IProgress<int>? progress,
        CancellationToken cancellation)
    {
        foreach (var name in Classes) Directory.CreateDirectory(Path.Combine(directory, name));
        var (written, stride, reporting) = (0, Math.Max(1, count / 100), new Lock());
        Parallel.For(0, count, new ParallelOptions { CancellationToken = cancellation }, index =>
        {
            var file = Path.Combine(directory, Classes[index % Classes.Count], $"{index:D6}.png");
            File.WriteAllBytes(file, ImageFile.EncodePng(Render(seed, index, size)));
            lock (reporting) // Reports come one at a time and rise.
            {
                written++;
                if (written % stride == 0 || written == count) progress?.Report(written);
            }
        });
        cancellation.ThrowIfCancellationRequested();
    }

    private static void CheckTarget(string target)
    {
        if (File.Exists(target))
            throw new DitException($"{target} is a file; the shapes need a folder that is empty or does not exist yet.");
        if (Directory.Exists(target) && Directory.EnumerateFileSystemEntries(target).Any())
            throw new DitException($"The folder {target} is not empty; the shapes need one that is empty or does not exist yet.");
    }

    private static void CheckSize(int size)
    {
        if (size < 8)
            throw new DitException($"Shapes cannot be drawn at {size} x {size} pixels: at least 8 are needed to tell them apart.");
        if (size > LargestSize) throw new DitException($"Shapes cannot be drawn at {size} x {size} pixels: {LargestSize} are the most.");
    }
}
