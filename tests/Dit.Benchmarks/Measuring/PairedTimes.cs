namespace Dit.Benchmarks;

/// <summary>The middle of some numbers and how far they spread.</summary>
/// <param name="Median">Half are below.</param>
/// <param name="Q1">A quarter are below.</param>
/// <param name="Q3">Three quarters are below.</param>
internal readonly record struct Quartiles(double Median, double Q1, double Q3)
{
    /// <summary>Of at least one number; between two of them by their distance (Hyndman and Fan 1996, type 7).</summary>
    public static Quartiles Of(IReadOnlyList<double> values)
    {
        if (values.Count == 0) throw new ArgumentException("There are no quartiles of no numbers.", nameof(values));
        double[] sorted = [.. values.Order()];
        return new(At(0.5), At(0.25), At(0.75));

        double At(double share)
        {
            var position = share * (sorted.Length - 1);
            var below = (int)position;
            var above = Math.Min(below + 1, sorted.Length - 1);
            return sorted[below] + (position - below) * (sorted[above] - sorted[below]);
        }
    }
}

/// <summary>
/// Times of runs that took turns: baseline, ours, baseline, ours ... baseline. One round is ours between two baselines.
/// </summary>
/// <remarks>
/// A machine whose speed drifts slows both neighbors of a run as it slows the run, so that the ratio stays.
/// </remarks>
/// <param name="Baseline">Milliseconds of the baseline, one more than rounds.</param>
/// <param name="Ours">Milliseconds of ours, one for each round.</param>
internal sealed record PairedTimes(IReadOnlyList<double> Baseline, IReadOnlyList<double> Ours)
{
    /// <summary>Whole rounds; a run whose second neighbor is missing is none.</summary>
    public int Rounds => Math.Max(0, Math.Min(Ours.Count, Baseline.Count - 1));

    /// <summary>For each round, ours over the mean of the baselines before and after.</summary>
    public IReadOnlyList<double> Ratios =>
        [.. Enumerable.Range(0, Rounds).Select(i => Ours[i] / ((Baseline[i] + Baseline[i + 1]) / 2))];

    /// <summary>The ratios' middle and spread; of at least one round.</summary>
    public Quartiles Ratio => Quartiles.Of(Ratios);

    /// <summary>Median of the baselines, in milliseconds.</summary>
    public double BaselineMs => Quartiles.Of(Baseline).Median;

    /// <summary>Median of ours, in milliseconds.</summary>
    public double OursMs => Quartiles.Of(Ours).Median;
}
