using static TorchSharp.torch;

namespace Dit.Runtime;

/// <summary>A checkpoint with adapters added to its weights as they are read.</summary>
/// <param name="file">The checkpoint, which is closed with this one.</param>
/// <param name="adapters">The file of adapters, which is closed with this one.</param>
/// <param name="lora">What is in that file.</param>
/// <param name="scale">What the adapters count, beside alpha / R.</param>
internal sealed class FusedCheckpoint(ICheckpointFile file, ICheckpointFile adapters, LoraFile lora, double scale) : ICheckpointFile
{
    private readonly Dictionary<string, LoraFile.Names> byWeight =
        lora.Adapters.ToDictionary(static one => $"{one.Layer.Name}.weight", StringComparer.Ordinal);

    public string Path => file.Path;

    public IReadOnlyList<string> Files => [.. file.Files, .. adapters.Files];

    public IReadOnlyDictionary<string, string> Metadata => file.Metadata;

    public IReadOnlyDictionary<string, TensorInfo> Tensors => file.Tensors;

    public Tensor Read(string name, Device? device = null, ScalarType? dtype = null)
    {
        if (!byWeight.TryGetValue(name, out var adapter)) return file.Read(name, device, dtype);
        using var scope = NewDisposeScope();
        using var noGradient = no_grad();
        var weight = file.Read(name);
        var sum = LoraAdapter.Sum(weight, adapters.Read(adapter.A), adapters.Read(adapter.B), scale * lora.Scale);
        return sum.to(dtype ?? weight.dtype).to(device ?? CPU).MoveToOuterDisposeScope();
    }

    public void CopyInto(string name, Tensor destination)
    {
        if (!byWeight.ContainsKey(name))
        {
            file.CopyInto(name, destination);
            return;
        }
        using var noGradient = no_grad();
        using var sum = Read(name, destination.device, destination.dtype);
        destination.copy_(sum);
    }

    public void Dispose()
    {
        adapters.Dispose();
        file.Dispose();
    }
}
