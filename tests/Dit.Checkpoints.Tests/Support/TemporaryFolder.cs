namespace Dit.Checkpoints.Tests;

/// <summary>A folder of its own for one test, removed after it.</summary>
internal sealed class TemporaryFolder : IDisposable
{
    // Where Linux keeps files in memory.
    private const string Memory = "/dev/shm";

    public TemporaryFolder() => Root = Directory.CreateTempSubdirectory("dit-test-").FullName;

    private TemporaryFolder(string root) => Root = Directory.CreateDirectory(root).FullName;

    /// <summary>A folder in memory where the system has such, for many small files.</summary>
    public static TemporaryFolder InMemory() =>
        Directory.Exists(Memory) ? new(Path.Combine(Memory, $"dit-test-{Guid.NewGuid():N}")) : new();

    public string Root { get; }

    public string this[params string[] parts] => Path.Combine([Root, .. parts]);

    /// <summary>Names of the files in it, sorted.</summary>
    public string[] Files => [.. Directory.GetFiles(Root).Select(static f => Path.GetFileName(f)).Order(StringComparer.Ordinal)];

    public string Write(string name, byte[] bytes)
    {
        File.WriteAllBytes(this[name], bytes);
        return this[name];
    }

    public void Dispose() => Directory.Delete(Root, recursive: true);
}
