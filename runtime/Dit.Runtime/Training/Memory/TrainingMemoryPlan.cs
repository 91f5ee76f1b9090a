using System.Globalization;

namespace Dit.Runtime;

/// <summary>
/// The most memory that a process takes that trains on a processor, part by part, in bytes.
/// </summary>
/// <remarks>
/// It comes from the model's card and the recipe; <c>docs/performance.md</c> compares it with what was measured. What
/// the data set keeps in memory, such as decoded images, is not part of it.
/// </remarks>
/// <param name="Weights">The parameters, those that are not trained included.</param>
/// <param name="Gradients">A gradient for each trained parameter.</param>
/// <param name="Optimizer">AdamW's two moments.</param>
/// <param name="Averages">The moving averages.</param>
/// <param name="Activations">
/// What the forward pass of a batch, or of a part of it, keeps for the backward pass, and what the latter needs
/// besides.
/// </param>
/// <param name="Inputs">Batches: those that are prepared ahead, and the one at hand.</param>
/// <param name="Process">The runtime, libtorch, and what they take whatever the model.</param>
public sealed record TrainingMemoryPlan(
    long Weights, long Gradients, long Optimizer, long Averages, long Activations, long Inputs, long Process)
{
    private const int Float = sizeof(float);
    private const int BatchesOfInput = 4; // two prepared ahead, one in the making, one at hand
    private const long OfProcess = 230_000_000; // measured, as the numbers below

    // In backward passes, gradients and freed tensors of other sizes lie beside what is kept. Of these, what a
    // checkpointed block computes again grows with the batch. The rest, in blocks' worth of activations, grows to a
    // limit: the C library returns large tensors at once.
    private static readonly Slack OfKernels = new(Beside: 3.6, BesideCheckpoints: 2.55, Most: 0.4e9);
    private static readonly Slack OfOperators = new(Beside: 4.4, BesideCheckpoints: 3.3, Most: 1e9);
    private const double BlocksAgain = 2.2;

    private const double Half = 0.48; // of the memory in float32, for what blocks compute in 16 bits

    /// <summary>All of it.</summary>
    public long Total => Weights + Gradients + Optimizer + Averages + Activations + Inputs + Process;

    /// <summary>The plan of a model and a recipe.</summary>
    /// <param name="card">The model.</param>
    /// <param name="recipe">How it is trained.</param>
    public static TrainingMemoryPlan Of(ModelCard card, TrainingRecipe recipe)
    {
        var part = (recipe.BatchSize + recipe.Accumulation - 1) / recipe.Accumulation;
        var image = (double)card.Input.Channels * card.Input.Height * card.Input.Width;
        var adapters = recipe.Lora?.About(card);
        var (trained, averaged) = (adapters ?? card.TrainableParameters, adapters ?? card.Parameters);
        return new(
            Float * (card.Parameters + (adapters ?? 0)),
            Float * trained,
            2 * Float * trained,
            ((recipe.PostHocEma is null ? 1 : 3) + (recipe.FurtherEma?.Values.Count ?? 0)) * Float * averaged,
            Bytes(Kept(card, recipe, part)),
            Bytes(Float * recipe.BatchSize * BatchesOfInput * 2 * image), // images and noise
            OfProcess);
    }

    private static double Kept(ModelCard card, TrainingRecipe recipe, int part)
    {
        var kept = card.Activations ?? Guess(card);
        var (outside, all, block) = (OfPart(kept.Checkpointed), OfPart(kept.All), OfPart(kept.OfBlock));
        var half = recipe.Precision == TrainingPrecision.Float32 ? 1 : Half;
        var slack = card is { Backbone: "dit", Block: null } ? OfKernels : OfOperators;
        return recipe.ActivationCheckpointing
            ? outside + half * BlocksAgain * block + Math.Min(half * slack.BesideCheckpoints * block, slack.Most)
            : outside + half * (all - outside) + Math.Min(half * slack.Beside * block, slack.Most);

        double OfPart(long elements) => (double)Float * part * elements;
    }

    // For a card that was made by hand: of each token, in widths, two norms, their outputs, queries, keys and values,
    // what attention gives, two residuals, and the hidden layer of the MLP before and after its activation.
    private static KeptActivations Guess(ModelCard card)
    {
        var (t, d) = ((double)card.Tokens, (double)card.Width);
        var hidden = Math.Max(0, (card.Macs / (t * card.Depth * d * d) - 4 - 2 * t / d) / 2);
        var block = t * d * (10 + 2 * hidden);
        return new(Bytes(card.Depth * block), Bytes(card.Depth * t * d), Bytes(block));
    }

    private static long Bytes(double number) => (long)Math.Min(number, long.MaxValue / 16);

    /// <summary>The plan in a line: <c>weights 0.1 GB, ..., in all about 1.8 GB</c>.</summary>
    public override string ToString() => string.Create(
        CultureInfo.InvariantCulture,
        $"weights {Size(Weights)}, gradients {Size(Gradients)}, optimizer {Size(Optimizer)}, averages {Size(Averages)}, activations "
            + $"{Size(Activations)}, inputs {Size(Inputs)}, process {Size(Process)}, in all about {Size(Total)}");

    /// <summary>
    /// The plan in a line, with the memory that there is for this process: <c>..., in all about 1.8 GB of 20.0 GB</c>.
    /// </summary>
    public string OfAvailable() => $"{this} of {Size(Available)}";

    /// <summary>Bytes that this process holds or may still take.</summary>
    internal static long Available => AvailableMemory.Bytes() + Environment.WorkingSet;

    internal static string Size(double bytes) => FormattableString.Invariant($"{bytes / 1e9:0.0} GB");

    // Of blocks whose tensors lie in memory that is kept for the next step, or that libtorch's operators compute in
    // part.
    private sealed record Slack(double Beside, double BesideCheckpoints, double Most);
}
