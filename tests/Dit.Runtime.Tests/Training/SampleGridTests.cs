using Dit.Runtime.Tests.Autoencoders;
using TorchSharp;
using static TorchSharp.torch;

namespace Dit.Runtime.Tests;

/// <summary>Grids of samples that a run draws with its averaged weights.</summary>
public sealed class SampleGridTests : IDisposable
{
    private static readonly TrainingRecipe Recipe = new()
    {
        Steps = 11,
        BatchSize = 5,
        LearningRate = 1e-2,
        EmaDecay = 0.9,
        Seed = 5,
    };

    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    private TrainingFolder Run(string name, int every, int saveEvery = 1000) => new(folder[name], saveEvery) { SampleEvery = every };

    private static void Train(
        TrainingFolder run, TrainingCheckpoint? from = null, int stopAfter = int.MaxValue, List<string>? notes = null,
        Action<TinyDenoiser>? spoil = null)
    {
        using var model = TinyDenoiser.Create();
        spoil?.Invoke(model);
        using var stop = new CancellationTokenSource();
        var watch = new Each<TrainingProgress>(now => { if (now.Step == stopAfter) stop.Cancel(); });
        new Trainer(Recipe, run) { Notice = text => notes?.Add(text) }.Run(model, ColorSet.Of(), watch, stop.Token, from: from);
    }

    private static string[] Names(TrainingFolder run) =>
        [.. Directory.GetFiles(run.Samples).Select(static path => Path.GetFileName(path)).Order(StringComparer.Ordinal)];

    [Fact]
    public void A_run_with_grids_has_the_bits_of_one_without()
    {
        var (with, without) = (Run("with", 3), Run("without", 0));
        Train(with);
        Train(without);
        Assert.Equal(["00000003.png", "00000006.png", "00000009.png", "00000011.png"], Names(with));
        Assert.False(Directory.Exists(without.Samples));
        Assert.Equal(File.ReadAllBytes(without.Weights), File.ReadAllBytes(with.Weights));
        Assert.Equal(File.ReadAllBytes(without.Checkpoint), File.ReadAllBytes(with.Checkpoint));
    }

    [Fact]
    public void A_grid_is_drawn_with_the_average_a_row_for_each_class_and_the_same_noise()
    {
        var run = Run("run", 4);
        Train(run);
        using var scope = NewDisposeScope();
        using var averaged = TinyDenoiser.Create();
        using (var file = SafeTensorsFile.Open(run.Weights))
        using (no_grad())
            foreach (var (name, tensor) in averaged.state_dict()) tensor.copy_(file.Read(name));
        var sampler = new Sampler<TinyDenoiser, ClassLabels, GaussianDiffusion>(
            "test", new DpmSolverPlusPlus<GaussianDiffusion>(20, ClipDenoised: true));
        var samples = sampler.Sample(
            averaged, ClassLabels.Of([.. Enumerable.Range(0, 24).Select(static n => n / 8)]), guidance: 2);
        var expected = ImageGrid.Render(samples, new(Columns: 8, Scale: 24, RowLabels: ["color 0", "color 1", "color 2"]));
        Assert.Equal(expected.Pixels.ToArray(), ImageFile.Read(run.SamplesAt(11)).Pixels.ToArray());
        Assert.NotEqual(File.ReadAllBytes(run.SamplesAt(8)), File.ReadAllBytes(run.SamplesAt(11)));
    }

    [Fact]
    public void A_run_that_goes_on_draws_the_grids_of_one_without_a_break()
    {
        var (whole, broken) = (Run("whole", 2, 5), Run("broken", 2, 5));
        Train(whole);
        Train(broken, stopAfter: 7);
        Train(broken, TrainingCheckpoint.Newest(broken));
        Assert.Equal(Names(whole), Names(broken));
        Assert.All(Names(whole), name => Assert.Equal(
            File.ReadAllBytes(Path.Combine(whole.Samples, name)), File.ReadAllBytes(Path.Combine(broken.Samples, name))));
        Assert.Equal(File.ReadAllBytes(whole.Weights), File.ReadAllBytes(broken.Weights));
    }

    [Fact]
    public void Weights_and_average_are_exchanged_and_come_back_bit_for_bit()
    {
        using var model = TinyDenoiser.Create();
        using var average = new ExponentialMovingAverage(model, 0.5);
        using (no_grad()) model.proj.weight.add_(1);
        average.Update();
        var (weights, averages) = (Values(model), Values(average));
        using (average.Exchange())
        {
            Assert.Equal(averages, Values(model));
            Assert.Equal(weights, Values(average));
        }
        Assert.Equal(weights, Values(model));
        Assert.Equal(averages, Values(average));

        static float[] Values(object of) => of switch
        {
            TinyDenoiser model => model.proj.weight.data<float>().ToArray(),
            ExponentialMovingAverage average => average.Tensors["proj.weight"].data<float>().ToArray(),
            _ => [],
        };
    }

    [Fact]
    public void Many_grids_leave_no_tensor_behind()
    {
        using var model = TinyDenoiser.Create();
        var before = LiveTensors.Count();
        List<long> seen = [];
        new Trainer(Recipe, Run("run", 1)).Run(
            model, ColorSet.Of(), new Each<TrainingProgress>(_ => seen.Add(LiveTensors.Count())));
        Assert.Equal(before, LiveTensors.Count());
        Assert.InRange(seen[^1], 0, seen[2] + 16); // inputs that are prepared ahead come and go
    }

    [Fact]
    public void Samples_that_are_not_finite_are_said_and_the_run_goes_on()
    {
        List<string> notes = [];
        Train(Run("run", 5), notes: notes, spoil: static model => model.SpoilsSamples = true);
        Assert.Equal(3, notes.Count);
        Assert.StartsWith("There are no samples of step 5: Sample 0 of Tiny is not finite", notes[0], StringComparison.Ordinal);
        Assert.True(File.Exists(Run("run", 5).Weights));
    }

    [Fact]
    public void Models_of_texts_have_a_row_for_the_text_of_each_of_the_first_images()
    {
        using var model = OfText.Create();
        var data = TrainingSet.OfTexts(12, static (indices, _) => (
            zeros(indices.Length, 3, 4, 8), new TextEmbeddings(ones(indices.Length, 3, 6))));
        var before = LiveTensors.Count();
        new Trainer(Recipe with { Steps = 2 }, Run("run", 1)).Run(model, data);
        Assert.Equal(before, LiveTensors.Count());
        var layout = SampleGridLayout.Of(OfText.Card, 12);
        Assert.Equal((10, 8), (layout.Rows, layout.Columns));
        var expected = ImageGrid.Layout(80, 4, 8, layout.Options(4, null));
        var grid = ImageFile.Read(Run("run", 1).SamplesAt(2));
        Assert.Equal((expected.Width, expected.Height), (grid.Width, grid.Height));
    }

    [Fact]
    public void Latents_are_shown_where_there_is_a_decoder()
    {
        var data = TrainingSet.OfClasses(6, ["a", "b", "c"], static (indices, _) => (
            zeros([indices.Length, .. TinyLatent.Card.Input.Batch(1)[1..]]), tensor(Array.ConvertAll(indices, i => i % 3L))));
        using var model = TinyLatent.Create();
        new Trainer(Recipe with { Steps = 2 }, Run("none", 1)).Run(model, data);
        Assert.False(Directory.Exists(Run("none", 1).Samples));

        using var decoder = AutoencoderKL.Create(AutoencoderKLTests.Tiny, seed: 1);
        new Trainer(Recipe with { Steps = 2 }, Run("run", 1)) { Decoder = decoder }.Run(model, data);
        Assert.Equal(["00000001.png", "00000002.png"], Names(Run("run", 1)));
    }

    [Theory]
    [InlineData(0, 3, 3, 8)]
    [InlineData(100_000_000, 1000, 10, 8)] // the demo model
    [InlineData(1_000_000_000, 4, 4, 8)]
    [InlineData(11_000_000_000, 10, 4, 1)]
    [InlineData(120_000_000_000_000, 10, 1, 1)]
    public void A_grid_of_a_large_model_has_fewer_samples(long macs, int kinds, int rows, int columns) =>
        Assert.Equal(new SampleGridLayout(rows, columns), SampleGridLayout.Of(TinyDenoiser.Card with { Macs = macs }, kinds));

    [Fact]
    public void The_event_file_has_the_grids()
    {
        var run = Run("run", 4) with { TensorBoard = true };
        Train(run);
        var events = File.ReadAllBytes(Assert.Single(Directory.GetFiles(run.Path, "events.*")));
        Assert.All(Names(run), name => Assert.True(
            events.AsSpan().IndexOf(File.ReadAllBytes(Path.Combine(run.Samples, name))) > 0, name));
    }

    [Fact]
    public void A_negative_number_of_steps_is_refused() => Assert.Equal(
        "Samples can be drawn every 1 or more steps, or never, which is 0; not every -1.",
        Assert.Throws<DitException>(() => Train(Run("run", -1))).Message);
}
