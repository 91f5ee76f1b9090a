using Dit.Spec;

namespace Dit.Commands;

/// <summary>A difference as a comment of a pull request: what a reviewer is to know first stands first. Pure.</summary>
internal static class DiffMarkdown
{
    /// <summary>
    /// The first line of the comment, which is not shown: by it a workflow finds the comment that it wrote before.
    /// </summary>
    public const string Marker = "<!-- dit diff -->";

    /// <summary>GitHub takes comments of 65,536 characters.</summary>
    private const int MostCharacters = 60_000, MostCharactersOfTable = 30_000;

    /// <summary>Names in a row, and rows that are shown without a click.</summary>
    private const int MostNames = 12, ShortTable = 8;

    private static readonly (string, bool)[] Columns =
        [("model", false), .. DiffTotals.All.Where(IsShown).Select(static kind => (kind.Header, true)), ("old checkpoints", false)];

    /// <summary>The comment. Every line ends with <c>\n</c>.</summary>
    /// <param name="a">What the old side is called.</param>
    /// <param name="b">What the new side is called.</param>
    /// <param name="diff">What differs.</param>
    public static string Of(string a, string b, SpecDiff diff)
    {
        var between = $"{MarkdownText.Code(a)} and {MarkdownText.Code(b)}";
        if (!diff.Differs)
            return Text([
                Marker,
                $"**No model changes** between {between}: {Amount.Of(diff.Models.Count, "model is", "models are")} the same, and old "
                    + $"checkpoints load as they are.",
            ]);
        var head = Text([Marker, Verdict(diff), "", $"Between {between}: {DiffSentences.Counts(diff)}.", .. Named(diff), .. Table(diff)]);
        var sections = DiffSection.All(diff).OrderByDescending(static section => Severity(section.Models[0].Verdict));
        var (text, left) = Appended(head, sections.Select(section => Text(["", .. Section(section, diff)])));
        return left == 0 ? text
            : text
                + Text([
                    "",
                    $"{Amount.Of(left, "more change")} would not fit into a comment: `dit diff` without `--markdown` tells all of them.",
                ]);
    }

    private static string Text(IEnumerable<string> lines) => string.Concat(lines.Select(static line => line + "\n"));

    // As many as fit, in their order.
    private static (string Text, int Left) Appended(string head, IEnumerable<string> sections)
    {
        var (text, left) = (head, 0);
        foreach (var section in sections)
            if (left == 0 && text.Length + section.Length <= MostCharacters) text += section;
            else left++;
        return (text, left);
    }

    /// <summary>What becomes of checkpoints over all models, the worst first.</summary>
    private static string Verdict(SpecDiff diff)
    {
        ModelDiff[] changed = [.. diff.Models.Where(static m => m.Differs)];
        var kinds = changed.GroupBy(static m => Severity(m.Verdict)).OrderByDescending(static kind => kind.Key).ToArray();
        IEnumerable<string> sentences =
        [
            .. kinds.Select((kind, at) => at == 0
                ? $"**Old checkpoints {Does(kind.First().Verdict)}** for {Which(kind.Count(), changed)}."
                : $"They {Does(kind.First().Verdict)} for {Amount.Whole(kind.Count())}."),
            .. diff.Removed.Count == 0 ? Array.Empty<string>()
                : [$"**{Amount.Of(diff.Removed.Count, "model is", "models are")} removed**, and nothing loads {(diff.Removed.Count == 1 ? "its" : "their")} checkpoints."],
            .. changed.Length + diff.Removed.Count > 0
                ? Array.Empty<string>()
                : ["**No old checkpoint is affected**: models are only added."],
        ];
        return string.Join(" ", sentences);
    }

    private static string Which(int count, ModelDiff[] changed) =>
        changed.Length == 1 ? MarkdownText.Code(changed[0].B.Name)
        : count == changed.Length ? $"{(count == 2 ? "both" : $"all {Amount.Whole(count)}")} changed models"
        : $"{Amount.Whole(count)} of {Amount.Whole(changed.Length)} changed models";

    private static int Severity(LoadVerdict verdict) => verdict.Match(
        static _ => 0,
        static _ => 2,
        static recompute => recompute.AlsoMeans.Count == 0 ? 1 : 3,
        static _ => 4);

    private static string Does(LoadVerdict verdict) => verdict.Match(
        static _ => "load as they are",
        static _ => "load without complaint but mean something else",
        static recompute =>
            recompute.AlsoMeans.Count == 0
                ? "load with recomputed positions"
                : "load with recomputed positions but mean something else",
        static _ => "do not load");

    private static IEnumerable<string> Named(SpecDiff diff)
    {
        (string What, string[] Names)[] lists =
        [
            ("Added", [.. diff.Added.Select(static m => m.Name)]),
            ("Removed", [.. diff.Removed.Select(static m => m.Name)]),
            ("Renamed", [.. diff.Models.Where(static m => m.A.Name != m.B.Name).Select(DiffSection.Name)]),
        ];
        return lists.Where(static list => list.Names.Length > 0)
            .SelectMany(static list => new[] { "", $"{list.What}: {MarkdownText.Codes(list.Names, MostNames)}" });
    }

    private static IEnumerable<string> Table(SpecDiff diff)
    {
        var rows = new List<IReadOnlyList<string>>();
        ModelDiff[] changed = [.. diff.Models.Where(static m => m.Differs).OrderByDescending(static m => Severity(m.Verdict))];
        for (var room = MostCharactersOfTable; rows.Count < changed.Length; rows.Add(Row(changed[rows.Count])))
            if ((room -= Row(changed[rows.Count]).Sum(static cell => cell.Length + 3)) < 0) break;
        if (rows.Count == 0) return [];
        return
        [
            "", .. MarkdownText.Table(Columns, rows), "",
            "Activations are those of one image in float32."
                + (rows.Count < changed.Length ? $" {Amount.Of(changed.Length - rows.Count, "more model")} changed." : ""),
        ];
    }

    private static IReadOnlyList<string> Row(ModelDiff diff) =>
    [
        MarkdownText.Code(DiffSection.Name(diff)),
        .. DiffTotals.All.Where(IsShown).Select(kind => Change(kind, kind.Of(diff.Layout.A), kind.Of(diff.Layout.B))),
        DiffSummary.Verdict(diff.Verdict),
    ];

    private static bool IsShown(DiffTotals.Kind kind) => kind.Header != DiffTotals.SamplingMemory;

    private static string Change(DiffTotals.Kind kind, long from, long to)
    {
        const DiffTotals.Form Exact = DiffTotals.Form.Exact;
        return from == to ? kind.Write(to, Exact) : $"{kind.Write(from, Exact)} → {kind.Write(to, Exact)} ({DiffTotals.Percent(from, to)})";
    }

    private static IEnumerable<string> Section(DiffSection section, SpecDiff diff) =>
    [
        $"### {Heading(section, diff)}", "",
        string.Join(" ", section.Sentences.Select(MarkdownText.Plain)), "",
        .. Settings(section.Settings),
        .. Tensors(section),
    ];

    private static string Heading(DiffSection section, SpecDiff diff) =>
        section.Models.Count > 1 && section.Models.Count == diff.Models.Count
            ? $"All {Amount.Whole(section.Models.Count)} models"
            : MarkdownText.Codes(section.Models.Select(DiffSection.Name), MostNames);

    private static IEnumerable<string> Settings(IReadOnlyList<SettingChange> settings)
    {
        var remarked = settings.Any(static s => s.Remark is not null);
        return MarkdownText.Table(
            [("setting", false), ("old", false), ("new", false), .. remarked ? [("", false)] : Array.Empty<(string, bool)>()],
            settings.Select(s => (IReadOnlyList<string>)
            [
                MarkdownText.Code(s.Key), MarkdownText.Code(s.From ?? "none"), MarkdownText.Code(s.To ?? "none"),
                .. remarked ? [MarkdownText.Plain(s.Remark ?? "")] : Array.Empty<string>(),
            ]));
    }

    private static IEnumerable<string> Tensors(DiffSection section)
    {
        if (section.Tensors.Count == 0) return [];
        var named = section.Tensors.Any(static line => line.Models.Count > 0);
        var table = MarkdownText.Table(
            [("tensor", false), ("number", true), ("old and new", false), .. named ? [("models", false)] : Array.Empty<(string, bool)>()],
            section.Tensors.Select(line => (IReadOnlyList<string>)
            [
                MarkdownText.Code(line.Name), line.Times, MarkdownText.Plain(line.Change.Replace("->", "→", StringComparison.Ordinal)),
                .. named ? [MarkdownText.Codes(line.Models, MostNames)] : Array.Empty<string>(),
            ]));
        return section.Tensors.Count <= ShortTable
            ? ["", .. table]
            :
            [
                "",
                $"<details><summary>{Amount.Of(section.Tensors.Count, "row")} of tensors that differ</summary>",
                "",
                .. table,
                "",
                "</details>",
            ];
    }
}
