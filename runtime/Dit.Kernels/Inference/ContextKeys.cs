namespace Dit.Kernels;

/// <summary>Keys and values of a head as attention reads them.</summary>
/// <param name="keys">Tiles of tokens, see <see cref="CpuKernels.PackKeys"/>.</param>
/// <param name="values">Tiles of features, see <see cref="CpuKernels.PackValues"/>.</param>
/// <param name="tokens">Keys that count.</param>
/// <param name="paddedTokens">Keys with padding.</param>
internal readonly unsafe struct HeadKeys(float* keys, float* values, int tokens, int paddedTokens)
{
    public readonly float* Keys = keys;

    public readonly float* Values = values;

    public readonly int Tokens = tokens;

    public readonly int PaddedTokens = paddedTokens;
}

/// <summary>What makes keys and values of the condition's tokens for one step of attention.</summary>
/// <param name="kernels">The kernels.</param>
/// <param name="pairs">Of each head what gives keys, and values below them.</param>
/// <param name="headWidth">K.</param>
internal sealed unsafe class ContextLayer(CpuKernels kernels, PackedWeights[] pairs, int headWidth)
{
    private readonly int headRows = PackedWeights.Padded(headWidth, kernels.TileRows);

    /// <summary>Floats that the keys and values of a condition take.</summary>
    public long Length(TokenLayout layout) => pairs.Length * HeadLength(layout);

    /// <summary>Where those of a head are.</summary>
    /// <param name="start">Where those of the first head are.</param>
    /// <param name="layout">How the condition's tokens lie.</param>
    /// <param name="head">The head.</param>
    public HeadKeys At(float* start, TokenLayout layout, int head)
    {
        var keys = start + head * HeadLength(layout);
        return new(keys, keys + (long)headRows * layout.PaddedTokens, layout.Tokens, layout.PaddedTokens);
    }

    /// <summary>Computes them.</summary>
    /// <param name="tokens">The condition's tokens.</param>
    /// <param name="layout">How they lie.</param>
    /// <param name="start">Where keys and values are written.</param>
    public void Compute(Panels tokens, TokenLayout layout, float* start)
    {
        using var memory = new NativeBuffer((long)pairs.Max(static pair => pair.Rows) * layout.PaddedTokens, zeroed: false);
        for (var head = 0; head < pairs.Length; head++)
        {
            var (pair, at) = (pairs[head], At(start, layout, head));
            kernels.Multiply(pair, ..pair.Depth, layout.Panels, tokens, new(memory.Start, pair.Rows), add: false);
            kernels.PackKeys(layout.Panels, memory.Start, pair.Rows, firstRow: 0, at.Keys, headWidth);
            kernels.PackValues(layout.Panels, memory.Start, pair.Rows, headRows, at.Values, headWidth, layout.PaddedTokens);
        }
    }

    private long HeadLength(TokenLayout layout) => 2L * headRows * layout.PaddedTokens;
}

/// <summary>
/// Keys and values of one condition for every step that attends to it. Tokens that do not count are left out: the order
/// of keys means nothing to attention.
/// </summary>
internal sealed unsafe class ContextKeys : IDisposable
{
    private readonly IReadOnlyList<ContextLayer> layers;
    private readonly TokenLayout layout;
    private readonly long[] starts; // of each step
    private readonly NativeBuffer tokens, keys;
    private readonly int width;

    /// <summary>Gathers the tokens; <see cref="Compute"/> does the rest.</summary>
    /// <param name="kernels">The kernels.</param>
    /// <param name="layers">The steps.</param>
    /// <param name="from">The condition's tokens, (M, D).</param>
    /// <param name="seen">Those that count, one at least.</param>
    /// <param name="width">D.</param>
    public ContextKeys(CpuKernels kernels, IReadOnlyList<ContextLayer> layers, float* from, ReadOnlySpan<int> seen, int width)
    {
        (this.layers, this.width) = (layers, width);
        layout = TokenLayout.Of(seen.Length, kernels.Lanes, kernels.PanelVectors, 1);
        starts = new long[layers.Count + 1];
        for (var layer = 0; layer < layers.Count; layer++) starts[layer + 1] = starts[layer] + layers[layer].Length(layout);
        tokens = new((long)width * layout.PaddedTokens);
        // What is left of the last tile of values is multiplied and not read.
        keys = new(Math.Max(1, starts[^1]));
        foreach (var panel in layout.Panels)
            for (var lane = 0; lane < Math.Min(panel.Width, seen.Length - panel.First); lane++)
            {
                var token = from + (long)seen[panel.First + lane] * width;
                var to = tokens.Start + (long)width * panel.First + lane;
                for (var f = 0; f < width; f++) to[(long)f * panel.Width] = token[f];
            }
    }

    /// <summary>Computes the keys and values of a step.</summary>
    public void Compute(int layer) => layers[layer].Compute(new(tokens.Start, width), layout, keys.Start + starts[layer]);

    /// <summary>All are computed: the tokens are not needed any more.</summary>
    public void Complete() => tokens.Dispose();

    /// <summary>Those of a head in a step.</summary>
    public HeadKeys At(int layer, int head) => layers[layer].At(keys.Start + starts[layer], layout, head);

    /// <inheritdoc/>
    public void Dispose()
    {
        tokens.Dispose();
        keys.Dispose();
    }
}
