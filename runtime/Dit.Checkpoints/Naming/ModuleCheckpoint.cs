using TorchSharp;
using static TorchSharp.torch;

namespace Dit.Checkpoints;

/// <summary>The state dict of a module, seen as a file.</summary>
/// <param name="module">The module; it stays its owner's.</param>
internal sealed class ModuleCheckpoint(nn.Module module) : ICheckpointFile
{
    private readonly Dictionary<string, Tensor> state = module.state_dict();

    public string Path { get; } = module.GetName();

    public IReadOnlyDictionary<string, string> Metadata { get; } = new Dictionary<string, string>();

    public IReadOnlyDictionary<string, TensorInfo> Tensors { get; } = new OrderedDictionary<string, TensorInfo>(
        module.state_dict()
            .Select(static t => KeyValuePair.Create(t.Key, new TensorInfo(t.Value.dtype, t.Value.shape))), StringComparer.Ordinal);

    // A view: what is read of a module on the CPU takes no memory of its own.
    public Tensor Read(string name, Device? device = null, ScalarType? dtype = null)
    {
        using var scope = NewDisposeScope();
        var tensor = state[name];
        return tensor.detach().to(dtype ?? tensor.dtype, device ?? tensor.device).MoveToOuterDisposeScope();
    }

    public void CopyInto(string name, Tensor destination)
    {
        using var frozen = no_grad();
        destination.copy_(state[name]);
    }

    public void Dispose() { }
}
