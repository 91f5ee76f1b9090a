namespace Dit.Spec;

internal abstract partial record BackboneKeys
{
    /// <summary>The keys of <see cref="Backbone.UniDiffuser"/>.</summary>
    public sealed record UniDiffuser : BackboneKeys
    {
        public static IntKey ClipWidth { get; } =
            new("clip_width", 1, 65536, 512, "Width of the CLIP embedding of an image, which is one token", "512");

        public static IntKey TextTokens { get; } = new("text_tokens", 1, 4096, 77, "Length of a text, in embeddings", "77");

        public static IntKey TextWidth { get; } = new("text_width", 1, 65536, 64, "Width of one embedding of a text", "64");

        public static SwitchKey DataType { get; } = new(
            "data_type", "Whether a token says which of two kinds of data it is, as in UniDiffuser-v1; v0 has none", "true")
        { Default = false };

        public override IReadOnlyList<SpecKey> AtTop => [.. TransformerKeys.All, ClipWidth, TextTokens, TextWidth, DataType];

        public override IReadOnlyList<SpecKey> BelowConditioning => [];
    }
}
