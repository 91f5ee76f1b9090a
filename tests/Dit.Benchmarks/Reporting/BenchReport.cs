using System.Text.Encodings.Web;
using System.Text.Json;

namespace Dit.Benchmarks;

/// <summary>
/// All that a run measured, as it is written to JSON: names in snake_case, what does not apply is null.
/// </summary>
/// <param name="Version">Of this shape; a change that readers would notice raises it.</param>
/// <param name="Partial">Whether the run was stopped before its end.</param>
/// <param name="Machine">What it ran on.</param>
/// <param name="Settings">How it ran.</param>
/// <param name="Peak">The limits, measured in the same run; null where they were not wanted.</param>
/// <param name="Rows">What was measured, in order.</param>
internal sealed record BenchReport(
    int Version,
    bool Partial,
    Machine Machine,
    BenchSettings Settings,
    MatrixPeak? Peak,
    IReadOnlyList<BenchRow> Rows)
{
    /// <summary>The version of this shape.</summary>
    public const int CurrentVersion = 1;

    private static readonly JsonSerializerOptions Options = new()
    {
        WriteIndented = true,
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    /// <summary>The report as JSON, with a newline at its end.</summary>
    public string ToJson() => JsonSerializer.Serialize(this, Options) + "\n";
}

/// <summary>How a run was made.</summary>
/// <param name="Device">Where it computed, for instance <c>cpu</c>.</param>
/// <param name="Arithmetic">Type of numbers in forward and ddim, for instance <c>f32</c>.</param>
/// <param name="Malloc"><c>tuned</c> or <c>default</c>, for both sides.</param>
/// <param name="Baseline">What ours is compared with.</param>
internal sealed record BenchSettings(string Device, string Arithmetic, string Malloc, string Baseline);

/// <summary>One comparison.</summary>
/// <param name="Name">What was measured.</param>
/// <param name="Part">The word of <c>--only</c>.</param>
internal sealed record BenchRow(string Name, string Part)
{
    /// <summary>The model.</summary>
    public string? Model { get; init; }

    /// <summary>Samples at once, N.</summary>
    public int? Batch { get; init; }

    /// <summary>What ours is compared with here.</summary>
    public string? Baseline { get; init; }

    /// <summary>How ours computes.</summary>
    public string? Engine { get; init; }

    /// <summary>Rounds.</summary>
    public int Rounds { get; init; }

    /// <summary>Median of the baseline.</summary>
    public double? BaselineMs { get; init; }

    /// <summary>Median of ours.</summary>
    public double OursMs { get; init; }

    /// <summary>Ours of the first time, where that is another matter.</summary>
    public double? FirstMs { get; init; }

    /// <summary>Of the rounds: ours over the baselines before and after.</summary>
    public Quartiles? Ratio { get; init; }

    /// <summary>Operations of the model for each second of the baseline, in 10^9.</summary>
    public double? BaselineGflops { get; init; }

    /// <summary>Operations of the model for each second of ours, in 10^9.</summary>
    public double? Gflops { get; init; }

    /// <summary>Ours as a share of the peak.</summary>
    public double? PeakShare { get; init; }

    /// <summary>The most memory that the process held during a run of the baseline, in 10^6 bytes.</summary>
    public double? BaselinePeakRssMb { get; init; }

    /// <summary>The most memory that the process held during a run of ours, in 10^6 bytes.</summary>
    public double? PeakRssMb { get; init; }

    /// <summary>Growth of the process during a run of ours over the size of the file it reads.</summary>
    public double? RssOverFile { get; init; }

    /// <summary>Size of the file, in 10^6 bytes.</summary>
    public double? FileMb { get; init; }

    /// <summary>Largest difference between the baseline and the differentiable forward.</summary>
    public double? BaselineMaxDifference { get; init; }

    /// <summary>
    /// Largest difference between ours and the reference of the part: the differentiable forward, or the baseline's
    /// result.
    /// </summary>
    public double? MaxDifference { get; init; }

    /// <summary>Largest value of the reference: what differences are to be seen against.</summary>
    public double? MaxValue { get; init; }

    /// <summary>This row with times that took turns.</summary>
    /// <param name="times">The times.</param>
    /// <param name="flops">Operations of one run.</param>
    public BenchRow With(PairedTimes times, double? flops = null) => this with
    {
        Rounds = times.Rounds,
        BaselineMs = times.BaselineMs,
        OursMs = times.OursMs,
        Ratio = times.Ratio,
        BaselineGflops = flops / times.BaselineMs / 1e6,
        Gflops = flops / times.OursMs / 1e6,
    };

    /// <summary>This row with its share of a limit.</summary>
    public BenchRow Of(MatrixPeak? peak) => this with { PeakShare = Gflops / peak?.Limit };
}
