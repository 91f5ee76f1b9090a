using TorchSharp;
using static TorchSharp.torch;

namespace Dit.Runtime.Tests;

public sealed class TrainerTests : IDisposable
{
    private static readonly TrainingRecipe Short = new() { Steps = 6, BatchSize = 8, LearningRate = 1e-2, EmaDecay = 0.5, Seed = 5 };

    private readonly string root = Path.Combine(Path.GetTempPath(), "dit-" + Guid.NewGuid().ToString("N"));

    public void Dispose()
    {
        if (Directory.Exists(root)) Directory.Delete(root, recursive: true);
    }

    private TrainingFolder Folder(string name = "run", int saveEvery = 1000) => new(Path.Combine(root, name), saveEvery);

    private static Dictionary<string, float[]> Weights(nn.Module model) =>
        model.state_dict().ToDictionary(pair => pair.Key, pair => pair.Value.data<float>().ToArray());

    private sealed class Reports(Action<TrainingProgress>? then = null) : IProgress<TrainingProgress>
    {
        public List<TrainingProgress> All { get; } = [];

        public void Report(TrainingProgress value)
        {
            All.Add(value);
            then?.Invoke(value);
        }
    }

    [Fact]
    public void A_few_steps_lower_the_loss()
    {
        using var model = TinyDenoiser.Create();
        var reports = new Reports();
        new Trainer(Short with { Steps = 60, BatchSize = 32 }, Folder()).Run(model, ColorSet.Of(), reports);
        Assert.Equal(60, reports.All.Count);
        var mse = reports.All.Select(r => r.Losses.Mse).ToArray();
        Assert.True(mse[^10..].Average() < 0.8 * mse[..10].Average());
        Assert.All(reports.All, r => Assert.Equal(r.Losses.Mse + r.Losses.VariationalBound, r.Losses.Total, 1e-4));
    }

    [Fact]
    public void The_same_seed_gives_the_same_weights_and_another_seed_others()
    {
        using var first = TinyDenoiser.Create();
        using var second = TinyDenoiser.Create();
        using var third = TinyDenoiser.Create();
        new Trainer(Short, Folder("1")).Run(first, ColorSet.Of());
        new Trainer(Short, Folder("2", saveEvery: 2)).Run(second, ColorSet.Of());
        new Trainer(Short with { Seed = 6 }, Folder("3")).Run(third, ColorSet.Of());
        Assert.Equal(Weights(first), Weights(second));
        Assert.NotEqual(Weights(first), Weights(third));
        Assert.Equal(File.ReadAllBytes(Folder("1").Weights), File.ReadAllBytes(Folder("2").Weights));
    }

    [Fact]
    public void What_a_step_draws_does_not_depend_on_the_steps_before()
    {
        using var third = StepInput.Sequence(Short, TinyDenoiser.Card, TinyDenoiser.Process, ColorSet.Of()).Skip(2).First();
        using var again = StepInput
            .Sequence(Short with { Steps = 99 }, TinyDenoiser.Card, TinyDenoiser.Process, ColorSet.Of())
            .Skip(2)
            .First();
        Assert.Equal(third.Times, again.Times);
        Assert.Equal(third.Condition.Values.data<long>(), again.Condition.Values.data<long>());
        Assert.Equal(third.Noise.data<float>(), again.Noise.data<float>());
        Assert.All(third.Times, t => Assert.InRange(t, 0, 999));
        Assert.InRange(third.Noise.std().item<float>(), 0.9f, 1.1f);
    }

    [Fact]
    public void A_hundred_steps_leave_no_tensor_behind()
    {
        using var model = GoldenP2.Create();
        var latents = TrainingSet.OfClasses(12, ["a", "b"], (indices, _) =>
            (randn(indices.Length, 4, 8, 8), tensor(indices.Select(i => i % 2L).ToArray())));
        var before = LiveTensors.Count();
        new Trainer(Short with { Steps = 100, GradientClip = 1 }, Folder(saveEvery: 40)).Run(model, latents);
        Assert.Equal(before, LiveTensors.Count());
    }

    [Fact]
    public void The_files_hold_what_they_promise()
    {
        using var model = TinyDenoiser.Create();
        var folder = Folder() with { WeightsType = ScalarType.Float16 };
        var result = new Trainer(Short, folder).Run(model, ColorSet.Of());
        Assert.Equal((6, false), (result.Step, result.Cancelled));
        Assert.Equal(
            ["checkpoint.safetensors", "loss-by-time.png", "loss.csv", "loss.png", "metrics.jsonl", "weights.safetensors"],
            Directory.GetFiles(folder.Path).Select(file => Path.GetFileName(file)).Order());
        Assert.All(result.Files, file => Assert.True(File.Exists(file)));

        using var checkpoint = SafeTensorsFile.Open(folder.Checkpoint);
        Assert.Equal(
            [
                .. model.state_dict().Keys.SelectMany<string, string>(name => [$"ema.{name}", $"model.{name}"]).Order(),
                .. model.named_parameters().Where(static pair => pair.parameter.requires_grad)
                    .SelectMany<(string name, TorchSharp.Modules.Parameter), string>(
                        static pair => [$"optimizer.first.{pair.name}", $"optimizer.second.{pair.name}"]).Order(),
                "run.losses",
            ],
            checkpoint.Tensors.Keys.Order());
        using var saved = checkpoint.Read("model.proj.weight");
        Assert.Equal(model.proj.weight!.data<float>(), saved.data<float>());

        using var weights = SafeTensorsFile.Open(folder.Weights);
        Assert.Equal(model.state_dict().Keys.Order(), weights.Tensors.Keys.Order());
        Assert.All(weights.Tensors.Values, info => Assert.Equal(ScalarType.Float16, info.DType));
        Assert.Equal(
            ("Tiny", "tiny-hash", "6"),
            (weights.Metadata["dit.model"], weights.Metadata["dit.spec"], weights.Metadata["dit.step"]));
        Assert.All([checkpoint.Metadata, weights.Metadata], static metadata => Assert.Equal("model: Tiny\n", metadata["dit.spec.yaml"]));
        Assert.Equal("[\"color 0\",\"color 1\",\"color 2\"]", weights.Metadata["dit.classes"]);

        var table = File.ReadAllLines(folder.LossTable);
        Assert.Equal(("step,loss,mse,vb", 7), (table[0], table.Length));
        Assert.StartsWith("6,", table[^1], StringComparison.Ordinal);
    }

    [Fact]
    public void A_cancelled_run_saves_where_it_is()
    {
        using var model = TinyDenoiser.Create();
        using var cancel = new CancellationTokenSource();
        var reports = new Reports(report => { if (report.Step == 3) cancel.Cancel(); });
        var result = new Trainer(Short with { Steps = 1000 }, Folder()).Run(model, ColorSet.Of(), reports, cancel.Token);
        Assert.Equal((3, true), (result.Step, result.Cancelled));
        using var checkpoint = SafeTensorsFile.Open(Folder().Checkpoint);
        Assert.Equal("3", checkpoint.Metadata["dit.step"]);
        Assert.False(File.Exists(Folder().Weights));
    }

    [Fact]
    public void A_loss_that_is_not_finite_names_the_step_and_keeps_the_last_checkpoint()
    {
        using var model = TinyDenoiser.Create();
        var trainer = new Trainer(Short with { Steps = 50 }, Folder(saveEvery: 2));
        var reports = new Reports(report =>
        {
            if (report.Step != 3) return;
            using (no_grad()) model.proj.bias!.fill_(double.NaN);
        });
        var error = Assert.Throws<DitException>(() => trainer.Run(model, ColorSet.Of(), reports));
        Assert.StartsWith("The loss is NaN at step 4; the last good checkpoint is kept in ", error.Message, StringComparison.Ordinal);
        using var checkpoint = SafeTensorsFile.Open(Folder().Checkpoint);
        Assert.Equal("2", checkpoint.Metadata["dit.step"]);
    }

    [Fact]
    public void Spoiled_weights_are_not_saved_over_good_ones()
    {
        using var model = TinyDenoiser.Create();
        var trainer = new Trainer(Short with { Steps = 4 }, Folder(saveEvery: 2));
        var reports = new Reports(report =>
        {
            if (report.Step != 3) return;
            using (no_grad()) model.table.weight!.narrow(0, 0, 1).fill_(double.PositiveInfinity);
        });
        Assert.Throws<DitException>(() => trainer.Run(model, ColorSet.Of(), reports));
        using var checkpoint = SafeTensorsFile.Open(Folder().Checkpoint);
        Assert.Equal("2", checkpoint.Metadata["dit.step"]);
    }

    [Fact]
    public void Data_that_do_not_fit_are_refused_before_any_file_is_written()
    {
        using var model = TinyDenoiser.Create();
        var trainer = new Trainer(Short, Folder());
        Assert.Equal(
            "The data set has 4 classes and Tiny takes 3: train a model with as many classes.",
            Assert.Throws<DitException>(() => trainer.Run(model, ColorSet.Of(classes: 4))).Message);
        Assert.Throws<DitException>(() => trainer.Run(model, ColorSet.Of(count: 0)));
        Assert.False(Directory.Exists(Folder().Path));
    }

    [Fact]
    public void A_folder_that_cannot_be_made_is_one_clear_sentence()
    {
        Directory.CreateDirectory(root);
        File.WriteAllText(Path.Combine(root, "run"), "a file");
        using var model = TinyDenoiser.Create();
        var error = Assert.Throws<DitException>(() => new Trainer(Short, Folder()).Run(model, ColorSet.Of()));
        Assert.StartsWith($"The folder '{Folder().Path}' cannot be created: ", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_second_run_does_not_write_over_the_first()
    {
        using var model = TinyDenoiser.Create();
        var trainer = new Trainer(Short, Folder());
        trainer.Run(model, ColorSet.Of());
        var error = Assert.Throws<DitException>(() => trainer.Run(model, ColorSet.Of()));
        Assert.Equal(
            $"'{Folder().Checkpoint}' exists already, and training would write over it: resume that run, name another folder, or remove "
                + $"it.",
            error.Message);
    }

    [Theory]
    [InlineData("loss.csv")]
    [InlineData("loss.png")]
    [InlineData("metrics.jsonl")]
    [InlineData("loss-by-time.png")]
    [InlineData("weights.safetensors")]
    public void Files_of_others_are_not_written_over(string name)
    {
        Directory.CreateDirectory(Folder().Path);
        File.WriteAllText(Path.Combine(Folder().Path, name), "precious");
        using var model = TinyDenoiser.Create();
        Assert.Contains(name, Assert.Throws<DitException>(() => new Trainer(Short, Folder()).Run(model, ColorSet.Of())).Message);
        Assert.Equal("precious", File.ReadAllText(Assert.Single(Directory.GetFiles(Folder().Path))));
    }

    [Fact]
    public void An_image_that_cannot_be_read_ends_the_run_and_the_steps_made_are_kept()
    {
        var (whole, loads) = (ColorSet.Of(), 0);
        var data = whole with
        {
            Load = (indices, flips) => ++loads > 3 ? throw new DitException("a.png is damaged.") : whole.Load(indices, flips),
        };
        using var model = TinyDenoiser.Create();
        var error = Assert.Throws<DitException>(() => new Trainer(Short, Folder()).Run(model, data));
        Assert.Equal($"a.png is damaged; the last good checkpoint is kept in '{Folder().Checkpoint}'.", error.Message);
        using var checkpoint = SafeTensorsFile.Open(Folder().Checkpoint);
        Assert.Equal("3", checkpoint.Metadata["dit.step"]);
    }

    [Fact]
    public void A_model_of_half_precision_is_refused()
    {
        using var model = TinyDenoiser.Create();
        model.to(ScalarType.BFloat16);
        var error = Assert.Throws<DitException>(() => new Trainer(Short, Folder()).Run(model, ColorSet.Of()));
        Assert.StartsWith("Tiny is to be trained in BFloat16: ", error.Message, StringComparison.Ordinal);
    }
}
