namespace Dit.Kernels;

/// <summary>Tile by tile, (K, R) each, as <see cref="MatrixTile{V, S}"/> reads them.</summary>
internal sealed unsafe class WholeWeights(int rows, int depth, int tileRows) : PackedWeights
{
    private readonly NativeBuffer buffer = new((long)rows * depth, zeroed: false);

    public override int Rows => rows;

    public override int Depth => depth;

    public override long Bytes => buffer.Bytes;

    /// <summary>Tiles of rows.</summary>
    public int Tiles => rows / tileRows;

    /// <summary>A tile, from a feature in on.</summary>
    public float* Tile(int tile, int feature) => buffer.Start + (long)tile * tileRows * depth + (long)feature * tileRows;

    public override void Multiply<V, S>(Range depth, ReadOnlySpan<TokenPanel> panels, Panels input, Panels output, bool add)
    {
        var (start, end, first) = (depth.Start.Value, depth.End.Value, panels[0].First);
        for (var k = start; k < end; k += WeightLayout.DepthBlock)
        {
            var block = Math.Min(WeightLayout.DepthBlock, end - k);
            for (var tile = 0; tile < Tiles; tile++)
                foreach (var panel in panels)
                    MatrixTile<V, S>.Multiply(
                        panel.Width / S.Lanes, block, Tile(tile, k), input.At(panel, first, k - start),
                        output.At(panel, first, tile * S.TileRows), panel.Width, add || k > start);
        }
    }

    public override void Dispose() => buffer.Dispose();
}
