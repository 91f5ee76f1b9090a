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
    private static Value Time { get; } = Call("t_embedder", "t");

    public static DitCondition Of(ModelSpec spec, DitParts parts) =>
        spec.Condition.Match(
            static _ => new DitCondition([], [], Time, AsToken(Time)),
            labels => With(
                new("labels", Shape.Of(Dim.Batch), "Classes", ValueKind.Index),
                parts.LabelEmbedder(labels.Rows),
                Call("y_embedder", "labels"), AsToken(Call("y_embedder", "labels"))),
            text => With(
                new("text", Shape.Of(Dim.Batch, text.Tokens, text.Width), "Embedded texts", ValueKind.Droppable),
                parts.TextEmbedder(text.Tokens, text.Width, text.HasNull),
                new Value.MeanOfTokens(Call("y_embedder", "text")), Call("y_embedder", "text")));

    private static DitCondition With(Argument argument, Module embedder, Value vector, Value tokens) =>
        new([argument], [new Member.Child("y_embedder", embedder)], Add(Time, vector), JoinTokens(AsToken(Time), tokens));
}
