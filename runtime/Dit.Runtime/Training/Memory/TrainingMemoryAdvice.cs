using System.Globalization;

namespace Dit.Runtime;

/// <summary>Whether training fits into the memory, and what would.</summary>
internal static class TrainingMemoryAdvice
{
    private const double Comfort = 0.9; // of what there is, for what is proposed

    /// <summary>Finds out whether training fits.</summary>
    /// <param name="card">The model.</param>
    /// <param name="recipe">How it is trained, by all processes together.</param>
    /// <param name="available">Bytes that there are for each process.</param>
    /// <param name="processes">How many processes share a batch.</param>
    /// <exception cref="DitException">It does not; the message names the options with which it does.</exception>
    public static void Require(ModelCard card, TrainingRecipe recipe, long available, int processes = 1)
    {
        var share = ShareOf(recipe, processes);
        var plan = TrainingMemoryPlan.Of(card, share);
        if (plan.Total <= available) return;
        string[] fitting = [.. Fitting(card, share, (long)(Comfort * available), processes)];
        var (among, each, forEach) = processes == 1 ? ("", "", "") : ($" in {processes} processes", " in each", " for each");
        throw new DitException(
            $"Training {card.Name} with a batch of {recipe.BatchSize}{among} needs about {TrainingMemoryPlan.Size(plan.Total)} of memory"
                + $"{each}, and there are {TrainingMemoryPlan.Size(available)}{forEach}: "
                + (fitting.Length == 0 ? $"not even a batch of {processes} fits." : $"{string.Join(", or ", fitting)} fits."));
    }

    /// <summary>What the process with the largest share of a batch computes.</summary>
    /// <param name="recipe">How all processes train together.</param>
    /// <param name="processes">How many they are.</param>
    public static TrainingRecipe ShareOf(TrainingRecipe recipe, int processes) =>
        WithBatch(recipe, (recipe.BatchSize + processes - 1) / processes);

    // Each alone, where it suffices: what computes the same step first. Else what saves the most, together.
    private static IEnumerable<string> Fitting(ModelCard card, TrainingRecipe recipe, long available, int processes)
    {
        var checkpointed = recipe with { ActivationCheckpointing = true };
        var alone = new[]
        {
            recipe.ActivationCheckpointing || !Fits(checkpointed) ? null : "--activation-checkpointing",
            Parts(recipe),
            Batch(recipe),
        }.OfType<string>().ToArray();
        if (alone.Length > 0) return alone;
        return new[] { Parts(checkpointed), Batch(checkpointed) }
            .OfType<string>()
            .Select(option => recipe.ActivationCheckpointing ? option : $"--activation-checkpointing {option}");

        bool Fits(TrainingRecipe other) => TrainingMemoryPlan.Of(card, other).Total <= available;

        string? Parts(TrainingRecipe recipe)
        {
            var most = recipe.BatchSize;
            if (!Fits(recipe with { Accumulation = most })) return null;
            var parts = Least(recipe.Accumulation, most, parts => Fits(recipe with { Accumulation = parts }));
            return Invariant($"--accumulate {parts}");
        }

        string? Batch(TrainingRecipe recipe)
        {
            if (!Fits(recipe with { BatchSize = 1, Accumulation = 1 })) return null;
            var batch = recipe.BatchSize - Least(0, recipe.BatchSize - 1, less => Fits(WithBatch(recipe, recipe.BatchSize - less)));
            return Invariant($"--batch {(long)processes * Rounded(batch)}");
        }
    }

    private static TrainingRecipe WithBatch(TrainingRecipe recipe, int batch) =>
        recipe with { BatchSize = batch, Accumulation = Math.Min(recipe.Accumulation, batch) };

    // The least number in a range with a property that all larger ones have.
    private static int Least(int low, int high, Func<int, bool> has)
    {
        while (low < high)
        {
            var middle = low + (high - low) / 2;
            if (has(middle)) high = middle;
            else low = middle + 1;
        }
        return low;
    }

    // Two digits, the others zero.
    private static int Rounded(int number)
    {
        var unit = (int)Math.Pow(10, Math.Max(0, Math.Floor(Math.Log10(number)) - 1));
        return number / unit * unit;
    }

    private static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
