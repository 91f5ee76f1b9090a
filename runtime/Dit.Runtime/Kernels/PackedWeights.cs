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
    /// <param name="weights">(rows, K), row by row.</param>
    /// <param name="depth">K, the length of a row.</param>
    /// <param name="groups">Which rows, group by group: each group is filled up with zeros to whole tiles.</param>
    /// <param name="tileRows">R.</param>
    public static PackedWeights Pack(ReadOnlySpan<float> weights, int depth, IReadOnlyList<Range> groups, int tileRows)
    {
        var lengths = groups.Select(range => range.End.Value - range.Start.Value).ToArray();
        var packed = new PackedWeights(lengths.Sum(length => Padded(length, tileRows)), depth, tileRows);
        var tile = 0;
        foreach (var range in groups)
            for (var row = range.Start.Value; row < range.End.Value; row += tileRows, tile++)
                PackTile(weights, depth, row, Math.Min(tileRows, range.End.Value - row), packed.Tile(tile, 0), tileRows);
        return packed;
    }

    /// <summary>The next multiple of the tile's rows.</summary>
    public static int Padded(int rows, int tileRows) => (rows + tileRows - 1) / tileRows * tileRows;

    private static void PackTile(ReadOnlySpan<float> weights, int depth, int first, int rows, float* to, int tileRows)
    {
        for (var row = 0; row < rows; row++)
        {
            var from = weights.Slice((first + row) * depth, depth);
            for (var k = 0; k < depth; k++) to[(long)k * tileRows + row] = from[k];
        }
    }

    /// <inheritdoc/>
    public void Dispose() => buffer.Dispose();
}
