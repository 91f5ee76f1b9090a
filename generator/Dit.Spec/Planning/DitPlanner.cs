namespace Dit.Spec;

/// <summary>The plan of the <c>dit</c> backbone: embedders, blocks of the spec's variant, final layer.</summary>
internal static class DitPlanner
{
    /// <summary>Width of the sinusoidal timestep features (official code: <c>frequency_embedding_size</c>).</summary>
    public const int TimestepFeatures = 256;

    public static ModelPlan Plan(ModelSpec spec)
    {
        Part[] parts =
        [
            Patches(spec), Timestep(spec), ConditionEmbedder(spec),
            .. Enumerable.Range(0, spec.Depth).Select(i => BlockPlanner.Block(spec, $"blocks.{i}")),
            FinalLayer(spec),
        ];
        return new(parts.SelectMany(static p => p.Parameters).ToEquatableArray(), parts.SelectMany(static p => p.Layers).ToEquatableArray(), SamplingActivations(spec));
    }

    // What is alive while a block's MLP runs, where most is: the forward pass holds the embedded patches and the block's input (and the patches with
    // their positions, when they are joined with the condition); the block holds its intermediate tokens; the MLP its hidden layer before and after
    // GELU, and its output. Attention, with its queries, keys and values, needs more only beside a very narrow MLP.
    private static long SamplingActivations(ModelSpec spec)
    {
        var (forward, block) = spec.Conditioning.Variant.Match(static _ => (3, 4), static _ => (2, 6), static _ => (2, 4), static _ => (2, 5));
        var (tokens, hidden) = ((long)spec.BlockTokens * spec.Width, (long)spec.BlockTokens * spec.HiddenWidth);
        return ContextActivations(spec) + forward * tokens + Math.Max((block + 1) * tokens + 2 * hidden, 6 * tokens);
    }

    // The forward pass holds an embedded text to its end, and the sequence that it becomes; a block, the keys and values that it makes of it.
    private static long ContextActivations(ModelSpec spec)
    {
        var context = (long)spec.ContextTokens * spec.Width;
        var text = spec.Conditioning.Condition.Match(static _ => 0L, static _ => 0L, static text => text.Tokens) * spec.Width;
        return text + spec.Conditioning.Variant.Match(_ => context, _ => 3 * context, static _ => 0, static _ => 0);
    }

    private static Part Patches(ModelSpec spec)
    {
        var (t, d, c, p) = (spec.Tokens, spec.Width, spec.Input.Channels, spec.PatchSize);
        return new(
            [
                new("pos_embed", Part.Shape(1, t, d), new Initialization.SinCosTable()),
                new("x_embedder.proj.weight", Part.Shape(d, c, p, p), new Initialization.XavierUniform()),
                new("x_embedder.proj.bias", Part.Shape(d), new Initialization.Zero()),
            ],
            [new("x_embedder.proj", Part.Shape(t, d), (long)t * d * c * p * p, Saved: (long)t * c * p * p)]);
    }

    private static Part Timestep(ModelSpec spec) => Mlp("t_embedder.mlp", rows: 1, TimestepFeatures, spec.Width);

    // Two linear layers named as in the official code: a SiLU, 1, stands between them.
    private static Part Mlp(string name, int rows, int input, int width)
    {
        var first = Part.Linear($"{name}.0", rows, input, width, new Initialization.Normal(0.02));
        return Part.Of(
            first with { Layers = [.. first.Layers.Select(l => l with { Saved = l.Saved + (long)rows * width })] }, // SiLU keeps its input
            Part.Linear($"{name}.2", rows, width, width, new Initialization.Normal(0.02)));
    }

    private static Part ConditionEmbedder(ModelSpec spec) => spec.Conditioning.Condition.Match(
        static _ => new Part([], []),
        labels => new Part(
            [new("y_embedder.embedding_table.weight", Part.Shape(labels.Rows, spec.Width), new Initialization.Normal(0.02))],
            [new("y_embedder.embedding_table", Part.Shape(spec.Width), Macs: 0, Saved: 1)]),
        text => Part.Of(
            new Part(text.HasNull ? [new("y_embedder.null_text", Part.Shape(text.Tokens, text.Width), new Initialization.Normal(0.02))] : [], []),
            Mlp("y_embedder.mlp", text.Tokens, text.Width, spec.Width)));

    private static Part FinalLayer(ModelSpec spec)
    {
        var (t, d) = (spec.Tokens, spec.Width);
        var linear = Part.Linear("final_layer.linear", t, d, spec.PatchSize * spec.PatchSize * spec.OutputChannels, new Initialization.Zero());
        return spec.Conditioning.Variant.Match(_ => Plain(), _ => Plain(), _ => Adaptive(), _ => Adaptive());

        Part Plain() => Part.Of(Part.AffineLayerNorm("final_layer.norm_final", t, d), linear);

        // The state dict names the linear layer first, the forward pass runs it last.
        Part Adaptive()
        {
            var modulation = Part.Linear("final_layer.adaLN_modulation.1", 1, d, 2 * d, new Initialization.Zero());
            return new([.. linear.Parameters, .. modulation.Parameters], [.. modulation.Layers, Part.AdaptiveNorm("final_layer.norm_final", t, d), .. linear.Layers]);
        }
    }
}
