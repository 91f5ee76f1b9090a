using System.Globalization;
using static TorchSharp.torch;

namespace Dit.Runtime.Tests;

/// <summary>The memory that training is planned to take, and what is proposed where it is too much.</summary>
public class TrainingMemoryPlanTests
{
    private static readonly TrainingRecipe Recipe = new() { BatchSize = 256 };

    private static readonly ModelCard Card = GoldenP2.Card with
    {
        Name = "Big",
        Parameters = 100_000_000,
        TrainableParameters = 100_000_000,
        Activations = new(All: 20_000_000, Checkpointed: 1_000_000, OfBlock: 1_500_000),
    };

    [Fact]
    public void It_has_every_part()
    {
        var plan = TrainingMemoryPlan.Of(Card, Recipe with { BatchSize = 10 });
        Assert.Equal((400_000_000, 400_000_000, 800_000_000, 400_000_000), (plan.Weights, plan.Gradients, plan.Optimizer, plan.Averages));
        Assert.True(plan.Activations >= 10 * 80_000_000L);
        Assert.StartsWith("weights 0.4 GB, gradients 0.4 GB, optimizer 0.8 GB, averages 0.4 GB, activations ", plan.ToString(),
            StringComparison.Ordinal);
        Assert.Equal(3 * plan.Averages, TrainingMemoryPlan.Of(Card, Recipe with { PostHocEma = new() }).Averages);
    }

    [Fact]
    public void Parts_of_a_batch_checkpointing_and_bfloat16_take_less()
    {
        var whole = TrainingMemoryPlan.Of(Card, Recipe).Activations;
        Assert.Equal(
            TrainingMemoryPlan.Of(Card, Recipe with { BatchSize = 64 }).Activations,
            TrainingMemoryPlan.Of(Card, Recipe with { Accumulation = 4 }).Activations);
        Assert.True(TrainingMemoryPlan.Of(Card, Recipe with { ActivationCheckpointing = true }).Activations < whole / 3);
        Assert.True(TrainingMemoryPlan.Of(Card, Recipe with { Precision = TrainingPrecision.BFloat16 }).Activations < whole);
    }

    [Theory]
    [InlineData(20, "--activation-checkpointing, or --accumulate ")]
    [InlineData(20, ", or --batch ")]
    [InlineData(2.55, "GB: --activation-checkpointing --accumulate ")]
    [InlineData(1, "not even a batch of 1 fits.")]
    public void What_does_not_fit_is_refused_with_the_options_with_which_it_does(double gigabytes, string proposed)
    {
        var message = Assert.Throws<DitException>(() => TrainingMemoryAdvice.Require(Card, Recipe, (long)(1e9 * gigabytes))).Message;
        Assert.Contains("Training Big with a batch of 256 needs about ", message, StringComparison.Ordinal);
        Assert.Contains(proposed, message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(20, ", or --batch ")]
    [InlineData(2.55, "GB for each: --activation-checkpointing --accumulate ")]
    [InlineData(1, "not even a batch of 3 fits.")]
    public void Several_processes_are_told_of_the_batch_that_they_share(double gigabytes, string proposed)
    {
        var (recipe, available) = (Recipe with { BatchSize = 766 }, (long)(1e9 * gigabytes)); // 256 for the process that has most
        TrainingMemoryAdvice.Require(Card, recipe, TrainingMemoryPlan.Of(Card, Recipe).Total, processes: 3);

        var message = Assert.Throws<DitException>(() => TrainingMemoryAdvice.Require(Card, recipe, available, processes: 3)).Message;
        Assert.Contains("Training Big with a batch of 766 in 3 processes needs about ", message, StringComparison.Ordinal);
        Assert.Contains(" GB of memory in each, and there are ", message, StringComparison.Ordinal);
        Assert.Contains(proposed, message, StringComparison.Ordinal);

        if (proposed.StartsWith("not ", StringComparison.Ordinal)) return;
        foreach (var option in Proposed(message))
            TrainingMemoryAdvice.Require(Card, With(recipe, option.Split(' ')), available, processes: 3);
    }

    [Fact]
    public void What_is_proposed_fits()
    {
        var random = new Random(4);
        for (var i = 0; i < 300; i++)
        {
            var recipe = Recipe with
            {
                BatchSize = random.Next(1, 10_000),
                ActivationCheckpointing = random.Next(2) == 0,
            };
            var free = (long)(random.NextDouble() * 4e11);
            if (TrainingMemoryPlan.Of(Card, recipe).Total <= free)
            {
                TrainingMemoryAdvice.Require(Card, recipe, free);
                continue;
            }
            var message = Assert.Throws<DitException>(() => TrainingMemoryAdvice.Require(Card, recipe, free)).Message;
            if (message.EndsWith("not even a batch of 1 fits.", StringComparison.Ordinal))
            {
                var least = recipe with { BatchSize = 1, ActivationCheckpointing = true };
                Assert.True(TrainingMemoryPlan.Of(Card, least).Total > 0.9 * free);
                continue;
            }
            foreach (var option in Proposed(message)) TrainingMemoryAdvice.Require(Card, With(recipe, option.Split(' ')), free);
        }
    }

    private static string[] Proposed(string message) =>
        message.Split(": ")[1].Replace(" fits.", "", StringComparison.Ordinal).Split(", or ");

    private static TrainingRecipe With(TrainingRecipe recipe, string[] words)
    {
        for (var i = 0; i < words.Length; i++)
            recipe = words[i] switch
            {
                "--activation-checkpointing" => recipe with { ActivationCheckpointing = true },
                "--accumulate" => recipe with { Accumulation = Number(words[++i]) },
                "--batch" => recipe with { BatchSize = Number(words[++i]) },
                var other => throw new InvalidOperationException(other),
            };
        return recipe;

        static int Number(string word) => int.Parse(word, CultureInfo.InvariantCulture);
    }
}
