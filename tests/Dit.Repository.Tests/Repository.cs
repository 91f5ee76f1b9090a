using System.Diagnostics;
using System.Reflection;

namespace Dit.Repository.Tests;

/// <summary>The repository on disk, and what was built from it.</summary>
internal static class Repository
{
    public static string Root { get; } = typeof(Repository).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>()
        .Single(attribute => attribute.Key == "RepositoryRoot")
        .Value
    ?? throw new InvalidOperationException("The build sets RepositoryRoot.");

    /// <summary>The names of the assemblies that code outside this repository compiles against.</summary>
    public static IReadOnlyList<string> Libraries { get; } =
    [
        .. Directory.GetFiles(AppContext.BaseDirectory, "Dit.*.dll").Select(static path => Path.GetFileNameWithoutExtension(path))
            .Where(static name => name != typeof(Repository).Assembly.GetName().Name && name != "Dit.Generator")
            .Order(StringComparer.Ordinal),
    ];

    /// <summary>The path of a library's assembly.</summary>
    public static string PathOf(string library) => Path.Combine(AppContext.BaseDirectory, $"{library}.dll");

    /// <summary>The files under version control, snapshots left out.</summary>
    /// <param name="pattern">A pattern of git: <c>*.cs</c>.</param>
    public static IReadOnlyList<string> Tracked(string pattern)
    {
        var start = new ProcessStartInfo("git", ["-C", Root, "ls-files", pattern]) { RedirectStandardOutput = true };
        using var git = Process.Start(start) ?? throw new InvalidOperationException("git did not start.");
        var files = git.StandardOutput.ReadToEnd().Split('\n', StringSplitOptions.RemoveEmptyEntries);
        git.WaitForExit();
        Assert.NotEmpty(files);
        return
        [
            .. files.Where(static file => !file.Contains(".verified.", StringComparison.Ordinal))
                .Where(static file => File.Exists(Path.Combine(Root, file))),
        ];
    }
}
