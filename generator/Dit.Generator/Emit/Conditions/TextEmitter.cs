using Dit.Spec;

namespace Dit.Generator.Emit;

/// <summary>A model that is conditioned on sequences of text embeddings.</summary>
internal static class TextEmitter
{
    public static ConditionCode Emit(ModelSpec spec, Condition.Text text, string guards) => new(
        BaseType: "nn.Module<Tensor, Tensor, TextEmbeddings, Tensor>",
        Type: ConditionCode.TypeOf(text),
        Unwrap: null,
        Card: $"new ModelCondition.Text({text.Tokens}, {text.Width}, {Code.Literal(text.Dropout)})",
        Argument: new(
            "TextEmbeddings",
            "text",
            $"Embedded texts, (N, {text.Tokens}, {text.Width})."),
        Guards: guards,
        Guidance: GuidanceEmitter.Guidance(
            spec,
            text,
            guards,
            "TextEmbeddings",
            "text",
            $"Embedded texts, (N, {text.Tokens}, {text.Width}).",
            "with its texts and with the null text",
            "null text",
            "var texts = text.WithNull(); // 2 N of them", "texts"));

    /// <summary>The statement that checks the argument.</summary>
    public static string Guard(Condition.Text text, string batch) =>
        $"Guard.Text(ModelName, text, {batch}, tokens: {text.Tokens}, width: {text.Width}, hasNull: {Has(text)});";

    private static string Has(Condition.Text text) => text.HasNull ? "true" : "false";
}
