namespace Dit.Spec;

/// <summary>The plan of the <c>dit</c> backbone.</summary>
internal static class DitPlanner
{
    /// <summary>Width of the sinusoidal timestep features (official code: <c>frequency_embedding_size</c>).</summary>
    public const int TimestepFeatures = 256;

    public static ModelPlan Plan(ModelSpec spec)
    {
        Part[] parts = [Embedders(spec), .. Enumerable.Range(0, spec.Depth).Select(i => Block(spec, $"blocks.{i}")), FinalLayer(spec)];
        return new(parts.SelectMany(static p => p.Parameters).ToEquatableArray(), parts.SelectMany(static p => p.Layers).ToEquatableArray());
    }

    private static Part Embedders(ModelSpec spec)
    {
        var (t, d, c, p) = (spec.Tokens, spec.Width, spec.Input.Channels, spec.PatchSize);
        var rows = spec.Conditioning.Condition.Match(static labels => labels.Rows);
        return new(
            [
                new("pos_embed", Shape(1, t, d), new Initialisation.SinCosTable()),
                new("x_embedder.proj.weight", Shape(d, c, p, p), new Initialisation.XavierUniform()),
                new("x_embedder.proj.bias", Shape(d), new Initialisation.Zero()),
                .. Linear("t_embedder.mlp.0", TimestepFeatures, d, new Initialisation.Normal(0.02)),
                .. Linear("t_embedder.mlp.2", d, d, new Initialisation.Normal(0.02)),
                new("y_embedder.embedding_table.weight", Shape(rows, d), new Initialisation.Normal(0.02)),
            ],
            [
                new("x_embedder.proj", Shape(t, d), (long)t * d * c * p * p),
                new("t_embedder.mlp.0", Shape(d), (long)TimestepFeatures * d),
                new("t_embedder.mlp.2", Shape(d), (long)d * d),
                new("y_embedder.embedding_table", Shape(d), 0),
            ]);
    }

    private static Part Block(ModelSpec spec, string name)
    {
        var (t, d, hidden) = (spec.Tokens, spec.Width, spec.HiddenWidth);
        return new(
            [
                .. Linear($"{name}.attn.qkv", d, 3 * d, new Initialisation.XavierUniform()),
                .. Linear($"{name}.attn.proj", d, d, new Initialisation.XavierUniform()),
                .. Linear($"{name}.mlp.fc1", d, hidden, new Initialisation.XavierUniform()),
                .. Linear($"{name}.mlp.fc2", hidden, d, new Initialisation.XavierUniform()),
                .. Linear($"{name}.adaLN_modulation.1", d, 6 * d, new Initialisation.Zero()),
            ],
            [
                new($"{name}.adaLN_modulation.1", Shape(6 * d), 6L * d * d),
                new($"{name}.norm1", Shape(t, d), (long)t * d),
                new($"{name}.attn.qkv", Shape(t, 3 * d), 3L * t * d * d),
                new($"{name}.attn.scores", Shape(spec.Heads, t, t), (long)t * t * d),
                new($"{name}.attn.mix", Shape(t, d), (long)t * t * d),
                new($"{name}.attn.proj", Shape(t, d), (long)t * d * d),
                new($"{name}.norm2", Shape(t, d), (long)t * d),
                new($"{name}.mlp.fc1", Shape(t, hidden), (long)t * d * hidden),
                new($"{name}.mlp.fc2", Shape(t, d), (long)t * hidden * d),
            ]);
    }

    private static Part FinalLayer(ModelSpec spec)
    {
        var (t, d) = (spec.Tokens, spec.Width);
        var patch = spec.PatchSize * spec.PatchSize * spec.OutputChannels;
        return new(
            [
                .. Linear("final_layer.linear", d, patch, new Initialisation.Zero()),
                .. Linear("final_layer.adaLN_modulation.1", d, 2 * d, new Initialisation.Zero()),
            ],
            [
                new("final_layer.adaLN_modulation.1", Shape(2 * d), 2L * d * d),
                new("final_layer.norm_final", Shape(t, d), (long)t * d),
                new("final_layer.linear", Shape(t, patch), (long)t * d * patch),
            ]);
    }

    private static IEnumerable<PlannedParameter> Linear(string name, int input, int output, Initialisation weight) =>
    [
        new($"{name}.weight", Shape(output, input), weight),
        new($"{name}.bias", Shape(output), new Initialisation.Zero()),
    ];

    private static EquatableArray<long> Shape(params long[] sides) => EquatableArray.Of(sides);

    private sealed record Part(IReadOnlyList<PlannedParameter> Parameters, IReadOnlyList<PlannedLayer> Layers);
}
