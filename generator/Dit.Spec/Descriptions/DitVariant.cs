namespace Dit.Spec;

/// <summary>A block design, and how the condition reaches it.</summary>
/// <param name="Words">What it is called in a sentence.</param>
/// <param name="Block">The block.</param>
/// <param name="IsAdaptive">Whether norms are modulated by a condition that is one vector, (N, D).</param>
/// <param name="JoinsTokens">Whether the condition's tokens travel in the sequence.</param>
internal sealed record DitVariant(string Words, Func<DitParts, Module> Block, bool IsAdaptive = false, bool JoinsTokens = false)
{
    /// <summary>Whether blocks see the condition as tokens, (N, M, D).</summary>
    public bool SeesTokens => !IsAdaptive || AttendsToText;

    /// <summary>Whether the tokens are those of a text, and the timestep modulates norms.</summary>
    public bool AttendsToText { get; init; }

    /// <summary>Whether the authors released checkpoints of it.</summary>
    public bool IsOfficial { get; init; }

    /// <summary>Whether a new block is the identity.</summary>
    public bool StartsAsIdentity { get; init; }

    public static DitVariant Of(ConditioningVariant variant) => variant.Match(
        static _ => new DitVariant("in-context", DitInContext.Block, JoinsTokens: true),
        static _ => new DitVariant("cross-attention", DitCrossAttention.Block),
        static _ => new DitVariant("adaLN", DitAdaLN.Block, IsAdaptive: true),
        static _ => new DitVariant("adaLN-Zero", DitAdaLNZero.Block, IsAdaptive: true) { IsOfficial = true, StartsAsIdentity = true },
        static _ => new DitVariant("adaLN-Zero and cross-attention", DitAdaLNZeroCrossAttention.Block, IsAdaptive: true)
        {
            AttendsToText = true,
            StartsAsIdentity = true,
        });
}
