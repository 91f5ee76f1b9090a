using Dit.Runtime;

namespace Dit.Benchmarks;

/// <summary>Measures all that was asked for.</summary>
internal static class Comparison
{
    /// <summary>
    /// Runs the parts one after the other; when asked to stop, or when one fails, gives what there is.
    /// </summary>
    /// <returns>What was measured, and why that is not all, if something failed.</returns>
    public static (BenchReport Report, Exception? Failure) Run(Bench bench)
    {
        var options = bench.Options;
        var malloc = options.TuneMalloc && Malloc.Tune() ? "tuned" : "default";
        var rows = new List<BenchRow>();
        MatrixPeak? peak = null;
        Exception? failure = null;
        try
        {
            if (options.Parts.Any(static part => part is "forward" or "ddim" or "training")) peak = MatrixPeak.Measure(bench);
            foreach (var part in options.Parts)
            {
                bench.Cancellation.ThrowIfCancellationRequested();
                foreach (var row in Rows(part, bench)) rows.Add(row);
            }
            peak = peak?.Or(MatrixPeak.Measure(bench));
        }
        catch (OperationCanceledException) when (bench.Cancellation.IsCancellationRequested)
        {
            // What was measured until now is reported as a part.
        }
        catch (Exception e)
        {
            failure = e; // after minutes of measuring, what was measured is not to be lost
        }
        finally
        {
            bench.Status.Clear();
        }
        var partial = failure is not null || bench.Cancellation.IsCancellationRequested;
        return (
            new(
                BenchReport.CurrentVersion,
                partial,
                Machine.Here(),
                new(options.Device, options.Arithmetic, malloc, BenchPart.BaselineName),
                peak,
                [.. rows.Select(row => row.Of(peak))]),
            failure);
    }

    private static IEnumerable<BenchRow> Rows(string part, Bench bench)
    {
        var models = bench.Options.Models;
        return part switch
        {
            "forward" => models.SelectMany(model => model.Accept(new ForwardPart(bench))),
            "ddim" => models[0].Accept(new SamplingPart(bench)),
            "solvers" => models[0].Accept(new SolverPart(bench)),
            "training" => models[0].Accept(new TrainingPart(bench)),
            "training-data" => (models.FirstOrDefault(static model => TrainingDataPart.Fits(model.Card)) ?? TrainingDataPart.Demo)
                .Accept(new TrainingDataPart(bench)),
            "load" => models[^1].Accept(new LoadPart(bench)),
            "generator" => new GeneratorPart(bench).Measure(),
            _ => throw new InvalidOperationException($"There is no part '{part}'."),
        };
    }
}
