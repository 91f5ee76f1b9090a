using static TorchSharp.torch;

namespace Dit.Runtime.Kernels;

/// <summary>The matrix of a linear layer in the order in which <see cref="MatrixTile{V, S}"/> reads it: tile by tile, (K, R) each.</summary>
internal sealed unsafe class PackedWeights : IDisposable
{
    private readonly NativeBuffer buffer;
    private readonly int tileRows;

    private PackedWeights(int rows, int depth, int tileRows)
    {
        (Rows, Depth, this.tileRows) = (rows, depth, tileRows);
        buffer = new((long)Tiles * tileRows * depth);
    }

    /// <summary>Features out, those that only fill the last tile counted.</summary>
    public int Rows { get; }

    /// <summary>Features in, K.</summary>
    public int Depth { get; }

    /// <summary>Tiles of rows.</summary>
    public int Tiles => Rows / tileRows;

    /// <summary>What they take.</summary>
    public long Bytes => buffer.Bytes;

    /// <summary>A tile, from a feature in on.</summary>
    public float* Tile(int tile, int depth) => buffer.Start + (long)tile * tileRows * Depth + (long)depth * tileRows;

    /// <summary>Packs rows of a matrix.</summary>
    /// <param name="weights">(rows, K), float32, contiguous.</param>
    /// <param name="depth">K, the length of a row.</param>
    /// <param name="groups">Which rows, group by group: each group is filled up with zeros to whole tiles.</param>
    /// <param name="tileRows">R.</param>
    /// <param name="workers">Who packs.</param>
    public static PackedWeights Pack(Tensor weights, int depth, IReadOnlyList<Range> groups, int tileRows, Workers workers)
    {
        var tiles = groups.SelectMany(range => Split(range, tileRows)).ToArray();
        var packed = new PackedWeights(tiles.Length * tileRows, depth, tileRows);
        var from = FusedEngine.Pointer(weights);
        workers.Run(tiles.Length, (tile, _) => PackTile(from, depth, tiles[tile], packed.Tile(tile, 0), tileRows));
        return packed;
    }

    private static IEnumerable<Range> Split(Range rows, int tileRows)
    {
        for (var row = rows.Start.Value; row < rows.End.Value; row += tileRows)
            yield return row..Math.Min(row + tileRows, rows.End.Value);
    }

    /// <summary>The next multiple of the tile's rows.</summary>
    public static int Padded(int rows, int tileRows) => (rows + tileRows - 1) / tileRows * tileRows;

    // Column by column: what is written lies together, and what is read are a few rows, each from front to back.
    private static void PackTile(float* from, int depth, Range rows, float* to, int tileRows)
    {
        var (first, count) = (rows.Start.Value, rows.End.Value - rows.Start.Value);
        for (var k = 0; k < depth; k++, to += tileRows)
            for (var row = 0; row < count; row++)
                to[row] = from[(long)(first + row) * depth + k];
    }

    /// <inheritdoc/>
    public void Dispose() => buffer.Dispose();
}
