using System.Globalization;

namespace Dit.Benchmarks;

/// <summary>A report for people, no line wider than a terminal of 80 columns unless the processor's name is.</summary>
internal static class ReportText
{
    private const string Missing = "-";

    /// <summary>The lines of a report.</summary>
    public static IEnumerable<string> Lines(BenchReport report)
    {
        var (machine, settings) = (report.Machine, report.Settings);
        yield return $"{machine.Cpu}, {machine.Cores} cores, {machine.Simd}";
        yield return $"libtorch {machine.Libtorch} on {machine.Threads} threads, {settings.Device} in {settings.Arithmetic}, malloc "
            + $"{settings.Malloc} for both sides";
        if (report.Peak is { } peak)
            yield return $"peak {(peak.FmaGflops is { } fma ? $"{Whole(fma)} GFLOP/s in registers, " : "")}{Whole(peak.MmGflops)} in "
                + $"libtorch's matrix product";
        foreach (var line in Sections(report.Rows)) yield return line;
        if (report.Partial)
        {
            yield return "";
            yield return "Stopped before the end: this is a part of what was asked for.";
        }
    }

    private static IEnumerable<string> Sections(IReadOnlyList<BenchRow> rows)
    {
        if (rows.Count == 0) return ["", "Nothing was measured."];
        return
        [
            .. Section("Time in ms; ratio is ours over the baseline, median and quartiles of n rounds.",
                ["", "baseline", "ours", "ratio", "", "n", "GFLOP/s", "peak"], rows.Where(static row => row.BaselineMs is not null), Time),
            .. Section("Largest difference to the reference, and the most memory that the process held.",
                ["", "difference", "of at most", "baseline MB", "ours MB"],
                rows.Where(static row => row.MaxDifference is not null),
                Agreement),
            .. Section("Loading: the first time, and how much the process grew for the file.",
                ["", "first ms", "file MB", "grew by"],
                rows.Where(static row => row.FileMb is not null).DistinctBy(static row => row.Model),
                Loading),
            .. Section("Generator over the specs that ship, in ms.",
                ["", "first", "median", "runs"], rows.Where(static row => row.Part == "generator"), Generator),
            .. Engines(rows),
        ];
    }

    private static IEnumerable<string> Section(
        string title,
        IReadOnlyList<string> headers,
        IEnumerable<BenchRow> rows,
        Func<BenchRow, IReadOnlyList<string>> cells)
    {
        IReadOnlyList<string>[] lines = [.. rows.Select(cells)];
        return lines.Length == 0 ? [] : ["", title, .. Columns([headers, .. lines])];
    }

    private static IReadOnlyList<string> Time(BenchRow row) =>
    [
        row.Name, Short(row.BaselineMs), Short(row.OursMs), row.Ratio is { } ratio ? Two(ratio.Median) : Missing,
        row.Ratio is { } spread ? $"{Two(spread.Q1)}-{Two(spread.Q3)}" : "",
        $"{row.Rounds}",
        row.Gflops is { } gflops ? Whole(gflops) : Missing,
        row.PeakShare is { } share ? share.ToString("0 %", CultureInfo.InvariantCulture) : Missing,
    ];

    private static IReadOnlyList<string> Agreement(BenchRow row) =>
        [row.Name, Tiny(row.MaxDifference), Tiny(row.MaxValue), Whole(row.BaselinePeakRssMb), Whole(row.PeakRssMb)];

    private static IReadOnlyList<string> Loading(BenchRow row) =>
        [$"load {row.Model}", Short(row.FirstMs), Whole(row.FileMb), row.RssOverFile is { } share ? $"{Two(share)} x file" : Missing];

    private static IReadOnlyList<string> Generator(BenchRow row) => [row.Name, Short(row.FirstMs), Short(row.OursMs), $"{row.Rounds}"];

    private static IEnumerable<string> Engines(IReadOnlyList<BenchRow> rows)
    {
        string[] engines = [.. rows.Select(static row => row.Engine).OfType<string>().Distinct()];
        return engines.Length == 0 ? [] : ["", $"Baseline: {BenchPart.BaselineName}. Ours: {string.Join("; ", engines)}."];
    }

    /// <summary>Cells in columns: the first to the left, the others to the right.</summary>
    internal static IEnumerable<string> Columns(IReadOnlyList<IReadOnlyList<string>> rows)
    {
        int[] widths = [.. Enumerable.Range(0, rows[0].Count).Select(column => rows.Max(row => row[column].Length))];
        return rows.Select(row =>
            string.Join("  ", row.Select((cell, at) => at == 0 ? cell.PadRight(widths[at]) : cell.PadLeft(widths[at]))).TrimEnd());
    }

    private static string Whole(double? number) => number?.ToString("#,0", CultureInfo.InvariantCulture) ?? Missing;

    private static string Two(double number) => number.ToString("0.00", CultureInfo.InvariantCulture);

    // Three figures, since the rest is noise.
    private static string Short(double? number) => number switch
    {
        null => Missing,
        >= 99.95 => Whole(number),
        >= 9.995 => number.Value.ToString("0.0", CultureInfo.InvariantCulture),
        _ => number.Value.ToString("0.00", CultureInfo.InvariantCulture),
    };

    private static string Tiny(double? number) => number?.ToString("0.0e+0", CultureInfo.InvariantCulture) ?? Missing;
}
