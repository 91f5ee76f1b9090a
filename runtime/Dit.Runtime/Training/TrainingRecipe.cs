using TorchSharp;
using TorchSharp.Modules;

namespace Dit.Runtime;

/// <summary>How a model is trained. The defaults are the DiT paper's recipe (arXiv 2212.09748, section 4).</summary>
/// <remarks>Label dropout is not here: it belongs to the model (<see cref="ModelCondition.Dropout"/>).</remarks>
public sealed record TrainingRecipe
{
    /// <summary>
    /// A recipe for small images and runs of minutes to an hour, in which the paper's learns next to nothing: a
    /// learning rate ten times as high, after a warm-up and with clipped gradients, batches of 64, and an average that
    /// is short enough for the run. Nothing is mirrored: digits and letters have a left and a right.
    /// </summary>
    /// <remarks>docs/training.md has what each of these changes, measured on handwritten digits.</remarks>
    public static TrainingRecipe Short { get; } = new()
    {
        Steps = 8_000,
        BatchSize = 64,
        LearningRate = 1e-3,
        WarmupSteps = 200,
        GradientClip = 1,
        EmaDecay = 0.999,
        EmaWarmup = true,
        HorizontalFlip = false,
    };

    /// <summary>Optimizer steps; the paper compares models after 400,000.</summary>
    public int Steps { get; init; } = 400_000;

    /// <summary>Images of one step, N.</summary>
    public int BatchSize { get; init; } = 256;

    /// <summary>
    /// Parts that a batch is computed in, one after the other, their gradients added: each takes its share of the
    /// memory, and the step is the same to float rounding.
    /// </summary>
    public int Accumulation { get; init; } = 1;

    /// <summary>
    /// Whether only the arguments of each block are kept for the backward pass, and its activations computed again
    /// (activation checkpointing, arXiv 1604.06174): a step takes longer and much less memory. The gradients are the
    /// same, bit for bit.
    /// </summary>
    public bool ActivationCheckpointing { get; init; }

    /// <summary>
    /// What the matrix products and the attention of the blocks are computed in. Weights, moments, averages, norms,
    /// embeddings, the last layer and the loss are float32 in any case.
    /// </summary>
    public TrainingPrecision Precision { get; init; }

    /// <summary>Largest learning rate of AdamW, reached after the warm-up.</summary>
    public double LearningRate { get; init; } = 1e-4;

    /// <summary>The learning rate after the warm-up; the paper keeps it constant.</summary>
    public LearningRateSchedule Schedule { get; init; } = LearningRateSchedule.Constant;

    /// <summary>
    /// Steps over which the learning rate rises linearly to <see cref="LearningRate"/>; the paper uses none.
    /// </summary>
    public int WarmupSteps { get; init; }

    /// <summary>Decoupled weight decay of AdamW.</summary>
    public double WeightDecay { get; init; }

    /// <summary>
    /// Whether weight decay is for all parameters, as in the paper's code, or for matrices and convolutions only: not
    /// for biases, scales and shifts of norms, and tables of embeddings and positions.
    /// </summary>
    public bool DecayAll { get; init; } = true;

    /// <summary>Decay of AdamW's running mean of gradients.</summary>
    public double Beta1 { get; init; } = 0.9;

    /// <summary>Decay of AdamW's running mean of squared gradients.</summary>
    public double Beta2 { get; init; } = 0.999;

    /// <summary>Decay of the moving average of the weights.</summary>
    public double EmaDecay { get; init; } = 0.9999;

    /// <summary>
    /// Decays of further moving averages, kept beside that of <see cref="EmaDecay"/>; null keeps none. Each becomes a
    /// file of weights of its own (<see cref="TrainingFolder.WeightsOf"/>).
    /// </summary>
    public EmaDecays? FurtherEma { get; init; }

    /// <summary>
    /// Whether the moving average starts with a small decay, so that it soon leaves the untrained weights
    /// (<see cref="ExponentialMovingAverage.WarmUp"/>); the paper does without.
    /// </summary>
    public bool EmaWarmup { get; init; }

    /// <summary>
    /// Power-function averages that are kept besides, to reconstruct an average of any length from after the run
    /// (arXiv 2312.02696); null keeps none.
    /// </summary>
    public PostHocEma? PostHocEma { get; init; }

    /// <summary>
    /// Largest norm that the gradient may have before it is scaled down to it; null, as in the paper, never scales.
    /// </summary>
    public double? GradientClip { get; init; }

    /// <summary>
    /// gamma of min-SNR weighting (Hang et al., arXiv 2303.09556, section 3.4), 5 in the paper: the squared error of a
    /// sample is weighted as one of the predicted data by min(SNR, gamma). Null weights all samples alike. For Gaussian
    /// diffusions.
    /// </summary>
    public double? MinSnrGamma { get; init; }

    /// <summary>How the times of a step are drawn; the paper draws them uniformly.</summary>
    public TimeSampling TimeSampling { get; init; } = TimeSampling.Uniform;

    /// <summary>
    /// Adapters that are trained in place of the model's own weights (LoRA, arXiv 2106.09685); null trains the model.
    /// </summary>
    public LoraOptions? Lora { get; init; }

    /// <summary>Whether half of the images are mirrored, drawn anew each time.</summary>
    public bool HorizontalFlip { get; init; } = true;

    /// <summary>The same seed, data and model give the same weights.</summary>
    public long Seed { get; init; }

    /// <summary>The learning rate of a step.</summary>
    /// <param name="step">The step, from 1.</param>
    public double LearningRateAt(int step)
    {
        if (step < WarmupSteps) return LearningRate * step / WarmupSteps;
        var first = Math.Max(WarmupSteps, 1); // the first step at the full rate; the last one is not 0 yet
        var done = Math.Min(1, (double)(step - first) / (Steps - first + 1));
        return LearningRate * Schedule switch
        {
            LearningRateSchedule.Linear => 1 - done,
            LearningRateSchedule.Cosine => (1 + Math.Cos(Math.PI * done)) / 2,
            _ => 1,
        };
    }

    /// <summary>The decay of the moving average in a step.</summary>
    /// <param name="step">The step, from 1.</param>
    public double EmaDecayAt(int step) => DecayAt(step, EmaDecay);

    /// <summary>The decay of a further moving average in a step.</summary>
    internal double DecayAt(int step, double decay) => EmaWarmup ? ExponentialMovingAverage.WarmUp(decay, step) : decay;

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
        Require(Accumulation >= 1 && Accumulation <= BatchSize, "accumulation", Accumulation, "from 1 to the batch");
        Require(MinSnrGamma is null or (> 0 and < double.PositiveInfinity), "gamma of min-SNR", MinSnrGamma ?? 0, "above 0");
        Require(LearningRate > 0 && double.IsFinite(LearningRate), "learning rate", LearningRate, "above 0");
        Require(WarmupSteps >= 0, "warm-up", WarmupSteps, "0 or more steps");
        Require(WeightDecay >= 0 && double.IsFinite(WeightDecay), "weight decay", WeightDecay, "0 or more");
        Require(Beta1 is >= 0 and < 1, "beta1", Beta1, "from 0 up to, not including, 1");
        Require(Beta2 is >= 0 and < 1, "beta2", Beta2, "from 0 up to, not including, 1");
        foreach (var decay in (double[])[EmaDecay, .. FurtherEma?.Values ?? []])
            Require(decay is >= 0 and < 1, "EMA decay", decay, "from 0 up to, not including, 1");
        foreach (var decay in FurtherEma?.Values ?? [])
            Require(decay != EmaDecay && FurtherEma?.Values.Count(other => other == decay) == 1, "EMA decays", decay, "all different");
        foreach (var length in PostHocEma?.Lengths ?? []) PowerProfile.RequireLength(length);
        Require(
            PostHocEma is null || PostHocEma.Shorter < PostHocEma.Longer,
            "shorter average",
            PostHocEma?.Shorter ?? 0,
            "shorter than the longer one");
        Require(GradientClip is null or (> 0 and < double.PositiveInfinity), "gradient clip", GradientClip ?? 0, "above 0");
        Lora?.Validate();
    }

    private static void Require(bool holds, string name, double value, string range)
    {
        if (!holds) throw new DitException($"The {name} of a training recipe must be {range}; it is {value}.");
    }
}

/// <summary>How the learning rate goes on after the warm-up.</summary>
public enum LearningRateSchedule
{
    /// <summary>It stays.</summary>
    Constant,

    /// <summary>It falls linearly, and would be 0 one step after the last.</summary>
    Linear,

    /// <summary>It falls as half a period of a cosine (SGDR, arXiv 1608.03983, without restarts).</summary>
    Cosine,
}
