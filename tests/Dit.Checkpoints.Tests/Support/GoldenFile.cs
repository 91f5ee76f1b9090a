using static TorchSharp.torch;

namespace Dit.Checkpoints.Tests;

/// <summary>The tensors of one file of reference values.</summary>
internal sealed class GoldenFile : IDisposable
{
    private readonly Dictionary<string, Tensor> tensors = [];

    /// <param name="name">File name without extension.</param>
    /// <param name="folder">Folder under golden/.</param>
    public GoldenFile(string name, string folder = "diffusion")
    {
        using var file = SafeTensorsFile.Open(Path($"{folder}/{name}.safetensors"));
        foreach (var tensor in file.Tensors.Keys)
            tensors.Add(tensor, file.Read(tensor));
        Metadata = file.Metadata;
    }

    public IReadOnlyDictionary<string, string> Metadata { get; }

    public IReadOnlyCollection<string> Names => tensors.Keys;

    public Tensor this[string name] => tensors[name];

    public int[] Timesteps(string name) => [.. tensors[name].data<long>().Select(t => (int)t)];

    /// <summary>The entries under a prefix, the prefix cut off.</summary>
    public IEnumerable<(string Name, Tensor Value)> Under(string prefix) =>
        tensors.Where(entry => entry.Key.StartsWith(prefix, StringComparison.Ordinal))
            .Select(entry => (entry.Key[prefix.Length..], entry.Value));

    /// <summary>Where a file of the golden folder is.</summary>
    public static string Path(string name) => System.IO.Path.Combine(AppContext.BaseDirectory, "golden", name);

    /// <summary>The bytes of a file of the golden folder.</summary>
    public static byte[] Bytes(string name) => File.ReadAllBytes(Path(name));

    public void Dispose()
    {
        foreach (var value in tensors.Values) value.Dispose();
    }
}
