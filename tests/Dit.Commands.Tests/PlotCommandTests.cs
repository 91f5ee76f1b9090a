using Dit.Runtime;

namespace Dit.Commands.Tests;

/// <summary><c>dit plot</c>: runs as curves in one picture.</summary>
public sealed class PlotCommandTests : IDisposable
{
    private readonly TestFolder folder = new();

    public void Dispose() => folder.Dispose();

    private string Run(string name, double scale = 1, int steps = 400)
    {
        Directory.CreateDirectory(folder.Path(name));
        folder.File(Path.Combine(name, "metrics.jsonl"), string.Concat(Enumerable.Range(1, steps).Select(step =>
            FormattableString.Invariant($"{{\"step\":{step},\"loss\":{scale * (0.02 + 1.0 / step + 0.005 * (step % 7))},")
                + FormattableString.Invariant($"\"learning_rate\":{1e-4 * step},\"vb\":0}}\n"))));
        return folder.Path(name);
    }

    private CliResult Plot(params string[] args) => Cli.Run(["plot", .. args, "--out", folder.Path("a.png")]);

    private static int Count(RgbImage image, (byte, byte, byte) color)
    {
        var (pixels, count) = (image.Pixels.ToArray(), 0);
        for (var i = 0; i < pixels.Length; i += 3) count += (pixels[i], pixels[i + 1], pixels[i + 2]) == color ? 1 : 0;
        return count;
    }

    [Fact]
    public void Each_run_has_a_curve()
    {
        Assert.Equal($"Wrote {folder.Path("a.png")}\n", Plot(Run("small"), Run("large", 3)).Succeeds());
        var both = ImageFile.Read(folder.Path("a.png"));
        Assert.True(Count(both, (0x00, 0x72, 0xB2)) > 500);
        Assert.True(Count(both, (0xD5, 0x5E, 0x00)) > 500);
        Plot(Run("small")).Succeeds();
        Assert.Equal(0, Count(ImageFile.Read(folder.Path("a.png")), (0xD5, 0x5E, 0x00)));
    }

    [Fact]
    public void A_run_that_goes_on_has_a_curve_too()
    {
        File.AppendAllText(Path.Combine(Run("run"), "metrics.jsonl"), "{\"step\":401,\"lo");
        Plot(folder.Path("run")).Succeeds();
    }

    [Fact]
    public void Another_metric_gives_a_different_picture()
    {
        Plot(Run("run")).Succeeds();
        var loss = File.ReadAllBytes(folder.Path("a.png"));
        Plot(Run("run"), "--metric", "learning-rate").Succeeds();
        Assert.NotEqual(loss, File.ReadAllBytes(folder.Path("a.png")));
    }

    [Fact]
    public void What_cannot_be_plotted_is_one_line_and_no_picture()
    {
        Directory.CreateDirectory(folder.Path("images"));
        Assert.Equal(
            $"There is no folder '{folder.Path("no")}': name the folder of a run of 'dit train'.",
            Plot(folder.Path("no")).Mistake());
        Assert.Equal(
            $"The folder '{folder.Path("images")}' has no metrics.jsonl: it is not the folder of a run of 'dit train', or an earlier "
                + "version made it.",
            Plot(Run("run"), folder.Path("images")).Mistake());
        Assert.EndsWith("holds no step yet.", Plot(Run("empty", steps: 0)).Mistake(), StringComparison.Ordinal);
        Assert.Equal("The run 'run' has no vb above 0 to show.", Plot(folder.Path("run"), "--metric", "vb").Mistake());
        folder.File(Path.Combine("empty", "metrics.jsonl"), "step,loss\n");
        Assert.StartsWith("Line 1 of ", Plot(folder.Path("empty")).Mistake(), StringComparison.Ordinal);
        Assert.StartsWith(
            "19 runs were named", Plot([.. Enumerable.Repeat(folder.Path("run"), 19)]).Mistake(), StringComparison.Ordinal);
        Assert.Contains(
            "name one that ends in .png", Cli.Run("plot", folder.Path("run"), "--out", "a.jpg").Mistake(), StringComparison.Ordinal);
        Assert.DoesNotContain("a.png", folder.Files());
    }

    [Fact]
    public void Runs_are_called_by_their_folders_or_by_their_paths_where_these_are_the_same()
    {
        Assert.Equal(["a", "b"], PlotCommand.Names(["x/a", "b/"]));
        Assert.Equal(["x/a", "y/a"], PlotCommand.Names(["x/a", "y/a"]));
        Assert.Equal($"...{new string('z', 37)}", PlotCommand.Names([new string('z', 60)])[0]);
    }

    [Fact]
    public void What_training_writes_can_be_plotted()
    {
        ShapesDataset.Write(folder.Path("data"), 20, 1, size: 8);
        Cli.Run(
            "train", "--data", folder.Path("data"), "--out", folder.Path("run"), "--steps", "3", "--batch", "2", "--tensorboard",
            "--time-buckets", "2").Succeeds();
        Assert.Contains(folder.Files("run"), static file => file.StartsWith("events.out.tfevents.", StringComparison.Ordinal));
        Assert.Equal(2, TrainingMetrics.Read(folder.Path("run", "metrics.jsonl"))[^1].MseByTime.Count);
        Plot(folder.Path("run"), "--metric", "gradient-norm").Succeeds();
    }
}
