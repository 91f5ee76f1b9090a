namespace Dit.Runtime;

/// <summary>What a generated model is conditioned on besides the timestep.</summary>
/// <remarks>A closed sum: <see cref="None"/>, <see cref="Classes"/> or <see cref="Text"/>; <see cref="Match"/> is the way in.</remarks>
public abstract record ModelCondition
{
    private ModelCondition() { }

    /// <summary>Probability with which training hides the condition; 0 where there is none to hide.</summary>
    public double Dropout => Match(static _ => 0, static classes => classes.Hidden, static text => text.Hidden);

    /// <summary>Whether the model was trained with dropout, and so knows what no condition is: guidance needs that.</summary>
    public bool HasNull => Dropout > 0;

    /// <summary>One function per case.</summary>
    public T Match<T>(Func<None, T> none, Func<Classes, T> classes, Func<Text, T> text) => this switch
    {
        None condition => none(condition),
        Classes condition => classes(condition),
        Text condition => text(condition),
        _ => throw new InvalidOperationException("ModelCondition is a closed sum."),
    };

    /// <summary>Nothing.</summary>
    public sealed record None : ModelCondition
    {
        /// <inheritdoc/>
        public override string ToString() => "none";
    }

    /// <summary>Class labels.</summary>
    /// <param name="Count">Number of classes, the null class not counted.</param>
    /// <param name="Hidden">Probability with which training replaces a label by the null class.</param>
    public sealed record Classes(int Count, double Hidden) : ModelCondition
    {
        /// <inheritdoc/>
        public override string ToString() => Count == 1 ? "1 class" : $"{Count} classes";
    }

    /// <summary>Sequences of text embeddings.</summary>
    /// <param name="Tokens">Length of a sequence, L.</param>
    /// <param name="Width">Width of one embedding, W.</param>
    /// <param name="Hidden">Probability with which training replaces a text by the null text.</param>
    public sealed record Text(int Tokens, int Width, double Hidden) : ModelCondition
    {
        /// <inheritdoc/>
        public override string ToString() => $"text {Tokens} x {Width}";
    }
}
