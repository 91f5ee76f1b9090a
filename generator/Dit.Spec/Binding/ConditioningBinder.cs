namespace Dit.Spec;

/// <summary>The <c>conditioning</c> mapping, or the word <c>none</c> in its place.</summary>
internal static class ConditioningBinder
{
    private static readonly string[] Keys = ["variant", "classes", "text", "none", "dropout"];

    private static ConditioningVariant Default => ConditioningVariant.All[0];

    public static Result<ConditioningSpec> Bind(Fields top) => top.Says("conditioning", "none")
        ? Result.Of(new ConditioningSpec(Default, new Condition.None()))
        : top.Nested("conditioning", required: true, keys: Keys).Then(static fields =>
            (fields.OnlyAllowed(), fields.Case("variant", ConditioningVariant.All, static v => v.Word, Default), ReadCondition(fields))
            .Apply(static (_, variant, condition) => new ConditioningSpec(variant, condition)));

    private static Result<Condition> ReadCondition(Fields fields) => OnlyOne(fields).Then(_ =>
        fields.Has("none") ? None(fields)
        : fields.Has("text") ? Text(fields)
        : Labels(fields));

    private static Result<bool> OnlyOne(Fields fields)
    {
        string[] given = [.. new[] { "classes", "text", "none" }.Where(fields.Has)];
        return given.Length <= 1 ? Result.Of(true) : Result.Fail<bool>(new(
            Rule.OneCondition, $"A model has one condition, but here are {string.Join(" and ", given)}; keep one of them", fields.At(given[1])));
    }

    private static Result<Condition> None(Fields fields) =>
        !fields.Says("none", "true") ? Result.Fail<Condition>(new(
            Rule.WrongType, "'conditioning.none' can only be true; for a condition remove it and write 'classes: N' or 'text: { tokens: L, width: W }'", fields.At("none")))
        : fields.Has("dropout") ? Result.Fail<Condition>(new(
            Rule.OneCondition, "An unconditional model has no condition to drop; remove 'dropout'", fields.At("dropout")))
        : Result.Of<Condition>(new Condition.None());

    private static Result<Condition> Labels(Fields fields) => (fields.Int("classes", 1, 10_000_000), Dropout(fields))
        .Apply(static (classes, dropout) => (Condition)new Condition.ClassLabels(classes, dropout));

    private static Result<Condition> Text(Fields fields) => fields.Nested("text", required: true, ["tokens", "width"]).Then(text =>
        (text.OnlyAllowed(), text.Int("tokens", 1, 4096), text.Int("width", 1, 65536), Dropout(fields))
        .Apply(static (_, tokens, width, dropout) => (Condition)new Condition.Text(tokens, width, dropout)));

    private static Result<double> Dropout(Fields fields) => fields.Number("dropout", 0, 1, fallback: 0.1);
}
