using Dit.Spec;

namespace Dit.Generator.Emit;

/// <summary>
/// A model that is conditioned on sequences of text embeddings, alone or with the sizes of the images.
/// </summary>
internal static class TextEmitter
{
    public static ConditionCode Emit(ModelSpec spec, Condition.Text text, string guards)
    {
        var (type, name) = (ConditionCode.TypeOf(text), Name(text));
        var doc = $"Embedded texts, (N, {text.Tokens}, {text.Width}){(text.HasSizes ? ", and the sizes of the images" : "")}.";
        return new(
            BaseType: $"nn.Module<Tensor, Tensor, {type}, Tensor>",
            Type: type,
            Unwrap: null,
            Card: $"new ModelCondition.Text({text.Tokens}, {text.Width}, {Code.Literal(text.Dropout)}){Card(text)}",
            Argument: new(type, name, doc),
            Guards: guards,
            Guidance: GuidanceEmitter.Guidance(
                spec,
                text,
                guards,
                type,
                name,
                doc,
                "with its texts and with the null text",
                "null text",
                $"var {name}s = {name}.WithNull(); // 2 N of them", $"{name}s"))
        {
            Parts = text.HasSizes ? ["var (text, height, width, aspect_ratio) = condition;"] : [],
            Mask = text.IsMasked ? ["var mask = text.Attended(); // (N, M)"] : [],
        };
    }

    /// <summary>The statement that checks the argument.</summary>
    public static string Guard(Condition.Text text, string batch) =>
        $"Guard.{(text.HasSizes ? "SizedText" : "Text")}(ModelName, {Name(text)}, {batch}, tokens: {text.Tokens}, width: {text.Width}, "
            + $"hasNull: {Has(text)}{(text.IsMasked ? ", masked: true" : "")});";

    private static string Name(Condition.Text text) => text.HasSizes ? "condition" : "text";

    private static string Card(Condition.Text text) => (text.IsMasked, text.HasSizes) switch
    {
        (true, true) => " { IsMasked = true, HasSizes = true }",
        (true, false) => " { IsMasked = true }",
        (false, true) => " { HasSizes = true }",
        _ => "",
    };

    private static string Has(Condition.Text text) => text.HasNull ? "true" : "false";
}
