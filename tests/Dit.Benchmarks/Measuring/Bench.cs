using System.Diagnostics;
using Dit.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace Dit.Benchmarks;

/// <summary>What parts measure with: the options, the clock, and who is told.</summary>
/// <param name="Options">What was asked for.</param>
/// <param name="Device">Where to compute.</param>
/// <param name="Status">Told how far it is.</param>
/// <param name="Cancellation">Asks to stop.</param>
internal sealed record Bench(CompareOptions Options, Device Device, Status Status, CancellationToken Cancellation)
{
    /// <summary>Runs both in turn. When asked to stop, the rounds that are whole; null where there is none.</summary>
    /// <param name="name">What is measured.</param>
    /// <param name="rounds">How many rounds; <c>--rounds</c> has precedence.</param>
    /// <param name="baseline">One run of the baseline.</param>
    /// <param name="ours">One run of ours.</param>
    /// <param name="before">Done before each run, outside its time.</param>
    public PairedTimes? Pair(string name, int rounds, Action baseline, Action ours, Action? before = null)
    {
        return Pair(name, rounds, () => Next(baseline), () => Next(ours));

        double Next(Action run)
        {
            before?.Invoke();
            return Time(run);
        }
    }

    /// <summary>As the other, with runs that measure their own time.</summary>
    /// <param name="name">What is measured.</param>
    /// <param name="rounds">How many rounds; <c>--rounds</c> has precedence.</param>
    /// <param name="baseline">One run of the baseline; gives its milliseconds.</param>
    /// <param name="ours">One run of ours; gives its milliseconds.</param>
    public PairedTimes? Pair(string name, int rounds, Func<double> baseline, Func<double> ours)
    {
        var (baselines, own) = (new List<double>(), new List<double>());
        rounds = Options.Rounds ?? rounds;
        try
        {
            baselines.Add(baseline());
            while (own.Count < rounds)
            {
                Status.Show($"{name}  round {own.Count + 1} of {rounds}");
                var time = ours();
                baselines.Add(baseline());
                own.Add(time);
            }
        }
        catch (OperationCanceledException) when (Cancellation.IsCancellationRequested)
        {
            // What was measured until now counts.
        }
        var times = new PairedTimes(baselines, own);
        return times.Rounds > 0 ? times : null;
    }

    /// <summary>One run alone, and the most memory that the process held meanwhile.</summary>
    public double? PeakOf(Action run)
    {
        Malloc.Trim();
        PeakMemory.Reset();
        Time(run);
        return PeakMemory.Megabytes();
    }

    /// <summary>Milliseconds of a run, the device's work included.</summary>
    public double Time(Action run)
    {
        Cancellation.ThrowIfCancellationRequested();
        Synchronize();
        var start = Stopwatch.GetTimestamp();
        run();
        Synchronize();
        return Stopwatch.GetElapsedTime(start).TotalMilliseconds;
    }

    private void Synchronize()
    {
        if (Device.type == DeviceType.CUDA) cuda.synchronize(Device);
    }
}

/// <summary>
/// One line that says what is going on: rewritten in place on a terminal, one after the other elsewhere.
/// </summary>
/// <param name="Out">Where to.</param>
/// <param name="Rewrites">Whether it is a terminal.</param>
internal sealed class Status(TextWriter Out, bool Rewrites)
{
    private const int Width = 79;
    private string last = "";

    /// <summary>Shows a line in the place of the one before.</summary>
    public void Show(string line)
    {
        if (line == last) return;
        last = line;
        if (Rewrites) Out.Write($"\r{(line.Length > Width ? line[..Width] : line).PadRight(Width)}");
        else Out.WriteLine(line);
    }

    /// <summary>Leaves the line empty.</summary>
    public void Clear()
    {
        if (Rewrites) Out.Write($"\r{new string(' ', Width)}\r");
        last = "";
    }
}
