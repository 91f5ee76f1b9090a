namespace Dit.Spec;

/// <summary>The <c>conditioning</c> mapping, or the word <c>none</c> in its place.</summary>
internal static class ConditioningBinder
{
    /// <summary>The model's condition, with the errors of the mapping itself.</summary>
    public static Result<Condition> Condition(Fields top) => SaysNothing(top)
        ? Result.Of<Condition>(new Condition.None())
        : top.Read(SpecKeys.Conditioning)
            .Then(static fields =>
                (fields.OnlyAllowed(), ReadCondition(fields), Sizes(fields)).Apply(static (_, condition, _) => condition));

    /// <summary>
    /// How the condition enters the blocks of a DiT. A missing mapping is reported by <see cref="Condition"/>, not
    /// here.
    /// </summary>
    public static Result<ConditioningVariant> Variant(Fields top) => SaysNothing(top)
        ? Result.Of(ConditioningVariant.All[0])
        : top.Read(SpecKeys.Conditioning).WithoutErrors().Then(static fields => fields.Read(BackboneKeys.Dit.Variant));

    private static bool SaysNothing(Fields top) => SpecKeys.Conditioning.Word is { } nothing && top.Says(SpecKeys.Conditioning, nothing);

    private static Result<Condition> ReadCondition(Fields fields) => OnlyOne(fields).Then(_ =>
        fields.Has(ConditionKeys.None) ? None(fields)
        : fields.Has(ConditionKeys.Text) ? Text(fields)
        : ConditionKeys.Naming.Any(fields.IsMisspelled) ? new Result<Condition>.Failed([])
        : Labels(fields));

    private static Result<bool> OnlyOne(Fields fields)
    {
        SpecKey[] given = [.. ConditionKeys.Naming.Where(fields.Has)];
        return given.Length <= 1 ? Result.Of(true) : Result.Fail<bool>(new(
            Rule.OneCondition,
            $"A model has one condition, but here are {string.Join(" and ", given.Select(static k => k.Name))}; keep one of them",
            fields.At(given[1])));
    }

    private static Result<Condition> None(Fields fields) =>
        !fields.IsTrue(ConditionKeys.None) ? Result.Fail<Condition>(new(
            Rule.WrongType,
            "'conditioning.none' can only be true; for a condition remove it and write 'classes: N' or 'text: { tokens: L, width: W }'",
            fields.At(ConditionKeys.None)))
        : fields.Has(ConditionKeys.Dropout) ? Result.Fail<Condition>(new(
            Rule.OneCondition, "An unconditional model has no condition to drop; remove 'dropout'", fields.At(ConditionKeys.Dropout)))
        : Result.Of<Condition>(new Condition.None());

    private static Result<Condition> Labels(Fields fields) => (fields.Read(ConditionKeys.Classes), Dropout(fields))
        .Apply(static (classes, dropout) => (Condition)new Condition.ClassLabels(classes, dropout));

    private static Result<Condition> Text(Fields fields) =>
        (fields.Read(ConditionKeys.Text).Then(TextItself), Dropout(fields), fields.Read(ConditionKeys.Sizes).WithoutErrors())
        .Apply(static (text, dropout, sizes) => (Condition)new Condition.Text(text.Tokens, text.Width, dropout)
        {
            IsMasked = text.IsMasked,
            HasSizes = sizes ?? false,
        });

    private static Result<(int Tokens, int Width, bool IsMasked)> TextItself(Fields text) => (
            text.OnlyAllowed(), text.Read(ConditionKeys.TextTokens), text.Read(ConditionKeys.TextWidth), text.Read(ConditionKeys.TextMask))
        .Apply(static (_, tokens, width, mask) => (tokens, width, mask ?? false));

    // They stand beside a text.
    private static Result<bool> Sizes(Fields fields) => fields.Read(ConditionKeys.Sizes).Ensure(sizes =>
        sizes == true && !fields.Has(ConditionKeys.Text) && ConditionKeys.Naming.Any(fields.Has)
            ? [new SpecError(
                Rule.ConditionFitsVariant,
                "Micro-conditions stand beside a text, and this model has none; leave them out, or write 'text: { tokens: L, width: W }'",
                fields.At(ConditionKeys.Sizes)).Replace("false")]
            : []).Select(static sizes => sizes ?? false);

    private static Result<double> Dropout(Fields fields) => fields.Read(ConditionKeys.Dropout).Ensure(dropout => dropout < 1 ? [] :
        [new SpecError(
            Rule.ConditionIsSeen,
            "'conditioning.dropout' is 1, so training would always hide the condition; "
                + "0.1 is usual, and a model without a condition says 'conditioning: none'",
            fields.At(ConditionKeys.Dropout)).Replace("0.1")]);
}
