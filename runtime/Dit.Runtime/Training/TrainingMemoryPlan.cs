using System.Globalization;

namespace Dit.Runtime;

/// <summary>
/// The memory that training on a processor takes beside what the process holds already, part by part, in bytes.
/// </summary>
/// <remarks>
/// It comes from the model's card and the recipe. <c>docs/performance.md</c> compares it with what was measured.
/// </remarks>
/// <param name="Weights">The parameters, those that are not trained included.</param>
/// <param name="Gradients">A gradient for each trained parameter.</param>
/// <param name="Optimizer">AdamW's two moments.</param>
/// <param name="Averages">The moving averages.</param>
/// <param name="Activations">
/// What the forward pass of a batch, or of a part of it, keeps for the backward pass, and what the latter needs besides.
/// </param>
/// <param name="Inputs">Batches: those that are prepared ahead, and the one at hand.</param>
/// <param name="Libraries">What libtorch and the runtime take while they train, whatever the model.</param>
public sealed record TrainingMemoryPlan(
    long Weights, long Gradients, long Optimizer, long Averages, long Activations, long Inputs, long Libraries)
{
    private const int Float = sizeof(float);
    private const int BatchesOfInput = 4; // two prepared ahead, one in the making, one at hand
    private const long OfLibraries = 150_000_000;

    /// <summary>All of it.</summary>
    public long Total => Weights + Gradients + Optimizer + Averages + Activations + Inputs + Libraries;

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
            Bytes(Float * part * (double)Kept(card, recipe)),
            Bytes(Float * recipe.BatchSize * BatchesOfInput * 2 * image), // images and noise
            OfLibraries);
    }

    private static double Kept(ModelCard card, TrainingRecipe recipe)
    {
        var kept = card.Activations ?? Guess(card);
        return (recipe.Precision == TrainingPrecision.Float32 ? 1 : 0.7)
            * (recipe.ActivationCheckpointing ? kept.Checkpointed + 1.5 * kept.OfBlock : kept.All + 0.5 * kept.OfBlock);
    }

    // For a card that was made by hand: of each token, in widths, two norms, their outputs, queries, keys and values, what
    // attention gives, two residuals, and the hidden layer of the MLP before and after its activation.
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
        $"weights {Size(Weights)}, gradients {Size(Gradients)}, optimizer {Size(Optimizer)}, averages {Size(Averages)}, activations {Size(Activations)}, inputs {Size(Inputs)}, libraries {Size(Libraries)}, in all about {Size(Total)}");

    /// <summary>The plan in a line, with the memory that is free now: <c>..., in all about 1.8 GB of 20.0 GB free</c>.</summary>
    public string OfFree() => $"{this} of {Size(AvailableMemory.Bytes())} free";

    internal static string Size(double bytes) => FormattableString.Invariant($"{bytes / 1e9:0.0} GB");
}
