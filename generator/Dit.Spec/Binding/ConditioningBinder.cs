namespace Dit.Spec;

/// <summary>The <c>conditioning</c> mapping, or the word <c>none</c> in its place.</summary>
internal static class ConditioningBinder
{
    public static Result<ConditioningSpec> Bind(Fields top) => SpecKeys.Conditioning.Word is { } nothing && top.Says(SpecKeys.Conditioning, nothing)
        ? Result.Of(new ConditioningSpec(ConditioningVariant.All[0], new Condition.None()))
        : top.Read(SpecKeys.Conditioning).Then(static fields =>
            (fields.OnlyAllowed(), fields.Read(SpecKeys.Variant), ReadCondition(fields))
            .Apply(static (_, variant, condition) => new ConditioningSpec(variant, condition)));

    private static Result<Condition> ReadCondition(Fields fields) => OnlyOne(fields).Then(_ =>
        fields.Has(SpecKeys.None) ? None(fields)
        : fields.Has(SpecKeys.Text) ? Text(fields)
        : SpecKeys.Conditions.Any(fields.IsMisspelled) ? new Result<Condition>.Failed([])
        : Labels(fields));

    private static Result<bool> OnlyOne(Fields fields)
    {
        SpecKey[] given = [.. SpecKeys.Conditions.Where(fields.Has)];
        return given.Length <= 1 ? Result.Of(true) : Result.Fail<bool>(new(
            Rule.OneCondition, $"A model has one condition, but here are {string.Join(" and ", given.Select(static k => k.Name))}; keep one of them", fields.At(given[1])));
    }

    private static Result<Condition> None(Fields fields) =>
        !fields.IsTrue(SpecKeys.None) ? Result.Fail<Condition>(new(
            Rule.WrongType, "'conditioning.none' can only be true; for a condition remove it and write 'classes: N' or 'text: { tokens: L, width: W }'", fields.At(SpecKeys.None)))
        : fields.Has(SpecKeys.Dropout) ? Result.Fail<Condition>(new(
            Rule.OneCondition, "An unconditional model has no condition to drop; remove 'dropout'", fields.At(SpecKeys.Dropout)))
        : Result.Of<Condition>(new Condition.None());

    private static Result<Condition> Labels(Fields fields) => (fields.Read(SpecKeys.Classes), Dropout(fields))
        .Apply(static (classes, dropout) => (Condition)new Condition.ClassLabels(classes, dropout));

    private static Result<Condition> Text(Fields fields) => (fields.Read(SpecKeys.Text).Then(static text =>
            (text.OnlyAllowed(), text.Read(SpecKeys.TextTokens), text.Read(SpecKeys.TextWidth)).Apply(static (_, tokens, width) => (tokens, width))), Dropout(fields))
        .Apply(static (text, dropout) => (Condition)new Condition.Text(text.tokens, text.width, dropout));

    private static Result<double> Dropout(Fields fields) => fields.Read(SpecKeys.Dropout).Ensure(dropout => dropout < 1 ? [] :
        [new SpecError(
            Rule.ConditionIsSeen, "'conditioning.dropout' is 1, so training would always hide the condition; 0.1 is usual, and a model without a condition says 'conditioning: none'",
            fields.At(SpecKeys.Dropout)).Replace("0.1")]);
}
