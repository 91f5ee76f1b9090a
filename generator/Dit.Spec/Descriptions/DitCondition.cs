using static Dit.Spec.Describe;

namespace Dit.Spec;

/// <summary>
/// How a condition enters a DiT: its argument, its embedder, and what it becomes beside the timestep.
/// </summary>
/// <param name="Arguments">The argument; none for an unconditional model.</param>
/// <param name="Members">The embedder; none for an unconditional model.</param>
/// <param name="Vector">Timestep and condition as one vector, (N, D).</param>
/// <param name="Tokens">Timestep and condition as tokens, (N, M, D).</param>
internal sealed record DitCondition(Argument[] Arguments, Member[] Members, Value Vector, Value Tokens)
{
    /// <summary>Statements before the vector.</summary>
    public Statement[] Statements { get; init; } = [];

    /// <summary>More embedders, the last members of the network.</summary>
    public Member[] LastMembers { get; init; } = [];

    private static Value Time { get; } = Call("t_embedder", "t");

    public static DitCondition Of(ModelSpec spec, Backbone.Dit dit, DitParts parts) =>
        spec.Condition.Match(
            static _ => new DitCondition([], [], Time, AsToken(Time)),
            labels => With(
                new("labels", Shape.Of(Dim.Batch), "Classes", ValueKind.Index),
                parts.LabelEmbedder(labels.Rows),
                Call("y_embedder", "labels"), AsToken(Call("y_embedder", "labels"))),
            text => dit.Variant is ConditioningVariant.AdaLNZeroCrossAttention ? OfText(text, parts) : With(
                new("text", Shape.Of(Dim.Batch, text.Tokens, text.Width), "Embedded texts", ValueKind.Droppable),
                parts.TextEmbedder(text.Tokens, text.Width, text.HasNull),
                new Value.MeanOfTokens(Call("y_embedder", "text")), Call("y_embedder", "text")));

    // The timestep, and the sizes where there are any, modulate norms; the text is attended to.
    private static DitCondition OfText(Condition.Text text, DitParts parts) => new(
        [
            new("text", Shape.Of(Dim.Batch, text.Tokens, text.Width), "Embedded texts", ValueKind.Droppable),
            .. parts.Masks,
            .. text.HasSizes ? Sizes.Select(static size => new Argument(size.Name, Shape.Of(Dim.Batch), size.Meaning)) : [],
        ],
        [new Member.Child("y_embedder", parts.CaptionEmbedder(text))],
        text.HasSizes ? Add(Time, "sizes") : Time,
        Call("y_embedder", "text"))
    {
        Statements = !text.HasSizes ? [] :
            [Let("sizes", JoinFeatures([.. Sizes.Select(static size => Call(size.Embedder, size.Name))]), Dim.Batch, parts.D)],
        LastMembers = !text.HasSizes ? [] :
            [.. Sizes.Select(static size => size.Embedder).Distinct().Select(name => new Member.Child(name, parts.SizeEmbedder))],
    };

    private static (string Name, string Embedder, string Meaning)[] Sizes { get; } =
    [
        ("height", "csize_embedder", "Heights of the images in pixels"),
        ("width", "csize_embedder", "Widths of the images in pixels"),
        ("aspect_ratio", "ar_embedder", "Heights by widths"),
    ];

    private static DitCondition With(Argument argument, Module embedder, Value vector, Value tokens) =>
        new([argument], [new Member.Child("y_embedder", embedder)], Add(Time, vector), JoinTokens(AsToken(Time), tokens));
}
