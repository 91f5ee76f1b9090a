namespace Dit.Runtime.Tests;

/// <summary>A folder of its own for one test, removed after it.</summary>
internal sealed class TemporaryFolder : IDisposable
{
    public string Root { get; } = Directory.CreateTempSubdirectory("dit-test-").FullName;

    public string this[params string[] parts] => Path.Combine([Root, .. parts]);

    public void Dispose() => Directory.Delete(Root, recursive: true);
}
