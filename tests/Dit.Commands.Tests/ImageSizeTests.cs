using Dit.Runtime;

namespace Dit.Commands.Tests;

/// <summary><c>dit sample --size</c>.</summary>
[Collection(WithTrainedShapes.Name)]
public sealed class ImageSizeTests(TrainedShapes trained) : IDisposable
{
    private readonly TestFolder folder = new();

    public void Dispose() => folder.Dispose();

    private CliResult Sample(string outName, params string[] more) => Cli.Run(
        ["sample", "--checkpoint", trained.Weights, "--steps", "2", "--count", "2", "--classes", "star,heart",
            "--out", folder.Path(outName), .. more]);

    [Theory]
    [InlineData("48x32", 48, 32, "6x4")]
    [InlineData("32x64", 32, 64, "4x8")]
    public void Pictures_have_the_size_and_the_text_says_it(string size, int width, int height, string grid)
    {
        var text = Sample("run", "--size", size, "--preview", "1", "--gif").Succeeds();

        Assert.Contains(
            $"Shapes was trained for 32x32 pixels and draws {size}: the sin-cos positions are computed for {grid} patches in place of "
                + "4x4.\nDrawing 4 samples of Shapes",
            text,
            StringComparison.Ordinal);
        foreach (var picture in Directory.EnumerateFiles(folder.Path("run"), "000*.png"))
        {
            var image = ImageFile.Read(picture);
            Assert.Equal((width, height), (image.Width, image.Height));
            Assert.Equal(size, ImageTexts.Read(picture)["dit.size"]);
        }
        var inspected = Cli.Run("inspect", folder.Path("run", "grid.png")).Succeeds();
        Assert.Contains($" --size {size} ", inspected, StringComparison.Ordinal);
        Assert.Contains("size in pixels", inspected, StringComparison.Ordinal);
        var layout = ImageGrid.Layout(4, height, width, new(2, Scale: Math.Max(1, 96 / height), RowLabels: ["star", "heart"]));
        foreach (var all in new[] { "grid.png", "preview.png" })
        {
            var image = ImageFile.Read(folder.Path("run", all));
            Assert.Equal((layout.Width, layout.Height), (image.Width, image.Height));
        }
        Assert.Equal(size, ImageTexts.Read(folder.Path("run", "grid.gif"))["dit.size"]);
    }

    [Fact]
    public void The_size_of_the_model_changes_nothing_but_the_text()
    {
        var usual = Sample("a.png").Succeeds();
        var named = Sample("b.png", "--size", "32x32").Succeeds();

        Assert.Equal(ImageFile.Read(folder.Path("a.png")).Pixels.ToArray(), ImageFile.Read(folder.Path("b.png")).Pixels.ToArray());
        Assert.DoesNotContain("was trained for", usual + named, StringComparison.Ordinal);
        Assert.False(ImageTexts.Read(folder.Path("a.png")).ContainsKey("dit.size"));
    }

    [Theory]
    [InlineData(
        "50x32",
        "Shapes cannot draw 50x32 pixels: width and height must be multiples of 8, its patch size. The nearest sizes are 48x32 and 56x32.")]
    [InlineData("50", "--size takes width and height in pixels, such as 384x256, not '50'.")]
    public void A_wrong_size_is_refused_before_anything_is_drawn(string size, string message)
    {
        Assert.Contains(message, Sample("a.png", "--size", size).Mistake(), StringComparison.Ordinal);
        Assert.False(File.Exists(folder.Path("a.png")));
    }
}
