using static TorchSharp.torch;

namespace Dit.Runtime.Tests;

/// <summary>A run with several moving averages.</summary>
public sealed class FurtherEmaTests : IDisposable
{
    private static readonly TrainingRecipe Recipe = new()
    {
        Steps = 12,
        BatchSize = 5,
        LearningRate = 1e-2,
        EmaDecay = 0.9,
        FurtherEma = new(0.5, 0.99),
        Seed = 5,
    };

    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    private TrainingFolder Run(string name) => new(folder[name]);

    // A model whose values a run that goes on has to replace, its positions included.
    private static TrainingResult Train(
        TrainingFolder run, TrainingRecipe recipe, int stopAfter = int.MaxValue, TrainingCheckpoint? from = null)
    {
        using var model = TinyDenoiser.Create();
        if (from is not null)
            using (no_grad())
            using (NewDisposeScope())
                foreach (var tensor in model.state_dict().Values) tensor.fill_(7);
        using var stop = new CancellationTokenSource();
        return new Trainer(recipe, run).Run(
            model, ColorSet.Of(), new Each<TrainingProgress>(now => { if (now.Step == stopAfter) stop.Cancel(); }), stop.Token, from: from);
    }

    private static void RequireClose(string expected, string actual)
    {
        using var scope = NewDisposeScope();
        using var one = SafeTensorsFile.Open(expected);
        using var other = SafeTensorsFile.Open(actual);
        Assert.Equal(one.Tensors.Keys, other.Tensors.Keys);
        Assert.All(one.Tensors.Keys, name => Close.To(one.Read(name), other.Read(name), 1e-6, name));
    }

    [Theory, InlineData(false), InlineData(true)]
    public void Each_is_the_average_of_a_run_with_its_decay_alone(bool warmup)
    {
        var recipe = Recipe with { EmaWarmup = warmup };
        var result = Train(Run("several"), recipe);
        Assert.Equal(
            [Run("several").Weights, Run("several").WeightsOf(0.5), Run("several").WeightsOf(0.99)], result.Files.Take(3));
        Assert.Equal(folder["several/weights-0.99.safetensors"], Run("several").WeightsOf(0.99));
        foreach (var decay in (double[])[0.5, 0.99])
        {
            var alone = Run($"alone {decay}");
            Train(alone, recipe with { EmaDecay = decay, FurtherEma = null });
            RequireClose(alone.Weights, Run("several").WeightsOf(decay));
        }
        Train(Run("first"), recipe with { FurtherEma = null });
        using var expected = SafeTensorsFile.Open(Run("first").Checkpoint);
        using var actual = SafeTensorsFile.Open(Run("several").Checkpoint);
        using var scope = NewDisposeScope();
        Assert.All(expected.Tensors.Keys, name => Assert.True(expected.Read(name).equal(actual.Read(name)).all().item<bool>(), name));
    }

    [Theory, InlineData(1), InlineData(5), InlineData(11)]
    public void A_run_that_goes_on_leaves_the_same_bits(int stopAfter)
    {
        var (whole, broken) = (Run("whole"), Run("broken"));
        Train(whole, Recipe);
        Train(broken, Recipe, stopAfter);
        var from = TrainingCheckpoint.Newest(broken);
        Assert.Equal(Recipe, from.Recipe);
        Train(broken, Recipe, from: from);
        Assert.All(
            (string[])[whole.Checkpoint, whole.Weights, whole.WeightsOf(0.5), whole.WeightsOf(0.99)],
            file => Assert.Equal(File.ReadAllBytes(file), File.ReadAllBytes(Path.Combine(broken.Path, Path.GetFileName(file)))));
    }

    [Fact]
    public void Other_decays_are_a_different_run_and_files_of_an_earlier_run_stay()
    {
        var run = Run("run");
        Train(run, Recipe, stopAfter: 3);
        Assert.Contains("FurtherEma is ", Assert.Throws<DitException>(() =>
            Train(run, Recipe with { FurtherEma = new(0.5) }, from: TrainingCheckpoint.Newest(run))).Message);
        Directory.CreateDirectory(folder["used"]);
        File.WriteAllText(Run("used").WeightsOf(0.5), "something");
        Assert.StartsWith(
            $"'{Run("used").WeightsOf(0.5)}' exists already",
            Assert.Throws<DitException>(() => Train(Run("used"), Recipe)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Decays_are_in_their_range_and_differ()
    {
        Assert.Equal(
            "The EMA decay of a training recipe must be from 0 up to, not including, 1; it is 1.",
            Assert.Throws<DitException>(() => (Recipe with { FurtherEma = new(0.5, 1) }).Validate()).Message);
        Assert.All(
            (TrainingRecipe[])[Recipe with { FurtherEma = new(0.9) }, Recipe with { FurtherEma = new(0.5, 0.5) }],
            recipe => Assert.StartsWith(
                "The EMA decays of a training recipe must be all different; ", Assert.Throws<DitException>(recipe.Validate).Message,
                StringComparison.Ordinal));
        Assert.Equal(new EmaDecays(0.5, 0.9), new EmaDecays(0.5, 0.9));
        Assert.Equal(new EmaDecays(0.5, 0.9).GetHashCode(), new EmaDecays(0.5, 0.9).GetHashCode());
        Assert.NotEqual(new EmaDecays(0.5, 0.9), new EmaDecays(0.9, 0.5));
    }

    [Fact]
    public void Steps_leave_no_tensor_behind()
    {
        var run = Run("run");
        using var model = TinyDenoiser.Create();
        new Trainer(Recipe with { Steps = 1 }, run).Run(model, ColorSet.Of());
        var before = LiveTensors.Count();
        new Trainer(Recipe with { Steps = 6 }, run).Run(model, ColorSet.Of(), from: TrainingCheckpoint.Newest(run));
        Assert.Equal(before, LiveTensors.Count());
    }
}
