namespace Dit.Kernels;

/// <summary>
/// How the weights of linear layers lie in memory, and how they are multiplied with panels of tokens.
/// </summary>
/// <remarks>
/// An engine chooses one for its blocks. What differs between layouts is here; nothing else asks which one it is.
/// </remarks>
internal abstract unsafe class WeightLayout
{
    /// <summary>
    /// Features that are multiplied before the next ones: so many rows of a panel, and of a tile, stay in the cache.
    /// </summary>
    public const int DepthBlock = 384;

    /// <summary>The matrix as it is, tile by tile.</summary>
    public static WeightLayout Whole { get; } = new WholeLayout();

    /// <summary>What an engine says of it; null where there is nothing to say.</summary>
    public abstract string? Name { get; }

    /// <summary>Panels of one width that follow each other: tokens fill a multiple of so many vectors.</summary>
    public abstract int PanelsAlike { get; }

    /// <summary>Packed bytes for each byte of weights.</summary>
    public abstract double Expansion { get; }

    /// <summary>Floats that belong to activations beside themselves, see <see cref="Panels.Side"/>.</summary>
    /// <param name="rows">Features.</param>
    /// <param name="tokens">Tokens of the panels, a multiple of <see cref="PanelsAlike"/> vectors.</param>
    public abstract long SideLength(int rows, int tokens);

    /// <summary>Packs rows of a matrix.</summary>
    /// <param name="from">(rows, K).</param>
    /// <param name="groups">Which rows, group by group: each group is filled up with zeros to whole tiles.</param>
    /// <param name="tileRows">R.</param>
    /// <param name="loop">Who packs.</param>
    public abstract PackedWeights Pack(RowPointer from, IReadOnlyList<Range> groups, int tileRows, TaskLoop loop);

    /// <summary>
    /// Computes what activations have beside them, once for all weights that are multiplied with them.
    /// </summary>
    /// <param name="panels">The panels.</param>
    /// <param name="activations">The activations.</param>
    /// <param name="features">How many features there are.</param>
    /// <typeparam name="V">A vector of floats.</typeparam>
    /// <typeparam name="S">Its instructions.</typeparam>
    public abstract void Complete<V, S>(ReadOnlySpan<TokenPanel> panels, Panels activations, int features)
        where V : struct
        where S : struct, ISimd<V>;

    private protected static Range[] Tiles(IReadOnlyList<Range> groups, int tileRows) =>
        [.. groups.SelectMany(range => Split(range, tileRows))];

    private static IEnumerable<Range> Split(Range rows, int tileRows)
    {
        for (var row = rows.Start.Value; row < rows.End.Value; row += tileRows)
            yield return row..Math.Min(row + tileRows, rows.End.Value);
    }

    private protected static void PackTile(RowPointer from, Range rows, int column, int depth, float* to, int tileRows)
    {
        var (first, count) = (rows.Start.Value, rows.End.Value - rows.Start.Value);
        if (count < tileRows) new Span<float>(to, depth * tileRows).Clear();
        Transposition.Write(from[first] + column, from.Width, count, depth, to, tileRows);
    }

    private sealed class WholeLayout : WeightLayout
    {
        public override string? Name => null;

        public override int PanelsAlike => 1;

        public override double Expansion => 1;

        public override long SideLength(int rows, int tokens) => 0;

        public override PackedWeights Pack(RowPointer from, IReadOnlyList<Range> groups, int tileRows, TaskLoop loop)
        {
            var (tiles, depth) = (Tiles(groups, tileRows), (int)from.Width);
            var packed = new WholeWeights(tiles.Length * tileRows, depth, tileRows);
            loop.Run(tiles.Length, tile =>
            {
                // by the worker that writes it: all ask for pages at once
                NativeBuffer.Populate(packed.Tile(tile, 0), (long)tileRows * depth);
                PackTile(from, tiles[tile], 0, depth, packed.Tile(tile, 0), tileRows);
            });
            return packed;
        }

        public override void Complete<V, S>(ReadOnlySpan<TokenPanel> panels, Panels activations, int features) { }
    }
}
