namespace Dit.Runtime;

/// <summary>What one training step reports.</summary>
/// <param name="Step">The step just made, from 1.</param>
/// <param name="Steps">Steps of the whole run.</param>
/// <param name="Losses">The step's losses.</param>
/// <param name="StepsPerSecond">Mean speed of the run so far.</param>
/// <param name="ImagesPerSecond">Images seen in a second.</param>
public sealed record TrainingProgress(int Step, int Steps, StepLosses Losses, double StepsPerSecond, double ImagesPerSecond)
{
    /// <summary>The 2-norm of the step's gradient over all trained parameters, before it is clipped.</summary>
    public double GradientNorm { get; init; }

    /// <summary>The part of the time that the run has waited for its data so far, from 0 to 1.</summary>
    public double DataWait { get; init; }

    /// <summary>Resident memory of the process after the step, in bytes.</summary>
    public long MemoryBytes { get; init; }

    /// <summary>The report of a step, from the time the run has taken.</summary>
    /// <param name="step">The step just made, from 1.</param>
    /// <param name="recipe">The recipe.</param>
    /// <param name="losses">The step's losses.</param>
    /// <param name="elapsed">The time since the run began, or went on.</param>
    /// <param name="before">Steps that were made before it went on.</param>
    public static TrainingProgress At(int step, TrainingRecipe recipe, StepLosses losses, TimeSpan elapsed, int before = 0)
    {
        var speed = (step - before) / Math.Max(elapsed.TotalSeconds, 1e-9);
        return new(step, recipe.Steps, losses, speed, speed * recipe.BatchSize);
    }

    /// <summary>This report with what was measured of the step.</summary>
    internal TrainingProgress With(TrainingMetrics metrics, double dataWait) => this with
    {
        GradientNorm = metrics.GradientNorm,
        DataWait = dataWait,
        MemoryBytes = metrics.MemoryBytes,
    };
}

/// <summary>Losses of one step, means over its batch.</summary>
/// <param name="Total">What is minimized: the sum of the others.</param>
/// <param name="Mse">Mean squared error of the prediction; 0 where it is no part of the loss.</param>
/// <param name="VariationalBound">The term that trains the learned variance; 0 where the variance is fixed.</param>
public readonly record struct StepLosses(double Total, double Mse, double VariationalBound);

/// <summary>How a training run ended.</summary>
/// <param name="Step">Steps made.</param>
/// <param name="Cancelled">Whether it was stopped before its last step.</param>
/// <param name="Files">What it left, full paths.</param>
public sealed record TrainingResult(int Step, bool Cancelled, IReadOnlyList<string> Files);
