using TorchSharp;
using static TorchSharp.torch;

namespace Dit.Runtime;

/// <summary>A tensor to be written: known by name, type and shape, its elements read when its turn comes.</summary>
/// <param name="Name">Its name in the file to be.</param>
/// <param name="Info">Its type and shape.</param>
/// <param name="Read">Makes a tensor of that shape, on any device and of any strides, that the caller owns.</param>
public sealed record DeferredTensor(string Name, TensorInfo Info, Func<Tensor> Read)
{
    /// <summary>A tensor that exists; it stays its owner's.</summary>
    public static DeferredTensor Of(string name, Tensor tensor) => new(name, new TensorInfo(tensor.dtype, tensor.shape), tensor.alias);

    /// <summary>Every tensor of a file, in its order, under the same names.</summary>
    public static IEnumerable<DeferredTensor> AllOf(ICheckpointFile file) =>
        file.Tensors.Select(t => new DeferredTensor(t.Key, t.Value, () => file.Read(t.Key)));

    /// <summary>The state dict of a module, in its order.</summary>
    public static IEnumerable<DeferredTensor> AllOf(nn.Module module) => module.state_dict().Select(static t => Of(t.Key, t.Value));
}
