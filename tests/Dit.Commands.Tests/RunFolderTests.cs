using Dit.Runtime;

namespace Dit.Commands.Tests;

/// <summary>The settings that a run leaves in its folder, with which it is repeated and resumed.</summary>
public sealed class RunFolderTests : IDisposable
{
    private readonly TestFolder folder = new();

    public RunFolderTests()
    {
        ShapesDataset.Write(folder.Path("data"), 10, 1, size: 8);
        folder.File("small.dit.yaml", SmallSpec.Of(classes: 10));
        folder.File("first.yaml", """
            data: data
            model: small.dit.yaml
            out: first
            steps: 8
            batch: 3
            learning_rate: 0.001
            save_every: 3
            keep: 1
            time_buckets: 2
            ema: 0.5
            flip: false
            """);
    }

    public void Dispose() => folder.Dispose();

    private void RequireSame(string file, string expected, string actual) =>
        Assert.Equal(File.ReadAllBytes(folder.Path(expected, file)), File.ReadAllBytes(folder.Path(actual, file)));

    [Fact]
    public void A_run_leaves_its_settings_and_is_repeated_from_them()
    {
        Cli.Run("train", folder.Path("first.yaml"), "--seed", "7").Succeeds();
        Assert.Equal(
            """
            data: "../data"
            model: model.dit.yaml
            recipe: short
            steps: 8
            batch: 3
            accumulate: 1
            learning_rate: 0.001
            warmup: 200
            schedule: constant
            weight_decay: 0
            decay_matrices: false
            beta1: 0.9
            beta2: 0.999
            clip: 1
            seed: 7
            activation_checkpointing: false
            precision: f32
            ema: 0.5
            ema_warmup: true
            post_hoc_ema: false
            save_every: 3
            save_minutes: 5
            keep: 1
            weights_dtype: f32
            time_buckets: 2
            tensorboard: false
            on_spike: stop
            flip: false
            skip_unreadable: false
            strict: false
            time_sampling: uniform
            device: cpu
            tf32: false

            """.ReplaceLineEndings("\n"), File.ReadAllText(folder.Path("first", "run.yaml")));
        Assert.Equal(
            SafeTensorsFile.Open(folder.Path("first", "weights.safetensors")).Metadata[ModelCard.SpecKey],
            File.ReadAllText(folder.Path("first", "model.dit.yaml")));
        File.Delete(folder.Path("small.dit.yaml")); // the folder has the spec
        Cli.Run("train", folder.Path("first", "run.yaml"), "--out", folder.Path("again")).Succeeds();
        RequireSame("weights.safetensors", "first", "again");
        RequireSame("run.yaml", "first", "again");
        using var weights = SafeTensorsFile.Open(folder.Path("first", "weights.safetensors"));
        Assert.DoesNotContain("dit.run", weights.Metadata.Keys); // it names folders of this machine
    }

    [Fact]
    public void A_run_goes_on_with_all_its_settings()
    {
        Cli.Run("train", folder.Path("first.yaml"), "--out", folder.Path("whole"), "--tensorboard").Succeeds();
        Cli.RunUntil("step 4/", "train", folder.Path("first.yaml"), "--tensorboard");
        Assert.StartsWith(
            "Going on after step 4 with Small ", Cli.Run("train", "--resume", "--out", folder.Path("first")).Succeeds(),
            StringComparison.Ordinal);
        RequireSame("checkpoint.safetensors", "whole", "first"); // with the settings in it
        RequireSame("run.yaml", "whole", "first");
        // named by the second
        Assert.InRange(folder.Files("first").Count(static file => file.StartsWith("events", StringComparison.Ordinal)), 1, 2);
        Assert.Equal(2, TrainingMetrics.Read(folder.Path("first", "metrics.jsonl"))[^1].MseByTime.Count);

        Directory.Move(folder.Path("data"), folder.Path("moved"));
        Assert.Contains(
            $"{folder.Path("data")} does not exist", Cli.Run("train", "--resume", "--out", folder.Path("first")).Mistake(),
            StringComparison.Ordinal);
        Cli.Run("train", "--resume", "--out", folder.Path("first"), "--data", folder.Path("moved"), "--steps", "9").Succeeds();
        Assert.Contains("\nsteps: 9\n", File.ReadAllText(folder.Path("first", "run.yaml")), StringComparison.Ordinal);
    }

    [Fact]
    public void Several_averages_are_files_of_weights_that_are_sampled_from()
    {
        var text = Cli.Run("train", folder.Path("first.yaml"), "--ema", "0.5,0.9").Succeeds();
        Assert.Contains($"Wrote {folder.Path("first", "weights-0.9.safetensors")}\n", text, StringComparison.Ordinal);
        Assert.Contains("\nema: [0.5, 0.9]\n", File.ReadAllText(folder.Path("first", "run.yaml")), StringComparison.Ordinal);
        Cli.Run(
            "sample", "--checkpoint", folder.Path("first", "weights-0.9.safetensors"), "--count", "1", "--out", folder.Path("a.png"))
            .Succeeds();
        Cli.Run("train", folder.Path("first", "run.yaml"), "--out", folder.Path("again")).Succeeds();
        RequireSame("weights-0.9.safetensors", "first", "again");
    }

    [Fact]
    public void A_run_file_and_resume_go_together_and_what_differs_is_named()
    {
        Cli.RunUntil("step 4/", "train", folder.Path("first.yaml"));
        Assert.Contains(
            "BatchSize is 3 there and 4 here",
            Cli.Run("train", folder.Path("first.yaml"), "--resume", "--batch", "4").Mistake(),
            StringComparison.Ordinal);
        Cli.Run("train", folder.Path("first.yaml"), "--resume").Succeeds();
    }

    [Fact]
    public void A_checkpoint_without_settings_still_goes_on()
    {
        Cli.Run("train", folder.Path("first.yaml"), "--out", folder.Path("whole")).Succeeds();
        Cli.RunUntil("step 4/", "train", folder.Path("first.yaml"));
        WithoutSettings(folder.Path("first", "checkpoint.safetensors"));
        Assert.Equal(
            "Which data? Name the folder with --data, or as 'data' in a run file.",
            Cli.Run("train", "--resume", "--out", folder.Path("first")).Mistake());
        Cli.Run("train", "--resume", "--out", folder.Path("first"), "--data", folder.Path("data")).Succeeds();
        RequireSame("weights.safetensors", "whole", "first");
    }

    private static void WithoutSettings(string path)
    {
        using var scope = TorchSharp.torch.NewDisposeScope();
        (string, TorchSharp.torch.Tensor)[] tensors;
        Dictionary<string, string> metadata;
        using (var file = SafeTensorsFile.Open(path))
        {
            tensors = [.. file.Tensors.Keys.Select(name => (name, file.Read(name)))];
            metadata = file.Metadata.Where(static entry => entry.Key != "dit.run").ToDictionary();
        }
        SafeTensors.Save(path, tensors, metadata);
    }

    [Fact]
    public void A_file_with_mistakes_names_each_and_trains_nothing()
    {
        var file = folder.File("wrong.yaml", "data: data\nsteps: few\nkeeep: 1\n");
        var result = Cli.Run("train", file);
        Assert.Equal(
            (2, $"{file}(2,8): error DIT004: 'steps' must be a whole number of at least 1, not 'few'\n"
                + $"{file}(3,1): error DIT002: Unknown key 'keeep'; did you mean 'keep'?\ndit: {file} has 2 errors.\n"),
            (result.Code, result.Error));
        Assert.False(Directory.Exists(folder.Path("run")));
        Assert.StartsWith(
            $"'{folder.Root}' is a folder: name a run file.", Cli.Run("train", folder.Root).Mistake(), StringComparison.Ordinal);
    }

    [Fact]
    public void Specs_and_run_files_are_told_apart()
    {
        Assert.StartsWith(
            $"{folder.Path("small.dit.yaml")}(1,1): error DIT019: This is a spec, not a run file; name it with --model",
            Cli.Run("train", folder.Path("small.dit.yaml")).Error, StringComparison.Ordinal);
        Assert.All(
            (string[][])[["check", folder.Path("first.yaml")], ["train", "--data", ".", "--model", folder.Path("first.yaml")]],
            line => Assert.Contains(
                "(1,1): error DIT019: This is a run file of 'dit train', not a spec; ",
                Cli.Run(line) is var told ? told.Out + told.Error : "",
                StringComparison.Ordinal));
    }
}
