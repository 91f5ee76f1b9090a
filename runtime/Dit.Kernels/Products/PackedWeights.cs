namespace Dit.Kernels;

/// <summary>Panels of activations in memory: (features, width) each, one behind the other.</summary>
/// <param name="start">The first feature of the first panel.</param>
/// <param name="rows">Rows of a panel in memory.</param>
/// <param name="side">
/// What the layout of the weights keeps beside them, or memory for it; null where it keeps nothing.
/// </param>
/// <param name="isComplete">
/// Whether it is there for all panels. If not, the memory is for one block of features of as many panels as are alike.
/// </param>
internal readonly unsafe struct Panels(float* start, int rows, float* side = null, bool isComplete = false)
{
    public int Rows => rows;

    public float* Side => side;

    public bool IsComplete => isComplete;

    /// <summary>A row of a panel.</summary>
    /// <param name="panel">The panel.</param>
    /// <param name="first">The first token of the first panel.</param>
    /// <param name="row">The row.</param>
    public float* At(TokenPanel panel, int first, int row) => start + (long)rows * (panel.First - first) + (long)row * panel.Width;
}

/// <summary>
/// The matrix of a linear layer, (N, K), in the order in which a product reads it; <see cref="WeightLayout.Pack"/>
/// makes it.
/// </summary>
internal abstract class PackedWeights : IDisposable
{
    /// <summary>Features out, those that only fill the last tile counted.</summary>
    public abstract int Rows { get; }

    /// <summary>Features in, K.</summary>
    public abstract int Depth { get; }

    /// <summary>What they take.</summary>
    public abstract long Bytes { get; }

    /// <summary><c>output (+)= weights input</c> for some panels.</summary>
    /// <param name="depth">Which of the K features: those that <paramref name="input"/> holds.</param>
    /// <param name="panels">The panels.</param>
    /// <param name="input">The input.</param>
    /// <param name="output">The output; N rows at least.</param>
    /// <param name="add">Whether the product is added to what is there.</param>
    /// <typeparam name="V">A vector of floats.</typeparam>
    /// <typeparam name="S">Its instructions.</typeparam>
    public abstract void Multiply<V, S>(Range depth, ReadOnlySpan<TokenPanel> panels, Panels input, Panels output, bool add)
        where V : struct
        where S : struct, ISimd<V>;

    /// <summary>The next multiple of the tile's rows.</summary>
    public static int Padded(int rows, int tileRows) => (rows + tileRows - 1) / tileRows * tileRows;

    /// <inheritdoc/>
    public abstract void Dispose();
}

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
