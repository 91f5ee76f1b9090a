using System.Globalization;

namespace Dit.Spec;

/// <summary>The settings below <c>conditioning</c>.</summary>
internal static class ConditioningSettings
{
    public static IReadOnlyList<Settings.Setting> All { get; } =
    [
        new("conditioning", static m => m.Condition.Match(static _ => "none", static _ => "classes", static _ => "text"), static (_, b) =>
            (Impact.Tensors, $"the model's type changes: {b.Condition.Match(
                static _ => "forward takes no condition", static _ => "forward takes labels",
                static _ => "forward takes text embeddings")}")),
        new("conditioning.variant", DitSettings.Variant, static (_, _) => (Impact.Tensors, null)),
        new("conditioning.classes", static m => Labels(m) is { } labels ? Settings.Text(labels.Count) : null, ClassesEffect),
        new("conditioning.text.tokens", static m => Text(m) is { } text ? Settings.Text(text.Tokens) : null, static (a, b) =>
            (Impact.Tensors, Text(a) is null || Text(b) is null ? null : "only a null text has this length in its shape")),
        new(
            "conditioning.text.width", static m => Text(m) is { } text ? Settings.Text(text.Width) : null,
            static (_, _) => (Impact.Tensors, null)),
        new(
            "conditioning.text.mask", static m => Text(m) is { } text ? text.IsMasked ? "true" : "false" : null,
            static (_, b) => (
                Impact.Meaning,
                Text(b) is { IsMasked: true }
                    ? "shapes do not show it: padding is no longer attended"
                    : "shapes do not show it: padding is attended")),
        new(
            "conditioning.micro_conditions", static m => Text(m) is { } text ? text.HasSizes ? "true" : "false" : null,
            static (_, b) => (
                Impact.Tensors,
                Text(b) is { HasSizes: true } ? "the model's type changes: forward takes sizes beside the text" : null)),
        new(
            "conditioning.dropout",
            static m => m.Condition is Condition.None ? null : m.Condition.Dropout.ToString(CultureInfo.InvariantCulture), DropoutEffect),
    ];

    private static Condition.ClassLabels? Labels(ModelSpec spec) =>
        spec.Condition.Match<Condition.ClassLabels?>(static _ => null, static labels => labels, static _ => null);

    private static Condition.Text? Text(ModelSpec spec) =>
        spec.Condition.Match<Condition.Text?>(static _ => null, static _ => null, static text => text);

    private static (Impact, string?) ClassesEffect(ModelSpec a, ModelSpec b) => (Impact.Tensors,
        Labels(a) is { } from && Labels(b) is { } to && from.Rows == to.Rows
            ? "the label table keeps its rows, but they stand for other classes"
            : null);

    private static (Impact, string?) DropoutEffect(ModelSpec a, ModelSpec b)
    {
        var (nothing, place) = Text(b) is null ? ("null class", "one more row of the label table") : ("null text", "one more tensor");
        return (a.Condition.HasNull, b.Condition.HasNull) switch
        {
            (true, false) => (Impact.Tensors, $"there is no {nothing} any more, and so no guidance"),
            (false, true) when b.Condition is not Condition.None => (Impact.Tensors, $"there is a {nothing} now, {place}"),
            _ => (Impact.Training, "for training only"),
        };
    }
}
