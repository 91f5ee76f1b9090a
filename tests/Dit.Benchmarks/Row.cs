namespace Dit.Benchmarks;

/// <summary>One line of the comparison.</summary>
/// <param name="Name">What was done, for instance <c>forward DiT-S/2 b8</c>.</param>
/// <param name="Baseline">What it is compared with.</param>
/// <param name="Times">What the rounds showed; null where there is no baseline.</param>
/// <param name="Seconds">Our time.</param>
/// <param name="Flops">Floating-point operations of one run; null where they are not what counts.</param>
/// <param name="Difference">Largest difference to the differentiable forward, by the largest value where that exceeds 1; null where there is no output.</param>
/// <param name="BaselinePeak">Largest resident memory of the baseline, MiB; null where it was not taken apart.</param>
/// <param name="OurPeak">Largest resident memory of ours, MiB.</param>
/// <param name="Note">What else is to be known.</param>
internal sealed record Row(
    string Name, string Baseline, PairedTimes? Times, double Seconds, double? Flops = null, double? Difference = null, double? BaselinePeak = null, double? OurPeak = null, string? Note = null)
{
    /// <summary>GFLOP/s of ours.</summary>
    public double? Speed => Flops / Seconds / 1e9;
}
