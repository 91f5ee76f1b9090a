using Dit.Runtime;

namespace Dit.Commands;

/// <summary>Compiled specs in the user's cache, so that a spec is compiled once and not with every command.</summary>
/// <remarks>
/// The folder is <c>dit/models</c> in <c>$XDG_CACHE_HOME</c> or <c>~/.cache</c>, in <c>~/Library/Caches</c> on macOS,
/// in <c>%LOCALAPPDATA%</c> on Windows, or what <c>DIT_CACHE</c> names; <c>DIT_CACHE=off</c> keeps nothing. A cache
/// that cannot be read or written is none: commands work without.
/// </remarks>
internal static class CompiledCache
{
    /// <summary>The environment variable that names the folder.</summary>
    internal const string Variable = "DIT_CACHE";

    private const int MostKept = 64;

    /// <summary>The assembly that was kept under a key, or null.</summary>
    public static byte[]? Find(string key) => Try(() =>
    {
        if (Path(key) is not { } path || !File.Exists(path)) return null;
        var assembly = File.ReadAllBytes(path);
        File.SetLastWriteTimeUtc(path, DateTime.UtcNow); // used last
        return assembly;
    });

    /// <summary>Keeps an assembly, in place of the one that was not used for the longest time.</summary>
    public static void Put(string key, byte[] assembly) => Try(() =>
    {
        if (Path(key) is not { } path || System.IO.Path.GetDirectoryName(path) is not { } folder) return null;
        Directory.CreateDirectory(folder);
        AtomicFile.Write(path, stream => stream.Write(assembly));
        foreach (
            var old in new DirectoryInfo(folder)
                .GetFiles("*.dll")
                .OrderByDescending(static file => file.LastWriteTimeUtc)
                .Skip(MostKept))
            old.Delete();
        return assembly;
    });

    private static string? Path(string key) => Folder() is { } folder ? System.IO.Path.Combine(folder, $"{key[..32]}.dll") : null;

    /// <summary>The folder; null where nothing is kept.</summary>
    internal static string? Folder()
    {
        if (Environment.GetEnvironmentVariable(Variable) is { Length: > 0 } named)
            return named.Equals("off", StringComparison.OrdinalIgnoreCase) ? null : System.IO.Path.GetFullPath(named);
        var home = Environment.GetFolderPath(Environment.SpecialFolder.UserProfile);
        var caches = OperatingSystem.IsWindows() ? Environment.GetFolderPath(Environment.SpecialFolder.LocalApplicationData)
            : OperatingSystem.IsMacOS() ? home.Length > 0 ? System.IO.Path.Combine(home, "Library", "Caches") : ""
            : Environment.GetEnvironmentVariable("XDG_CACHE_HOME") is { Length: > 0 } set && System.IO.Path.IsPathFullyQualified(set) ? set
            : home.Length > 0 ? System.IO.Path.Combine(home, ".cache") : "";
        return caches.Length == 0 ? null : System.IO.Path.Combine(caches, "dit", "models");
    }

    private static byte[]? Try(Func<byte[]?> use)
    {
        try
        {
            return use();
        }
        catch (Exception e)
            when (e is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException or DitException)
        {
            return null;
        }
    }
}
