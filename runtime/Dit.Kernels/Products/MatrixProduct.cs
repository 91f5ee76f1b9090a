using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Dit.Kernels;

/// <summary>The product of two matrices of any size and layout.</summary>
/// <remarks>
/// Both are put in the order in which <see cref="MatrixTile{V, S}"/> reads them, then multiplied block by block. Every
/// number of the result is summed in the same order, however many threads there are.
/// </remarks>
/// <typeparam name="V">A vector of floats.</typeparam>
/// <typeparam name="S">Its instructions.</typeparam>
internal static unsafe class MatrixProduct<V, S>
    where V : struct
    where S : struct, ISimd<V>
{
    private const int DepthBlock = WeightLayout.DepthBlock;
    private const int RowsOfTask = 64;
    // of the second matrix: 4 x 48 x 384 floats are 0.3 MB, in the second cache beside what is read and written
    private const int PanelsAtOnce = 4;
    private const int RowsAhead = 16; // what is read so much later is asked for
    private const int TasksOfThread = 4; // the last ones end at different times: the more there are, the less it matters

    [ThreadStatic] private static NativeBuffer? panelsKept; // of the thread that multiplies
    [ThreadStatic] private static NativeBuffer? stripsKept; // of each thread that helps

    private static int PanelWidth => S.TileVectors * S.Lanes;

    /// <summary><c>c = a b + bias</c>.</summary>
    /// <param name="a">(M, K).</param>
    /// <param name="b">(K, N).</param>
    /// <param name="c">(M, N), dense.</param>
    /// <param name="bias">(N), or null.</param>
    /// <param name="loop">Who computes it.</param>
    public static void Multiply(StridedMatrix a, StridedMatrix b, float* c, float* bias, TaskLoop loop)
    {
        var (panels, depth) = (Ceiling(b.Columns, PanelWidth), a.Columns);
        var packed = Keep(ref panelsKept, (long)panels * PanelWidth * depth).Start;
        var operations = (double)a.Rows * depth * b.Columns;
        loop.Run(panels, panel => Pack(b.Transposed, panel, PanelWidth, packed), operations);
        var down = Ceiling(a.Rows, RowsOfTask);
        var width = Ceiling(panels, Math.Min(Ceiling(panels, PanelsAtOnce), Ceiling(TasksOfThread * loop.Threads, down)));
        var across = Ceiling(panels, width);
        loop.Run(down * across, task =>
        {
            var (row, panel) = (task / across * RowsOfTask, task % across * width);
            Block(a.RowsFrom(row, RowsOfTask), packed, panel, Math.Min(panels, panel + width), c + (long)row * b.Columns, b.Columns, bias);
        }, operations);
    }

    // Some rows by some panels. The rows are put in order just before they are multiplied: they are in the cache then,
    // and not written to memory first.
    private static void Block(StridedMatrix a, float* packed, int panel, int panelEnd, float* c, int columns, float* bias)
    {
        var strips = Keep(ref stripsKept, RowsOfTask * DepthBlock).Start;
        for (var k = 0; k < a.Columns; k += DepthBlock)
        {
            var part = a.Transposed.RowsFrom(k, DepthBlock).Transposed;
            for (var strip = 0; strip * S.TileRows < a.Rows; strip++) Pack(part, strip, S.TileRows, strips);
            for (var first = panel; first < panelEnd; first += PanelsAtOnce)
                for (var r = 0; r < a.Rows; r += S.TileRows)
                    for (var p = first; p < Math.Min(panelEnd, first + PanelsAtOnce); p++)
                    {
                        var column = p * PanelWidth;
                        var width = Math.Min(PanelWidth, Ceiling(columns - column, S.Lanes) * S.Lanes);
                        var with = packed + (long)column * a.Columns + (long)k * width;
                        var to = c + (long)r * columns + column;
                        var sum = k > 0 ? to : bias is null ? null : bias + column;
                        var sumStride = k > 0 ? columns : 0;
                        var (valid, rows) = (Math.Min(width, columns - column), Math.Min(S.TileRows, a.Rows - r));
                        if (valid == width && rows == S.TileRows)
                            MatrixTile<V, S>.Multiply(width / S.Lanes, part.Columns, strips + r * part.Columns, with,
                                new(to, columns, sum, sumStride));
                        else Edge(width, part.Columns, strips + r * part.Columns, with, to, columns, sum, sumStride, rows, valid);
                    }
        }
    }

    // A tile that reaches over the edge of the result is computed beside it.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void Edge(int width, int depth, float* a, float* b, float* c, int stride, float* sum, int sumStride, int rows,
        int columns)
    {
        var tile = stackalloc float[S.TileRows * width];
        MatrixTile<V, S>.Multiply(width / S.Lanes, depth, a, b, tile, width, add: false);
        for (var r = 0; r < rows; r++)
            for (var j = 0; j < columns; j++)
                c[(long)r * stride + j] = tile[r * width + j] + (sum is null ? 0 : sum[(long)r * sumStride + j]);
    }

    /// <summary>Some rows of a matrix as (K, rows): what is multiplied at the same time lies together.</summary>
    /// <remarks>The last ones are filled up with zeros to whole vectors or tiles.</remarks>
    /// <param name="matrix">(M, K).</param>
    /// <param name="index">Which strip of rows.</param>
    /// <param name="height">Rows of a strip: those of a tile, or the width of a panel.</param>
    /// <param name="packed">Where the first strip goes.</param>
    public static void Pack(StridedMatrix matrix, int index, int height, float* packed)
    {
        var (row, depth) = (index * height, matrix.Columns);
        var rows = Math.Min(height, matrix.Rows - row);
        var to = packed + (long)row * depth;
        var from = matrix.Start + row * matrix.RowStride;
        if (height > S.TileRows) height = Math.Min(height, Ceiling(rows, S.Lanes) * S.Lanes);
        if (rows < height) new Span<float>(to, height * depth).Clear();
        if (matrix.RowStride == 1)
        {
            Gather(from, matrix.ColumnStride, rows, depth, to, height);
            return;
        }
        if (matrix.ColumnStride == 1)
        {
            Transposition.Write(from, matrix.RowStride, rows, depth, to, height);
            return;
        }
        for (var r = 0; r < rows; r++)
            for (var k = 0; k < depth; k++)
                to[(long)k * height + r] = from[r * matrix.RowStride + k * matrix.ColumnStride];
    }

    // Numbers that lie together already, a few at a time: calls of a copy would take longer than the copies.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Gather(float* from, long stride, int rows, int depth, float* to, int height)
    {
        for (var k = 0; k < depth; k++, from += stride, to += height)
        {
            var row = 0;
            for (; row + 8 <= rows; row += 8)
            {
                if (Sse.IsSupported) Sse.Prefetch0(from + RowsAhead * stride + row); // rows so far apart the processor does not follow
                Vector256.Load(from + row).Store(to + row);
            }
            for (; row < rows; row++) to[row] = from[row];
        }
    }

    private static NativeBuffer Keep(ref NativeBuffer? kept, long length)
    {
        if (kept is { } buffer && buffer.Length >= length) return buffer;
        kept?.Dispose();
        return kept = new(length);
    }

    private static int Ceiling(int value, int divisor) => (value + divisor - 1) / divisor;
}
