using static TorchSharp.torch;

namespace Dit.Checkpoints;

/// <summary>What a checkpoint says of one tensor, known without reading its elements.</summary>
/// <param name="DType">
/// The type it has when it is read: that of its elements in the file, or a wider one that holds them exactly, as
/// Float32 does 8-bit floats.
/// </param>
/// <param name="Shape">Its shape; empty for a scalar.</param>
public sealed record TensorInfo(ScalarType DType, long[] Shape)
{
    private readonly ElementType? element;

    /// <summary>Number of elements.</summary>
    public long Elements => Shape.Aggregate(1L, static (product, size) => product * size);

    /// <summary>What the elements take in the file; 0 where that is not known.</summary>
    public long Bytes => InFile ?? Element.Bytes(Elements) ?? 0;

    /// <summary>The type of the elements in the file: <c>Float32</c>, <c>Float8_e4m3fn</c>.</summary>
    public string TypeName => Element.Name;

    /// <summary>
    /// Why the tensor cannot be read, for the end of a sentence (<c>it is sparse</c>); null where it can.
    /// </summary>
    public string? Refusal { get; private init; }

    /// <summary>The type of the elements in the file.</summary>
    internal ElementType Element => element ?? ElementType.Of(DType);

    /// <summary>What the file says that the elements take, of a type whose size is not known.</summary>
    internal long? InFile { get; init; }

    /// <summary>A tensor whose elements have a certain type in the file.</summary>
    /// <param name="element">The type.</param>
    /// <param name="shape">The tensor's shape.</param>
    /// <param name="refusal">Why it cannot be read, where its type is not what keeps it from that.</param>
    internal static TensorInfo Of(ElementType element, long[] shape, string? refusal = null) =>
        new(element.DType, shape, element) { Refusal = refusal ?? element.Refusal };

    private TensorInfo(ScalarType dtype, long[] shape, ElementType element) : this(dtype, shape) => this.element = element;

    /// <summary><c>Float32 (4, 32, 32)</c>.</summary>
    public override string ToString() => $"{TypeName} {ShapeText(Shape)}";

    /// <summary><c>(4, 32, 32)</c>, as PyTorch prints a shape.</summary>
    internal static string ShapeText(IReadOnlyCollection<long> shape) =>
        shape.Count == 1 ? $"({shape.First()},)" : $"({string.Join(", ", shape)})";

    /// <summary>
    /// Bytes of a tensor, or null when the shape is negative somewhere, too large to count, or of no whole number of
    /// bytes.
    /// </summary>
    /// <remarks>
    /// Sizes of zero count as one in the check: libtorch multiplies the others for its strides all the same.
    /// </remarks>
    internal static long? ByteCount(ElementType type, long[] shape)
    {
        Int128 elements = 1;
        var empty = false;
        foreach (var size in shape)
        {
            if (size < 0)
                return null;
            empty |= size == 0;
            elements *= Math.Max(1, size);
            if (elements * Math.Max(8, type.Bits) / 8 > long.MaxValue)
                return null;
        }
        return empty ? 0 : type.Bytes(elements);
    }
}

/// <summary>A tensor and where its elements lie in the file.</summary>
/// <param name="Info">Type and shape.</param>
/// <param name="Offset">Bytes from the start of the file to the first element.</param>
/// <param name="Strides">
/// Steps between elements of each dimension, or null when they lie in row-major order without gaps.
/// </param>
internal sealed record StoredTensor(TensorInfo Info, long Offset, long[]? Strides = null)
{
    /// <summary>Elements from the first to the last, those between them included.</summary>
    public long Span => Strides is null || Info.Elements == 0
        ? Info.Elements
        : 1 + Info.Shape.Zip(Strides, static (size, stride) => (size - 1) * stride).Sum();
}
