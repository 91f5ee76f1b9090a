using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using static TorchSharp.torch;

namespace Dit.Runtime.Kernels;

/// <summary>The matrix of a linear layer in the order in which <see cref="MatrixTile{V, S}"/> reads it: tile by tile, (K, R) each.</summary>
/// <remarks>
/// Halved, it is not the matrix that lies there but the left factors of the seven products by which Strassen multiplies matrices of two by two parts
/// (Numer. Math. 13, 1969): for each <see cref="DepthBlock"/> of columns and each tile of the upper half of the rows, seven tiles of half the depth, made of that
/// tile, its counterpart in the lower half, and both halves of the columns. They take 7/4 of the memory and 7/8 of the multiply-adds.
/// </remarks>
internal sealed unsafe class PackedWeights : IDisposable
{
    /// <summary>Features that are multiplied before the next ones: so many rows of a panel, and of a tile, stay in the cache.</summary>
    public const int DepthBlock = 384;

    /// <summary>Products of halves.</summary>
    public const int Products = 7;

    private readonly NativeBuffer buffer;
    private readonly int tileRows;

    private PackedWeights(int rows, int depth, int tileRows, bool isHalved)
    {
        (Rows, Depth, this.tileRows, IsHalved) = (rows, depth, tileRows, isHalved);
        buffer = new(isHalved ? depth / DepthBlock * BlockLength(DepthBlock) + BlockLength(depth % DepthBlock) : (long)Tiles * tileRows * depth, zeroed: false);
    }

    /// <summary>Features out, those that only fill the last tile counted.</summary>
    public int Rows { get; }

    /// <summary>Features in, K.</summary>
    public int Depth { get; }

    /// <summary>Whether it is for products of halves.</summary>
    public bool IsHalved { get; }

    /// <summary>Floats that the sums of the halves of panels take, see <see cref="StrassenProduct{V, S}"/>: five for four.</summary>
    /// <param name="rows">Features.</param>
    /// <param name="tokens">Tokens of the panels, a multiple of four.</param>
    public static long SumsLength(int rows, int tokens) => 5L * rows * (tokens / 4);

    /// <summary>Tiles of rows.</summary>
    public int Tiles => Rows / tileRows;

    /// <summary>Tiles of each half of the rows; where the number of tiles is odd, one is left.</summary>
    public int HalfTiles => Tiles / 2;

    /// <summary>What they take.</summary>
    public long Bytes => buffer.Bytes;

    /// <summary>A tile, from a feature in on; not of what is halved.</summary>
    public float* Tile(int tile, int depth) => buffer.Start + (long)tile * tileRows * Depth + (long)depth * tileRows;

    /// <summary>The seven factors of a tile of the upper half, in a block of columns.</summary>
    public float* Factors(int tile, int depth) => Block(depth) + (long)tile * Products * tileRows * (LengthAt(depth) / 2);

    /// <summary>The tile that has no counterpart, in a block of columns.</summary>
    public float* Rest(int depth) => Factors(HalfTiles, depth);

    private float* Block(int depth) => buffer.Start + depth / DepthBlock * BlockLength(DepthBlock);

    private int LengthAt(int depth) => Math.Min(DepthBlock, Depth - depth);

    private long BlockLength(int depth) => (long)HalfTiles * Products * tileRows * (depth / 2) + Tiles % 2 * (long)tileRows * depth;

    /// <summary>Packs rows of a matrix.</summary>
    /// <param name="weights">(rows, K), float32, contiguous.</param>
    /// <param name="depth">K, the length of a row.</param>
    /// <param name="groups">Which rows, group by group: each group is filled up with zeros to whole tiles.</param>
    /// <param name="tileRows">R.</param>
    /// <param name="workers">Who packs.</param>
    /// <param name="halved">Whether for products of halves; K is even then.</param>
    public static PackedWeights Pack(Tensor weights, int depth, IReadOnlyList<Range> groups, int tileRows, Workers workers, bool halved = false)
    {
        var tiles = groups.SelectMany(range => Split(range, tileRows)).ToArray();
        var packed = new PackedWeights(tiles.Length * tileRows, depth, tileRows, halved);
        var from = new RowPointer(TensorPointer.Of(weights), depth);
        if (!halved)
        {
            workers.Run(tiles.Length, (tile, _) =>
            {
                Populate(packed.Tile(tile, 0), (long)tileRows * depth);
                PackTile(from, tiles[tile], 0, depth, packed.Tile(tile, 0), tileRows);
            });
        }
        else
        {
            var (all, half) = ((tiles.Length + 1) / 2, tiles.Length / 2);
            workers.Run((depth + DepthBlock - 1) / DepthBlock * all, (task, _) =>
            {
                var (k, tile) = (task / all * DepthBlock, task % all);
                if (tile == half) PackTile(from, tiles[^1], k, packed.LengthAt(k), packed.Rest(k), tileRows);
                else PackFactors(from, tiles[tile], tiles[tile + half], k, packed.LengthAt(k) / 2, packed.Factors(tile, k), tileRows);
            });
        }
        return packed;
    }

    private static IEnumerable<Range> Split(Range rows, int tileRows)
    {
        for (var row = rows.Start.Value; row < rows.End.Value; row += tileRows)
            yield return row..Math.Min(row + tileRows, rows.End.Value);
    }

    /// <summary>The next multiple of the tile's rows.</summary>
    public static int Padded(int rows, int tileRows) => (rows + tileRows - 1) / tileRows * tileRows;

    private static void PackTile(RowPointer from, Range rows, int column, int depth, float* to, int tileRows)
    {
        var (first, count) = (rows.Start.Value, rows.End.Value - rows.Start.Value);
        if (count < tileRows) new Span<float>(to, depth * tileRows).Clear();
        Transposition.Write(from[first] + column, from.Width, count, depth, to, tileRows);
    }

    // In the order of Strassen's products, with a the upper and c the lower tile in the first half of the columns, b and d in the second.
    private static void PackFactors(RowPointer from, Range upper, Range lower, int column, int depth, float* to, int tileRows)
    {
        var length = depth * tileRows;
        Populate(to, Products * length);
        var parts = stackalloc float[4 * length];
        float* a = parts, b = a + length, c = b + length, d = c + length;
        PackTile(from, upper, column, depth, a, tileRows);
        PackTile(from, upper, column + depth, depth, b, tileRows);
        PackTile(from, lower, column, depth, c, tileRows);
        PackTile(from, lower, column + depth, depth, d, tileRows);
        for (var i = 0; i < length; i += Vector128<float>.Count, to += Vector128<float>.Count)
        {
            var (va, vb, vc, vd) = (Vector128.Load(a + i), Vector128.Load(b + i), Vector128.Load(c + i), Vector128.Load(d + i));
            (va + vd).Store(to);
            (vc + vd).Store(to + length);
            va.Store(to + 2 * length);
            vd.Store(to + 3 * length);
            (va + vb).Store(to + 4 * length);
            (vc - va).Store(to + 5 * length);
            (vb - vd).Store(to + 6 * length);
        }
    }

    // By the worker that writes it: all of them ask for pages at once.
    private static void Populate(float* to, long length) => FreshMemory.Populate(MemoryMarshal.AsBytes(new Span<float>(to, checked((int)length))));

    /// <inheritdoc/>
    public void Dispose() => buffer.Dispose();
}
