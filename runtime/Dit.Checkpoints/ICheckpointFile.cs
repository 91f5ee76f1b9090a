using static TorchSharp.torch;

namespace Dit.Checkpoints;

/// <summary>A checkpoint that is open for reading: named tensors and metadata, in any format.</summary>
/// <remarks>
/// <see cref="CheckpointFile.Open(string)"/> opens one. The header was validated when the file was opened; a tensor's
/// elements are read only by <see cref="Read"/> and <see cref="CopyInto"/>, so a large file costs no memory until then.
/// Disposing closes the file; tensors that were read stay valid. Members may be called from several threads at once.
/// </remarks>
/// <example>
/// <code>
/// using var file = CheckpointFile.Open("model.pt");
/// foreach (var (name, info) in file.Tensors) Console.WriteLine($"{name}: {info}"); // fc.weight: Float32 (10, 64)
/// using var weight = file.Read("fc.weight");
/// </code>
/// </example>
public interface ICheckpointFile : IDisposable
{
    /// <summary>The path that the file was opened with.</summary>
    string Path { get; }

    /// <summary>The files that hold it: one, or an index and then its shards in ordinal order.</summary>
    IReadOnlyList<string> Files => [Path];

    /// <summary>
    /// What the file holds beside tensors: the metadata of a safetensors file, the plain values of a pickle under
    /// dotted names.
    /// </summary>
    IReadOnlyDictionary<string, string> Metadata { get; }

    /// <summary>
    /// Type and shape of each tensor by name, in the order of the file. Nested dicts of a pickle give dotted names:
    /// <c>model.fc.weight</c>.
    /// </summary>
    IReadOnlyDictionary<string, TensorInfo> Tensors { get; }

    /// <summary>Reads one tensor.</summary>
    /// <param name="name">Its name in <see cref="Tensors"/>.</param>
    /// <param name="device">The device of the result; the CPU by default.</param>
    /// <param name="dtype">The type of the result; by default that of the file.</param>
    /// <returns>A new tensor that the caller owns.</returns>
    /// <exception cref="DitException">
    /// There is no such tensor, its type cannot be read, or reading the file fails.
    /// </exception>
    Tensor Read(string name, Device? device = null, ScalarType? dtype = null);

    /// <summary>
    /// Reads one tensor into an existing one, converting to its type and device. No second copy of the tensor is made.
    /// </summary>
    /// <param name="name">Its name in <see cref="Tensors"/>.</param>
    /// <param name="destination">A tensor of the same shape; it may be a parameter that requires a gradient.</param>
    /// <exception cref="DitException">
    /// There is no such tensor, its type cannot be read, the shapes differ, or reading the file fails.
    /// </exception>
    void CopyInto(string name, Tensor destination);

    /// <summary>Looks for NaN and infinity in one tensor.</summary>
    /// <param name="name">Its name in <see cref="Tensors"/>.</param>
    /// <returns>How many there are and where the first one is, or null when every value is finite.</returns>
    /// <exception cref="DitException">
    /// There is no such tensor, its type cannot be read, or reading the file fails.
    /// </exception>
    NonFinite? FindNonFinite(string name)
    {
        using var tensor = Read(name);
        return NonFinite.In(tensor);
    }
}
