namespace Dit.Runtime;

/// <summary>What a generated model is conditioned on besides the timestep.</summary>
/// <remarks>A closed sum: <see cref="None"/>, <see cref="Classes"/> or <see cref="Text"/>; <see cref="Match"/> is the
/// way in.</remarks>
public abstract record ModelCondition
{
    private ModelCondition() { }

    /// <summary>Probability with which training drops the condition; 0 where there is none to drop.</summary>
    public abstract double Dropout { get; }

    /// <summary>Whether the model was trained with dropout, and so knows the null condition that guidance
    /// needs.</summary>
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
        public override double Dropout => 0;

        /// <inheritdoc/>
        public override string ToString() => "none";
    }

    /// <summary>Class labels.</summary>
    /// <param name="Count">Number of classes, the null class not counted.</param>
    /// <param name="Dropout">Probability with which training replaces a label by the null class.</param>
    public sealed record Classes(int Count, double Dropout) : ModelCondition
    {
        /// <inheritdoc/>
        public override double Dropout { get; } = Dropout;

        /// <inheritdoc/>
        public override string ToString() => Count == 1 ? "1 class" : $"{Count} classes";
    }

    /// <summary>Sequences of text embeddings.</summary>
    /// <param name="Tokens">Length of a sequence, L.</param>
    /// <param name="Width">Width of one embedding, W.</param>
    /// <param name="Dropout">Probability with which training replaces a text by the null text.</param>
    public sealed record Text(int Tokens, int Width, double Dropout) : ModelCondition
    {
        /// <inheritdoc/>
        public override double Dropout { get; } = Dropout;

        /// <summary>Whether a mask says which tokens are attended.</summary>
        public bool IsMasked { get; init; }

        /// <summary>Whether the sizes of the images are conditions beside the text.</summary>
        public bool HasSizes { get; init; }

        /// <inheritdoc/>
        public override string ToString() =>
            $"{(IsMasked ? "masked " : "")}text {Tokens} x {Width}{(HasSizes ? " with sizes" : "")}";
    }
}
