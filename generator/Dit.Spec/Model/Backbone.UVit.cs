namespace Dit.Spec;

public abstract partial record Backbone
{
    /// <summary>
    /// U-ViT (arXiv 2209.12152): time, condition and patches are all tokens, and long skips join the blocks.
    /// </summary>
    /// <param name="Depth">Number of blocks, odd: as many before the middle one as behind it.</param>
    /// <param name="Width">Token width, D.</param>
    /// <param name="Heads">Attention heads, H.</param>
    /// <param name="PatchSize">Patch size, P.</param>
    /// <param name="HiddenWidth">Width of the MLP's hidden layer.</param>
    /// <param name="QkvBias">Whether the layer of queries, keys and values has a bias.</param>
    /// <param name="TimeMlp">Whether the features of the timestep go through two linear layers.</param>
    /// <param name="FinalConvolution">Whether a 3 x 3 convolution follows the patches of the output.</param>
    public sealed record UVit(
        int Depth, int Width, int Heads, int PatchSize, int HiddenWidth, bool QkvBias, bool TimeMlp, bool FinalConvolution) : Backbone
    {
        /// <inheritdoc/>
        public override string Word => "u-vit";

        /// <inheritdoc/>
        public override string ConditioningWord => "tokens";

        /// <inheritdoc/>
        public override string BlocksWord => Word;

        /// <summary>Long skips between the blocks before the middle one and those behind it.</summary>
        public int Skips => Depth / 2;

        /// <inheritdoc/>
        internal override string Canonical(ModelSpec spec) => FormattableString.Invariant($"""
            u-vit {spec.Name} {Depth} {Width} {Heads} {PatchSize} {HiddenWidth} {QkvBias} {TimeMlp} {FinalConvolution}
            {spec.Input.Channels} {spec.Input.Height} {spec.Input.Width} {spec.Autoencoder.Canonical}
            {spec.Condition.Canonical}
            {spec.Process.Canonical}
            """);
    }
}
