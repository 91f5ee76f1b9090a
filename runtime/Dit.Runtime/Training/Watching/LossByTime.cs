using System.Globalization;
using static TorchSharp.torch;

namespace Dit.Runtime;

/// <summary>
/// The mean squared error in equal intervals of a process's time, counted from the data to the noise: the mean over a
/// batch mixes errors that differ by orders of magnitude.
/// </summary>
/// <param name="process">The process.</param>
/// <param name="count">How many intervals, B.</param>
internal sealed class LossByTime(IProcess process, int count)
{
    private const long Window = 1000; // samples that a running mean is taken over
    private const int MostPoints = 2048; // of a curve

    private readonly double[] means = new double[count];
    private readonly long[] samples = new long[count];
    private readonly List<(int Step, double?[] Means)> history = [];
    private int stride = 1;

    /// <summary>The running means, B of them; null where there was no sample yet.</summary>
    public double?[] Means => [.. means.Zip(samples, static (mean, seen) => seen == 0 ? null : (double?)mean)];

    /// <summary>The samples so far, B counts.</summary>
    public long[] Samples => [.. samples];

    /// <summary>What the intervals are called: their first and last time, as in <c>0-249</c>.</summary>
    public IReadOnlyList<string> Names => [.. Enumerable.Range(0, count).Select(NameOf)];

    /// <summary>Adds some samples.</summary>
    /// <param name="times">Their times, N of them.</param>
    /// <param name="errors">Their errors, (N,).</param>
    public void Add(ReadOnlySpan<double> times, Tensor errors)
    {
        using var scope = NewDisposeScope();
        var values = errors.detach().to(ScalarType.Float32).cpu().data<float>().ToArray();
        for (var i = 0; i < times.Length; i++)
        {
            var interval = IntervalOf(times[i]);
            means[interval] += (values[i] - means[interval]) / Math.Min(++samples[interval], Window);
        }
    }

    /// <summary>Ends a step: its means become a point of the curves.</summary>
    /// <param name="step">The step, from 1.</param>
    public void EndStep(int step)
    {
        if (step % stride != 0) return;
        history.Add((step, Means));
        if (history.Count < MostPoints) return;
        stride *= 2;
        history.RemoveAll(point => point.Step % stride != 0);
    }

    /// <summary>Goes on after a step of a run that was interrupted.</summary>
    /// <param name="metrics">The step's metrics. Where they have a different number of intervals, the means begin
    /// anew.</param>
    public void Restore(TrainingMetrics metrics)
    {
        if (metrics.MseByTime.Count != count || metrics.SamplesByTime.Count != count) return;
        for (var i = 0; i < count; i++) (means[i], samples[i]) = (metrics.MseByTime[i] ?? 0, metrics.SamplesByTime[i]);
        EndStep(metrics.Step);
    }

    /// <summary>The means over the steps, a curve for each interval that has any; at most 2,048 points each.</summary>
    public IReadOnlyList<PlotSeries> Curves() =>
    [
        .. Names
            .Select((name, i) => new PlotSeries(
                $"t {name}",
                [.. history.Where(point => point.Means[i] > 0).Select(point => new PlotPoint(point.Step, point.Means[i] ?? 0))]))
            .Where(static curve => curve.Points.Count > 0),
    ];

    /// <summary>
    /// The interval of a time. The time of the data itself is in none, and goes to the first: whole timesteps, of which
    /// the data has -1, are split evenly.
    /// </summary>
    internal int IntervalOf(double time)
    {
        var part = (time - process.DataTime) / (process.NoiseTime - process.DataTime);
        return Math.Clamp((int)Math.Ceiling(part * count) - 1, 0, count - 1);
    }

    private string NameOf(int interval)
    {
        var (first, last) = (Border(interval), Border(interval + 1));
        if (process is GaussianDiffusion) return Text(Math.Floor(first) + 1, Math.Floor(last));
        return Text(Math.Min(first, last), Math.Max(first, last));

        double Border(int i) => process.DataTime + (process.NoiseTime - process.DataTime) * i / count;
        static string Text(double from, double to) => string.Create(CultureInfo.InvariantCulture, $"{from:0.###}-{to:0.###}");
    }
}
