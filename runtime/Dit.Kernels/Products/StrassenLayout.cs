using System.Runtime.Intrinsics;

namespace Dit.Kernels;

/// <summary>
/// Weights for products by Strassen's scheme (Numer. Math. 13, 1969), see <see cref="StrassenProduct{V, S}"/>.
/// </summary>
/// <remarks>
/// It is not the matrix that is packed, but the left factors of the seven products: for each block of columns and each
/// tile of the upper half of the rows, seven tiles of half the depth. They are sums of that tile and its counterpart in
/// the lower half, in both halves of the columns. They take 7/4 of the memory and 7/8 of the multiply-adds.
/// </remarks>
internal sealed unsafe class StrassenLayout : WeightLayout
{
    private const int Products = 7;

    public override string Name => "Strassen";

    public override int PanelsAlike => 2;

    public override double Expansion => Products / 4.0;

    public override long SideLength(int rows, int tokens) => SumsLength(rows, tokens);

    // Five sums of quarters.
    private static long SumsLength(int rows, int tokens) => 5L * rows * (tokens / 4);

    /// <summary>Weights whose columns have two halves; others lie whole.</summary>
    public override PackedWeights Pack(RowPointer from, IReadOnlyList<Range> groups, int tileRows, TaskLoop loop)
    {
        var depth = (int)from.Width;
        if (depth % 2 != 0) return Whole.Pack(from, groups, tileRows, loop);
        var tiles = Tiles(groups, tileRows);
        var packed = new Weights(tiles.Length, depth, tileRows);
        var (all, half) = ((tiles.Length + 1) / 2, tiles.Length / 2);
        loop.Run((depth + DepthBlock - 1) / DepthBlock * all, task =>
        {
            var (k, tile) = (task / all * DepthBlock, task % all);
            if (tile == half) PackTile(from, tiles[^1], k, packed.LengthAt(k), packed.Rest(k), tileRows);
            else PackFactors(from, tiles[tile], tiles[tile + half], k, packed.LengthAt(k) / 2, packed.Factors(tile, k), tileRows);
        });
        return packed;
    }

    // In the order of the products, with a the upper and c the lower tile in the first half of the columns, b and d in
    // the second.
    private static void PackFactors(RowPointer from, Range upper, Range lower, int column, int depth, float* to, int tileRows)
    {
        var length = depth * tileRows;
        NativeBuffer.Populate(to, Products * length);
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

    /// <inheritdoc/>
    public override void Complete<V, S>(ReadOnlySpan<TokenPanel> panels, Panels activations, int features)
    {
        var first = panels[0].First;
        for (var pair = 0; pair < panels.Length; pair += 2)
            for (var row = 0; row < features; row += DepthBlock)
            {
                var half = Math.Min(DepthBlock, features - row) / 2;
                StrassenProduct<V, S>.Combine(Pair(panels, pair, activations, first, row), (long)half * panels[pair].Width);
            }
    }

    // Sums lie pair after pair, in a pair block of features after block.
    private static PanelPair Pair(ReadOnlySpan<TokenPanel> panels, int pair, Panels input, int first, int row)
    {
        var (one, two) = (panels[pair], panels[pair + 1]);
        var at = input.IsComplete ? SumsLength(input.Rows, one.First - first) + SumsLength(row, 2 * one.Width) : 0;
        return new(input.At(one, first, row), input.At(two, first, row), input.Side + at);
    }

    /// <summary>The left factors.</summary>
    private sealed class Weights : PackedWeights
    {
        private readonly NativeBuffer buffer;
        private readonly int tiles, tileRows;

        public Weights(int tiles, int depth, int tileRows)
        {
            (this.tiles, this.tileRows, Depth) = (tiles, tileRows, depth);
            buffer = new(depth / DepthBlock * BlockLength(DepthBlock) + BlockLength(depth % DepthBlock), zeroed: false);
        }

        public override int Rows => tiles * tileRows;

        public override int Depth { get; }

        public override long Bytes => buffer.Bytes;

        // Tiles of each half of the rows; where the number of tiles is odd, one is left.
        private int HalfTiles => tiles / 2;

        /// <summary>Columns of the block that begins at one.</summary>
        public int LengthAt(int column) => Math.Min(DepthBlock, Depth - column);

        /// <summary>The seven factors of a tile of the upper half, in a block of columns.</summary>
        public float* Factors(int tile, int column) => Block(column) + (long)tile * Products * tileRows * (LengthAt(column) / 2);

        /// <summary>The tile that has no counterpart, in a block of columns.</summary>
        public float* Rest(int column) => Factors(HalfTiles, column);

        private float* Block(int column) => buffer.Start + column / DepthBlock * BlockLength(DepthBlock);

        private long BlockLength(int depth) => (long)HalfTiles * Products * tileRows * (depth / 2) + tiles % 2 * (long)tileRows * depth;

        public override void Multiply<V, S>(Range depth, ReadOnlySpan<TokenPanel> panels, Panels input, Panels output, bool add)
        {
            var (start, end, first) = (depth.Start.Value, depth.End.Value, panels[0].First);
            for (var k = start; k < end; k += DepthBlock)
            {
                var block = Math.Min(DepthBlock, end - k);
                var factors = new StrassenFactors(Factors(0, k), HalfTiles, tiles % 2 == 0 ? null : Rest(k));
                for (var pair = 0; pair < panels.Length; pair += 2)
                {
                    var width = panels[pair].Width;
                    var from = Pair(panels, pair, input, first, k - start);
                    if (!input.IsComplete) StrassenProduct<V, S>.Combine(from, (long)block / 2 * width);
                    var to = new PanelPair(output.At(panels[pair], first, 0), output.At(panels[pair + 1], first, 0), null);
                    StrassenProduct<V, S>.Multiply(factors, block, width, from, to, add || k > start);
                }
            }
        }

        public override void Dispose() => buffer.Dispose();
    }
}
