using Dit.Spec;
using Spectre.Console;

namespace Dit.Commands;

/// <summary>A difference for people: a row for each model, then what changed in the models that did.</summary>
internal static class DiffText
{
    private static readonly Style Good = new(Color.Green), Careful = new(Color.Yellow), Bad = new(Color.Red);

    private static readonly Style Quiet = new(decoration: Decoration.Dim), Head = new(decoration: Decoration.Bold);

    public static void Write(CommandContext context, string a, string b, SpecDiff diff)
    {
        var console = context.Console();
        var lines = Lines(a, b, diff, console.Profile.Width);
        if (!context.Interactive)
        {
            foreach (var line in lines) context.Out.WriteLine(Plain(line));
            return;
        }
        console.Profile.Width = Math.Max(console.Profile.Width, lines.Max(TextTable.Width) + 1); // a terminal breaks what it must by itself
        foreach (var line in lines)
        {
            foreach (var cell in line) console.Write(new Text(cell.Text, cell.Style));
            console.WriteLine();
        }
    }

    private const int MaxNames = 6; // of unchanged models; more are counted

    /// <summary>All lines, for a window of some width. Rows are never broken; sentences are.</summary>
    internal static IReadOnlyList<IReadOnlyList<Cell>> Lines(string a, string b, SpecDiff diff, int width)
    {
        if (!diff.Differs) return [.. Title(a, b, diff)];
        var (table, isExact) = Table(diff, width);
        return [.. Title(a, b, diff), [], .. table, .. Unchanged(diff, width), .. Sections(diff, width, totals: !isExact)];
    }

    private static IEnumerable<IReadOnlyList<Cell>> Title(string a, string b, SpecDiff diff)
    {
        yield return [new($"{a} -> {b}", Head)];
        yield return [diff.Differs ? DiffSentences.Counts(diff) : $"{Amount.Of(diff.Models.Count, "model")}, nothing differs"];
    }

    /// <summary>The table in the most telling form that fits.</summary>
    private static (IReadOnlyList<IReadOnlyList<Cell>> Lines, bool IsExact) Table(SpecDiff diff, int width)
    {
        DiffRow[] rows =
        [
            .. diff
                .Models.Where(static m => m.Differs)
                .Select(static m => new DiffRow(DiffSection.Name(m), m.Layout.A, m.Layout.B, Short(m))),
            .. diff.Added.Select(static m => new DiffRow(m.Name, null, LayoutTotals.Of(ModelLayout.Of(m)), new("new model", Good))),
            .. diff.Removed.Select(static m => new DiffRow(m.Name, LayoutTotals.Of(ModelLayout.Of(m)), null, new("model removed", Bad))),
        ];
        (DiffTotals.Form Form, bool Memory)[] forms =
        [
            (DiffTotals.Form.Exact, true), (DiffTotals.Form.Short, true), (DiffTotals.Form.After, true), (DiffTotals.Form.Short, false),
        ];
        foreach (var (form, memory) in forms)
            if (Table(rows, form, memory) is var lines && lines.Max(TextTable.Width) <= width)
                return (lines, form == DiffTotals.Form.Exact);
        return (Table(rows, DiffTotals.Form.After, memory: false), false);
    }

    private static IReadOnlyList<IReadOnlyList<Cell>> Table(DiffRow[] rows, DiffTotals.Form form, bool memory)
    {
        (LayoutTotals?, LayoutTotals?)[] pairs = [.. rows.Select(static row => (row.From, row.To))];
        var columns = DiffTotals.All.Where(kind => memory || !kind.IsMemory)
            .Select(kind => (kind.Header, kind.IsMemory, Cells: DiffTotals.Column(kind, form, pairs)))
            .Where(static c => c.Cells is not null).ToArray();
        var lines = TextTable.Lines(
            [
                [new("model", Quiet), .. columns.Select(static c => new Cell(c.Header, Quiet)), new("old checkpoints", Quiet)],
                .. rows.Select(
                    (row, i) => (IReadOnlyList<Cell>)[row.Name, .. columns.Select(c => (Cell)(c.Cells?[i] ?? "")), row.Checkpoints]),
            ], indent: 2);
        return columns.Any(static c => c.IsMemory)
            ? [.. lines, [new("  Activations are those of one image in float32; guidance doubles those of sampling.", Quiet)]]
            : lines;
    }

    // A row for each would bury the rows of those that changed.
    private static IEnumerable<IReadOnlyList<Cell>> Unchanged(SpecDiff diff, int width)
    {
        string[] names = [.. diff.Models.Where(static m => !m.Differs).Select(DiffSection.Name)];
        if (names.Length == 0) return [];
        var text = $"{Amount.Of(names.Length, "model")} unchanged{(names.Length > MaxNames ? "" : $": {string.Join(", ", names)}")}";
        return Wrapped(text, width - 2).Select(static line => (IReadOnlyList<Cell>)["  ", new(line, Quiet)]);
    }

    private static Cell Short(ModelDiff diff) =>
        new(
            DiffSummary.Verdict(diff.Verdict),
            diff.Verdict.Match(static _ => Good, static _ => Careful, static _ => Careful, static _ => Bad));

    /// <summary>
    /// What changed: once for all the models of which the same is to be said, where their lines have the room.
    /// </summary>
    private static IEnumerable<IReadOnlyList<Cell>> Sections(SpecDiff diff, int width, bool totals)
    {
        return DiffSection.All(diff).SelectMany(section => ParameterLines(section).Select(TextTable.Width).DefaultIfEmpty(0).Max() <= width
            ? Section(section)
            : section.Models.GroupBy(m => Plain(Body(DiffSection.Of([m]), width))).SelectMany(same => Section(DiffSection.Of([.. same]))));

        IEnumerable<IReadOnlyList<Cell>> Section(DiffSection section) =>
        [
            [],
            .. Heading(
                section.Models.Select(DiffSection.Name),
                section.Models.Count > 1 && section.Models.Count == diff.Models.Count,
                width),
            .. totals && section.Models is [var only] ? Totals(only.Layout) : [],
            .. Body(section, width),
        ];
    }

    private static string Plain(IEnumerable<IReadOnlyList<Cell>> lines) => string.Join("\n", lines.Select(Plain));

    private static string Plain(IReadOnlyList<Cell> line) => string.Concat(line.Select(static cell => cell.Text));

    private static IEnumerable<IReadOnlyList<Cell>> Heading(IEnumerable<string> names, bool isAll, int width) =>
        Wrapped(isAll ? $"All {names.Count()} models" : string.Join(", ", names), width)
            .Select(static line => (IReadOnlyList<Cell>)[new(line, Head)]);

    // Between words; names of models may hold some, and may then stand on two lines.
    private static IEnumerable<string> Wrapped(string text, int width)
    {
        var line = "";
        foreach (var word in text.Split(' '))
        {
            if (line.Length > 0 && line.Length + 1 + word.Length > width)
            {
                yield return line;
                line = word;
            }
            else line = line.Length == 0 ? word : $"{line} {word}";
        }
        yield return line;
    }

    private static IReadOnlyList<IReadOnlyList<Cell>> Totals(LayoutDiff layout) => TextTable.Lines(
        [.. DiffTotals.All
            .Where(kind => kind.Of(layout.A) != kind.Of(layout.B))
            .Select(kind =>
                (IReadOnlyList<Cell>)[kind.Header, DiffTotals.Column(kind, DiffTotals.Form.Exact, [(layout.A, layout.B)])?[0] ?? ""])
            .DefaultIfEmpty(["parameters and MACs", "as they were"])], indent: 2);

    /// <summary>What is said of models that share their changed settings and their verdict.</summary>
    private static IReadOnlyList<IReadOnlyList<Cell>> Body(DiffSection section, int width) =>
    [
        .. SettingLines(section.Settings, width),
        .. section.Sentences.SelectMany(sentence => Wrapped(sentence, width - 2))
            .Select(line => (IReadOnlyList<Cell>)["  ", new(line, Short(section.Models[0]).Style)]),
        .. ParameterLines(section),
    ];

    // Remarks stand behind the values where there is room for all of them, else below.
    private static IEnumerable<IReadOnlyList<Cell>> SettingLines(IReadOnlyList<SettingChange> settings, int width)
    {
        var beside = TextTable.Lines(
            [.. settings.Select(static s => (IReadOnlyList<Cell>)[s.Key, Values(s), new(s.Remark ?? "", Quiet)])],
            indent: 2);
        if (beside.Max(TextTable.Width) <= width) return beside;
        var alone = TextTable.Lines([.. settings.Select(static s => (IReadOnlyList<Cell>)[s.Key, Values(s)])], indent: 2);
        return settings.Zip(alone).SelectMany(static x => x.First.Remark is { } remark
            ? new[] { x.Second, ["      ", new(remark, Quiet)] }
            : [x.Second]);
    }

    private static Cell Values(SettingChange change) => DiffSection.Values(change);

    // A line that is not every model's names its models.
    private static IReadOnlyList<IReadOnlyList<Cell>> ParameterLines(DiffSection section) =>
        section.Tensors.Count == 0
            ? []
            : TextTable.Lines(
                [
                    .. section.Tensors.Select(static line =>
                        (IReadOnlyList<Cell>)[line.Name, line.Times, line.Change, new(string.Join(", ", line.Models), Quiet)]),
                ],
                indent: 4);
}
