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
                + $"({(variant.AttendsToText ? "PixArt-alpha, arXiv 2310.00426" : "arXiv 2212.09748")})",
            Letters(spec, variant).ToEquatableArray(),
            variant.StartsAsIdentity && dit.Block.Modulation == BlockModulation.PerBlock
                ? "every block is the identity, and the output is zero"
                : "the output is zero",
            Checkpoints(dit.Block, variant));
    }

    // The block of the released models.
    private static BlockSpec PixArt { get; } = BlockSpec.Default with { Modulation = BlockModulation.Shared };

    private static string Checkpoints(BlockSpec block, DitVariant variant) =>
        variant.AttendsToText
            ? $"{(block == PixArt ? "under the names of" : "named in the style of")} PixArt-alpha's checkpoints (PixArt-alpha/PixArt-alpha)"
        : block.Modulation == BlockModulation.Shared ? "named in the style of PixArt-alpha's checkpoints (PixArt-alpha/PixArt-alpha)"
        : block != BlockSpec.Default && variant.IsOfficial ? "under the names of LightningDiT's checkpoints (hustvl/LightningDiT)"
        : $"{(variant.IsOfficial ? "under the names of" : "named in the style of")} the official checkpoints (facebookresearch/DiT)";

    private static Module Network(ModelSpec spec, Backbone.Dit dit, DitVariant variant)
    {
        var parts = new DitParts(spec, dit);
        var condition = DitCondition.Of(spec, dit, parts);
        return Module(
            spec.ClassName, "",
            [
                new("x", Shape.Of(Dim.Batch, spec.Input.Channels, spec.Input.Height, spec.Input.Width), "Noised inputs"),
                new("t", Shape.Of(Dim.Batch), "Timesteps"),
                .. condition.Arguments,
            ],
            [
                parts.PositionTable,
                new Member.Child("x_embedder", parts.PatchEmbedding),
                new Member.Child("t_embedder", parts.TimestepEmbedder),
                .. parts.SharedLayers,
                .. condition.Members,
                .. parts.RotaryTables,
                new Member.Repeated("blocks", spec.Depth, variant.Block(parts)),
                new Member.Child("final_layer", variant.IsAdaptive ? parts.AdaptiveFinalLayer : parts.FinalLayer),
                .. condition.LastMembers,
            ],
            [
                .. variant.IsAdaptive
                    ? [.. condition.Statements, Let("c", condition.Vector), .. parts.SharedStatements]
                    : Array.Empty<Statement>(),
                .. variant.SeesTokens ? [Let("context", condition.Tokens, Dim.Batch, parts.M, parts.D)] : Array.Empty<Statement>(),
                Let("tokens", Tokens(variant)),
                .. parts.RotaryStatements,
                ForEach("blocks", ["tokens"], [.. BlockArguments(variant, parts), .. parts.RotaryArguments]),
                Let("patches", variant.IsAdaptive ? Call("final_layer", "tokens", "c")
                    : Call("final_layer", variant.JoinsTokens ? new Value.Tokens("tokens", 0, parts.T) : "tokens")),
                Return(new Value.Unpatchify("patches", spec.GridHeight, spec.GridWidth, spec.PatchSize, spec.OutputChannels)),
            ],
            "");
    }

    private static Value[] BlockArguments(DitVariant variant, DitParts parts) => variant.JoinsTokens ? [] :
        [.. variant.IsAdaptive ? [parts.BlockCondition] : Array.Empty<Value>(), .. variant.SeesTokens ? ["context"] : Array.Empty<Value>(),
            .. parts.MaskArguments];

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
