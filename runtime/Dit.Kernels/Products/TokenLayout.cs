namespace Dit.Kernels;

/// <summary>A stretch of a sample's tokens that lies in the lanes of one to three vectors.</summary>
/// <param name="First">Its first token.</param>
/// <param name="Width">Tokens, a multiple of the lanes: the last ones may be padding.</param>
internal readonly record struct TokenPanel(int First, int Width);

/// <summary>
/// How the activations of one sample lie in memory: panel by panel, in a panel feature by feature, tokens in the lanes.
/// </summary>
/// <remarks>
/// So the product of packed weights and one panel is the next panel as it stands, and what runs over the features
/// (norms, softmax over the keys, biases, gates) runs straight down the vectors: nothing is transposed, and no sum
/// crosses lanes. Panels are gathered into blocks, one for each task that runs on its own.
/// </remarks>
internal sealed class TokenLayout
{
    private TokenLayout(int tokens, TokenPanel[] panels, Range[] blocks) => (Tokens, Panels, Blocks) = (tokens, panels, blocks);

    /// <summary>Tokens that are real.</summary>
    public int Tokens { get; }

    /// <summary>Tokens with padding: a multiple of the lanes.</summary>
    public int PaddedTokens => Panels[^1].First + Panels[^1].Width;

    /// <summary>All panels, in order.</summary>
    public TokenPanel[] Panels { get; }

    /// <summary>Which panels form a block.</summary>
    public Range[] Blocks { get; }

    /// <summary>Tokens of the largest block, with padding.</summary>
    public int LargestBlock => Blocks.Max(block => Panels[block].Sum(static panel => panel.Width));

    /// <summary>Vectors that hold so many tokens.</summary>
    /// <param name="tokens">Tokens.</param>
    /// <param name="lanes">Floats in a vector.</param>
    /// <param name="alike">The number of vectors is a multiple of it.</param>
    public static int Vectors(int tokens, int lanes, int alike = 1) => (tokens + lanes * alike - 1) / (lanes * alike) * alike;

    /// <summary>The layout of a sample.</summary>
    /// <param name="tokens">T, at least 1.</param>
    /// <param name="lanes">Floats in a vector.</param>
    /// <param name="panelVectors">Vectors in the widest panel.</param>
    /// <param name="blocks">Blocks that are wanted: fewer where there are fewer vectors.</param>
    /// <param name="alike">
    /// How many panels in a row have one width: the vectors are a multiple of it, and the last ones may be padding.
    /// </param>
    public static TokenLayout Of(int tokens, int lanes, int panelVectors, int blocks, int alike = 1)
    {
        var vectors = Vectors(tokens, lanes, alike) / alike;
        var count = Math.Clamp(blocks, 1, vectors);
        var panels = new List<TokenPanel>();
        var ranges = new Range[count];
        for (var block = 0; block < count; block++)
        {
            var first = panels.Count;
            var (from, to) = (vectors * block / count, vectors * (block + 1) / count);
            var parts = (to - from + panelVectors - 1) / panelVectors; // 4 vectors are 2 + 2: narrow panels are slower than even ones
            for (var part = 0; part < parts; part++)
            {
                var (start, end) = (from + (to - from) * part / parts, from + (to - from) * (part + 1) / parts);
                for (var i = 0; i < alike; i++) panels.Add(new((alike * start + i * (end - start)) * lanes, (end - start) * lanes));
            }
            ranges[block] = first..panels.Count;
        }
        return new(tokens, [.. panels], ranges);
    }
}
