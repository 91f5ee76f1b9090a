using System.Diagnostics;
using Spectre.Console;

namespace Dit.Cli;

/// <summary>How far a piece of work is.</summary>
/// <param name="Fraction">The part that is done, up to 1.</param>
/// <param name="Detail">A few words.</param>
internal readonly record struct WorkProgress(double Fraction, string Detail);

/// <summary>Shows the progress of work: a bar on a terminal, now and then a line elsewhere.</summary>
internal static class Progress
{
    private const int BarWidth = 20;

    /// <summary>Does the work and returns what it gives.</summary>
    /// <param name="context">Where to show it.</param>
    /// <param name="work">The work; it may report from any thread.</param>
    public static T Show<T>(CommandContext context, Func<IProgress<WorkProgress>, T> work) =>
        context.Interactive ? ShowBar(context, work) : ShowLines(context, work);

    /// <summary>Reports of one kind as reports of another, on the same thread.</summary>
    public static IProgress<T> Select<T>(this IProgress<WorkProgress> progress, Func<T, WorkProgress> map) =>
        new Mapped<T>(value => progress.Report(map(value)));

    private static T ShowBar<T>(CommandContext context, Func<IProgress<WorkProgress>, T> work) => context.Console().Progress()
        .AutoClear(true)
        .Columns(new ProgressBarColumn { Width = BarWidth }, new PercentageColumn(), new RemainingTimeColumn(), new TaskDescriptionColumn { Alignment = Justify.Left })
        .Start(bars =>
        {
            var bar = bars.AddTask("starting", maxValue: 1);
            return work(new Mapped<WorkProgress>(now =>
            {
                bar.Value = now.Fraction;
                bar.Description = Markup.Escape(now.Detail);
            }));
        });

    private static T ShowLines<T>(CommandContext context, Func<IProgress<WorkProgress>, T> work)
    {
        var gate = new Lock();
        var sinceStart = Stopwatch.StartNew();
        var sinceLine = Stopwatch.StartNew();
        return work(new Mapped<WorkProgress>(now =>
        {
            lock (gate)
            {
                if (sinceLine.Elapsed < context.ProgressInterval || now.Fraction <= 0) return;
                sinceLine.Restart();
                context.Out.WriteLine($"{now.Detail}  {Amount.Time(sinceStart.Elapsed * (1 / now.Fraction - 1))} left");
            }
        }));
    }

    private sealed class Mapped<T>(Action<T> report) : IProgress<T>
    {
        public void Report(T value) => report(value);
    }
}
