using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;
using Dit.Runtime;

namespace Dit.Benchmarks;

/// <summary>The result of a comparison, as a table and as JSON.</summary>
/// <param name="Machine">On what.</param>
/// <param name="Rows">The lines.</param>
/// <param name="Complete">Whether nothing was left out by a stop.</param>
internal sealed record Report(MachineFacts Machine, IReadOnlyList<Row> Rows, bool Complete)
{
    private static readonly JsonSerializerOptions Json = new() { WriteIndented = true, PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull };

    /// <summary>Version of the JSON's shape.</summary>
    public int Version => 1;

    public string ToJson() => JsonSerializer.Serialize(this, Json);

    /// <summary>Writes the JSON beside and renames it; <c>-</c> is standard output.</summary>
    public void Save(string path)
    {
        if (path == "-") Console.WriteLine(ToJson());
        else AtomicFile.Write(path, stream => stream.Write(System.Text.Encoding.UTF8.GetBytes(ToJson())));
    }

    /// <summary>A table of 80 columns, and notes below it.</summary>
    public void Print(TextWriter to)
    {
        to.WriteLine();
        to.WriteLine(Invariant($"{Machine.Processor}, {Machine.Device}, {Machine.Threads} threads; libtorch {Machine.LibTorch}; allocator {Machine.Allocator}"));
        if (Machine.RegisterPeak > 0) to.WriteLine(Invariant($"multiply-adds in registers: {Machine.RegisterPeak:F0} GFLOP/s (the peak); libtorch's 2048 x 2048 product: {Machine.MatrixPeak:F0}"));
        to.WriteLine();
        to.WriteLine(Line("", "baseline", "ours", "ratio", "quartiles", "GFLOP/s", "peak", "error"));
        foreach (var row in Rows) to.WriteLine(Cells(row));
        to.WriteLine();
        foreach (var row in Rows.Where(static row => Remarks(row).Length > 0)) to.WriteLine($"{row.Name}: {Remarks(row)}");
        if (!Complete) to.WriteLine("Stopped: these are partial results.");
    }

    private static string Line(string name, string baseline, string ours, string ratio, string quartiles, string speed, string share, string error) =>
        $"{name,-23}{baseline,9}{ours,9}{ratio,7}{quartiles,12}{speed,8}{share,6}{error,9}".TrimEnd();

    private string Cells(Row row) => Line(
        row.Name,
        row.Times is { } times ? Time(times.Baseline.Median) : "",
        Time(row.Seconds),
        row.Times is { } paired ? Invariant($"{paired.Ratio.Median:F3}") : "",
        row.Times is { } spread ? Invariant($"{spread.Ratio.Lower:F2}-{spread.Ratio.Upper:F2}") : "",
        row.Speed is { } speed ? Invariant($"{speed:F0}") : "",
        row.Speed is { } share && Machine.RegisterPeak > 0 ? Invariant($"{100 * share / Machine.RegisterPeak:F0}%") : "",
        row.Difference is { } difference ? Invariant($"{difference:0.0E0}") : "");

    private static string Remarks(Row row) => string.Join("; ", new[]
    {
        row.Baseline.Length > 0 ? $"against {row.Baseline}" : null,
        row.BaselinePeak is { } baseline && row.OurPeak is { } ours ? Invariant($"peak memory {baseline:F0} and {ours:F0} MiB") : null,
        row.Note,
    }.OfType<string>());

    private static string Time(double seconds) => seconds >= 1 ? Invariant($"{seconds:F2} s") : Invariant($"{seconds * 1000:F1} ms");

    private static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}

/// <summary>On what a comparison was made.</summary>
/// <param name="Processor">The processor's name.</param>
/// <param name="Threads">Threads that libtorch takes.</param>
/// <param name="Device">The device.</param>
/// <param name="LibTorch">libtorch's version.</param>
/// <param name="Allocator">Settings of the C library's allocator, the same for both sides.</param>
/// <param name="RegisterPeak">Multiply-adds in registers, GFLOP/s; 0 where it says nothing of the device.</param>
/// <param name="MatrixPeak">libtorch's own product of large matrices, GFLOP/s.</param>
internal sealed record MachineFacts(string Processor, int Threads, string Device, string LibTorch, string Allocator, double RegisterPeak, double MatrixPeak);
