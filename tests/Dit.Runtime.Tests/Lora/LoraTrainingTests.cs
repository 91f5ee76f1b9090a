using TorchSharp;
using static TorchSharp.torch;

namespace Dit.Runtime.Tests;

/// <summary>Runs that train adapters and leave the model as it is.</summary>
public sealed class LoraTrainingTests : IDisposable
{
    private static readonly TrainingRecipe Recipe = new()
    {
        Steps = 10,
        BatchSize = 8,
        LearningRate = 1e-2,
        EmaDecay = 0.5,
        Seed = 5,
        Lora = new(3) { Alpha = 6, Targets = LoraTargets.All },
    };

    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    private static TrainingSet<ClassLabels> Data => TrainingSet.OfClasses(12, ["dark", "gray", "bright"], static (indices, _) =>
    {
        using var scope = NewDisposeScope();
        var labels = tensor(Array.ConvertAll(indices, static i => i % 3L));
        var images = (labels.to(ScalarType.Float32) - 1).view(-1, 1, 1, 1).expand(-1, 3, 4, 8).contiguous();
        return (images.MoveToOuterDisposeScope(), labels.MoveToOuterDisposeScope());
    });

    private TrainingFolder Run(string name) => new(folder[name]);

    private static TrainingResult Train(
        OfClasses model, TrainingFolder run, TrainingRecipe? recipe = null, int stopAfter = int.MaxValue, TrainingCheckpoint? from = null,
        IList<double>? mse = null)
    {
        using var stop = new CancellationTokenSource();
        return new Trainer(recipe ?? Recipe, run).Run(model, Data, new Each<TrainingProgress>(now =>
        {
            mse?.Add(now.Losses.Mse);
            if (now.Step == stopAfter) stop.Cancel();
        }), stop.Token, from: from);
    }

    private static Dictionary<string, byte[]> Bytes(nn.Module model) =>
        model.state_dict().ToDictionary(static one => one.Key, static one => one.Value.bytes.ToArray());

    [Fact]
    public void Training_lowers_the_loss_and_leaves_the_model_as_it_was()
    {
        using var model = Stirred.Create<OfClasses>();
        var (before, mse) = (Bytes(model), new List<double>());
        Train(model, Run("run"), Recipe with { Steps = 120, BatchSize = 24 }, mse: mse);
        Assert.True(mse.TakeLast(20).Average() < 0.7 * mse.Take(20).Average(), $"{mse.Take(20).Average()} to {mse.TakeLast(20).Average()}");
        Assert.Equal(before, Bytes(model));
        Assert.Contains(model.parameters(), static p => p.requires_grad);

        using var scope = NewDisposeScope();
        using var frozen = no_grad();
        var (x, t, labels) = (randn(2, 3, 4, 8), tensor(new long[] { 3, 700 }), new ClassLabels(tensor(new long[] { 0, 2 })));
        var alone = model.Predict(x, t, labels);
        using var lora = Lora.Load(model, Run("run").Weights);
        Assert.Equal((3, 6.0), (lora.Rank, lora.Alpha));
        Assert.False(alone.allclose(model.Predict(x, t, labels), atol: 1e-2));
    }

    [Theory, InlineData(1), InlineData(6)]
    public void A_run_that_goes_on_gives_the_same_bits_as_one_without_a_break(int stopAfter)
    {
        var (whole, broken) = (Run("whole"), Run("broken"));
        using (var model = Stirred.Create<OfClasses>()) Train(model, whole);
        using (var model = Stirred.Create<OfClasses>()) Train(model, broken, stopAfter: stopAfter);
        var from = TrainingCheckpoint.Newest(broken);
        Assert.Equal((stopAfter, Recipe), (from.Step, from.Recipe));
        using (var model = Stirred.Create<OfClasses>()) Train(model, broken, from: from);
        Assert.Equal(File.ReadAllBytes(whole.Weights), File.ReadAllBytes(broken.Weights));
        Assert.Equal(File.ReadAllBytes(whole.Checkpoint), File.ReadAllBytes(broken.Checkpoint));
    }

    [Fact]
    public void A_run_goes_on_with_its_own_weights_and_its_own_adapters_only()
    {
        using var model = Stirred.Create<OfClasses>();
        using var other = Stirred.Create<OfClasses>(seed: 2);
        Train(model, Run("run"), stopAfter: 3);
        var from = TrainingCheckpoint.Newest(Run("run"));
        Assert.Equal(
            $"The adapters in '{Run("run").Checkpoint}' were trained for different weights of the model: go on with those that the run "
                + "began with.",
            Assert.Throws<DitException>(() => Train(other, Run("run"), from: from)).Message);
        foreach (var lora in (LoraOptions?[])[null, new(2) { Alpha = 6, Targets = LoraTargets.All }, new(3) { Alpha = 6 }])
            Assert.Contains(
                "Lora is {\"Rank\":3,",
                Assert.Throws<DitException>(() => Train(model, Run("run"), Recipe with { Lora = lora }, from: from)).Message,
                StringComparison.Ordinal);
        Assert.Equal(10, Train(model, Run("run"), from: from).Step);
    }

    [Fact]
    public void Files_hold_the_adapters_alone()
    {
        using var model = Stirred.Create<OfClasses>();
        Train(model, Run("run"), Recipe with { Lora = new(2) { Targets = LoraTargets.Mlp } });
        using var weights = SafeTensorsFile.Open(Run("run").Weights);
        string[] names =
        [
            "blocks.0.mlp.fc1.lora_A.weight", "blocks.0.mlp.fc1.lora_B.weight", "blocks.0.mlp.fc2.lora_A.weight",
            "blocks.0.mlp.fc2.lora_B.weight",
        ];
        Assert.Equal(names.Select(static name => "transformer." + name), weights.Tensors.Keys);
        using var checkpoint = SafeTensorsFile.Open(Run("run").Checkpoint);
        string[] prefixes = ["model.", "ema.", "optimizer.first.", "optimizer.second."];
        Assert.Equal(
            prefixes.SelectMany(prefix => names.Select(name => prefix + name)).Append("run.losses").Order(StringComparer.Ordinal),
            checkpoint.Tensors.Keys.Order(StringComparer.Ordinal));
        Assert.All((ICheckpointFile[])[weights, checkpoint], static file =>
        {
            Assert.Contains("\"transformer.r\":2", file.Metadata["lora_adapter_metadata"], StringComparison.Ordinal);
            Assert.StartsWith("sha256:", file.Metadata["dit.lora.base"], StringComparison.Ordinal);
            Assert.Equal(OfClasses.Card.Name, file.Metadata[ModelCard.NameKey]);
        });
    }

    [Fact]
    public void The_trained_adapters_of_a_checkpoint_are_its_average()
    {
        using var scope = NewDisposeScope();
        using var model = Stirred.Create<OfClasses>();
        Train(model, Run("run"));
        var weights = Values(Run("run").Weights);
        Assert.Equal(weights, Values(Run("run").Checkpoint));

        float[][] Values(string path)
        {
            using var lora = Lora.Load(model, path);
            return [.. lora.Parameters.Select(static p => p.data<float>().ToArray())];
        }
    }

    [Fact]
    public void Averages_of_any_length_are_adapters_too()
    {
        using var model = Stirred.Create<OfClasses>();
        Train(model, Run("run"), Recipe with { PostHocEma = new() });
        AverageSnapshots.Of(Run("run").Path).Write(0.1, folder["average.safetensors"]);
        using var lora = Lora.Load(model, folder["average.safetensors"]);
        Assert.Equal((3, 6.0), (lora.Rank, lora.Alpha));
    }

    [Fact]
    public void A_run_leaves_no_tensor_behind()
    {
        using var model = Stirred.Create<OfClasses>();
        int parameters;
        using (var lora = Lora.Attach(model, new(3) { Targets = LoraTargets.All })) parameters = lora.Parameters.Count();
        var counted = LoraCase.CountedFor(parameters);
        var before = LiveTensors.Count();
        Train(model, Run("run"));
        Assert.Equal(before + counted, LiveTensors.Count());
    }

    [Theory, InlineData(LoraTargets.Attention), InlineData(LoraTargets.Mlp), InlineData(LoraTargets.Blocks), InlineData(LoraTargets.All)]
    public void The_estimate_of_memory_counts_the_adapters_in_place_of_the_weights(LoraTargets targets)
    {
        var options = new LoraOptions(4) { Targets = targets };
        using var model = OfClasses.Create();
        using var lora = Lora.Attach(model, options);
        Assert.InRange(options.About(OfClasses.Card) / (double)lora.Parameters.Sum(static p => p.numel()), 0.45, 1.01);
        var plan = TrainingMemoryPlan.Of(OfClasses.Card, Recipe with { Lora = options });
        Assert.Equal(TrainingMemoryPlan.Of(OfClasses.Card, Recipe with { Lora = null }).Activations, plan.Activations);
        Assert.Equal(
            sizeof(float) * (OfClasses.Card.Parameters + 5 * options.About(OfClasses.Card)),
            plan.Weights + plan.Gradients + plan.Optimizer + plan.Averages);
    }

    [Fact]
    public void Adapters_that_are_attached_already_are_in_the_way()
    {
        using var model = Stirred.Create<OfClasses>();
        using (Lora.Attach(model, new(2)))
        {
            Assert.Contains("has nothing to train: all its parameters are frozen, as they are while adapters are attached",
                Assert.Throws<DitException>(() => Train(model, Run("run"), Recipe with { Lora = null })).Message, StringComparison.Ordinal);
            Assert.Contains("has nothing to train", Assert.Throws<DitException>(() => Train(model, Run("run"))).Message,
                StringComparison.Ordinal);
        }
        Assert.Throws<DitException>(() => Train(model, Run("run"), Recipe with { Lora = new(0) }));
        Assert.Throws<DitException>(() => Train(model, Run("run"), Recipe with { Lora = new(1000) }));
        Assert.False(Directory.Exists(Run("run").Path));
    }

    [Fact]
    public void A_weight_that_is_not_finite_is_named()
    {
        using var model = Stirred.Create<OfClasses>();
        using (no_grad())
        using (NewDisposeScope())
            model.named_parameters().Single(static p => p.name == "final_layer.linear.bias").parameter.fill_(double.NaN);
        Assert.Contains("final_layer.linear.bias", Assert.Throws<DitException>(() => Train(model, Run("run"))).Message,
            StringComparison.Ordinal);
    }
}
