using System.Globalization;

namespace Dit.Spec;

/// <summary>The settings below <c>conditioning</c>.</summary>
internal static class ConditioningSettings
{
    public static IReadOnlyList<Settings.Setting> All { get; } =
    [
        new("conditioning.variant", static m => Settings.Word(m.Conditioning.Variant), static (_, _) => (Bearing.Tensors, null)),
        new("conditioning.classes", static m => m.Conditioning.Condition.Match(static labels => Settings.Text(labels.Count)), ClassesEffect),
        new("conditioning.dropout", static m => Dropout(m).ToString(CultureInfo.InvariantCulture), DropoutEffect),
    ];

    private static double Dropout(ModelSpec spec) => spec.Conditioning.Condition.Match(static labels => labels.Dropout);

    private static (Bearing, string?) ClassesEffect(ModelSpec a, ModelSpec b) =>
        (Bearing.Tensors, Rows(a) == Rows(b) ? "the label table keeps its rows, but they stand for other classes" : null);

    private static int Rows(ModelSpec spec) => spec.Conditioning.Condition.Match(static labels => labels.Rows);

    private static (Bearing, string?) DropoutEffect(ModelSpec a, ModelSpec b) => (Dropout(a) > 0, Dropout(b) > 0) switch
    {
        (true, false) => (Bearing.Tensors, "there is no null class any more, and so no guidance"),
        (false, true) => (Bearing.Tensors, "there is a null class now, one more row of the label table"),
        _ => (Bearing.Training, "for training only"),
    };
}
