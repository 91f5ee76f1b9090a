using System.Diagnostics;

namespace Dit.Benchmarks;

/// <summary>Median and quartiles.</summary>
internal readonly record struct Spread(double Median, double Lower, double Upper)
{
    /// <summary>Of at least one value; between two values by proportion.</summary>
    public static Spread Of(IEnumerable<double> values)
    {
        double[] sorted = [.. values.Order()];
        if (sorted.Length == 0) throw new ArgumentException("There are no values.", nameof(values));
        return new(At(sorted, 0.5), At(sorted, 0.25), At(sorted, 0.75));
    }

    private static double At(double[] sorted, double share)
    {
        var place = share * (sorted.Length - 1);
        var below = (int)Math.Floor(place);
        var above = Math.Min(below + 1, sorted.Length - 1);
        return sorted[below] + (place - below) * (sorted[above] - sorted[below]);
    }
}

/// <summary>What rounds of two things showed.</summary>
/// <param name="Baseline">Seconds of the one.</param>
/// <param name="Ours">Seconds of the other.</param>
/// <param name="Ratio">Seconds of the other by those of the one, round by round.</param>
/// <param name="Rounds">Rounds.</param>
internal sealed record PairedTimes(Spread Baseline, Spread Ours, Spread Ratio, int Rounds);

/// <summary>Two things timed by turns, so that both see the same machine: a round is one run of ours between two of the baseline.</summary>
internal static class Paired
{
    /// <summary>Runs each once to warm up, then the rounds; stops early, with what there is, when cancelled.</summary>
    /// <exception cref="OperationCanceledException">Cancelled before the first round was over.</exception>
    public static PairedTimes Measure(Action baseline, Action ours, int rounds, Action<int>? progress, CancellationToken cancellation)
    {
        ours();
        var times = new List<(double Before, double Ours, double After)>();
        var before = Seconds(baseline);
        before = Seconds(baseline);
        while (times.Count < rounds && !cancellation.IsCancellationRequested)
        {
            var middle = Seconds(ours);
            var after = Seconds(baseline);
            times.Add((before, middle, after));
            before = after;
            progress?.Invoke(times.Count);
        }
        if (times.Count == 0) throw new OperationCanceledException(cancellation);
        return Summary(times);
    }

    /// <summary>The ratio of a round is ours by the mean of its neighbours.</summary>
    public static PairedTimes Summary(IReadOnlyList<(double Before, double Ours, double After)> rounds) => new(
        Spread.Of(rounds.Select(static round => (round.Before + round.After) / 2)),
        Spread.Of(rounds.Select(static round => round.Ours)),
        Spread.Of(rounds.Select(static round => round.Ours / ((round.Before + round.After) / 2))),
        rounds.Count);

    public static double Seconds(Action action)
    {
        var start = Stopwatch.GetTimestamp();
        action();
        return Stopwatch.GetElapsedTime(start).TotalSeconds;
    }
}
