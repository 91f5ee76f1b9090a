using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text.Json;
using static TorchSharp.torch;

namespace Dit.Runtime.Tests;

/// <summary>The tensors of one file of reference values for the diffusion process.</summary>
internal sealed class GoldenFile : IDisposable
{
    private readonly Dictionary<string, Tensor> tensors = [];

    /// <param name="name">File name under golden/diffusion, without extension.</param>
    public GoldenFile(string name)
    {
        var bytes = File.ReadAllBytes(Path.Combine(AppContext.BaseDirectory, "golden", "diffusion", name + ".safetensors"));
        var headerLength = (int)BinaryPrimitives.ReadInt64LittleEndian(bytes);
        using var header = JsonDocument.Parse(bytes.AsMemory(8, headerLength));
        foreach (var entry in header.RootElement.EnumerateObject())
        {
            if (entry.NameEquals("__metadata__")) continue;
            var shape = entry.Value.GetProperty("shape").EnumerateArray().Select(e => e.GetInt64()).ToArray();
            var span = entry.Value.GetProperty("data_offsets").EnumerateArray().Select(e => e.GetInt32()).ToArray();
            var data = bytes.AsSpan(8 + headerLength + span[0], span[1] - span[0]);
            tensors.Add(entry.Name, entry.Value.GetProperty("dtype").GetString() switch
            {
                "F64" => tensor(MemoryMarshal.Cast<byte, double>(data).ToArray(), shape),
                "F32" => tensor(MemoryMarshal.Cast<byte, float>(data).ToArray(), shape),
                "I64" => tensor(MemoryMarshal.Cast<byte, long>(data).ToArray(), shape),
                var other => throw new InvalidDataException($"{name}: {entry.Name} is {other}."),
            });
        }
    }

    public IReadOnlyCollection<string> Names => tensors.Keys;

    public Tensor this[string name] => tensors[name];

    public int[] Timesteps(string name) => [.. tensors[name].data<long>().Select(t => (int)t)];

    /// <summary>The entries under a prefix, the prefix cut off.</summary>
    public IEnumerable<(string Name, Tensor Value)> Under(string prefix) =>
        tensors.Where(entry => entry.Key.StartsWith(prefix, StringComparison.Ordinal)).Select(entry => (entry.Key[prefix.Length..], entry.Value));

    public void Dispose()
    {
        foreach (var value in tensors.Values) value.Dispose();
    }
}
