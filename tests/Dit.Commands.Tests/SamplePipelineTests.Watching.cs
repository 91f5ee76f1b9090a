using Dit.Runtime;
using SixLabors.ImageSharp;
using SixLabors.ImageSharp.PixelFormats;
using static TorchSharp.torch;

namespace Dit.Commands.Tests;

/// <summary>Runs that are watched: previews, animations, and what a stopped run keeps.</summary>
public sealed partial class SamplePipelineTests
{
    [Fact]
    public void A_preview_shows_the_batch_so_far()
    {
        Run(LineOfNothing("a.png", "--preview", "2")).Succeeds();
        Assert.Equal(["TinyNothing.weights", "a.png", "a.preview.png"], folder.Files());
        var (preview, final) = (ImageFile.Read(folder.Path("a.preview.png")), ImageFile.Read(folder.Path("a.png")));
        Assert.Equal((final.Width, final.Height), (preview.Width, preview.Height));
        Assert.NotEqual(final.Pixels.ToArray(), preview.Pixels.ToArray()); // of step 4 of 5
        Run(LineOfNothing("b.png", "--preview", "5")).Succeeds();
        Assert.Equal(
            ImageFile.Read(folder.Path("b.png")).Pixels.ToArray(), ImageFile.Read(folder.Path("b.preview.png")).Pixels.ToArray());
        Run(LineOfLatents("c.safetensors", "--preview", "1")).Succeeds();
        Assert.True(ImageFile.Read(folder.Path("c.preview.png")).Width > 2 * 96);
        Run(LineOfNothing("run", "--preview", "1")).Succeeds();
        Assert.Contains("preview.png", Names(folder.Path("run")));
    }

    [Fact]
    public void An_animation_ends_with_the_images_and_holds_them()
    {
        Assert.Matches(@"\nWrote 5 frames \([0-9.]+ k?B\) to .*a\.gif\nComputed", Run(LineOfNothing("a.png", "--gif")).Succeeds());
        var (last, delays) = Animation(folder.Path("a.gif"));
        Assert.Equal([80, 80, 80, 80, 2000], delays);
        var final = ImageFile.Read(folder.Path("a.png"));
        Assert.Equal((final.Width, final.Height), (last.Width, last.Height));
        var difference = last.Pixels.ToArray().Zip(final.Pixels.ToArray(), static (a, b) => Math.Abs(a - b)).Average();
        Assert.InRange(difference, 0, 6);
        Run(LineOfNothing("run", "--gif", "--batch", "2")).Succeeds();
        Assert.Contains("grid.gif", Names(folder.Path("run")));
        Run(LineOfLatents("c.safetensors", "--gif", folder.Path("named.gif"))).Succeeds();
        Assert.True(File.Exists(folder.Path("named.gif")));
    }

    private static (RgbImage Last, int[] Delays) Animation(string path)
    {
        using var image = Image.Load<Rgb24>(path);
        using var last = image.Frames.CloneFrame(image.Frames.Count - 1);
        var rgb = new byte[3 * image.Width * image.Height];
        last.CopyPixelDataTo(rgb);
        using var pixels = tensor(rgb, [image.Height, image.Width, 3]);
        using var planes = pixels.permute(2, 0, 1);
        return (
            RgbImage.FromTensor(planes),
            [.. image.Frames.Cast<ImageFrame<Rgb24>>().Select(static frame => 10 * frame.Metadata.GetGifMetadata().FrameDelay)]);
    }

    [Theory]
    [InlineData(2, "1,2")]
    [InlineData(5, "1,2,3,4,5")]
    [InlineData(32, "1..32")]
    [InlineData(50, null)]
    [InlineData(250, null)]
    [InlineData(1000, null)]
    public void Frames_are_spread_evenly_and_the_last_step_is_one(int steps, string? expected)
    {
        var shown = SampleAnimation.Steps(steps);
        if (expected is not null)
            Assert.Equal(expected == "1..32" ? string.Join(',', Enumerable.Range(1, 32)) : expected, string.Join(',', shown));
        Assert.Equal((Math.Min(steps, 32), steps), (shown.Length, shown[^1]));
        var gaps = shown.Zip(shown.Skip(1), static (a, b) => b - a).ToArray();
        Assert.InRange(gaps.Max() - gaps.Min(), 0, 1);
    }

    [Fact]
    public void Stopping_keeps_what_is_finished_and_says_how_much()
    {
        using var stop = new CancellationTokenSource();
        var result = Run(
            stop.Token, new Watcher("images 3 to 4 of 5, step 2/5", stop.Cancel), LineOfNothing("run", "--count", "5", "--batch", "2"));
        Assert.Equal((130, $"dit: stopped; 2 finished pictures of 5 are in {folder.Path("run")}.\n"), (result.Code, result.Error));
        Assert.Equal(["0000.png", "0001.png"], Names(folder.Path("run")));
    }

    [Fact]
    public void Stopping_before_anything_is_finished_leaves_nothing_but_a_preview()
    {
        using var stop = new CancellationTokenSource();
        var result = Run(stop.Token, new Watcher("step 2/5", stop.Cancel), LineOfNothing("run"));
        Assert.Equal((130, "dit: stopped; nothing was written.\n"), (result.Code, result.Error));
        Assert.False(Directory.Exists(folder.Path("run")));
        using var again = new CancellationTokenSource();
        result = Run(again.Token, new Watcher("step 2/5", again.Cancel), LineOfNothing("a.png", "--preview", "1", "--gif"));
        Assert.Equal(
            (130, $"dit: stopped; nothing was written; the last preview is {folder.Path("a.preview.png")}.\n"),
            (result.Code, result.Error));
        Assert.Equal(["TinyNothing.weights", "a.preview.png"], folder.Files());
    }

    private sealed class Watcher : StringWriter
    {
        private readonly string words;
        private readonly Action seen;

        public Watcher(string words, Action seen) => (this.words, this.seen, NewLine) = (words, seen, "\n");

        public override void WriteLine(string? value)
        {
            base.WriteLine(value);
            if (value is not null && value.Contains(words, StringComparison.Ordinal)) seen();
        }
    }
}
