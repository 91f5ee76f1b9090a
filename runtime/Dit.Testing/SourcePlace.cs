using System.Reflection;

namespace Dit.Testing;

/// <summary>Where the source file of a test is on this machine.</summary>
internal static class SourcePlace
{
    private const string Key = "Dit.Testing.ProjectFolder"; // written by build/Dit.Testing.targets

    /// <summary>A path relative to the folder of a source file.</summary>
    /// <param name="source">The file as the compiler knew it, perhaps mapped.</param>
    /// <param name="caller">The assembly with the test.</param>
    /// <param name="path">The relative path; a full path is taken as it is.</param>
    /// <exception cref="DitTestException">The source file is not on this machine.</exception>
    public static string Resolve(string source, Assembly caller, string path) =>
        Path.IsPathFullyQualified(path) ? path : Path.GetFullPath(Path.Combine(Path.GetDirectoryName(Find(source, caller)) ?? "", path));

    private static string Find(string source, Assembly caller)
    {
        var project = caller.GetCustomAttributes<AssemblyMetadataAttribute>().FirstOrDefault(static data => data.Key == Key)?.Value;
        string?[] from = [project, AppContext.BaseDirectory, Environment.CurrentDirectory];
        return Find(source, from.OfType<string>(), File.Exists) ?? throw new DitTestException(
            $"The source file of this test, {source}, is not on this machine, so paths relative to it cannot be found. "
            + "Run the test where the repository is, or give a full path.");
    }

    /// <summary>
    /// The file itself, or, where its path was mapped or the repository has moved, the file of the longest tail of that
    /// path that lies in one of the folders or above: <c>/_/tests/A.Tests/B.cs</c> and the folder
    /// <c>/home/me/repo/tests/A.Tests</c> give <c>/home/me/repo/tests/A.Tests/B.cs</c>.
    /// </summary>
    internal static string? Find(string source, IEnumerable<string> folders, Func<string, bool> exists)
    {
        if (Path.IsPathFullyQualified(source) && exists(source)) return source;
        var parts = source.Split(['/', '\\'], StringSplitOptions.RemoveEmptyEntries);
        string[] above = [.. folders.SelectMany(Above).Distinct()];
        return Enumerable.Range(0, parts.Length)
            .SelectMany(skipped => above.Select(folder => Path.Combine([folder, .. parts[skipped..]])))
            .FirstOrDefault(exists);
    }

    private static IEnumerable<string> Above(string folder)
    {
        for (var at = Path.TrimEndingDirectorySeparator(folder); !string.IsNullOrEmpty(at); at = Path.GetDirectoryName(at)) yield return at;
    }
}
