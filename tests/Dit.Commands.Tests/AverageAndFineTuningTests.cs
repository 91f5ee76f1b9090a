using Dit.Runtime;

namespace Dit.Commands.Tests;

/// <summary><c>dit average</c>, and <c>dit train --from</c>.</summary>
public sealed class AverageAndFineTuningTests : IDisposable
{
    private readonly TestFolder folder = new();

    public AverageAndFineTuningTests()
    {
        ShapesDataset.Write(folder.Path("data"), 12, 1, size: 8);
        folder.File("small.dit.yaml", SmallSpec.Of(classes: 10));
    }

    public void Dispose() => folder.Dispose();

    private CliResult Train(string run, params string[] more) => Cli.Run(Line.With(
        "train",
        [
            ("--data", folder.Path("data")), ("--out", folder.Path(run)), ("--model", folder.Path("small.dit.yaml")), ("--steps", "6"),
            ("--batch", "3"), ("--save-every", "2"), ("--ema", "0"),
        ],
        more));

    private CliResult Average(string run, string length) =>
        Cli.Run("average", folder.Path(run), "--length", length, "--out", folder.Path("average.safetensors"));

    [Fact]
    public void An_average_is_made_after_the_run_and_drawn_with()
    {
        Assert.EndsWith(
            $"Wrote {folder.Path("run", "averages")}, for 'dit average'\n",
            Train("run", "--post-hoc-ema").Succeeds(),
            StringComparison.Ordinal);
        Assert.Matches(
            @"average\.safetensors: the average of length 0\.13 at step 6, from 3 snapshots; its profile is off by \d+\.\d %\n$",
            Average("run", "0.13").Succeeds());
        Cli.Run("sample", "--checkpoint", folder.Path("average.safetensors"), "--count", "1", "--out", folder.Path("a.png")).Succeeds();
        Assert.StartsWith(
            "The length of an average is above 0 and at most 0.2886", Average("run", "0.5").Mistake(), StringComparison.Ordinal);
        Assert.StartsWith("--length takes a number such as 0.5", Average("run", "long").Mistake(), StringComparison.Ordinal);
        Assert.Contains("has no snapshots of averages", Average("data", "0.1").Mistake(), StringComparison.Ordinal);
        Train("plain").Succeeds();
        Assert.Contains("has no snapshots of averages", Average("plain", "0.1").Mistake(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_run_starts_from_a_checkpoint_of_other_classes_and_says_what_it_takes()
    {
        Train("first").Succeeds();
        var weights = folder.Path("first", "weights.safetensors");
        folder.File("more.dit.yaml", SmallSpec.Of(classes: 12));
        var more = Train("more", "--model", folder.Path("more.dit.yaml"), "--from", weights).Succeeds();
        Assert.Matches(
            @"^Loaded \d+ tensors of '.*weights\.safetensors'\nStarted anew: y_embedder\.embedding_table\.weight\n[\s\S]*Training Small ",
            more.ReplaceLineEndings("\n"));
        Assert.True(File.Exists(folder.Path("more", "weights.safetensors")));

        folder.File("wide.dit.yaml", SmallSpec.Of(classes: 10).Replace("width: 32", "width: 64", StringComparison.Ordinal));
        Assert.Matches(
            "^Nothing of '.*' fits Small: .* its width is 32, the model's 64",
            Train("wide", "--model", folder.Path("wide.dit.yaml"), "--from", weights).Mistake());
        Assert.False(Directory.Exists(folder.Path("wide")));
        Assert.StartsWith(
            "--from starts a new run from a checkpoint, and --resume goes on with a run",
            Train("first", "--resume", "--from", weights).Mistake(),
            StringComparison.Ordinal);
    }

    [Fact]
    public void A_run_that_starts_from_a_checkpoint_begins_with_its_weights_and_its_model()
    {
        Train("first").Succeeds();
        Cli.Run(
            "train", "--data", folder.Path("data"), "--out", folder.Path("second"), "--from", folder.Path("first", "weights.safetensors"),
            "--steps", "1", "--batch", "3", "--lr", "1e-12", "--ema", "0").Succeeds();
        using var first = SafeTensorsFile.Open(folder.Path("first", "weights.safetensors"));
        using var second = SafeTensorsFile.Open(folder.Path("second", "weights.safetensors"));
        using var scope = TorchSharp.torch.NewDisposeScope();
        Assert.Equal("Small", second.Metadata["dit.model"]);
        Assert.All(first.Tensors.Keys, name =>
            Assert.True((first.Read(name) - second.Read(name)).abs().max().item<float>() < 1e-6, name));
    }
}
