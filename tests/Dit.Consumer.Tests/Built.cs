using System.Reflection;

namespace Dit.Consumer.Tests;

/// <summary>What the build knew, written into this assembly.</summary>
internal static class Built
{
    private static readonly Dictionary<string, string?> Values =
        typeof(Built).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>().ToDictionary(value => value.Key, value => value.Value);

    public static string Root => Of("RepositoryRoot");

    public static string Configuration => Of("Configuration");

    public static string TorchBackend => Of("TorchBackend");

    /// <summary>The version of the next release.</summary>
    public static string NextVersion => Of("NextVersion");

    public static string LibTorchVersion => Of("LibTorchVersion");

    /// <summary>This machine as a runtime identifier, such as linux-x64.</summary>
    public static string Platform => Of("Platform");

    /// <summary>Where this machine keeps packages; the cache is the first.</summary>
    public static IReadOnlyList<string> PackageFolders => Of("PackageFolders").Split(';', StringSplitOptions.RemoveEmptyEntries);

    /// <summary>Where the SDK keeps the compiler.</summary>
    public static string CompilerFolder => Of("CompilerFolder");

    public static string Text(params string[] path) => File.ReadAllText(Path.Combine([Root, .. path]));

    /// <summary>A file of a package in this machine's cache.</summary>
    public static string InCache(params string[] path) =>
        PackageFolders.Select(folder => Path.Combine([folder, .. path])).First(Path.Exists);

    private static string Of(string key) => Values[key] ?? throw new InvalidOperationException($"The build wrote no {key}.");
}
