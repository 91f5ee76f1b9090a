namespace Dit.Spec;

internal abstract partial record BackboneKeys
{
    /// <summary>The keys of <see cref="Backbone.Dit"/>.</summary>
    public sealed record Dit : BackboneKeys
    {
        public static WordKey<Numerics> Numerics { get; } = new(
            "numerics",
            [
                new("official", "as the official code (facebookresearch/DiT)", Spec.Numerics.Official),
                new(
                    "diffusers", "as diffusers' DiTTransformer2DModel: other time features, and eps 1e-5 in the norm before the MLP",
                    Spec.Numerics.Diffusers),
            ],
            "official", "Whose arithmetic the model follows where implementations differ; names and shapes of tensors do not depend on it",
            "diffusers")
        { Rules = [Rule.NumericsFitModel] };

        public static WordKey<ConditioningVariant> Variant { get; } = new(
            "variant", [.. ConditioningVariant.All.Select(static v => new SpecWord<ConditioningVariant>(v.Word, Says(v), v))],
            ConditioningVariant.All[0].Word, "How the condition enters the blocks (arXiv 2212.09748, section 3.2)", "adaln-zero")
        { Rules = [Rule.ConditionFitsVariant] };

        public static MappingKey Block { get; } = new(
            "block", BlockKeys.All, Optional: true,
            "How the blocks are built, where that differs from the paper's block; the other choices are those of LightningDiT "
                + "(arXiv 2501.01423) and PixArt-alpha (arXiv 2310.00426)",
            "{ norm: rms, mlp: swiglu, position: rope-2d }")
        { Rules = [Rule.NumericsFitModel] };

        public static MappingKey Positions { get; } = new(
            "positions", PositionKeys.All, Optional: true,
            "How the fixed position table measures places: patch i of n along an axis is at i / (n / base) / scale (arXiv 2310.00426)",
            "{ scale: 2, base: 64 }");

        public override IReadOnlyList<SpecKey> AtTop => [.. TransformerKeys.All, Numerics, Block, Positions];

        public override IReadOnlyList<SpecKey> BelowConditioning => [Variant];

        private static string Says(ConditioningVariant variant) => variant.Match(
            static _ => "its tokens join the sequence of plain ViT blocks and leave it after the last one",
            static _ => "each block attends to its tokens between self-attention and MLP",
            static _ => "scale and shift of each LayerNorm are regressed from it",
            static _ => "as adaln, with a gate on each residual branch; every block starts as the identity",
            static _ => "as adaln-zero for the timestep, and each block attends to the tokens of a text (arXiv 2310.00426)");
    }
}
