using Dit.Runtime;

namespace Dit.Commands.Tests;

[Collection(WithTrainedShapes.Name)]
public sealed class TrainAndDataTests(TrainedShapes trained) : IDisposable
{
    private readonly TestFolder folder = new();

    public void Dispose() => folder.Dispose();

    private CliResult Train(string data, params string[] more) => Train(CancellationToken.None, data, more);

    private CliResult Train(CancellationToken cancellation, string data, params string[] more) =>
        Cli.Run(
            cancellation,
            Line.With("train", [("--data", data), ("--out", folder.Path("run")), ("--steps", "2"), ("--batch", "2")], more));

    private string[] Entries(params string[] parts) =>
        [.. Directory.GetFileSystemEntries(folder.Path(parts)).Select(static path => Path.GetFileName(path)).Order(StringComparer.Ordinal)];

    [Fact]
    public void Shapes_are_drawn_trained_on_and_sampled()
    {
        Assert.Contains("on 200 images of 10 classes", trained.Training, StringComparison.Ordinal);
        using (var weights = SafeTensorsFile.Open(trained.Weights))
        {
            Assert.Equal(("Shapes", Definitions.Shapes.Card.Spec), (weights.Metadata["dit.model"], CheckpointSpec.Of(weights)));
            Assert.Equal(
                string.Join(',', ShapesDataset.Classes.Select(name => $"\"{name}\"")),
                weights.Metadata["dit.classes"].Trim('[', ']'));
            Assert.All(weights.Tensors.Values, info => Assert.Equal(TorchSharp.torch.ScalarType.Float16, info.DType));
        }
        Cli.Run(
                "sample",
                "--checkpoint",
                trained.Weights,
                "--classes",
                "ring",
                "--count",
                "3",
                "--steps",
                "2",
                "--out",
                folder.Path("ring.png"))
            .Succeeds();
        Assert.Equal(["ring.png"], folder.Files());
    }

    [Fact]
    public void Training_leaves_its_files_and_does_not_write_over_them()
    {
        var text = Train(trained.Shapes, "--no-flip", "--warmup", "1", "--clip", "1", "--save-every", "1").Succeeds();
        Assert.Equal(
            [
                "checkpoint-00000001.safetensors",
                "checkpoint.safetensors",
                "loss-by-time.png",
                "loss.csv",
                "loss.png",
                "metrics.jsonl",
                "model.dit.yaml",
                "report.html",
                "run.yaml",
                "samples",
                "sessions.jsonl",
                "weights.safetensors",
            ],
            Entries("run"));
        Assert.Equal(["00000001.png", "00000002.png"], Entries("run", "samples"));
        Assert.All(Entries("run").Skip(1), file => Assert.Contains(folder.Path("run", file), text, StringComparison.Ordinal));
        Assert.Equal(
            $"'{folder.Path("run", "checkpoint.safetensors")}' exists already, and training would write over it: resume that run, name "
                + $"another folder, or remove it.",
            Train(trained.Shapes).Mistake());
    }

    [Fact]
    public void An_unreadable_image_is_named()
    {
        Cli.Run("data", "shapes", "--out", folder.Path("shapes"), "--count", "10").Succeeds();
        var bad = Directory.GetFiles(folder.Path("shapes", "star")).Single();
        File.WriteAllText(bad, "no image");
        Assert.Contains(bad, Train(folder.Path("shapes"), "--batch", "10").Mistake(), StringComparison.Ordinal);
        Assert.False(Directory.Exists(folder.Path("run")));
    }

    [Fact]
    public void Data_that_cannot_be_trained_on_are_one_line()
    {
        Assert.Equal($"The image folder {folder.Path("no")} does not exist.", Train(folder.Path("no")).Mistake());
        Directory.CreateDirectory(folder.Path("empty"));
        Assert.StartsWith(
            $"The image folder {folder.Path("empty")} holds no class folders",
            Train(folder.Path("empty")).Mistake(),
            StringComparison.Ordinal);
        Directory.CreateDirectory(folder.Path("class", "a"));
        Assert.StartsWith(
            $"The class folder {folder.Path("class", "a")} holds no images",
            Train(folder.Path("class")).Mistake(),
            StringComparison.Ordinal);
        Assert.Empty(folder.Files("run"));
    }

    [Fact]
    public void Settings_that_make_no_sense_are_one_line()
    {
        Assert.Equal("The steps of a training recipe must be at least 1; it is 0.", Train(trained.Shapes, "--steps", "0").Mistake());
        Assert.Equal(
            "The EMA decay of a training recipe must be from 0 up to, not including, 1; it is 1.5.",
            Train(trained.Shapes, "--ema", "1.5").Mistake());
        Assert.Equal("A checkpoint can be saved every 1 or more steps, not every 0.", Train(trained.Shapes, "--save-every", "0").Mistake());
        Assert.StartsWith(
            "DiT-S/8 works on the latents of kl-f8", Train(trained.Shapes, "--model", "DiT-S/8").Mistake(), StringComparison.Ordinal);
        Assert.Equal(
            "The weight decay of a training recipe must be 0 or more; it is -1.",
            Train(trained.Shapes, "--weight-decay", "-1").Mistake());
        Assert.Equal(
            "A batch of 1000000000 images of 3 x 32 x 32 is too large: at most 699050 fit.",
            Train(trained.Shapes, "--batch", "1000000000").Mistake());
        Assert.Contains("is empty", Train(trained.Shapes, "--out", "").Mistake(), StringComparison.Ordinal);
        if (OperatingSystem.IsLinux())
            Assert.StartsWith(
                "The folder '/proc/run' cannot be created: ", Train(trained.Shapes, "--out", "/proc/run").Mistake(),
                StringComparison.Ordinal);
        folder.File("run", "a file");
        Assert.StartsWith(
            $"The folder '{folder.Path("run")}' cannot be created: ", Train(trained.Shapes).Mistake(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_loss_that_is_not_finite_ends_the_run_and_keeps_no_bad_weights()
    {
        Assert.Matches(
            "^The (loss is \\S+|norm of the gradient is \\S+|weights are no longer finite) at step ",
            Train(trained.Shapes, "--lr", "1e30", "--steps", "20").Mistake());
        Assert.DoesNotContain("weights.safetensors", folder.Files("run"));
    }

    [Fact]
    public void Training_that_is_stopped_at_once_writes_nothing()
    {
        var result = Train(new CancellationToken(canceled: true), trained.Shapes);
        Assert.Equal((130, "dit: stopped; nothing was written.\n"), (result.Code, result.Error));
        Assert.Empty(folder.Files("run"));
    }

    [Fact]
    public void Training_reports_its_progress_and_keeps_a_checkpoint_when_it_is_stopped_midway()
    {
        var result = Cli.RunUntil(
            "step 2/", "train", "--data", trained.Shapes, "--out", folder.Path("run"), "--steps", "1000", "--batch", "2");
        Assert.Equal(
            (130, $"dit: stopped after step 2 of 1000; the checkpoint is in {folder.Path("run", "checkpoint.safetensors")}, and "
                + "--resume goes on from it.\n"),
            (result.Code, result.Error));
        Assert.Matches(
            @"\nstep 2/1000  loss \d+\.\d{4}  \d+\.\d\d steps/s  \d+ images/s  norm [\d.E+-]+  data wait \d+ %  memory [\d.]+ [MG]B  "
                + @"ETA (\d+ h )?\d+ (min|s)\n$",
            result.Out);
        Assert.Equal(
            [
                "checkpoint.safetensors", "loss-by-time.png", "loss.csv", "loss.png", "metrics.jsonl", "model.dit.yaml", "report.html",
                "run.yaml", "sessions.jsonl",
            ],
            folder.Files("run"));
        Cli.Run(
                "sample",
                "--checkpoint",
                folder.Path("run", "checkpoint.safetensors"),
                "--steps",
                "2",
                "--count",
                "1",
                "--out",
                folder.Path("a.png"))
            .Succeeds();
    }

    [Theory]
    [InlineData(
        1000,
        0.9999,
        "Warning: with --ema 0.9999 the weights after 1,000 steps are still 90 % the untrained start; --ema 0.995 or --ema-warmup "
            + "fits so short a run.")]
    [InlineData(
        1,
        0.5,
        "Warning: with --ema 0.5 the weights after 1 step are still 50 % the untrained start; --ema 0 fits so short a run.")]
    [InlineData(1000, 0.995, null)]
    [InlineData(3, 0, null)]
    [InlineData(400_000, 0.9999, null)]
    public void An_average_too_slow_for_the_run_is_told_before_it(int steps, double decay, string? warning) =>
        Assert.Equal(warning, TrainVisitor.SlowAverage(new TrainingRecipe { Steps = steps, EmaDecay = decay }));

    [Theory]
    [InlineData(1, "Warning: with --ema 0.9999 the weights after 1 step are still 10 % the untrained start; --ema 0 fits so short a run.")]
    [InlineData(4, null)]
    [InlineData(1000, null)]
    public void An_average_that_warms_up_is_not_too_slow(int steps, string? warning) =>
        Assert.Equal(warning, TrainVisitor.SlowAverage(new TrainingRecipe { Steps = steps, EmaWarmup = true }));

    [Fact]
    public void Shapes_go_into_an_empty_folder_only()
    {
        var text = Cli.Run("data", "shapes", "--out", folder.Path("s"), "--count", "20", "--size", "16").Succeeds();
        Assert.Equal($"Wrote 20 images of 16 x 16 pixels in 10 classes to {folder.Path("s")}\n", text);
        Assert.Equal(20, folder.Files("s").Length);
        Assert.Contains(
            "is not empty",
            Cli.Run("data", "shapes", "--out", folder.Path("s"), "--count", "10").Mistake(),
            StringComparison.Ordinal);
        Assert.Equal(20, folder.Files("s").Length);
    }

    [Fact]
    public void Shapes_that_are_stopped_or_too_few_leave_nothing()
    {
        var result = Cli.Run(new CancellationToken(canceled: true), "data", "shapes", "--out", folder.Path("s"), "--count", "100");
        Assert.Equal((130, "dit: stopped; nothing was written.\n"), (result.Code, result.Error));
        result = Cli.RunUntil("image 20/", "data", "shapes", "--out", folder.Path("s"), "--count", "2000");
        Assert.Equal((130, "dit: stopped; nothing was written.\n"), (result.Code, result.Error));
        Assert.Contains("image 20/2000  ", result.Out, StringComparison.Ordinal);
        Cli.Run("data", "shapes", "--out", folder.Path("s"), "--count", "9").Mistake();
        Cli.Run("data", "shapes", "--out", folder.Path("s"), "--size", "5000").Mistake();
        Assert.Contains("is empty", Cli.Run("data", "shapes", "--out", "").Mistake(), StringComparison.Ordinal);
        if (OperatingSystem.IsLinux())
            Assert.StartsWith(
                "The folder '/proc/s' cannot be created: ", Cli.Run("data", "shapes", "--out", "/proc/s").Mistake(),
                StringComparison.Ordinal);
        Assert.Empty(Directory.GetFileSystemEntries(folder.Root));
    }

    private string Data(int count = 20, int size = 16)
    {
        ShapesDataset.Write(folder.Path("data"), count, 1, size: size);
        return folder.Path("data");
    }

    private string Image(int label, int index = 0) =>
        Directory.GetFiles(folder.Path("data", ShapesDataset.Classes[label])).Order(StringComparer.Ordinal).ElementAt(index);

    [Fact]
    public void Unreadable_images_are_refused_before_the_first_step_or_left_out_and_listed()
    {
        var data = Data();
        File.WriteAllBytes(Image(0), []);
        File.WriteAllText(Image(3), "no image");
        File.WriteAllBytes(Image(5), File.ReadAllBytes(Image(5))[..^30]);
        File.WriteAllBytes(Image(7), []);
        var mistake = Train(data).Mistake();
        Assert.StartsWith("4 of 20 images cannot be read: ", mistake, StringComparison.Ordinal);
        Assert.EndsWith(
            "; and 1 more. Up to 1 % are left out, and these are more. Repair, rename or remove them, or leave them out with "
                + "--skip-unreadable.",
            mistake,
            StringComparison.Ordinal);
        Assert.EndsWith(
            "; and 1 more. With --strict none is left out: repair, rename or remove them.", Train(data, "--strict").Mistake(),
            StringComparison.Ordinal);
        Assert.Equal(
            "--strict stops at the first image that cannot be read, and --skip-unreadable leaves out all of them: give one of them.",
            Train(data, "--strict", "--skip-unreadable").Mistake());
        Assert.False(Directory.Exists(folder.Path("run")));

        var text = Train(data, "--skip-unreadable").Succeeds();
        Assert.Contains("on 16 images of 10 classes", text, StringComparison.Ordinal);
        Assert.Contains(
            $"Left out 4 images that cannot be read, listed in {folder.Path("run", "unreadable.txt")}:\n",
            text,
            StringComparison.Ordinal);
        string[] listed = [.. ((int[])[0, 3, 5, 7]).Select(label => Image(label)).Order(StringComparer.Ordinal)];
        Assert.Equal(listed, File.ReadAllLines(folder.Path("run", "unreadable.txt")).Select(static line => line.Split(' ')[0]));
        Assert.All(listed, path => Assert.Contains($"\n  {path} ", text, StringComparison.Ordinal));
    }

    [Fact]
    public void Up_to_one_in_a_hundred_is_left_out_and_named_unless_none_may_be()
    {
        var data = Data(count: 200, size: 8);
        File.WriteAllBytes(Image(4, 2), []);
        DamagePixels(Image(6, 5));
        foreach (var workers in (string[])["0", "2"])
        {
            var text = Train(data, "--out", folder.Path($"run{workers}"), "--batch", "100", "--workers", workers).Succeeds();
            Assert.Contains(
                $"\n1 of 200 images cannot be read: {Image(4, 2)} is empty. It is left out.\n",
                $"\n{text}",
                StringComparison.Ordinal);
            Assert.Contains("on 199 images of 10 classes", text, StringComparison.Ordinal);
            Assert.Contains("\nLeft out 2 images that cannot be read, listed in ", text, StringComparison.Ordinal);
        }
        Assert.Equal(
            File.ReadAllBytes(folder.Path("run0", "weights.safetensors")),
            File.ReadAllBytes(folder.Path("run2", "weights.safetensors")));
        File.WriteAllBytes(Image(4, 2), File.ReadAllBytes(Image(4, 3)));
        Assert.StartsWith(Image(6, 5), Train(data, "--strict", "--batch", "100").Mistake(), StringComparison.Ordinal);
        Assert.Equal(
            "Images are decoded by 0 to 256 threads, not by -1.",
            Train(data, "--out", folder.Path("no"), "--workers", "-1").Mistake());

        static void DamagePixels(string path)
        {
            var bytes = File.ReadAllBytes(path);
            var at = bytes.AsSpan().IndexOf("IDAT"u8) + 8;
            bytes[at] ^= 0xFF;
            File.WriteAllBytes(path, bytes);
        }
    }

    [Fact]
    public void Data_and_model_are_compared_on_one_line()
    {
        var data = Data();
        foreach (var extra in ShapesDataset.Classes.Skip(2)) Directory.Delete(folder.Path("data", extra), recursive: true);
        Assert.Contains(
            "\nNote: 2 classes in the data, 10 in the model: 8 stay untrained; images 16 x 16 to 3 x 32 x 32; a batch of 5 is larger than "
                + "the data, and holds images more than once\n",
            Train(data, "--batch", "5").Succeeds(), StringComparison.Ordinal);
        Assert.Contains(
            "class 7 was never trained.",
            Cli.Run("sample", "--checkpoint", folder.Path("run", "weights.safetensors"), "--classes", "7", "--out", folder.Path("a.png"))
                .Mistake(),
            StringComparison.Ordinal);
        Assert.DoesNotContain("Note:", trained.Training, StringComparison.Ordinal); // nothing is different
        Assert.Equal(
            "Note: 9 classes in the data, 10 in the model: 1 stays untrained",
            Commands.ImageData.Comparison(9, 10, null, new(3, 32, 32)));
        Assert.Equal(
            "Note: images 28 x 28 gray to 3 x 32 x 32",
            Commands.ImageData.Comparison(0, 0, new((28, 28), (28, 28), 5, 5), new(3, 32, 32)));
        foreach (var more in (string[])["x", "y"]) Directory.CreateDirectory(folder.Path("data", more));
        foreach (var name in ShapesDataset.Classes.Skip(2).Concat(["x", "y"]))
        {
            Directory.CreateDirectory(folder.Path("data", name));
            File.Copy(Image(0), folder.Path("data", name, "a.png"));
        }
        Assert.Equal(
            "The data set has 12 classes and Shapes takes 10: train a model with as many classes.",
            Train(data, "--out", folder.Path("no")).Mistake());
    }

    [Fact]
    public void What_is_left_out_of_a_folder_is_counted_on_one_line()
    {
        var data = Data(size: 32);
        File.WriteAllText(folder.Path("data", "notes.txt"), "");
        File.Copy(Image(0), folder.Path("data", "stray.png"));
        Directory.CreateDirectory(folder.Path("data", "star", "more"));
        var text = Train(data).Succeeds();
        Assert.StartsWith(
            "Left out: 1 file of unknown type (.txt), 1 image beside the class folders, 1 nested folder\n",
            text,
            StringComparison.Ordinal);
    }

    [Fact]
    public void A_run_into_its_data_or_into_another_run_is_refused_and_leaves_nothing()
    {
        var data = Data();
        Directory.CreateSymbolicLink(folder.Path("link"), data);
        foreach (
            var output in (string[])[data, Path.Combine(data, "run"), folder.Path("link", "run"), Path.Combine(data, "star", "..", "run")])
            Assert.Contains("the folder of the data", Train(data, "--out", output).Mistake(), StringComparison.Ordinal);
        using (FolderClaim.Take(folder.Path("run")))
            Assert.Equal(
                $"A different run is writing to '{folder.Path("run")}' at present: name another folder, or wait until that run has ended.",
                Train(data).Mistake());
        Assert.Equal(20, folder.Files("data").Length);
        Assert.False(Directory.Exists(folder.Path("run")));
    }

    [Fact]
    public void A_batch_that_cannot_fit_is_refused_with_one_that_fits()
    {
        Assert.Matches(
            @"^Training Shapes with a batch of 600000 needs about \d+\.\d GB of memory, and there are \d+\.\d GB: "
                + @"(--accumulate \d+, or )?--batch \d+ fits\.$",
            Train(trained.Shapes, "--batch", "600000").Mistake());
        Assert.False(Directory.Exists(folder.Path("run")));
    }

    [Fact]
    public void A_run_that_is_stopped_or_fails_before_its_first_step_leaves_no_folder()
    {
        var data = Data();
        var result = Cli.RunUntil(
            "20 of 20 images checked", "train", "--data", data, "--out", folder.Path("a", "b"), "--steps", "5", "--batch", "2");
        Assert.Equal(130, result.Code);
        Assert.Contains("nothing was written", result.Error, StringComparison.Ordinal);
        Assert.False(Directory.Exists(folder.Path("a")));
    }
}
