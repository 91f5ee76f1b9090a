using static Dit.Spec.Describe;

namespace Dit.Spec;

/// <summary>
/// How a condition enters a U-ViT: its argument, its embedder, and its tokens beside that of the time.
/// </summary>
/// <remarks>
/// Learned positions make the order of the tokens matter: a class comes before the time, and a text behind it. The
/// released text models have no learned null text: their empty text is an input like the others. A model with one has a
/// table besides.
/// </remarks>
/// <param name="Arguments">The argument; none for an unconditional model.</param>
/// <param name="Tables">What stands for a condition that is dropped, where it is a table of its own.</param>
/// <param name="Layers">The embedder; none for an unconditional model.</param>
/// <param name="Embedded">The statement that embeds the condition; none for an unconditional model.</param>
/// <param name="Tokens">The tokens of time and condition, (N, M, D), from that of the time.</param>
internal sealed record UVitCondition(
    Argument[] Arguments, Member[] Tables, Member[] Layers, Statement[] Embedded, Func<Value, Value> Tokens)
{
    private const string NullText = "null_text";

    public static UVitCondition Of(ModelSpec spec, UVitParts parts) => spec.Condition.Match(
        static _ => new UVitCondition([], [], [], [], static time => time),
        labels => new(
            [new("labels", Shape.Of(Dim.Batch), "Classes", ValueKind.Index)],
            [],
            [new Member.Embedding("label_emb", labels.Rows, parts.D, UVitParts.Small)],
            [Let("label", Call("label_emb", "labels"))],
            static time => JoinTokens(AsToken("label"), time)),
        text => new(
            [new("text", Shape.Of(Dim.Batch, text.Tokens, text.Width), "Embedded texts", ValueKind.Droppable)],
            text.HasNull ? [new Member.Table(NullText, Shape.Of(text.Tokens, text.Width), UVitParts.Small)] : [],
            [new Member.Linear("context_embed", text.Width, parts.D, UVitParts.Small)],
            [Let("words", Call("context_embed", new Value.FillDropped("text", text.HasNull ? NullText : null)))],
            static time => JoinTokens(time, "words")));
}
