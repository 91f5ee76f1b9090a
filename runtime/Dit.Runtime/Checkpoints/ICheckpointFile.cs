using static TorchSharp.torch;

namespace Dit.Runtime;

/// <summary>A file of named tensors, open for reading, whatever its format.</summary>
/// <remarks>Everything the file says of itself was checked when it was opened; tensors are read when asked for.</remarks>
public interface ICheckpointFile : IDisposable
{
    /// <summary>Where the file is, as given.</summary>
    string Path { get; }

    /// <summary>What the file says beside its tensors: the metadata of a safetensors file, the plain values of a PyTorch one.</summary>
    IReadOnlyDictionary<string, string> Metadata { get; }

    /// <summary>Types and shapes by name, in the order of the file.</summary>
    IReadOnlyDictionary<string, TensorInfo> Tensors { get; }

    /// <summary>Reads one tensor.</summary>
    /// <param name="name">Its name in <see cref="Tensors"/>.</param>
    /// <param name="device">Where it shall live; the CPU by default.</param>
    /// <param name="dtype">The type it shall have; the file's by default.</param>
    /// <returns>A new tensor that the caller owns.</returns>
    /// <exception cref="DitException">There is no such tensor, or the file cannot be read.</exception>
    Tensor Read(string name, Device? device = null, ScalarType? dtype = null);

    /// <summary>Reads one tensor into another that exists, converting to its type and device.</summary>
    /// <param name="name">Its name in <see cref="Tensors"/>.</param>
    /// <param name="destination">A tensor of the same shape; a parameter may be given as it is.</param>
    /// <exception cref="DitException">There is no such tensor, the shapes differ, or the file cannot be read.</exception>
    void CopyInto(string name, Tensor destination);

    /// <summary>Reads one tensor for the values in it that are not finite.</summary>
    /// <param name="name">Its name in <see cref="Tensors"/>.</param>
    /// <returns>What was found, or null when every value is finite.</returns>
    /// <exception cref="DitException">There is no such tensor, or it cannot be read.</exception>
    NonFinite? FindNonFinite(string name)
    {
        using var tensor = Read(name);
        return NonFinite.In(tensor);
    }
}
