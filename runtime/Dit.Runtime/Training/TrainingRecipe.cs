using TorchSharp;
using TorchSharp.Modules;

namespace Dit.Runtime;

/// <summary>How a model is trained. The defaults are the DiT paper's recipe (arXiv 2212.09748, section 4).</summary>
/// <remarks>Label dropout is not here: it belongs to the model (<see cref="ModelCondition.Dropout"/>).</remarks>
public sealed record TrainingRecipe
{
    /// <summary>Optimizer steps; the paper compares models after 400,000.</summary>
    public int Steps { get; init; } = 400_000;

    /// <summary>Images of one step, N.</summary>
    public int BatchSize { get; init; } = 256;

    /// <summary>Learning rate of AdamW, constant after the warm-up.</summary>
    public double LearningRate { get; init; } = 1e-4;

    /// <summary>
    /// Steps over which the learning rate rises linearly to <see cref="LearningRate"/>; the paper uses none.
    /// </summary>
    public int WarmupSteps { get; init; }

    /// <summary>Decoupled weight decay of AdamW.</summary>
    public double WeightDecay { get; init; }

    /// <summary>Decay of AdamW's running mean of gradients.</summary>
    public double Beta1 { get; init; } = 0.9;

    /// <summary>Decay of AdamW's running mean of squared gradients.</summary>
    public double Beta2 { get; init; } = 0.999;

    /// <summary>Decay of the moving average of the weights.</summary>
    public double EmaDecay { get; init; } = 0.9999;

    /// <summary>
    /// Largest norm that the gradient may have before it is scaled down to it; null, as in the paper, never scales.
    /// </summary>
    public double? GradientClip { get; init; }

    /// <summary>Whether half of the images are mirrored, drawn anew each time.</summary>
    public bool HorizontalFlip { get; init; } = true;

    /// <summary>The same seed, data and model give the same weights.</summary>
    public long Seed { get; init; }

    /// <summary>The learning rate of a step.</summary>
    /// <param name="step">The step, from 1.</param>
    public double LearningRateAt(int step) =>
        step < WarmupSteps ? LearningRate * step / WarmupSteps : LearningRate;

    /// <summary>The optimizer of some parameters; the caller owns it.</summary>
    /// <param name="parameters">Those that training changes.</param>
    public AdamW CreateOptimizer(IEnumerable<Parameter> parameters) =>
        torch.optim.AdamW(parameters, LearningRate, Beta1, Beta2, weight_decay: WeightDecay);

    /// <summary>Makes sure that every number makes sense.</summary>
    /// <exception cref="DitException">A number is out of its range.</exception>
    public void Validate()
    {
        Require(Steps >= 1, "steps", Steps, "at least 1");
        Require(BatchSize >= 1, "batch", BatchSize, "at least 1");
        Require(LearningRate > 0 && double.IsFinite(LearningRate), "learning rate", LearningRate, "above 0");
        Require(WarmupSteps >= 0, "warm-up", WarmupSteps, "0 or more steps");
        Require(WeightDecay >= 0 && double.IsFinite(WeightDecay), "weight decay", WeightDecay, "0 or more");
        Require(Beta1 is >= 0 and < 1, "beta1", Beta1, "from 0 up to, not including, 1");
        Require(Beta2 is >= 0 and < 1, "beta2", Beta2, "from 0 up to, not including, 1");
        Require(EmaDecay is >= 0 and < 1, "EMA decay", EmaDecay, "from 0 up to, not including, 1");
        Require(GradientClip is null or > 0, "gradient clip", GradientClip ?? 0, "above 0");
    }

    private static void Require(bool holds, string name, double value, string range)
    {
        if (!holds) throw new DitException($"The {name} of a training recipe must be {range}; it is {value}.");
    }
}
