using System.Globalization;
using static TorchSharp.torch;

namespace Dit.Checkpoints;

/// <summary>Takes the next bytes of a file.</summary>
internal delegate void ByteSink(ReadOnlySpan<byte> bytes);

/// <summary>One tensor that is to be written.</summary>
/// <param name="Name">Its name in the file.</param>
/// <param name="Info">The type and shape it shall have there.</param>
/// <param name="Write">Writes its elements in row-major order, by pieces; refuses those that are not finite.</param>
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
        return new(name, info, sink => WriteElements(sink, name, tensor, info.DType));
    }

    /// <summary>Every tensor of a checkpoint, read when it is written.</summary>
    /// <param name="file">The checkpoint; it stays the caller's.</param>
    /// <param name="dtype">Type to convert real numbers to; the others keep theirs.</param>
    public static IEnumerable<TensorSource> All(ICheckpointFile file, ScalarType? dtype) => file.Tensors.Select(entry =>
    {
        var info = new TensorInfo(TypeInFile(entry.Value.DType, dtype), entry.Value.Shape);
        return new TensorSource(entry.Key, info, sink =>
        {
            using var tensor = file.Read(entry.Key);
            WriteElements(sink, entry.Key, tensor, info.DType);
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

    // A file is moved to its place once it is whole: what is refused here leaves nothing there.
    private static void WriteElements(ByteSink sink, string name, Tensor tensor, ScalarType type)
    {
        if (tensor.NumberOfElements == 0)
            return;
        using var frozen = no_grad();
        using var scope = NewDisposeScope();
        var flat = tensor.contiguous().view(-1); // (elements,)
        var scan = TensorTypes.IsFloatingPoint(type) ? new NonFiniteScan(type) : null;
        for (long start = 0; start < flat.NumberOfElements; start += PieceElements)
        {
            using var pieces = NewDisposeScope();
            var piece = flat.narrow(0, start, Math.Min(PieceElements, flat.NumberOfElements - start));
            var bytes = piece.to(type, CPU).bytes;
            scan?.Add(bytes);
            if (scan is { Found: true })
                throw NotFinite(name, tensor, type);
            sink(bytes);
        }
    }

    private static DitException NotFinite(string name, Tensor tensor, ScalarType type)
    {
        if (NonFinite.In(tensor) is { } found)
            return new($"Tensor '{Printable.Of(name)}' holds values that are not finite ({found}), and nothing was written.");
        var largest = tensor.abs().max().to(ScalarType.Float64, CPU);
        var (value, kept) = (largest.item<double>().ToString("G7", CultureInfo.InvariantCulture), $"{tensor.dtype}");
        return new(type == ScalarType.Float16
            ? $"Tensor '{Printable.Of(name)}' holds {value}, and Float16 ends at 65504: keep f32 or bf16. Nothing was written."
            : $"Tensor '{Printable.Of(name)}' holds {value}, which is beyond the range of {type}: keep {kept}. Nothing was written.");
    }
}
