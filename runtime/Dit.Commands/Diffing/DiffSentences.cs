using Dit.Spec;

namespace Dit.Commands;

/// <summary>What is said of checkpoints and tensors, in words.</summary>
internal static class DiffSentences
{
    /// <summary>What becomes of checkpoints of the first model, as whole sentences.</summary>
    public static IEnumerable<string> Of(ModelDiff diff) => diff.Verdict.Match<IEnumerable<string>>(
        static _ => ["Old checkpoints load as they are, and mean what they did."],
        static other =>
        [
            $"Old checkpoints load without complaint, as every name and shape is the same, but their weights were trained for the old "
                + $"{Keys(other.Because)}.",
        ],
        static recompute =>
        [
            recompute.LoadingNotices
                ? "Old checkpoints load when the positions are recomputed: only the fixed position table differs."
                : "Old checkpoints load without complaint, as the position table keeps its shape, but its rows are in the order of the old "
                    + "grid: recompute it.",
            .. recompute.AlsoMeans.Count == 0
                ? Array.Empty<string>()
                : [$"Besides, their weights were trained for the old {Keys(recompute.AlsoMeans)}."],
        ],
        refused => [$"Old checkpoints do not load: {Counted(refused.Because)}; {Kept(diff.Layout)}."]);

    /// <summary><c>3 models changed, 1 added, 14 unchanged</c>.</summary>
    public static string Counts(SpecDiff diff)
    {
        var changed = diff.Models.Count(static m => m.Differs);
        (int Number, string What)[] counts =
            [
                (changed, "changed"),
                (diff.Added.Count, "added"),
                (diff.Removed.Count, "removed"),
                (diff.Models.Count - changed, "unchanged"),
            ];
        return string.Join(", ", counts.Where(static c => c.Number > 0)
            .Select(static (c, at) => $"{(at == 0 ? Amount.Of(c.Number, "model") : Amount.Whole(c.Number))} {c.What}"));
    }

    /// <summary><c>28 x</c>, or nothing for one.</summary>
    public static string Times(ParameterGroup group) => group.Members.Count == 1 ? "" : $"{group.Members.Count} x";

    /// <summary><c>4608 x 1152 -> 6912 x 1152</c>.</summary>
    public static string Change(ParameterGroup group)
    {
        var verb = group.Members.Count == 1 ? (Appears: "appears", Goes: "goes") : (Appears: "appear", Goes: "go");
        if (group.IsWholeBlocks) // which are of many shapes
            return $"{(group.Members[0] is ParameterChange.Gone ? verb.Goes : verb.Appears)}, "
                + $"{Amount.Of(group.Members.Sum(Elements), "parameter")}";
        return group.Members[0].Match(
            static kept => Shape(kept.Shape),
            static other => $"{Shape(other.From)} -> {Shape(other.To)}",
            added => $"{Shape(added.Shape)}, {verb.Appears}",
            gone => $"{Shape(gone.Shape)}, {verb.Goes}");
    }

    private static string Keys(EquatableArray<SettingChange> settings) => string.Join(" and ", settings.Select(static s => s.Key));

    /// <summary><c>56 tensors change their shape, 4 go, 2 appear</c>.</summary>
    private static string Counted(EquatableArray<ParameterChange> changes)
    {
        (int Number, string One, string Many)[] counts =
        [
            (changes.Count(static c => c is ParameterChange.Reshaped), "changes its shape", "change their shape"),
            (changes.Count(static c => c is ParameterChange.Gone), "goes", "go"),
            (changes.Count(static c => c is ParameterChange.Appeared), "appears", "appear"),
        ];
        return string.Join(", ", counts.Where(static c => c.Number > 0).Select(static (c, at) =>
            $"{(at == 0 ? Amount.Of(c.Number, "tensor") : Amount.Whole(c.Number))} {(c.Number == 1 ? c.One : c.Many)}"));
    }

    /// <summary><c>208 of 292 stay as they are</c>.</summary>
    private static string Kept(LayoutDiff layout) =>
        $"{layout.KeptCount} of {layout.Changes.Count(static c => c is not ParameterChange.Appeared)} "
            + $"{(layout.KeptCount == 1 ? "stays as it is" : "stay as they are")}";

    private static string Shape(EquatableArray<long> shape) => string.Join(" x ", shape);

    private static long Elements(ParameterChange change) =>
        change
            .Match(static c => c.Shape, static c => c.To, static c => c.Shape, static c => c.Shape)
            .Aggregate(1L, static (count, side) => count * side);
}
