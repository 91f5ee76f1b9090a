namespace Dit.Spec;

internal abstract partial record BackboneKeys
{
    /// <summary>The keys of <see cref="Backbone.UVit"/>.</summary>
    public sealed record UVit : BackboneKeys
    {
        public static SwitchKey QkvBias { get; } = new(
            "qkv_bias", "Whether the layer of queries, keys and values has a bias; the released models have none", "true")
        { Default = false };

        public static SwitchKey TimeMlp { get; } = new(
            "time_mlp",
            "Whether the features of the timestep go through two linear layers before they are a token; in the released models they do not",
            "true")
        { Default = false };

        public static SwitchKey FinalConvolution { get; } = new(
            "final_convolution", "Whether a 3 x 3 convolution follows the patches of the output (arXiv 2209.12152, section 3.1)", "false")
        { Default = true };

        public override IReadOnlyList<SpecKey> AtTop => [.. TransformerKeys.All, QkvBias, TimeMlp, FinalConvolution];

        public override IReadOnlyList<SpecKey> BelowConditioning => [];
    }
}
