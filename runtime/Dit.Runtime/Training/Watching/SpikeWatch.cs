namespace Dit.Runtime;

/// <summary>What becomes of a run whose loss or gradient is far above its usual values.</summary>
public enum SpikeAction
{
    /// <summary>The run ends before the step that would spoil the weights; the last good checkpoint is kept.</summary>
    Stop,

    /// <summary>
    /// A step with such a gradient leaves the weights as they are. Several such steps in a row, and a loss that stays
    /// high, end the run.
    /// </summary>
    Skip,

    /// <summary>Nothing: only numbers that are not finite end the run.</summary>
    Ignore,
}

/// <summary>Finds losses and gradients that are far above the usual ones of a run.</summary>
/// <remarks>
/// <para>
/// Two things are found. A gradient whose norm is more than 1,000 times the median of the last 200 steps would
/// dominate AdamW's moments for hundreds of steps; where gradients are clipped, it does no harm. A loss that is more
/// than 4 times the median of the 200 steps before, in 10 steps on end or for 128 samples, whichever is more, comes of
/// weights that have diverged.
/// </para>
/// <para>
/// A single high loss means nothing: the variational bound of one batch may be a hundred times the usual one, and the
/// timesteps of a small batch decide its loss. The rules are so wide since a false alarm ends a run of days.
/// </para>
/// </remarks>
/// <param name="batch">Samples of a step.</param>
/// <param name="clipped">Whether gradients are clipped.</param>
internal sealed class SpikeWatch(int batch, bool clipped)
{
    private const int Window = 200, Fewest = 100; // steps
    private const double LossFactor = 4, NormFactor = 1000;
    private const int FewestHighSteps = 10, FewestHighSamples = 128;
    private const int MostSkipped = 10; // in a row

    private readonly Recent losses = new(Window), norms = new(Window);
    private readonly List<double> high = []; // the losses of the last steps, while they are high
    private int highNorms; // in a row, up to the last step

    private int HighSteps { get; } = Math.Max(FewestHighSteps, (FewestHighSamples + batch - 1) / batch);

    /// <summary>Compares a step with those before.</summary>
    /// <param name="step">The step, from 1.</param>
    /// <param name="loss">Its loss.</param>
    /// <param name="norm">The norm of its gradient, before clipping.</param>
    /// <returns>What is wrong; null for nothing.</returns>
    public Spike? Of(int step, double loss, double norm)
    {
        if (IsHighNorm(norm))
            return new(
                Sentence($"norm of the gradient at step {step} is {norm:G4}", norm, norms.Median),
                step,
                IsOfGradient: true,
                MayBeSkipped: highNorms < MostSkipped);
        if (!IsHigh(loss) || high.Count + 1 < HighSteps) return null;
        var first = step - high.Count; // the weights are the cause, and later steps would be no better
        return new(
            $"{Sentence($"loss at step {step} is {loss:G4}", loss, losses.Median)}, and it has been high since step {first}",
            first,
            IsOfGradient: false,
            MayBeSkipped: false);
    }

    private static string Sentence(FormattableString what, double value, double usual) =>
        $"The {FormattableString.Invariant(what)}, "
            + FormattableString.Invariant($"{value / Math.Max(usual, double.Epsilon):N0} times its usual {usual:G4}");

    /// <summary>Takes note of a step.</summary>
    public void Add(TrainingMetrics step)
    {
        highNorms = IsHighNorm(step.GradientNorm) ? highNorms + 1 : 0;
        norms.Add(step.GradientNorm);
        if (IsHigh(step.Loss) && high.Count < HighSteps) // after so many of them, somebody has decided to go on
        {
            high.Add(step.Loss);
            return;
        }
        foreach (var before in high) losses.Add(before);
        high.Clear();
        losses.Add(step.Loss);
    }

    private bool IsHigh(double loss) => losses.IsAbove(loss, LossFactor);

    private bool IsHighNorm(double norm) => !clipped && norms.IsAbove(norm, NormFactor);

    /// <summary>The last values, and their median.</summary>
    private sealed class Recent(int most)
    {
        private readonly Queue<double> values = [];
        private double? median;

        public double Median => median ??= Middle();

        // Ratios mean something where values are positive.
        public bool IsAbove(double value, double factor) => values.Count >= Fewest && Median > 0 && value > factor * Median;

        public void Add(double value)
        {
            values.Enqueue(value);
            if (values.Count > most) values.Dequeue();
            median = null;
        }

        private double Middle()
        {
            double[] sorted = [.. values.Order()];
            return (sorted[(sorted.Length - 1) / 2] + sorted[sorted.Length / 2]) / 2;
        }
    }
}

/// <summary>A loss or a gradient far above the usual ones.</summary>
/// <param name="Text">What is wrong, in a sentence without a full stop.</param>
/// <param name="FirstStep">The first step that is affected.</param>
/// <param name="IsOfGradient">Whether the gradient is large; else the loss has stayed high.</param>
/// <param name="MayBeSkipped">Whether it may do to leave the step out.</param>
internal sealed record Spike(string Text, int FirstStep, bool IsOfGradient, bool MayBeSkipped);
