using System.Reflection;
using Dit.Spec;

namespace Dit.Generator.Tests;

/// <summary>Files of the repository, which the build tells the way to.</summary>
internal static class Repository
{
    public static string Root { get; } = typeof(Repository).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>()
        .Single(a => a.Key == "RepositoryRoot").Value ?? throw new InvalidOperationException("The build sets RepositoryRoot.");

    /// <summary>Every spec that ships.</summary>
    public static IReadOnlyList<SpecText> Definitions { get; } =
        [
            .. Directory
                .GetFiles(Path.Combine(Root, "definitions"), "*.dit.yaml")
                .OrderBy(SpecFile.OrderKey, StringComparer.Ordinal)
                .Select(static path => new SpecText(Path.GetFileName(path), File.ReadAllText(path))),
        ];
}
