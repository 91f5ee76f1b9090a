namespace Dit.Spec;

/// <summary>The blocks of the four variants (DiT paper, section 3.2 and figure 3).</summary>
internal static class BlockPlanner
{
    public static Part Block(ModelSpec spec, string name)
    {
        var (t, d) = (spec.BlockTokens, spec.Width);
        return spec.Conditioning.Variant.Match(
            _ => Part.Of(
                Part.AffineLayerNorm($"{name}.norm1", t, d), Attention(spec, $"{name}.attn"),
                Part.AffineLayerNorm($"{name}.norm2", t, d), Mlp(spec, $"{name}.mlp")),
            _ => Part.Of(
                Part.AffineLayerNorm($"{name}.norm1", t, d), Attention(spec, $"{name}.attn"), CrossAttention(spec, $"{name}.cross_attn"),
                Part.AffineLayerNorm($"{name}.norm2", t, d), Mlp(spec, $"{name}.mlp")),
            _ => Adaptive(spec, name, regressed: 4, gated: false, new Initialization.XavierUniform()),
            _ => Adaptive(spec, name, regressed: 6, gated: true, new Initialization.Zero()));
    }

    // The state dict names the regressing layer last, the forward pass runs it first.
    private static Part Adaptive(ModelSpec spec, string name, int regressed, bool gated, Initialization weight)
    {
        var (t, d) = (spec.Tokens, spec.Width);
        var modulation = Part.Linear($"{name}.adaLN_modulation.1", 1, d, regressed * d, weight);
        var (attention, mlp) = (Attention(spec, $"{name}.attn", gated), Mlp(spec, $"{name}.mlp", gated));
        return new(
            [.. attention.Parameters, .. mlp.Parameters, .. modulation.Parameters],
            [
                .. modulation.Layers,
                Part.AdaptiveNorm($"{name}.norm1", t, d), .. attention.Layers,
                Part.AdaptiveNorm($"{name}.norm2", t, d), .. mlp.Layers,
            ]);
    }

    private static Part Attention(ModelSpec spec, string name, bool gated = false)
    {
        var (t, d) = (spec.BlockTokens, spec.Width);
        return Part.Of(
            Part.Linear($"{name}.qkv", t, d, 3 * d, new Initialization.XavierUniform()),
            Attend(spec, name, keys: t),
            Gated(Part.Linear($"{name}.proj", t, d, d, new Initialization.XavierUniform()), gated));
    }

    // Queries from the image's tokens, keys and values from the condition's. All blocks keep one and the same context: it is counted in the first.
    private static Part CrossAttention(ModelSpec spec, string name)
    {
        var (t, d, m) = (spec.Tokens, spec.Width, spec.ContextTokens);
        return Part.Of(
            Part.Linear($"{name}.q", t, d, d, new Initialization.XavierUniform()),
            Kept(Part.Linear($"{name}.kv", m, d, 2 * d, new Initialization.XavierUniform()), name.StartsWith("blocks.0.", StringComparison.Ordinal) ? (long)m * d : 0),
            Attend(spec, name, keys: m),
            Part.Linear($"{name}.proj", t, d, d, new Initialization.XavierUniform()));
    }

    // The scores are never kept: the backward pass makes them again from queries, keys, values and one sum for each row. The output is the
    // projection's input.
    private static Part Attend(ModelSpec spec, string name, int keys)
    {
        var (t, d) = (spec.BlockTokens, spec.Width);
        return new([],
        [
            new($"{name}.scores", Part.Shape(spec.Heads, t, keys), (long)t * keys * d, Saved: (long)t * d + 2L * keys * d + (long)spec.Heads * t),
            new($"{name}.mix", Part.Shape(t, d), (long)t * keys * d, Saved: 0),
        ]);
    }

    private static Part Mlp(ModelSpec spec, string name, bool gated = false)
    {
        var (t, d, hidden) = (spec.BlockTokens, spec.Width, spec.HiddenWidth);
        var first = Part.Linear($"{name}.fc1", t, d, hidden, new Initialization.XavierUniform());
        return Part.Of(
            Keeping(first, (long)t * hidden), // GELU keeps its input
            Gated(Part.Linear($"{name}.fc2", t, hidden, d, new Initialization.XavierUniform()), gated));
    }

    // A gate keeps the branch that it scales.
    private static Part Gated(Part branch, bool gated) => gated ? Keeping(branch, branch.Layers[0].Output.Aggregate(1L, static (count, side) => count * side)) : branch;

    private static Part Keeping(Part part, long elements) => Kept(part, part.Layers.Sum(static l => l.Saved) + elements);

    private static Part Kept(Part layer, long elements) => layer with { Layers = [.. layer.Layers.Select(l => l with { Saved = elements })] };
}
