using System.Diagnostics;

namespace Dit.Runtime;

/// <summary>Measures the steps of a run, and writes the metrics.</summary>
internal sealed class TrainingLog : IDisposable
{
    private readonly TrainingRecipe recipe;
    private readonly MetricsFile? metrics;
    private readonly TensorBoardFile? events;
    private readonly Stopwatch sinceStart = Stopwatch.StartNew(), sinceTake = new();
    private TimeSpan waited, waitedInAll;

    private TrainingLog(TrainingFolder folder, TrainingRecipe recipe, IProcess process, int after, bool writes)
    {
        (this.recipe, metrics) = (recipe, writes ? new(folder.Metrics) : null);
        events = writes && folder.TensorBoard ? new(folder.Path, after) : null;
        ByTime = new(process, folder.TimeBuckets);
        Spikes = new(recipe.BatchSize, recipe.GradientClip is not null);
    }

    /// <summary>Starts the log of a run, or goes on with it.</summary>
    /// <param name="folder">Where it is written.</param>
    /// <param name="recipe">How the run trains.</param>
    /// <param name="process">The process it trains for.</param>
    /// <param name="after">Steps that the run has made; what was written about later ones is removed.</param>
    /// <param name="writes">Whether this process writes the files: the first one of several.</param>
    /// <exception cref="DitException">The metrics cannot be read or written.</exception>
    public static TrainingLog Open(TrainingFolder folder, TrainingRecipe recipe, IProcess process, int after, bool writes = true)
    {
        var log = new TrainingLog(folder, recipe, process, after, writes);
        if (writes) MetricsFile.Cut(folder.Metrics, after, log.Restore);
        return log;
    }

    /// <summary>Goes on where the process that writes has opened the log.</summary>
    /// <exception cref="DitException">The metrics cannot be read.</exception>
    public void Follow(TrainingFolder folder)
    {
        if (!File.Exists(folder.Metrics)) return;
        foreach (var line in TrainingMetrics.Read(folder.Metrics)) Restore(line);
    }

    /// <summary>The errors of all samples so far by their times.</summary>
    public LossByTime ByTime { get; }

    /// <summary>Compares the losses and gradients of steps with those before.</summary>
    public SpikeWatch Spikes { get; }

    /// <summary>The part of the time that the run has waited for its data, from 0 to 1.</summary>
    public double DataWait => waitedInAll / sinceStart.Elapsed;

    /// <summary>Begins a step by waiting for its data.</summary>
    public T Take<T>(Func<T> take)
    {
        sinceTake.Restart();
        var taken = take();
        waited = sinceTake.Elapsed;
        waitedInAll += waited;
        return taken;
    }

    /// <summary>Ends a step.</summary>
    /// <param name="step">The step, from 1.</param>
    /// <param name="made">What it gave.</param>
    /// <returns>What was written.</returns>
    /// <exception cref="DitException">A file cannot be written.</exception>
    public TrainingMetrics Add(int step, StepResult made)
    {
        ByTime.EndStep(step);
        var line = new TrainingMetrics
        {
            Step = step,
            Loss = made.Losses.Total,
            Mse = made.Losses.Mse,
            VariationalBound = made.Losses.VariationalBound,
            LearningRate = recipe.LearningRateAt(step),
            GradientNorm = made.GradientNorm,
            ImagesPerSecond = recipe.BatchSize / Math.Max(sinceTake.Elapsed.TotalSeconds, 1e-9),
            DataWaitSeconds = waited.TotalSeconds,
            MemoryBytes = Environment.WorkingSet,
            MseByTime = ByTime.Means,
            SamplesByTime = ByTime.Samples,
        };
        Spikes.Add(line);
        metrics?.Append(line);
        events?.Write(step, Scalars(line));
        return line;
    }

    /// <summary>Adds the grid of samples of a step to the event file.</summary>
    /// <exception cref="DitException">The file cannot be written.</exception>
    public void Add(int step, RgbImage grid) => events?.Write(step, "samples", grid);

    private IEnumerable<(string Tag, double Value)> Scalars(TrainingMetrics line)
    {
        yield return ("loss/total", line.Loss);
        yield return ("loss/mse", line.Mse);
        if (line.VariationalBound != 0) yield return ("loss/vb", line.VariationalBound);
        foreach (var (name, mean) in ByTime.Names.Zip(line.MseByTime))
            if (mean is { } value) yield return ($"mse_by_time/{name}", value);
        yield return ("optimizer/learning_rate", line.LearningRate);
        yield return ("optimizer/gradient_norm", line.GradientNorm);
        yield return ("speed/images_per_second", line.ImagesPerSecond);
        yield return ("speed/data_wait_seconds", line.DataWaitSeconds);
        yield return ("speed/memory_bytes", line.MemoryBytes);
    }

    private void Restore(TrainingMetrics line)
    {
        ByTime.Restore(line);
        Spikes.Add(line);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        metrics?.Dispose();
        events?.Dispose();
    }
}

/// <summary>What a step gave.</summary>
/// <param name="Losses">Its losses.</param>
/// <param name="GradientNorm">The 2-norm of its gradient, before clipping.</param>
internal readonly record struct StepResult(StepLosses Losses, double GradientNorm);
