using System.Text;
using Dit.Runtime;
using Dit.Spec;

namespace Dit.Commands;

/// <summary>
/// The page of a run, <see cref="FileName"/>: one file that opens from a disk, with its curves and pictures in it.
/// </summary>
internal static class ReportPage
{
    /// <summary>The file in the folder of a run.</summary>
    public const string FileName = "report.html";

    private const int RecentSteps = 100; // of a mean: the loss of a step says little
    private const string Style = "report.css";

    /// <summary>Writes the page of a run.</summary>
    /// <param name="run">The folder of the run.</param>
    /// <param name="target">The file to write; null for <see cref="FileName"/> in the folder.</param>
    /// <param name="tool">The name that commands have.</param>
    /// <param name="cancellation">Ends the work.</param>
    /// <returns>The file.</returns>
    /// <exception cref="DitException">The folder is none of a run, or the file cannot be written.</exception>
    public static string Write(string run, string? target, ToolName tool, CancellationToken cancellation = default)
    {
        var facts = RunFacts.Read(run);
        var path = target is null ? Path.Combine(facts.Folder.Path, FileName) : AtomicFile.FullPath(target);
        AtomicFile.WriteText(path, Of(facts, tool, cancellation).Markup);
        return path;
    }

    /// <summary>The page of a run.</summary>
    internal static Html Of(RunFacts run, ToolName tool, CancellationToken cancellation)
    {
        var name = run.Fact(ModelCard.NameKey) ?? "A model";
        return Html.Of($"""
            <!DOCTYPE html>
            <html lang="en">
            <head>
            <meta charset="utf-8"/>
            <meta name="viewport" content="width=device-width, initial-scale=1"/>
            <meta name="generator" content="{tool.Value} {ShowVersion.OfProgram}"/>
            <title>{name}: training report ({Path.GetFileName(run.Folder.Path)})</title>
            <style>
            {new Html(StyleSheet())}
            </style>
            </head>
            <body>
            <header>
            <h1>{name}</h1>
            <p class="lead">{Lead(run)}</p>
            {Failure(run)}
            {Figures(run)}
            </header>
            <main>
            {ReportSamples.Of(run)}
            {Curves(run)}
            {ReportTables.Of(run, tool, cancellation)}
            </main>
            <footer>Written by {tool.Value} {ShowVersion.OfProgram} on {DateTimeOffset.UtcNow:yyyy-MM-dd HH:mm} UTC. This page needs no network and no script.</footer>
            </body>
            </html>

            """);
    }

    private static string StyleSheet()
    {
        using var stream = typeof(ReportPage).Assembly.GetManifestResourceStream(Style)
            ?? throw new InvalidOperationException($"The program has no resource {Style}.");
        using var reader = new StreamReader(stream, Encoding.UTF8);
        return reader.ReadToEnd();
    }

    private static string Lead(RunFacts run)
    {
        var (step, steps) = (run.Checkpoint.Step, run.Checkpoint.Recipe.Steps);
        var made = run.IsFinished
            ? $"Trained for {Amount.Of(steps, "step")}"
            : $"Stopped after step {Amount.Whole(step)} of {Amount.Whole(steps)}";
        return run.Duration > TimeSpan.Zero ? $"{made}, in {Amount.Time(run.Duration)}." : $"{made}.";
    }

    private static Html Failure(RunFacts run) => !run.IsFinished && run.Sessions is [.., { Failure: { } message }]
        ? Html.Of($"""<p class="warning">{message}</p>""")
        : Html.None;

    private static Html Figures(RunFacts run)
    {
        var recent = run.Metrics.TakeLast(RecentSteps).ToArray();
        List<(string Name, string Value)> figures = [];
        if (recent.Length > 0)
        {
            var steps = recent.Length == 1 ? "last step" : $"mean of the last {recent.Length} steps";
            figures.Add(($"Loss, {steps}", FormattableString.Invariant($"{recent.Average(static step => step.Loss):G4}")));
            figures.Add(
                ("Images in a second", Amount.Whole((long)Math.Round(Median([.. recent.Select(static step => step.ImagesPerSecond)])))));
            figures.Add(("Wait for data", FormattableString.Invariant($"{Wait(run, recent):P0}")));
        }
        figures.Add(("Images seen", Amount.Whole((long)run.Checkpoint.Step * run.Checkpoint.Recipe.BatchSize)));
        if (run.Metrics is [.., { MemoryBytes: > 0 and var memory }]) figures.Add(("Memory of the process", Amount.Bytes(memory)));
        var cells = figures.Select(static one => Html.Of($"<div><dt>{one.Name}</dt><dd>{one.Value}</dd></div>"));
        return Html.Of($"""
            <dl class="figures">
            {Html.Lines(cells)}
            </dl>
            """);
    }

    private static double Median(double[] values) => values.Order().ElementAt(values.Length / 2);

    private static double Wait(RunFacts run, TrainingMetrics[] recent)
    {
        var all = recent.Sum(step => step.ImagesPerSecond > 0 ? run.Checkpoint.Recipe.BatchSize / step.ImagesPerSecond : 0);
        return all > 0 ? Math.Min(1, recent.Sum(static step => step.DataWaitSeconds) / all) : 0;
    }

    private static Html Explanation => Html.Of(
        $"<p>Lines are medians of neighboring steps; four of five steps lie in the shaded band.</p>");

    private static Html Curves(RunFacts run)
    {
        if (run.Metrics.Count < 2) return Html.None;
        var first = run.Metrics[^1].MseByTime;
        ChartLine[] byTime =
        [
            .. Enumerable.Range(0, first.Count).Select(i => new ChartLine(
                Interval(run.Spec?.Process, i, first.Count),
                [
                    .. run.Metrics
                        .Where(step => step.MseByTime.Count == first.Count && step.MseByTime[i] is not null)
                        .Select(step => new PlotPoint(step.Step, step.MseByTime[i] ?? 0)),
                ])),
        ];
        Html[] charts =
        [
            One("Loss", static step => step.Loss, isLog: true),
            ReportChart.Of("Squared error, by time", byTime, isLog: true),
            One("Variational bound", static step => step.VariationalBound, isLog: true),
            One("Norm of the gradient", static step => step.GradientNorm, isLog: true),
            One("Learning rate", static step => step.LearningRate, isLog: false),
            One("Images in a second", static step => step.ImagesPerSecond, isLog: false),
        ];
        return Html.Of($"""
            <section>
            <h2>Curves</h2>
            {(run.Metrics.Count > ReportChart.MostBuckets ? Explanation : Html.None)}
            <div class="charts">
            {Html.Lines(charts)}
            </div>
            </section>
            """);

        Html One(string title, Func<TrainingMetrics, double> value, bool isLog) => ReportChart.Of(
            title, [new(title, [.. run.Metrics.Select(step => new PlotPoint(step.Step, value(step)))])], isLog);
    }

    // From the data to the noise: timesteps, or times of a flow, whose data is at 1.
    private static string Interval(ProcessSpec? process, int i, int count)
    {
        var (from, to) = ((double)i / count, (double)(i + 1) / count);
        return process is null
            ? FormattableString.Invariant($"{from:P0}-{to:P0} of the time from data to noise")
            : process.Match(
                gaussian => FormattableString.Invariant(
                    $"t {Math.Floor(gaussian.Timesteps * from)}-{Math.Ceiling(gaussian.Timesteps * to) - 1}"),
                _ => FormattableString.Invariant($"t {1 - to:0.##}-{1 - from:0.##}"));
    }
}
