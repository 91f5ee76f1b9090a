using Dit.Runtime.Kernels;
using TorchSharp;
using static TorchSharp.torch;

namespace Dit.Runtime.Tests;

/// <summary>Blocks that training computes in bfloat16.</summary>
public sealed class TrainingPrecisionTests : IDisposable
{
    private static readonly TrainingRecipe Recipe = new()
    {
        Steps = 50,
        BatchSize = 8,
        LearningRate = 1e-3,
        EmaDecay = 0.9,
        Seed = 5,
    };

    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    public static TheoryData<string> Models => [.. DitModels.All.Select(static model => model.Card.Name)];

    [Theory, MemberData(nameof(Models))]
    public void The_output_and_the_gradients_are_near_those_of_float32_and_are_float32(string name)
    {
        using var scope = NewDisposeScope();
        var model = DitModels.All.Single(model => model.Card.Name == name);
        var exact = model.Accept(new BlockGradients(checkpoints: false));
        var rounded = model.Accept(new BlockGradients(checkpoints: false, ScalarType.BFloat16));

        Assert.All(rounded.Values, static gradient => Assert.Equal(ScalarType.Float32, gradient.dtype));
        var (error, size) = (Norm(exact.Select(pair => pair.Value - rounded[pair.Key])), Norm(exact.Values));
        // 8 significant bits, some ten roundings one after the other; random weights saturate the attention of a wide
        // model
        Assert.InRange(error / size, 1e-5, model.Card.Width < 100 ? 0.1 : 0.6);

        static double Norm(IEnumerable<Tensor> tensors) => Math.Sqrt(tensors.Sum(static one => one.square().sum().ToDouble()));
    }

    [Theory, InlineData(false), InlineData(true)]
    public void Fifty_steps_follow_those_of_float32_with_masters_in_float32(bool checkpoints)
    {
        var exact = Losses("f32", Recipe);
        var rounded = Losses("bf16", Recipe with { Precision = TrainingPrecision.BFloat16, ActivationCheckpointing = checkpoints });

        Assert.NotEqual(exact, rounded);
        foreach (var (a, b) in exact.Zip(rounded)) Assert.InRange(b / a, 0.98, 1.02);
        foreach (var file in (string[])["checkpoint.safetensors", "weights.safetensors"])
        {
            using var saved = CheckpointFile.Open(folder[$"bf16/{file}"]);
            Assert.All(saved.Tensors.Values.Where(static tensor => tensor.DType != ScalarType.Float64),
                static tensor => Assert.Equal(ScalarType.Float32, tensor.DType));
        }
    }

    [Fact]
    public void A_resumed_run_gives_the_same_bits_also_where_activations_are_kept_no_more()
    {
        var recipe = Recipe with { Steps = 6, Precision = TrainingPrecision.BFloat16 };
        Losses("whole", recipe);
        Losses("broken", recipe, stopAfter: 3);
        var from = TrainingCheckpoint.Newest(new TrainingFolder(folder["broken"]));
        Losses("broken", recipe with { ActivationCheckpointing = true }, from: from);

        RequireSame(folder["whole/checkpoint.safetensors"], folder["broken/checkpoint.safetensors"]);
        Assert.Contains(
            "Precision is",
            Assert.Throws<DitException>(() => Losses("broken", Recipe with { Steps = 9 }, from: TrainingCheckpoint.Newest(
                new TrainingFolder(folder["broken"])))).Message,
            StringComparison.Ordinal);
    }

    // The metadata differ: the recipe says that activations were not kept.
    private static void RequireSame(string expected, string actual)
    {
        using var scope = NewDisposeScope();
        using var first = CheckpointFile.Open(expected);
        using var second = CheckpointFile.Open(actual);
        Assert.Equal(first.Tensors.Keys, second.Tensors.Keys);
        Assert.All(first.Tensors.Keys, name => Assert.True(first.Read(name).Equals(second.Read(name)), name));
    }

    [Fact]
    public void A_thousand_steps_leave_the_number_of_live_tensors_where_it_was()
    {
        using var model = GoldenP8.Create(seed: 3);
        var counts = new List<long>();
        var recipe = Recipe with { Steps = 1000, BatchSize = 1, Precision = TrainingPrecision.BFloat16, ActivationCheckpointing = true };
        new Trainer(recipe, new TrainingFolder(folder["long"])).Run(model, Noise, new Each<TrainingProgress>(now =>
        {
            if (now.Step % 250 == 0) counts.Add(LiveTensors.Count());
        }));

        Assert.Equal(4, counts.Count);
        Assert.InRange(counts[^1] - counts[0], -20, 20); // what is prepared ahead differs from step to step
    }

    private double[] Losses(string name, TrainingRecipe recipe, int stopAfter = int.MaxValue, TrainingCheckpoint? from = null)
    {
        using var model = GoldenP8.Create(seed: 3);
        using var stop = new CancellationTokenSource();
        var losses = new List<double>();
        var watch = new Each<TrainingProgress>(now =>
        {
            losses.Add(now.Losses.Total);
            if (now.Step == stopAfter) stop.Cancel();
        });
        new Trainer(recipe, new TrainingFolder(folder[name])).Run(model, Noise, watch, stop.Token, from: from);
        return [.. losses];
    }

    private static TrainingSet<ClassLabels> Noise => TrainingSet.OfClasses(12, ["a", "b", "c"], static (indices, _) =>
    {
        using var random = new Generator((ulong)indices[0]);
        return (randn([indices.Length, 3, 16, 16], generator: random), tensor(Array.ConvertAll(indices, static i => i % 3L)));
    });
}
