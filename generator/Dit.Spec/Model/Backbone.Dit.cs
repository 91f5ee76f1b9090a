namespace Dit.Spec;

public abstract partial record Backbone
{
    /// <summary>The Diffusion Transformer (DiT, arXiv 2212.09748).</summary>
    /// <param name="Depth">Number of blocks.</param>
    /// <param name="Width">Token width, D.</param>
    /// <param name="Heads">Attention heads, H.</param>
    /// <param name="PatchSize">Patch size, P.</param>
    /// <param name="HiddenWidth">Width of the MLP's hidden layer.</param>
    /// <param name="Numerics">Whose arithmetic it follows where implementations differ.</param>
    /// <param name="Variant">How the condition enters the blocks.</param>
    public sealed record Dit(
        int Depth, int Width, int Heads, int PatchSize, int HiddenWidth, Numerics Numerics, ConditioningVariant Variant) : Backbone
    {
        /// <summary>How its blocks are built.</summary>
        public BlockSpec Block { get; init; } = BlockSpec.Default;

        /// <summary>How the fixed position table measures places.</summary>
        public PositionSpec Positions { get; init; } = PositionSpec.Default;

        /// <inheritdoc/>
        public override string Word => "dit";

        /// <inheritdoc/>
        public override string ConditioningWord => Variant.Word;

        /// <inheritdoc/>
        public override string BlocksWord => Variant.Word;

        /// <inheritdoc/>
        internal override string Canonical(ModelSpec spec) => FormattableString.Invariant($"""
            dit {spec.Name} {Depth} {Width} {Heads} {PatchSize} {HiddenWidth}
            {spec.Input.Channels} {spec.Input.Height} {spec.Input.Width} {spec.Autoencoder.Canonical}
            {Variant.GetType().Name} {spec.Condition.Canonical}
            {spec.Process.Canonical}{(Numerics == Numerics.Official ? "" : $"\n{Numerics}")}{Block.Canonical}{Positions.Canonical}
            """);
    }
}
