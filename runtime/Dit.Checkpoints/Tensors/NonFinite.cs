using System.Numerics;
using System.Runtime.InteropServices;
using static TorchSharp.torch;

namespace Dit.Checkpoints;

/// <summary>The values of a tensor that are not finite: how many there are, and where the first one is.</summary>
/// <param name="NaNs">Number of values that are not a number.</param>
/// <param name="PositiveInfinities">Number of values that are +infinity.</param>
/// <param name="NegativeInfinities">Number of values that are -infinity.</param>
/// <param name="First">
/// Indices of the first such value in row-major order, one for each dimension; empty for a scalar.
/// </param>
public sealed record NonFinite(long NaNs, long PositiveInfinities, long NegativeInfinities, IReadOnlyList<long> First)
{
    private const long PieceElements = 1 << 22;

    /// <summary>Number of all of them.</summary>
    public long Count => NaNs + PositiveInfinities + NegativeInfinities;

    /// <summary>Finds the values of a tensor that are not finite.</summary>
    /// <remarks>
    /// One pass at the speed of memory; beside the tensor, no more than a few megabytes are used, whatever its device
    /// and strides.
    /// </remarks>
    /// <param name="tensor">
    /// A tensor of any type; only floating-point types hold such values. It stays the caller's.
    /// </param>
    /// <returns>What was found, or null when every value is finite.</returns>
    public static NonFinite? In(Tensor tensor)
    {
        if (!TensorTypes.IsFloatingPoint(tensor.dtype))
            return null;
        var scan = new NonFiniteScan(tensor.dtype);
        using var frozen = no_grad();
        using var scope = NewDisposeScope();
        foreach (var piece in PiecesOf(tensor.detach()))
        {
            using var onHost = piece.to(CPU);
            scan.Add(onHost.bytes);
        }
        return scan.Result(tensor.shape);
    }

    /// <summary><c>2 NaN and 1 +infinity, the first at [0, 3, 7]</c>, for the end of a sentence.</summary>
    public override string ToString()
    {
        string[] kinds = [.. new[] { (NaNs, "NaN"), (PositiveInfinities, "+infinity"), (NegativeInfinities, "-infinity") }
            .Where(static kind => kind.Item1 > 0).Select(static kind => $"{kind.Item1} {kind.Item2}")];
        var counts = kinds.Length < 3 ? string.Join(" and ", kinds) : $"{kinds[0]}, {kinds[1]} and {kinds[2]}";
        return First.Count == 0 ? counts : $"{counts}, {(Count == 1 ? "" : "the first ")}at [{string.Join(", ", First)}]";
    }

    // Contiguous runs of elements in row-major order. A tensor of other strides is copied slice by slice.
    private static IEnumerable<Tensor> PiecesOf(Tensor tensor)
    {
        if (tensor.NumberOfElements == 0)
            yield break;
        if (tensor.is_contiguous() || tensor.NumberOfElements <= PieceElements || tensor.shape.Length == 0)
        {
            using var whole = tensor.contiguous();
            using var flat = whole.view(-1);
            for (long start = 0; start < flat.NumberOfElements; start += PieceElements)
            {
                using var piece = flat.narrow(0, start, Math.Min(PieceElements, flat.NumberOfElements - start));
                yield return piece;
            }
            yield break;
        }
        for (long i = 0; i < tensor.shape[0]; i++)
        {
            using var slice = tensor.select(0, i);
            foreach (var piece in PiecesOf(slice))
                yield return piece;
        }
    }
}

/// <summary>Counts values that are not finite in elements that come piece by piece.</summary>
/// <param name="type">Their type, one of real numbers.</param>
internal sealed class NonFiniteScan(ScalarType type)
{
    private long seen;
    private long first = -1;
    private long nans;
    private long positive;
    private long negative;

    /// <summary>Whether any value so far was not finite.</summary>
    public bool Found => first >= 0;

    /// <summary>Looks at the next elements.</summary>
    /// <param name="bytes">Whole elements as they lie in memory.</param>
    public void Add(ReadOnlySpan<byte> bytes)
    {
        switch (type)
        {
            case ScalarType.Float64: Scan<ulong>(MemoryMarshal.Cast<byte, ulong>(bytes), 0x7ff0_0000_0000_0000); break;
            case ScalarType.Float32: Scan<uint>(MemoryMarshal.Cast<byte, uint>(bytes), 0x7f80_0000u); break;
            case ScalarType.Float16: Scan<ushort>(MemoryMarshal.Cast<byte, ushort>(bytes), 0x7c00); break;
            case ScalarType.BFloat16: Scan<ushort>(MemoryMarshal.Cast<byte, ushort>(bytes), 0x7f80); break;
        }
    }

    /// <summary>What was found, or null.</summary>
    /// <param name="shape">The shape of the tensor that the elements are of.</param>
    public NonFinite? Result(long[] shape) => Found ? new(nans, positive, negative, Indices(first, shape)) : null;

    // In every IEEE format a value is finite unless all bits of its exponent are set; it is infinite when none of the
    // fraction is.
    private void Scan<T>(ReadOnlySpan<T> bits, T exponent)
        where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T>, IMinMaxValue<T>
    {
        var magnitude = T.MaxValue >> 1;
        var (wide, mask, i) = (Vector<T>.Count, new Vector<T>(exponent), 0);
        while (i < bits.Length)
        {
            if (bits.Length - i >= wide && !Vector.EqualsAny(new Vector<T>(bits[i..]) & mask, mask))
            {
                i += wide;
                continue;
            }
            for (var end = Math.Min(bits.Length, i + wide); i < end; i++)
                if ((bits[i] & exponent) == exponent)
                    Note(seen + i, isNaN: (bits[i] & magnitude) != exponent, isNegative: bits[i] > magnitude);
        }
        seen += bits.Length;
    }

    private void Note(long at, bool isNaN, bool isNegative)
    {
        if (first < 0)
            first = at;
        if (isNaN)
            nans++;
        else if (isNegative)
            negative++;
        else
            positive++;
    }

    private static long[] Indices(long flat, long[] shape)
    {
        var indices = new long[shape.Length];
        for (var i = shape.Length - 1; i >= 0; i--)
            (flat, indices[i]) = Math.DivRem(flat, shape[i]);
        return indices;
    }
}
