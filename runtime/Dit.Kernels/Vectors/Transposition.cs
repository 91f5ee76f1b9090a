using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Dit.Kernels;

/// <summary>Rows become columns.</summary>
internal static unsafe class Transposition
{
    private const int LineLength = 16, LinesAhead = 4; // of the cache; what is read so much later is asked for

    /// <summary>Writes the transpose of dense rows: four by four where the processor can.</summary>
    /// <param name="from">(rows, columns).</param>
    /// <param name="stride">Numbers from one of its rows to the next.</param>
    /// <param name="rows">How many.</param>
    /// <param name="columns">Numbers in each.</param>
    /// <param name="to">(columns, rows).</param>
    /// <param name="toStride">Numbers from one of its rows to the next.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Write(float* from, long stride, int rows, int columns, float* to, long toStride)
    {
        var (wholeRows, wholeColumns) = Sse.IsSupported ? (rows / 4 * 4, columns / 4 * 4) : (0, 0);
        for (var k = 0; k < wholeColumns; k += 4)
            for (var r = 0; r < wholeRows; r += 4)
                Four(from + r * stride + k, stride, to + k * toStride + r, toStride, fetches: k % LineLength == 0);
        for (var r = 0; r < rows; r++)
            for (var k = r < wholeRows ? wholeColumns : 0; k < columns; k++)
                to[k * toStride + r] = from[r * stride + k];
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Four(float* from, long stride, float* to, long toStride, bool fetches)
    {
        // so many rows at once the processor does not follow
        if (fetches) for (var row = 0; row < 4; row++) Sse.Prefetch0(from + row * stride + LinesAhead * LineLength);
        var (a, b, c, d) = (Vector128.Load(from), Vector128.Load(from + stride), Vector128.Load(from + 2 * stride),
            Vector128.Load(from + 3 * stride));
        var (ab, cd, ab2, cd2) = (Sse.UnpackLow(a, b), Sse.UnpackLow(c, d), Sse.UnpackHigh(a, b), Sse.UnpackHigh(c, d));
        Sse.MoveLowToHigh(ab, cd).Store(to);
        Sse.MoveHighToLow(cd, ab).Store(to + toStride);
        Sse.MoveLowToHigh(ab2, cd2).Store(to + 2 * toStride);
        Sse.MoveHighToLow(cd2, ab2).Store(to + 3 * toStride);
    }
}
