namespace Dit.Spec;

/// <summary>What a model is conditioned on besides the timestep.</summary>
/// <remarks>Closed: a new case breaks every <see cref="Match{R}"/>.</remarks>
public abstract record Condition
{
    private Condition(double dropout) => Dropout = dropout;

    /// <summary>Probability with which training drops the condition; 0 where there is none to drop.</summary>
    public double Dropout { get; }

    /// <summary>Whether the model has a null condition, which classifier-free guidance needs.</summary>
    public bool HasNull => Dropout > 0;

    /// <summary>Its part of the model's hash.</summary>
    internal string Canonical => Match(
        static _ => "none",
        static labels => FormattableString.Invariant($"classes {labels.Count} {labels.Dropout:R}"),
        static text => FormattableString.Invariant($"text {text.Tokens} {text.Width} {text.Dropout:R}")
            + (text.IsMasked ? " masked" : "") + (text.HasSizes ? " sizes" : ""));

    /// <summary>The way in: one function for each case.</summary>
    public R Match<R>(Func<None, R> none, Func<ClassLabels, R> classLabels, Func<Text, R> text) => this switch
    {
        None condition => none(condition),
        ClassLabels condition => classLabels(condition),
        Text condition => text(condition),
        _ => throw new InvalidOperationException("Condition has three cases."),
    };

    /// <summary>Nothing: an unconditional model.</summary>
    public sealed record None() : Condition(dropout: 0);

    /// <summary>One of a number of classes.</summary>
    /// <param name="Count">How many classes there are.</param>
    /// <param name="Dropout">Probability with which training replaces a label by the null class.</param>
    public sealed record ClassLabels(int Count, double Dropout) : Condition(Dropout)
    {
        /// <summary>Rows of the embedding table: the null class, where there is one, is the last.</summary>
        public int Rows => HasNull ? Count + 1 : Count;
    }

    /// <summary>A sequence of text embeddings.</summary>
    /// <param name="Tokens">Length of the sequence, L.</param>
    /// <param name="Width">Width of one embedding, W.</param>
    /// <param name="Dropout">Probability with which training replaces a text by the null embedding.</param>
    public sealed record Text(int Tokens, int Width, double Dropout) : Condition(Dropout)
    {
        /// <summary>Whether a mask says which tokens are attended, so that padding is not.</summary>
        public bool IsMasked { get; init; }

        /// <summary>
        /// Whether the size and the aspect ratio of the image are conditions beside the text (PixArt-alpha's
        /// micro-conditions).
        /// </summary>
        public bool HasSizes { get; init; }

        /// <summary>
        /// Whether only <see cref="ConditioningVariant.AdaLNZeroCrossAttention"/> has a place for it.
        /// </summary>
        internal bool IsSpecial => IsMasked || HasSizes;
    }
}
