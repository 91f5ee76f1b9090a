namespace Dit.Spec;

/// <summary>A condition and the way it enters the blocks.</summary>
/// <param name="Variant">The block design.</param>
/// <param name="Condition">The condition.</param>
public sealed record ConditioningSpec(ConditioningVariant Variant, Condition Condition);

/// <summary>Block designs of the DiT paper, section 3.2 and figure 3.</summary>
/// <remarks>Closed: a new case breaks every <see cref="Match{R}"/>.</remarks>
public abstract record ConditioningVariant
{
    private ConditioningVariant() { }

    /// <summary>Every variant.</summary>
    public static IReadOnlyList<ConditioningVariant> All { get; } = [new AdaLNZero(), new AdaLN(), new CrossAttention(), new InContext()];

    /// <summary>The word in a spec: <c>adaln-zero</c>.</summary>
    public string Word => Match(static _ => "in-context", static _ => "cross-attention", static _ => "adaln", static _ => "adaln-zero");

    /// <summary>The way in: one function for each case.</summary>
    public R Match<R>(Func<InContext, R> inContext, Func<CrossAttention, R> crossAttention, Func<AdaLN, R> adaLN, Func<AdaLNZero, R> adaLNZero) => this switch
    {
        InContext variant => inContext(variant),
        CrossAttention variant => crossAttention(variant),
        AdaLN variant => adaLN(variant),
        AdaLNZero variant => adaLNZero(variant),
        _ => throw new InvalidOperationException("ConditioningVariant has four cases."),
    };

    /// <summary>The condition's tokens join the sequence of plain ViT blocks and leave it after the last one.</summary>
    public sealed record InContext : ConditioningVariant;

    /// <summary>Each block attends to the condition's tokens between self-attention and MLP.</summary>
    public sealed record CrossAttention : ConditioningVariant;

    /// <summary>Adaptive LayerNorm: scale and shift regressed from the condition.</summary>
    public sealed record AdaLN : ConditioningVariant;

    /// <summary>Adaptive LayerNorm with gates, the regressing layer zero-initialized.</summary>
    public sealed record AdaLNZero : ConditioningVariant;
}

/// <summary>What a model is conditioned on besides the timestep.</summary>
/// <remarks>Closed: a new case breaks every <see cref="Match{R}"/>.</remarks>
public abstract record Condition
{
    private Condition() { }

    /// <summary>Probability with which training hides the condition; 0 where there is none to hide.</summary>
    public double Dropout => Match(static _ => 0, static labels => labels.Hidden, static text => text.Hidden);

    /// <summary>Whether the model knows what no condition is, which classifier-free guidance needs.</summary>
    public bool HasNull => Dropout > 0;

    /// <summary>The way in: one function for each case.</summary>
    public R Match<R>(Func<None, R> none, Func<ClassLabels, R> classLabels, Func<Text, R> text) => this switch
    {
        None condition => none(condition),
        ClassLabels condition => classLabels(condition),
        Text condition => text(condition),
        _ => throw new InvalidOperationException("Condition has three cases."),
    };

    /// <summary>Nothing: an unconditional model.</summary>
    public sealed record None : Condition;

    /// <summary>One of a number of classes.</summary>
    /// <param name="Count">How many classes there are.</param>
    /// <param name="Hidden">Probability with which training replaces a label by the null class.</param>
    public sealed record ClassLabels(int Count, double Hidden) : Condition
    {
        /// <summary>Rows of the embedding table: the null class, where there is one, is the last.</summary>
        public int Rows => HasNull ? Count + 1 : Count;
    }

    /// <summary>A sequence of text embeddings.</summary>
    /// <param name="Tokens">Length of the sequence, L.</param>
    /// <param name="Width">Width of one embedding, W.</param>
    /// <param name="Hidden">Probability with which training replaces a text by the null embedding.</param>
    public sealed record Text(int Tokens, int Width, double Hidden) : Condition;
}
