namespace Dit.Spec;

/// <summary>The keys below <c>block</c>. Without them a block is the paper's.</summary>
internal static class BlockKeys
{
    public static WordKey<NormKind> Norm { get; } = new(
        "norm",
        [
            new("layer", "LayerNorm (arXiv 1607.06450)", NormKind.Layer),
            new("rms", "root mean square norm with a learned scale, eps 1e-6 (arXiv 1910.07467)", NormKind.Rms),
        ],
        "layer", "The norm before each branch and in the final layer", "rms");

    public static WordKey<MlpKind> Mlp { get; } = new(
        "mlp",
        [
            new("gelu-tanh", "two linear layers with the tanh form of GELU between them", MlpKind.GeluTanh),
            new("gelu", "two linear layers with GELU, by the error function, between them", MlpKind.Gelu),
            new("swiglu", "a gated MLP (arXiv 2002.05202), its hidden layer two thirds as wide, rounded down", MlpKind.SwiGlu),
        ],
        "gelu-tanh", "The MLP", "swiglu")
    { Rules = [Rule.HiddenWidthIsWhole] };

    public static WordKey<QueryKeyNorm> QueryKeyNorm { get; } = new(
        "qk_norm",
        [
            new("none", "queries and keys as they are", Spec.QueryKeyNorm.None),
            new("layer", "LayerNorm with a learned scale and shift, eps 1e-5", Spec.QueryKeyNorm.Layer),
            new("rms", "root mean square norm with a learned scale, eps 1e-6", Spec.QueryKeyNorm.Rms),
        ],
        "none", "The norm of queries and keys in self-attention, head by head", "rms");

    public static WordKey<BlockPosition> Position { get; } = new(
        "position",
        [
            new("none", "only the table that is added to the tokens", BlockPosition.None),
            new("rope-2d", "half of a head is turned by the patch's row, half by its column (arXiv 2104.09864)", BlockPosition.Rotary),
        ],
        "none", "Positions in self-attention, beside the table that is added to the tokens", "rope-2d")
    { Rules = [Rule.RotaryFitsHeads, Rule.BlockFitsVariant] };

    public static SwitchKey Shift { get; } = new(
        "shift", "Whether the condition shifts the norms of a block as well as scaling them; that of the final layer it always shifts",
        "false")
    { Default = true, Rules = [Rule.BlockFitsVariant] };

    public static WordKey<BlockModulation> Modulation { get; } = new(
        "modulation",
        [
            new("per-block", "each block regresses its own from the condition", BlockModulation.PerBlock),
            new(
                "shared",
                "one layer of the model regresses them for all blocks, and each block adds a table: adaLN-single (arXiv 2310.00426)",
                BlockModulation.Shared),
        ],
        "per-block", "Where the scales, shifts and gates of adaptive blocks come from", "shared")
    { Rules = [Rule.BlockFitsVariant] };

    /// <summary>All of them, in the order of a spec.</summary>
    public static IReadOnlyList<SpecKey> All { get; } = [Norm, Mlp, QueryKeyNorm, Position, Shift, Modulation];
}
