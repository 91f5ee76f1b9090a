using System.CommandLine;
using Dit.Runtime;

namespace Dit.Commands;

/// <summary><c>dit plot</c>: the metrics of training runs as curves in one picture.</summary>
internal static class PlotCommand
{
    private const int MostRuns = 18; // colors that can be told apart
    private const int LongestName = 40;

    // What is positive by nature is compared by ratio.
    private static readonly Dictionary<string, Curve> Curves = new()
    {
        ["loss"] = new(static step => step.Loss, IsLog: true),
        ["mse"] = new(static step => step.Mse, IsLog: true),
        ["vb"] = new(static step => step.VariationalBound, IsLog: true),
        ["gradient-norm"] = new(static step => step.GradientNorm, IsLog: true),
        ["learning-rate"] = new(static step => step.LearningRate, IsLog: false),
        ["images-per-second"] = new(static step => step.ImagesPerSecond, IsLog: false),
    };

    public static Command Create(CommandContext context)
    {
        var runs = new Argument<string[]>("RUN")
        {
            Description = "The folders of the runs.",
            Arity = ArgumentArity.OneOrMore,
        };
        var output = new Option<string>("--out", "-o") { Description = "The picture, a PNG file.", HelpName = "FILE", Required = true };
        var metric = new Option<string>("--metric") { Description = "What to show.", DefaultValueFactory = static _ => "loss" };
        metric.AcceptOnlyFromAmong([.. Curves.Keys]);
        var command = new Command(
            "plot",
            "Compare training runs: their losses as curves in one picture, smoothed, with each step as a dot.")
        {
            runs,
            output,
            metric,
        };
        command.SetAction(parsed =>
            Run(context, parsed.GetRequiredValue(runs), parsed.GetRequiredValue(output), parsed.GetRequiredValue(metric)));
        return command;
    }

    private static void Run(CommandContext context, string[] runs, string output, string metric)
    {
        if (runs.Length > MostRuns)
            throw new DitException($"{runs.Length} runs were named: a plot has colors for {MostRuns}. Plot fewer at a time.");
        if (!string.Equals(Path.GetExtension(output), ".png", StringComparison.OrdinalIgnoreCase))
            throw new DitException($"--out is '{output}': a plot is a PNG file, so name one that ends in .png.");
        var target = AtomicFile.FullPath(output);
        AtomicFile.RequireWritable(target);
        var (curve, names) = (Curves[metric], Names(runs));
        PlotSeries[] series = [.. runs.Zip(names, (run, name) => new PlotSeries(name, Points(run, curve)))];
        if (curve.IsLog && series.FirstOrDefault(static one => one.Points.All(static point => point.Y <= 0)) is { } empty)
            throw new DitException($"The run '{empty.Name}' has no {metric} above 0 to show.");
        Plot.LossCurve(target, $"{metric} by step", series, new PlotOptions(
            Height: Math.Max(500, 200 + 24 * runs.Length), YLabel: metric, LogY: curve.IsLog));
        context.Out.WriteLine($"Wrote {target}");
    }

    private static PlotPoint[] Points(string run, Curve curve)
    {
        var path = Path.Combine(run, TrainingFolder.MetricsName);
        if (!Directory.Exists(run)) throw new DitException($"There is no folder '{run}': name the folder of a run of 'dit train'.");
        if (!File.Exists(path))
            throw new DitException(
                $"The folder '{run}' has no {TrainingFolder.MetricsName}: it is not the folder of a run of 'dit train', or an earlier "
                    + $"version made it.");
        PlotPoint[] points = [.. TrainingMetrics.Read(path).Select(step => new PlotPoint(step.Step, curve.Of(step)))];
        return points.Length > 0 ? points : throw new DitException($"'{path}' holds no step yet.");
    }

    /// <summary>The names of the folders, or their paths where two have the same name.</summary>
    internal static IReadOnlyList<string> Names(IReadOnlyList<string> runs)
    {
        string[] names = [.. runs.Select(static run => Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(run))))];
        var shown = names.Distinct(StringComparer.Ordinal).Count() == names.Length ? names : runs;
        return [.. shown.Select(static name => name.Length <= LongestName ? name : $"...{name[^(LongestName - 3)..]}")];
    }

    /// <summary>A curve of a run.</summary>
    /// <param name="Of">Its value at a step.</param>
    /// <param name="IsLog">Whether its axis is logarithmic.</param>
    private sealed record Curve(Func<TrainingMetrics, double> Of, bool IsLog);
}
