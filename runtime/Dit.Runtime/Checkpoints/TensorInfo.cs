using static TorchSharp.torch;

namespace Dit.Runtime;

/// <summary>What a checkpoint says of one tensor, known without reading its elements.</summary>
/// <param name="DType">The type its elements have in the file.</param>
/// <param name="Shape">Its shape; empty for a scalar.</param>
public sealed record TensorInfo(ScalarType DType, long[] Shape)
{
    /// <summary>Number of elements.</summary>
    public long Elements => Shape.Aggregate(1L, static (product, size) => product * size);

    /// <summary>What the elements take.</summary>
    public long Bytes => Elements * TensorTypes.Size(DType);

    /// <summary><c>Float32 (4, 32, 32)</c>.</summary>
    public override string ToString() => $"{DType} {ShapeText(Shape)}";

    /// <summary><c>(4, 32, 32)</c>, as PyTorch prints a shape.</summary>
    internal static string ShapeText(IReadOnlyCollection<long> shape) =>
        shape.Count == 1 ? $"({shape.First()},)" : $"({string.Join(", ", shape)})";

    /// <summary>Bytes of a tensor, or null when the shape is negative somewhere or too large to count.</summary>
    /// <remarks>Sizes of zero count as one in the check: libtorch multiplies the others for its strides all the same.</remarks>
    internal static long? ByteCount(ScalarType dtype, long[] shape)
    {
        Int128 bytes = TensorTypes.Size(dtype);
        var empty = false;
        foreach (var size in shape)
        {
            if (size < 0)
                return null;
            empty |= size == 0;
            bytes *= Math.Max(1, size);
            if (bytes > long.MaxValue)
                return null;
        }
        return empty ? 0 : (long)bytes;
    }
}

/// <summary>A tensor and where its elements lie in the file.</summary>
/// <param name="Info">Type and shape.</param>
/// <param name="Offset">Bytes from the start of the file to the first element.</param>
/// <param name="Strides">Steps between elements of each dimension, or null when they lie in row-major order without gaps.</param>
internal sealed record StoredTensor(TensorInfo Info, long Offset, long[]? Strides = null)
{
    /// <summary>Elements from the first to the last, those between them included.</summary>
    public long Span => Strides is null || Info.Elements == 0
        ? Info.Elements
        : 1 + Info.Shape.Zip(Strides, static (size, stride) => (size - 1) * stride).Sum();
}
