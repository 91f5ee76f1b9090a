using Dit.Runtime;

namespace Dit.Commands;

/// <content>The keys of training adapters.</content>
internal static partial class RunKeys
{
    private static readonly Dictionary<string, LoraTargets> LoraWords = new()
    {
        ["blocks"] = LoraTargets.Blocks,
        ["attention"] = LoraTargets.Attention,
        ["mlp"] = LoraTargets.Mlp,
        ["all"] = LoraTargets.All,
    };

    private static IEnumerable<RunKey> OfLora =>
    [
        OfRecipe(
            "lora", "--lora", "Train adapters of this rank (LoRA) on the weights of --from, and leave these as they are.",
            new OptionalWholeType(1, int.MaxValue), static recipe => recipe.Lora?.Rank,
            static (recipe, rank) => recipe with { Lora = rank is { } n ? WithRank(recipe.Lora, n) : null }),
        OfRecipe(
            "lora_alpha", "--lora-alpha", "Alpha of LoRA: adapters count alpha / rank times. [default: the rank]",
            new OptionalRealType(NumberRange.Positive), static recipe => recipe.Lora?.Alpha,
            static (recipe, alpha) => recipe with { Lora = Lora(recipe, "--lora-alpha") with { Alpha = alpha ?? recipe.Lora?.Rank ?? 0 } }),
        OfRecipe(
            "lora_targets", "--lora-targets",
            "The layers with adapters: those of attention, of the MLP, of both (blocks), or all linear layers.",
            new WordType<LoraTargets>(LoraWords), static recipe => recipe.Lora?.Targets ?? LoraTargets.Blocks,
            static (recipe, targets) => recipe with { Lora = Lora(recipe, "--lora-targets") with { Targets = targets } }) with
        {
            Applies = static run => run.Recipe.Lora is not null,
        },
    ];

    // An alpha that was not chosen goes with the rank.
    private static LoraOptions WithRank(LoraOptions? before, int rank) =>
        before is null ? new(rank) : before with { Rank = rank, Alpha = before.Alpha == before.Rank ? rank : before.Alpha };

    private static LoraOptions Lora(TrainingRecipe recipe, string option) =>
        recipe.Lora ?? throw new DitException($"{option} is a setting of adapters: give their rank with --lora, too.");
}
