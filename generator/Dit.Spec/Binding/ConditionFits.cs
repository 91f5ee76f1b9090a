namespace Dit.Spec;

/// <summary>Which conditions a backbone, or a block design of a DiT, has a place for.</summary>
internal static class ConditionFits
{
    // Sizes are embedded in a third of the width each: height, width and aspect ratio.
    private const int Sizes = 3;

    /// <param name="top">The model's fields.</param>
    /// <param name="condition">The model's condition.</param>
    /// <param name="variant">The block design.</param>
    /// <param name="shape">The model's sizes.</param>
    public static Result<bool> Check(
        Fields top, Result<Condition> condition, Result<ConditioningVariant> variant, Result<TransformerBinder.Shape> shape)
    {
        var width = shape.Match(static shape => (int?)shape.Width, static _ => null);
        return (condition.WithoutErrors(), variant.WithoutErrors()).Apply(static (condition, variant) => (condition, variant))
            .Match(
                both => Result.Of(true).Ensure(_ => Errors(top, both.condition, both.variant, width)),
                static _ => Result.Of(true)); // the errors of the values themselves are enough
    }

    /// <summary>For a backbone without block designs, which sees all tokens of a text and nothing beside it.</summary>
    /// <param name="top">The model's fields.</param>
    /// <param name="condition">The model's condition.</param>
    /// <param name="backbone">The backbone's word.</param>
    public static Result<bool> Check(Fields top, Result<Condition> condition, string backbone) => condition.WithoutErrors()
        .Ensure(given => given is Condition.Text text ? OfPixArt(top, text, $"this one has backbone: {backbone}") : [])
        .Select(static _ => true);

    private static IEnumerable<SpecError> Errors(Fields top, Condition condition, ConditioningVariant variant, int? width)
    {
        var (text, attends) = (condition as Condition.Text, variant is ConditioningVariant.AdaLNZeroCrossAttention);
        if (attends && text is null)
            yield return At(
                top, BackboneKeys.Dit.Variant, "adaln-zero",
                $"The variant {variant.Word} attends to the tokens of a text, and this model is conditioned on "
                    + $"{(condition is Condition.None ? "nothing" : "classes")}; write adaln-zero, or 'text: {{ tokens: L, width: W }}'");
        if (text is not null && !attends)
            foreach (var error in OfPixArt(top, text, $"this one is {variant.Word}"))
                yield return error;
        if (text is { HasSizes: true } && attends && width % Sizes is > 0)
            yield return At(
                top, ConditionKeys.Sizes, "false",
                FormattableString.Invariant($"Micro-conditions embed height, width and aspect ratio in a third of the width each, and ")
                    + FormattableString.Invariant($"{width} is not divisible by {Sizes}; change the width, or leave them out"));
    }

    // What the variant of PixArt-alpha has a place for, and no other.
    private static IEnumerable<SpecError> OfPixArt(Fields top, Condition.Text text, string other)
    {
        if (text.IsMasked)
            yield return At(
                top, ConditionKeys.TextMask, "false",
                $"Masked text is for the variant adaln-zero+cross-attention, and {other}, which uses all tokens; "
                    + "leave out 'mask', or choose that variant");
        if (text.HasSizes)
            yield return At(
                top, ConditionKeys.Sizes, "false",
                $"Micro-conditions are for the variant adaln-zero+cross-attention, and {other}; "
                    + "leave them out, or choose that variant");
    }

    private static SpecError At(Fields top, SpecKey key, string right, string message)
    {
        var conditioning = top.Read(SpecKeys.Conditioning);
        var at = conditioning.Match(
            fields => key == ConditionKeys.TextMask
                ? fields.Read(ConditionKeys.Text).Match(text => text.At(key), _ => fields.At(ConditionKeys.Text))
                : fields.At(key),
            _ => top.At(SpecKeys.Conditioning));
        return new SpecError(Rule.ConditionFitsVariant, message, at).Replace(right);
    }
}
