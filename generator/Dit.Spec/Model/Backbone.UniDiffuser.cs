namespace Dit.Spec;

public abstract partial record Backbone
{
    /// <summary>
    /// UniDiffuser (arXiv 2303.06555): one network denoises images and texts jointly, each at a time of its own.
    /// </summary>
    /// <param name="Depth">Number of blocks, odd: as many before the middle one as behind it.</param>
    /// <param name="Width">Token width, D.</param>
    /// <param name="Heads">Attention heads, H.</param>
    /// <param name="PatchSize">Patch size of the latents, P.</param>
    /// <param name="HiddenWidth">Width of the MLP's hidden layer.</param>
    /// <param name="ClipWidth">Width of the CLIP embedding of an image, which is one token.</param>
    /// <param name="TextTokens">Length of a text, L.</param>
    /// <param name="TextWidth">Width of one embedding of a text.</param>
    /// <param name="DataType">Whether a token says which kind of data it is: UniDiffuser-v1.</param>
    public sealed record UniDiffuser(
        int Depth, int Width, int Heads, int PatchSize, int HiddenWidth, int ClipWidth, int TextTokens, int TextWidth, bool DataType)
        : Backbone
    {
        /// <inheritdoc/>
        public override string Word => "unidiffuser";

        /// <inheritdoc/>
        public override string ConditioningWord => "joint";

        /// <inheritdoc/>
        public override string BlocksWord => Word;

        /// <inheritdoc/>
        public override JointSpec? Joint => new(ClipWidth, TextTokens, TextWidth, DataType);

        /// <summary>Long skips between the blocks before the middle one and those behind it.</summary>
        public int Skips => Depth / 2;

        /// <inheritdoc/>
        internal override string Canonical(ModelSpec spec) => FormattableString.Invariant($"""
            unidiffuser {spec.Name} {Depth} {Width} {Heads} {PatchSize} {HiddenWidth}
            {ClipWidth} {TextTokens} {TextWidth} {DataType}
            {spec.Input.Channels} {spec.Input.Height} {spec.Input.Width} {spec.Autoencoder.Canonical}
            {spec.Process.Canonical}
            """);
    }
}
