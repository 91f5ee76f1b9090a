using Dit.Runtime;
using Dit.Spec;

namespace Dit.Commands;

/// <summary>How a model differs from the one that weights were trained as, where the weights carry its spec.</summary>
internal static class CarriedDifference
{
    /// <summary>
    /// The weights load, and were trained for something else: a sentence about that; null where there is nothing to
    /// say.
    /// </summary>
    /// <param name="file">The weights.</param>
    /// <param name="card">The model that is to be drawn with.</param>
    public static string? Unnoticed(ICheckpointFile file, ModelCard card) => Between(file, card) is { } diff && diff.Verdict.Match(
        static _ => [],
        static other => other.Because,
        static recompute => recompute.AlsoMeans,
        static _ => []) is { Count: > 0 } because
            ? $"'{file.Path}' was trained with {Settings(because)}: its weights load, and mean something else. "
                + "Leave --model out to draw with the spec that they carry."
            : null;

    /// <summary>Why the weights do not load; null where the specs do not say it.</summary>
    public static string? Refusal(ICheckpointFile file, ModelCard card) =>
        Between(file, card) is { } diff && diff.A.Name == diff.B.Name
        && diff.Settings.Where(static s => s.Impact is Impact.Tensors or Impact.Positions).ToEquatableArray() is { Count: > 0 } because
            ? $"'{file.Path}' is of {diff.A.Name} with {Settings(because)}: "
                + "leave --model out to draw with the spec that it carries, or name other weights."
            : null;

    private static string Settings(EquatableArray<SettingChange> changes) =>
        string.Join(", ", changes.Select(static change => $"{change.Key} {change.From ?? "none"} in place of {change.To ?? "none"}"));

    // Equal texts are the rule, and to read a spec takes a while in a program that has just started.
    private static ModelDiff? Between(ICheckpointFile file, ModelCard card) =>
        CheckpointSpec.Of(file) is { } text && text != card.Spec && One(text) is { } carried && One(card.Spec) is { } wanted
            ? ModelDiff.Between(carried, wanted)
            : null;

    private static ModelSpec? One(string? text) => text is not null && SpecFile.Parse(text).Models is [var model] ? model.Spec : null;
}
