using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Dit.Runtime.Kernels;

/// <summary>A matrix where it lies: the numbers of a row and those of a column are any distance apart.</summary>
internal readonly unsafe struct Matrix(float* start, int rows, int columns, long rowStride, long columnStride)
{
    public float* Start => start;

    public int Rows => rows;

    public int Columns => columns;

    public long RowStride => rowStride;

    public long ColumnStride => columnStride;

    /// <summary>Its transpose, in the same place.</summary>
    public Matrix Transposed => new(start, columns, rows, columnStride, rowStride);

    /// <summary>Rows one behind the other.</summary>
    public static Matrix Dense(float* start, int rows, int columns) => new(start, rows, columns, columns, 1);
}

/// <summary>The product of two matrices of any size and layout: both are put in the order in which <see cref="MatrixTile{V, S}"/> reads them, then multiplied block by block.</summary>
/// <remarks>Every number of the result is summed in the same order, however many threads there are.</remarks>
/// <typeparam name="V">A vector of floats.</typeparam>
/// <typeparam name="S">Its instructions.</typeparam>
internal static unsafe class MatrixProduct<V, S>
    where V : struct
    where S : struct, ISimd<V>
{
    private const int DepthBlock = 384; // of a panel and of a strip, in the cache
    private const int RowsOfTask = 64;
    private const int PanelsOfTask = 4; // of the second matrix: 4 x 48 x 384 floats are 0.3 MB, in the second cache beside what is read and written

    [ThreadStatic] private static NativeBuffer? kept;

    private static int PanelWidth => S.TileVectors * S.Lanes;

    /// <summary><c>c = a b + bias</c>.</summary>
    /// <param name="a">(M, K).</param>
    /// <param name="b">(K, N).</param>
    /// <param name="c">(M, N), dense.</param>
    /// <param name="bias">(N), or null.</param>
    public static void Multiply(Matrix a, Matrix b, float* c, float* bias)
    {
        var (strips, panels, depth) = (Ceiling(a.Rows, S.TileRows), Ceiling(b.Columns, PanelWidth), a.Columns);
        var lengthA = (long)strips * S.TileRows * depth;
        var buffer = Buffer(lengthA + (long)panels * PanelWidth * depth);
        var packedA = buffer.Start;
        var packedB = packedA + lengthA;
        var stripsOfTask = RowsOfTask / S.TileRows;
        var packsA = Ceiling(strips, stripsOfTask);
        var operations = (double)a.Rows * depth * b.Columns;
        ParallelLoop.Run(packsA + panels, task =>
        {
            if (task >= packsA) Pack(b.Transposed, task - packsA, PanelWidth, packedB);
            else for (var strip = task * stripsOfTask; strip < Math.Min(strips, (task + 1) * stripsOfTask); strip++) Pack(a, strip, S.TileRows, packedA);
        }, operations);
        var (down, across) = (Ceiling(a.Rows, RowsOfTask), Ceiling(panels, PanelsOfTask));
        ParallelLoop.Run(down * across, task =>
        {
            var (row, panel) = (task / across * RowsOfTask, task % across * PanelsOfTask);
            Block(packedA, packedB, depth, row, Math.Min(a.Rows, row + RowsOfTask), panel, Math.Min(panels, panel + PanelsOfTask), c, b.Columns, bias);
        }, operations);
    }

    private static void Block(float* packedA, float* packedB, int depth, int row, int rowEnd, int panel, int panelEnd, float* c, int columns, float* bias)
    {
        if (bias is not null) Prefill(row, rowEnd, panel * PanelWidth, Math.Min(columns, panelEnd * PanelWidth), c, columns, bias);
        for (var k = 0; k < depth; k += DepthBlock)
        {
            var (block, add) = (Math.Min(DepthBlock, depth - k), k > 0 || bias is not null);
            for (var r = row; r < rowEnd; r += S.TileRows)
                for (var p = panel; p < panelEnd; p++)
                {
                    var width = Math.Min(PanelWidth, Ceiling(columns - p * PanelWidth, S.Lanes) * S.Lanes);
                    var from = packedA + (long)r * depth + (long)k * S.TileRows;
                    var with = packedB + (long)p * PanelWidth * depth + (long)k * width;
                    var to = c + (long)r * columns + p * PanelWidth;
                    var (valid, rows) = (Math.Min(width, columns - p * PanelWidth), Math.Min(S.TileRows, rowEnd - r));
                    if (valid == width && rows == S.TileRows) MatrixTile<V, S>.Multiply(width / S.Lanes, block, from, with, to, columns, add);
                    else Edge(width, block, from, with, to, columns, add, rows, valid);
                }
        }
    }

    // A tile that reaches over the edge of the result is computed beside it.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void Edge(int width, int depth, float* a, float* b, float* c, int stride, bool add, int rows, int columns)
    {
        var tile = stackalloc float[S.TileRows * width];
        MatrixTile<V, S>.Multiply(width / S.Lanes, depth, a, b, tile, width, add: false);
        for (var r = 0; r < rows; r++)
            for (var j = 0; j < columns; j++)
                c[(long)r * stride + j] = tile[r * width + j] + (add ? c[(long)r * stride + j] : 0);
    }

    private static void Prefill(int row, int rowEnd, int column, int columnEnd, float* c, int columns, float* bias)
    {
        var from = new ReadOnlySpan<float>(bias + column, columnEnd - column);
        for (var r = row; r < rowEnd; r++) from.CopyTo(new Span<float>(c + (long)r * columns + column, from.Length));
    }

    /// <summary>Some rows of a matrix as (K, rows): beside one another what is multiplied at the same time. The last ones are filled up with zeros to whole vectors or tiles.</summary>
    /// <param name="matrix">(M, K).</param>
    /// <param name="index">Which strip of rows.</param>
    /// <param name="height">Rows of a strip: those of a tile, or the width of a panel.</param>
    /// <param name="packed">Where the first strip goes.</param>
    public static void Pack(Matrix matrix, int index, int height, float* packed)
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
        var done = Sse.IsSupported && matrix.ColumnStride == 1 ? Transpose(from, matrix.RowStride, rows / 4 * 4, depth / 4 * 4, to, height) : (Rows: 0, Depth: 0);
        for (var r = 0; r < rows; r++)
            for (var k = r < done.Rows ? done.Depth : 0; k < depth; k++)
                to[(long)k * height + r] = from[r * matrix.RowStride + k * matrix.ColumnStride];
    }

    // Numbers that lie together already, a few at a time: calls of a copy would take longer than the copies.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Gather(float* from, long stride, int rows, int depth, float* to, int height)
    {
        for (var k = 0; k < depth; k++, from += stride, to += height)
        {
            var row = 0;
            for (; row + 8 <= rows; row += 8) Vector256.Load(from + row).Store(to + row);
            for (; row < rows; row++) to[row] = from[row];
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static (int Rows, int Depth) Transpose(float* from, long stride, int rows, int depth, float* to, int height)
    {
        for (var k = 0; k < depth; k += 4)
            for (var r = 0; r < rows; r += 4)
            {
                var at = from + r * stride + k;
                var (a, b, c, d) = (Vector128.Load(at), Vector128.Load(at + stride), Vector128.Load(at + 2 * stride), Vector128.Load(at + 3 * stride));
                var (ab, cd, ab2, cd2) = (Sse.UnpackLow(a, b), Sse.UnpackLow(c, d), Sse.UnpackHigh(a, b), Sse.UnpackHigh(c, d));
                var target = to + (long)k * height + r;
                Sse.MoveLowToHigh(ab, cd).Store(target);
                Sse.MoveHighToLow(cd, ab).Store(target + height);
                Sse.MoveLowToHigh(ab2, cd2).Store(target + 2 * height);
                Sse.MoveHighToLow(cd2, ab2).Store(target + 3 * height);
            }
        return (rows, depth);
    }

    private static NativeBuffer Buffer(long length)
    {
        if (kept is { } buffer && buffer.Length >= length) return buffer;
        kept?.Dispose();
        return kept = new(length);
    }

    private static int Ceiling(int value, int divisor) => (value + divisor - 1) / divisor;
}
