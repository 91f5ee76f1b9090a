using System.Globalization;

namespace Dit.Spec;

/// <summary>Summarizes a difference in one line per model: what changed, and whether old checkpoints load.</summary>
public static class DiffSummary
{
    /// <summary>
    /// One line per model that differs:
    /// <c>Digits: width 160 -> 192; 2,037,312 -> 2,920,000 parameters; old checkpoints do not load</c>.
    /// </summary>
    /// <param name="diff">The difference from the old models to the new ones.</param>
    /// <returns>Lines without a final period; empty where nothing differs.</returns>
    public static IReadOnlyList<string> Of(SpecDiff diff) =>
    [
        .. diff.Models.Where(static m => m.Differs).Select(Of),
        .. diff.Added.Select(static m => $"{m.Name} is new: {Whole(ModelLayout.Of(m).ParameterCount)} parameters"),
        .. diff.Removed.Select(static m => $"{m.Name} is removed: its checkpoints have no model any more"),
    ];

    /// <summary>The line of one model.</summary>
    /// <param name="diff">Its difference from before.</param>
    public static string Of(ModelDiff diff)
    {
        var isRenamed = diff.A.Name != diff.B.Name;
        var settings = diff.Settings.Where(static s => s.Key != "model").Select(Change).ToArray();
        string[] clauses =
        [
            .. settings.Length > 0 ? [string.Join(", ", settings)] : Array.Empty<string>(),
            .. Totals(diff.Layout.A.Parameters, diff.Layout.B.Parameters, "parameters"),
            .. diff.Layout.A.Parameters == diff.Layout.B.Parameters ? Totals(diff.Layout.A.Macs, diff.Layout.B.Macs, "MACs") : [],
            $"old checkpoints {Verdict(diff.Verdict)}",
        ];
        var name = isRenamed ? $"{diff.A.Name} is renamed {diff.B.Name}{(settings.Length > 0 ? ":" : ";")}" : $"{diff.B.Name}:";
        return $"{name} {string.Join("; ", clauses)}";
    }

    /// <summary>What old checkpoints do, as a verb: <c>do not load</c>.</summary>
    /// <param name="verdict">The verdict.</param>
    public static string Verdict(LoadVerdict verdict) => verdict.Match(
        static _ => "load as they are",
        static _ => "load, but mean something else",
        static recompute => recompute.AlsoMeans.Count == 0 ? "load with new positions" : "load with new positions, but mean something else",
        static _ => "do not load");

    private static string Change(SettingChange change) => (change.From, change.To) switch
    {
        (null, { } to) => $"{change.Key} is new ({to})",
        ({ } from, null) => $"{change.Key} is removed ({from})",
        var (from, to) => $"{change.Key} {from} -> {to}",
    };

    private static IEnumerable<string> Totals(long from, long to, string what) =>
        from == to ? [] : [$"{Whole(from)} -> {Whole(to)} {what}"];

    private static string Whole(long number) => number.ToString("N0", CultureInfo.InvariantCulture);
}
