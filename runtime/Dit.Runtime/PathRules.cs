namespace Dit.Runtime;

/// <summary>What paths are, whatever links and dots they are written with.</summary>
public static class PathRules
{
    private const char Replacement = '\uFFFD'; // what the bytes of a name become that are no UTF-8

    private const int MostLinks = 64;

    private static StringComparison Comparison => OperatingSystem.IsLinux() ? StringComparison.Ordinal : StringComparison.OrdinalIgnoreCase;

    /// <summary>
    /// Finds out that a run does not write into the data it reads: its files would become part of the data.
    /// </summary>
    /// <param name="output">The folder that is written to; it need not exist.</param>
    /// <param name="data">The folder that is read.</param>
    /// <exception cref="DitException">The output is the data's folder or lies in it, by whatever links.</exception>
    public static void RequireOutside(string output, string data)
    {
        if (!Directory.Exists(data)) return; // said by whoever opens it
        var (to, from) = (Real(AtomicFile.FullPath(output)), Real(Path.GetFullPath(data)));
        if (string.Equals(to, from, Comparison))
            throw new DitException($"The output folder '{output}' is the folder of the data: name a folder outside it.");
        if (to.StartsWith(Path.EndsInDirectorySeparator(from) ? from : from + Path.DirectorySeparatorChar, Comparison))
            throw new DitException($"The output folder '{output}' lies in the folder of the data, '{data}': name a folder outside it.");
    }

    /// <summary>The full path without links, as far as it exists.</summary>
    internal static string Real(string path)
    {
        var full = Path.TrimEndingDirectorySeparator(Path.GetFullPath(path));
        for (var links = 0; links < MostLinks; links++)
        {
            if (WithoutFirstLink(full) is not { } next) break;
            full = next;
        }
        return full;
    }

    /// <summary>
    /// Why there is nothing at a path: it does not exist, or its name is not UTF-8 and cannot be written as text.
    /// </summary>
    /// <returns>The end of a sentence that begins with the path.</returns>
    internal static string WhyMissing(string path) => IsNotUtf8(path)
        ? $"has a name that is not UTF-8 (its other bytes are shown as {Replacement})"
        : new FileInfo(path).LinkTarget is { } target ? $"is a link to '{target}', which does not exist" : "does not exist";

    /// <summary>Why a file could not be read.</summary>
    /// <returns>The end of a sentence that begins with the path, without a full stop.</returns>
    internal static string WhyUnreadable(string path, Exception e) =>
        e is FileNotFoundException or DirectoryNotFoundException ? WhyMissing(path) : $"cannot be read: {e.Message.TrimEnd('.')}";

    /// <summary>Whether a name that is not there had bytes that are no UTF-8.</summary>
    internal static bool IsNotUtf8(string path) => path.Contains(Replacement, StringComparison.Ordinal) && !Path.Exists(path);

    private static string? WithoutFirstLink(string full)
    {
        var root = Path.GetPathRoot(full) ?? "";
        var end = root.Length;
        while (end < full.Length)
        {
            end = full.IndexOf(Path.DirectorySeparatorChar, end) is var next and >= 0 ? next : full.Length;
            if (LinkOf(full[..end]) is { } target)
                return Path.TrimEndingDirectorySeparator(Path.GetFullPath(Path.Join(target, full[end..])));
            end++;
        }
        return null;
    }

    private static string? LinkOf(string path)
    {
        try
        {
            return new DirectoryInfo(path).LinkTarget is { } target ? Path.GetFullPath(target, Path.GetDirectoryName(path) ?? path) : null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null; // as good as no link: what cannot be read here cannot be written either
        }
    }
}
