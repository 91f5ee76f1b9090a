namespace Dit.Spec;

/// <summary>How the blocks of a DiT are built, where that differs from the paper's block.</summary>
/// <remarks>
/// The other choices are those of LightningDiT (arXiv 2501.01423). They apply to every block design
/// (<see cref="ConditioningVariant"/>), as far as a rule does not forbid the pair.
/// </remarks>
/// <param name="Norm">The norm before each branch and in the final layer.</param>
/// <param name="Mlp">The MLP.</param>
/// <param name="QueryKeyNorm">The norm of queries and keys in self-attention, head by head.</param>
/// <param name="Position">Positions in self-attention, beside the table that is added to the tokens.</param>
/// <param name="Shift">
/// Whether the condition shifts the norms of a block as well as scaling them; the final layer is always shifted.
/// </param>
public sealed record BlockSpec(NormKind Norm, MlpKind Mlp, QueryKeyNorm QueryKeyNorm, BlockPosition Position, bool Shift)
{
    /// <summary>Where scales, shifts and gates of adaptive blocks come from.</summary>
    public BlockModulation Modulation { get; init; } = BlockModulation.PerBlock;

    /// <summary>The paper's block.</summary>
    public static BlockSpec Default { get; } =
        new(NormKind.Layer, MlpKind.GeluTanh, QueryKeyNorm.None, BlockPosition.None, Shift: true);

    /// <summary>Its part of the model's hash; nothing for the paper's block.</summary>
    internal string Canonical => this == Default ? "" : FormattableString.Invariant($"\n{Norm} {Mlp} {QueryKeyNorm} {Position} {Shift}")
        + (Modulation == BlockModulation.PerBlock ? "" : $" {Modulation}");

    /// <summary>
    /// The width of the MLP's hidden layer: two thirds of the nominal one where the MLP is gated, rounded down.
    /// </summary>
    /// <param name="nominal">The token width times <c>mlp_ratio</c>.</param>
    internal int HiddenWidth(int nominal) => Mlp == MlpKind.SwiGlu ? 2 * nominal / 3 : nominal;
}

/// <summary>Where the scales, shifts and gates of adaptive blocks come from.</summary>
public enum BlockModulation
{
    /// <summary>Each block regresses its own from the condition.</summary>
    PerBlock,

    /// <summary>
    /// One layer of the model regresses them for all blocks, and each block adds a table of its own: adaLN-single
    /// (PixArt-alpha, arXiv 2310.00426, section 2.3).
    /// </summary>
    Shared,
}

/// <summary>MLPs of a block.</summary>
public enum MlpKind
{
    /// <summary>Two linear layers with the tanh form of GELU between them.</summary>
    GeluTanh,

    /// <summary>Two linear layers with GELU, by the error function, between them.</summary>
    Gelu,

    /// <summary>
    /// SwiGLU: half of the first layer's output, through SiLU, times the other half (arXiv 2002.05202).
    /// </summary>
    SwiGlu,
}

/// <summary>Norms of queries and keys.</summary>
public enum QueryKeyNorm
{
    /// <summary>None.</summary>
    None,

    /// <summary>LayerNorm with a learned scale and shift.</summary>
    Layer,

    /// <summary>Root mean square norm with a learned scale.</summary>
    Rms,
}

/// <summary>Positions in self-attention.</summary>
public enum BlockPosition
{
    /// <summary>None.</summary>
    None,

    /// <summary>
    /// Rotary positions of two dimensions: half of a head is turned by the patch's row, half by its column (RoFormer,
    /// arXiv 2104.09864; LightningDiT).
    /// </summary>
    Rotary,
}
