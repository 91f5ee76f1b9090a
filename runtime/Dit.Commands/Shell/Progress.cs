using System.Diagnostics;
using System.Globalization;

namespace Dit.Commands;

/// <summary>How far a piece of work is.</summary>
/// <param name="Fraction">The part that is done, up to 1.</param>
/// <param name="Columns">
/// A few words each, the most important first; where there is no room, the last are left out.
/// </param>
internal readonly record struct WorkProgress(double Fraction, params string[] Columns)
{
    /// <summary>The part that was done before, and took none of the time that has passed.</summary>
    public double Before { get; init; }
}

/// <summary>
/// Shows the progress of work: a line that is drawn again and again on a terminal, now and then a new line elsewhere.
/// </summary>
internal static class Progress
{
    private const string Gap = "  ";

    /// <summary>Does the work and returns what it gives.</summary>
    /// <param name="context">Where to show it.</param>
    /// <param name="work">The work; it may report from any thread.</param>
    public static T Show<T>(CommandContext context, Func<IProgress<WorkProgress>, T> work)
    {
        if (!context.Interactive) return work(new PlainLines(context));
        using var line = new RedrawnLine(context);
        return work(line);
    }

    /// <summary>Reports of one kind as reports of another, on the same thread.</summary>
    public static IProgress<T> Select<T>(this IProgress<WorkProgress> progress, Func<T, WorkProgress> map) =>
        new Mapped<T>(value => progress.Report(map(value)));

    /// <summary>
    /// The line for a terminal: a bar, the part that is done, the time that is left, and as many columns as have room.
    /// </summary>
    /// <param name="now">How far the work is.</param>
    /// <param name="elapsed">Time it took so far.</param>
    /// <param name="width">Columns of the terminal; the last one stays free, since some terminals wrap there.</param>
    internal static string Line(WorkProgress now, TimeSpan elapsed, int width)
    {
        const int Bar = 10;
        var done = Math.Clamp(now.Fraction, 0, 1);
        var filled = (int)(done * Bar);
        var room = width - 1;
        var bar = $"[{new string('#', filled)}{new string('.', Bar - filled)}]";
        var percent = string.Create(CultureInfo.InvariantCulture, $"{(int)(100 * done),3} %");
        List<string> shown = [];
        foreach (var part in (string[])[percent, Left(now, elapsed), .. now.Columns.Take(1), bar, .. now.Columns.Skip(1)])
        {
            if (part.Length == 0) continue;
            if (shown.Sum(static other => other.Length + Gap.Length) + part.Length > room) break; // what comes after matters less
            shown.Add(part);
        }
        return string.Join(Gap, shown.OrderBy(part => ReferenceEquals(part, bar) ? 0 : 1)); // a stable order
    }

    /// <summary>The line for a file: every column, then the time that is left.</summary>
    internal static string Plain(WorkProgress now, TimeSpan elapsed) =>
        string.Join(Gap, now.Columns.Append(Left(now, elapsed)).Where(static part => part.Length > 0));

    private static string Left(WorkProgress now, TimeSpan elapsed)
    {
        var done = now.Fraction - now.Before;
        if (done <= 0) return "";
        var left = elapsed.TotalSeconds * Math.Max(0, 1 - now.Fraction) / done;
        return left < TimeSpan.MaxValue.TotalSeconds / 2 ? $"ETA {Amount.Time(TimeSpan.FromSeconds(left))}" : "";
    }

    // Output that is gone (a terminal that was closed, a pipe without a reader) is no reason to end the work.
    private static bool Try(Action write)
    {
        try
        {
            write();
            return true;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    private sealed class Mapped<T>(Action<T> report) : IProgress<T>
    {
        public void Report(T value) => report(value);
    }

    private sealed class PlainLines(CommandContext context) : IProgress<WorkProgress>
    {
        private readonly Lock gate = new();
        private readonly Stopwatch sinceStart = Stopwatch.StartNew(), sinceLine = Stopwatch.StartNew();

        public void Report(WorkProgress now)
        {
            lock (gate)
            {
                if (sinceLine.Elapsed < context.ProgressInterval || now.Fraction <= 0) return;
                sinceLine.Restart();
                Try(() => context.Out.WriteLine(Plain(now, sinceStart.Elapsed)));
            }
        }
    }

    /// <summary>Draws the last report at most four times a second, and takes the line away in the end.</summary>
    private sealed class RedrawnLine : IProgress<WorkProgress>, IDisposable
    {
        private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(250);

        private readonly CommandContext context;
        private readonly Lock gate = new();
        private readonly Stopwatch clock = Stopwatch.StartNew();
        private readonly Timer timer;
        private (WorkProgress Work, TimeSpan At) last = (new(0, "starting"), TimeSpan.Zero);
        private string drawn = "";
        private bool ended;

        public RedrawnLine(CommandContext context)
        {
            this.context = context;
            timer = new Timer(_ => Draw(), null, Interval, Interval);
        }

        public void Report(WorkProgress now)
        {
            lock (gate) last = (now, clock.Elapsed);
        }

        public void Dispose()
        {
            timer.Dispose();
            lock (gate)
            {
                ended = true;
                if (drawn.Length > 0) Try(() => Write($"\r{new string(' ', drawn.Length)}\r"));
            }
        }

        private void Draw()
        {
            lock (gate)
            {
                var line = ended ? drawn : Line(last.Work, last.At, context.Width());
                if (line == drawn) return;
                ended = !Try(() => Write($"\r{line.PadRight(drawn.Length)}"));
                drawn = line;
            }
        }

        private void Write(string text)
        {
            context.Out.Write(text);
            context.Out.Flush();
        }
    }
}
