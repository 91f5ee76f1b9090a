using TorchSharp;
using static TorchSharp.torch;

namespace Dit.Runtime.Tests;

/// <summary>The scale of the loss in training with float16.</summary>
public sealed class LossScaleTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void It_is_halved_by_a_bad_step_and_doubled_by_two_thousand_good_ones_in_a_row()
    {
        var scale = LossScale.Start.After(isFinite: false);
        Assert.Equal(new LossScale(32_768, 0, 1), scale);
        for (var i = 0; i < 1999; i++) scale = scale.After(isFinite: true);
        Assert.Equal(new LossScale(32_768, 1999, 1), scale);
        Assert.Equal(new LossScale(16_384, 0, 2), scale.After(isFinite: false));
        Assert.Equal(new LossScale(65_536, 0, 1), scale.After(isFinite: true));
    }

    [Fact]
    public void Gradients_are_divided_by_it()
    {
        using var scope = NewDisposeScope();
        var parameter = new TorchSharp.Modules.Parameter(ones(3));
        (65_536 * parameter).sum().backward();
        LossScale.Start.Unscale([parameter, new TorchSharp.Modules.Parameter(ones(2))]);
        Assert.Equal([1f, 1f, 1f], (parameter.grad ?? zeros(3)).data<float>().ToArray());
    }

    [Fact]
    public void Other_precisions_have_none()
    {
        Assert.Equal(LossScale.None, LossScale.Of(new TrainingRecipe { Precision = TrainingPrecision.BFloat16 }));
        Assert.Equal(LossScale.Start, LossScale.Of(new TrainingRecipe { Precision = TrainingPrecision.Float16 }));
    }

    // A scale beyond float16's range gives infinite gradients in the first steps, which are skipped; the run goes on.
    [Fact]
    public void A_run_in_float16_skips_steps_until_the_scale_fits_and_resumes_bit_for_bit()
    {
        var recipe = new TrainingRecipe
        {
            Steps = 8,
            BatchSize = 4,
            LearningRate = 1e-3,
            EmaDecay = 0.9,
            Seed = 5,
            Precision = TrainingPrecision.Float16,
        };
        Train("whole", recipe, stopAfter: int.MaxValue);
        Train("broken", recipe, stopAfter: 3);
        var from = TrainingCheckpoint.Newest(new TrainingFolder(folder["broken"]));
        Train("broken", recipe, stopAfter: int.MaxValue, from);

        foreach (var name in (string[])["checkpoint.safetensors", "weights.safetensors"])
            Assert.Equal(File.ReadAllBytes(folder[$"whole/{name}"]), File.ReadAllBytes(folder[$"broken/{name}"]));
        using var file = CheckpointFile.Open(folder["whole/checkpoint.safetensors"]);
        Assert.Contains("\"Value\":", file.Metadata[TrainingCheckpoint.LossScaleKey], StringComparison.Ordinal);
        Assert.All(file.Tensors.Where(static t => t.Key.StartsWith("model.", StringComparison.Ordinal)),
            static tensor => Assert.Equal(ScalarType.Float32, tensor.Value.DType));
    }

    [Fact]
    public void On_a_processor_float16_is_refused_with_what_to_use()
    {
        var trainer = new Trainer(new TrainingRecipe { Precision = TrainingPrecision.Float16 }, new TrainingFolder(folder["run"]));
        Assert.Contains(
            "--precision bf16",
            Assert.Throws<DitException>(() => trainer.RequireFit(ColorSet.Of(), TinyDenoiser.Card, CPU)).Message,
            StringComparison.Ordinal);
    }

    private void Train(string name, TrainingRecipe recipe, int stopAfter, TrainingCheckpoint? from = null)
    {
        using var model = GoldenP8.Create(seed: 3);
        using var stop = new CancellationTokenSource();
        var watch = new Each<TrainingProgress>(now => { if (now.Step == stopAfter) stop.Cancel(); });
        new Trainer(recipe, new TrainingFolder(folder[name])) { Float16OnAnyDevice = true }.Run(
            model, Noise, watch, stop.Token, from: from);
    }

    private static TrainingSet<ClassLabels> Noise => TrainingSet.OfClasses(12, ["a", "b", "c"], static (indices, _) =>
    {
        using var random = new Generator((ulong)indices[0]);
        return (randn([indices.Length, 3, 16, 16], generator: random), tensor(Array.ConvertAll(indices, static i => i % 3L)));
    });
}
