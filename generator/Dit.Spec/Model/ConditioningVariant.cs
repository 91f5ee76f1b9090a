namespace Dit.Spec;

/// <summary>
/// Block designs of the DiT paper, section 3.2 and figure 3, and that of PixArt-alpha (arXiv 2310.00426).
/// </summary>
/// <remarks>Closed: a new case breaks every <see cref="Match{R}"/>.</remarks>
public abstract record ConditioningVariant
{
    private ConditioningVariant() { }

    /// <summary>Every variant.</summary>
    public static IReadOnlyList<ConditioningVariant> All { get; } =
        [new AdaLNZero(), new AdaLN(), new CrossAttention(), new InContext(), new AdaLNZeroCrossAttention()];

    /// <summary>The word in a spec: <c>adaln-zero</c>.</summary>
    public string Word => Match(
        static _ => "in-context", static _ => "cross-attention", static _ => "adaln", static _ => "adaln-zero",
        static _ => "adaln-zero+cross-attention");

    /// <summary>Whether the condition modulates norms as one vector.</summary>
    public bool IsAdaptive => this is AdaLN or AdaLNZero or AdaLNZeroCrossAttention;

    /// <summary>The way in: one function for each case.</summary>
    public R Match<R>(
        Func<InContext, R> inContext,
        Func<CrossAttention, R> crossAttention,
        Func<AdaLN, R> adaLN,
        Func<AdaLNZero, R> adaLNZero,
        Func<AdaLNZeroCrossAttention, R> adaLNZeroCrossAttention) => this switch
        {
            InContext variant => inContext(variant),
            CrossAttention variant => crossAttention(variant),
            AdaLN variant => adaLN(variant),
            AdaLNZero variant => adaLNZero(variant),
            AdaLNZeroCrossAttention variant => adaLNZeroCrossAttention(variant),
            _ => throw new InvalidOperationException("ConditioningVariant has five cases."),
        };

    /// <summary>The condition's tokens join the sequence of plain ViT blocks and leave it after the last one.</summary>
    public sealed record InContext : ConditioningVariant;

    /// <summary>Each block attends to the condition's tokens between self-attention and MLP.</summary>
    public sealed record CrossAttention : ConditioningVariant;

    /// <summary>Adaptive LayerNorm: scale and shift regressed from the condition.</summary>
    public sealed record AdaLN : ConditioningVariant;

    /// <summary>Adaptive LayerNorm with gates, the regressing layer zero-initialized.</summary>
    public sealed record AdaLNZero : ConditioningVariant;

    /// <summary>
    /// As <see cref="AdaLNZero"/> for the timestep, and each block attends to the tokens of a text between
    /// self-attention and MLP, without modulation (PixArt-alpha).
    /// </summary>
    public sealed record AdaLNZeroCrossAttention : ConditioningVariant;
}
