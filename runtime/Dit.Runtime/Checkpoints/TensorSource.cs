using static TorchSharp.torch;

namespace Dit.Runtime;

/// <summary>Takes the next bytes of a file.</summary>
internal delegate void ByteSink(ReadOnlySpan<byte> bytes);

/// <summary>One tensor that is to be written.</summary>
/// <param name="Name">Its name in the file.</param>
/// <param name="Info">The type and shape it shall have there.</param>
/// <param name="Write">Writes its elements in row-major order, by pieces.</param>
internal sealed record TensorSource(string Name, TensorInfo Info, Action<ByteSink> Write)
{
    private const long PieceElements = 1 << 24;

    /// <summary>A tensor in memory, on any device and of any strides; it stays the caller's.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="tensor">The tensor.</param>
    /// <param name="dtype">Type to convert real numbers to; the others keep theirs.</param>
    public static TensorSource Of(string name, Tensor tensor, ScalarType? dtype)
    {
        var info = new TensorInfo(TypeInFile(tensor.dtype, dtype), tensor.shape);
        return new(name, info, sink => WriteElements(sink, tensor, info.DType));
    }

    /// <summary>Every tensor of a checkpoint, read when it is written.</summary>
    /// <param name="file">The checkpoint; it stays the caller's.</param>
    /// <param name="dtype">Type to convert real numbers to; the others keep theirs.</param>
    public static IEnumerable<TensorSource> All(ICheckpointFile file, ScalarType? dtype) => file.Tensors.Select(entry =>
    {
        var info = entry.Value with { DType = TypeInFile(entry.Value.DType, dtype) };
        return new TensorSource(entry.Key, info, sink =>
        {
            using var tensor = file.Read(entry.Key);
            WriteElements(sink, tensor, info.DType);
        });
    });

    /// <summary>Refuses a type that is none of real numbers.</summary>
    /// <exception cref="DitException">It is not.</exception>
    public static void RequireReal(string path, ScalarType? dtype)
    {
        if (dtype is { } wanted && !TensorTypes.IsFloatingPoint(wanted))
            throw new DitException($"Cannot save '{path}' as {wanted}; the type must be Float64, Float32, Float16 or BFloat16.");
    }

    private static ScalarType TypeInFile(ScalarType type, ScalarType? wanted) => TensorTypes.IsFloatingPoint(type) ? wanted ?? type : type;

    private static void WriteElements(ByteSink sink, Tensor tensor, ScalarType type)
    {
        if (tensor.NumberOfElements == 0)
            return;
        using var frozen = no_grad();
        using var scope = NewDisposeScope();
        var flat = tensor.contiguous().view(-1); // (elements,)
        for (long start = 0; start < flat.NumberOfElements; start += PieceElements)
        {
            using var pieces = NewDisposeScope();
            var piece = flat.narrow(0, start, Math.Min(PieceElements, flat.NumberOfElements - start));
            sink(piece.to(type, CPU).bytes);
        }
    }
}
