using static Dit.Spec.Describe;

namespace Dit.Spec;

/// <summary>
/// The Diffusion Transformer (arXiv 2212.09748): embedders, blocks of the spec's variant, final layer.
/// </summary>
/// <remarks>Names are those of the official code (facebookresearch/DiT).</remarks>
internal static class DitDescription
{
    public static Description Of(ModelSpec spec, Backbone.Dit dit)
    {
        var variant = DitVariant.Of(dit.Variant);
        return new(
            Network(spec, dit, variant),
            $"Diffusion Transformer of {spec.Depth} {variant.Words} blocks{DitParts.Differing(dit.Block)}, width {spec.Width}, "
                + $"{spec.Heads} heads, {spec.Tokens} tokens "
                + $"(arXiv 2212.09748)",
            Letters(spec, variant).ToEquatableArray(),
            variant.StartsAsIdentity ? "every block is the identity, and the output is zero" : "the output is zero",
            Checkpoints(dit.Block, variant));
    }

    private static string Checkpoints(BlockSpec block, DitVariant variant) =>
        block != BlockSpec.Default && variant.IsOfficial ? "under the names of LightningDiT's checkpoints (hustvl/LightningDiT)"
        : $"{(variant.IsOfficial ? "under the names of" : "named in the style of")} the official checkpoints (facebookresearch/DiT)";

    private static Module Network(ModelSpec spec, Backbone.Dit dit, DitVariant variant)
    {
        var parts = new DitParts(spec, dit);
        var condition = DitCondition.Of(spec, parts);
        var blockCondition = variant.SeesTokens ? "context" : "c";
        return Module(
            spec.ClassName, "",
            [
                new("x", Shape.Of(Dim.Batch, spec.Input.Channels, spec.Input.Height, spec.Input.Width), "Noised inputs"),
                new("t", Shape.Of(Dim.Batch), "Timesteps"),
                .. condition.Arguments,
            ],
            [
                new Member.Table(
                    "pos_embed",
                    Shape.Of(1, parts.T, parts.D),
                    new Initialization.SinCosTable(spec.GridHeight, spec.GridWidth)),
                new Member.Child("x_embedder", parts.PatchEmbedding),
                new Member.Child("t_embedder", parts.TimestepEmbedder),
                .. condition.Members,
                .. parts.RotaryTables,
                new Member.Repeated("blocks", spec.Depth, variant.Block(parts)),
                new Member.Child("final_layer", variant.IsAdaptive ? parts.AdaptiveFinalLayer : parts.FinalLayer),
            ],
            [
                variant.SeesTokens ? Let("context", condition.Tokens, Dim.Batch, parts.M, parts.D) : Let("c", condition.Vector),
                Let("tokens", Tokens(variant)),
                .. parts.RotaryStatements,
                ForEach("blocks", ["tokens"], [.. variant.JoinsTokens ? [] : new Value[] { blockCondition }, .. parts.RotaryArguments]),
                Let("patches", variant.IsAdaptive ? Call("final_layer", "tokens", "c")
                    : Call("final_layer", variant.JoinsTokens ? new Value.Tokens("tokens", 0, parts.T) : "tokens")),
                Return(new Value.Unpatchify("patches", spec.GridHeight, spec.GridWidth, spec.PatchSize, spec.OutputChannels)),
            ],
            "");
    }

    private static Value Tokens(DitVariant variant)
    {
        var image = Add(Call("x_embedder", "x"), new Value.Parameter("pos_embed"));
        return variant.JoinsTokens ? JoinTokens(image, "context") : image;
    }

    private static ShapeLetter[] Letters(ModelSpec spec, DitVariant variant) =>
    [
        new("T", spec.Tokens, "tokens"),
        new("D", spec.Width, "width"),
        new("H", spec.Heads, "heads"),
        new("K", spec.HeadWidth, "head width"),
        .. variant.SeesTokens ? [new("M", spec.ContextTokens, "tokens of the condition")] : Array.Empty<ShapeLetter>(),
    ];
}
