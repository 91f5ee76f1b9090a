using TorchSharp;
using static TorchSharp.torch;

namespace Dit.Runtime.Tests;

public class TrainingPartsTests
{
    [Fact]
    public void The_recipe_defaults_are_the_papers()
    {
        var recipe = new TrainingRecipe();
        Assert.Equal((1e-4, 0.0, 0.9, 0.999), (recipe.LearningRate, recipe.WeightDecay, recipe.Beta1, recipe.Beta2));
        Assert.Equal((256, 400_000, 0.9999), (recipe.BatchSize, recipe.Steps, recipe.EmaDecay));
        Assert.True(recipe.HorizontalFlip);
        Assert.Null(recipe.GradientClip);
        Assert.Equal(1e-4, recipe.LearningRateAt(1));
        Assert.Equal(1e-4, recipe.LearningRateAt(400_000));
    }

    [Fact]
    public void Warmup_raises_the_learning_rate_in_a_line()
    {
        var recipe = new TrainingRecipe { LearningRate = 1, WarmupSteps = 4 };
        Assert.Equal([0.25, 0.5, 0.75, 1, 1], Enumerable.Range(1, 5).Select(recipe.LearningRateAt));
    }

    public static TheoryData<TrainingRecipe, string> BadRecipes => new()
    {
        { new() { Steps = 0 }, "The steps of a training recipe must be at least 1; it is 0." },
        { new() { BatchSize = -1 }, "The batch of a training recipe must be at least 1; it is -1." },
        { new() { LearningRate = double.NaN }, "The learning rate of a training recipe must be above 0; it is NaN." },
        { new() { EmaDecay = 1 }, "The EMA decay of a training recipe must be from 0 up to, not including, 1; it is 1." },
        { new() { GradientClip = 0 }, "The gradient clip of a training recipe must be above 0; it is 0." },
        { new() { WarmupSteps = -1 }, "The warm-up of a training recipe must be 0 or more steps; it is -1." },
    };

    [Theory, MemberData(nameof(BadRecipes))]
    public void A_recipe_with_an_impossible_number_is_refused(TrainingRecipe recipe, string message) =>
        Assert.Equal(message, Assert.Throws<DitException>(recipe.Validate).Message);

    [Fact]
    public void Label_dropout_hides_the_wanted_share_and_keeps_the_rest()
    {
        using var random = new Generator(3);
        using var labels = arange(20_000, dtype: ScalarType.Int64).remainder(10);
        using var hidden = LabelDropout.Apply(labels, 0.1, 10, random);
        var pairs = labels.data<long>().Zip(hidden.data<long>()).ToArray();
        var share = pairs.Count(pair => pair.Second == 10) / 20_000.0;
        Assert.InRange(share, 0.09, 0.11);
        Assert.All(pairs, pair => Assert.True(pair.Second == 10 || pair.Second == pair.First));
    }

    [Theory]
    [InlineData(0, false)]
    [InlineData(1, true)]
    public void Label_dropout_of_nothing_or_all_is_exact(double probability, bool allHidden)
    {
        using var random = new Generator(3);
        using var labels = zeros(100, dtype: ScalarType.Int64);
        using var hidden = LabelDropout.Apply(labels, probability, 7, random);
        Assert.All(hidden.data<long>().ToArray(), label => Assert.Equal(allHidden ? 7 : 0, label));
    }

    [Fact]
    public void The_average_follows_the_weights_by_its_formula_and_leaves_the_positions()
    {
        using var model = TinyDenoiser.Create();
        using var average = new ExponentialMovingAverage(model, 0.9);
        var expected = model.proj.weight!.data<float>().ToArray();
        for (var step = 0; step < 3; step++)
        {
            using (no_grad()) model.proj.weight.mul_(1.5);
            average.Update();
            expected = [.. expected.Zip(model.proj.weight.data<float>(), (old, now) => 0.9f * old + 0.1f * now)];
        }
        Assert.Equal(model.state_dict().Keys, average.Tensors.Keys);
        Assert.All(average.Tensors["proj.weight"].data<float>().Zip(expected), pair => Assert.Equal(pair.Second, pair.First, 1e-6));
        Assert.True(average.Tensors["pos_embed"].equal(model.pos_embed).all().item<bool>());
    }

    [Fact]
    public void The_average_owns_its_tensors()
    {
        using var model = TinyDenoiser.Create();
        var before = LiveTensors.Count();
        using (var scope = NewDisposeScope())
        {
            var average = new ExponentialMovingAverage(model, 0.5);
            scope.DisposeEverything();
            average.Update();
            Assert.True(average.IsFinite());
            average.Dispose();
        }
        Assert.Equal(before, LiveTensors.Count());
    }

    [Fact]
    public void One_weight_that_is_not_a_number_spoils_the_average()
    {
        using var model = TinyDenoiser.Create();
        using var average = new ExponentialMovingAverage(model, 0.5);
        using (no_grad()) model.proj.bias!.fill_(double.NaN);
        average.Update();
        Assert.False(average.IsFinite());
    }

    [Fact]
    public void A_failure_while_preparing_is_thrown_to_the_one_who_takes()
    {
        static IEnumerable<MemoryStream> Two()
        {
            yield return new MemoryStream();
            throw new DitException("broken");
        }
        using var prefetcher = new Prefetcher<MemoryStream>(Two(), 2);
        prefetcher.Take().Dispose();
        Assert.Equal("broken", Assert.Throws<DitException>(prefetcher.Take).Message);
    }

    [Fact]
    public void What_was_prepared_and_not_taken_is_disposed()
    {
        var made = new List<MemoryStream>();
        IEnumerable<MemoryStream> Endless()
        {
            while (true)
            {
                made.Add(new MemoryStream());
                yield return made[^1];
            }
        }
        using (var prefetcher = new Prefetcher<MemoryStream>(Endless(), 2)) prefetcher.Take().Dispose();
        Assert.All(made, stream => Assert.False(stream.CanRead));
    }
}
