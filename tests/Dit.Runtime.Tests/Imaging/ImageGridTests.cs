using TorchSharp;
using static TorchSharp.torch;

namespace Dit.Runtime.Tests;

public class ImageGridTests
{
    private static readonly (byte, byte, byte) White = (255, 255, 255), Black = (0, 0, 0);

    [Fact]
    public void Cells_are_where_the_layout_says_and_padding_is_white()
    {
        using var scope = NewDisposeScope();
        var images = cat([.. Enumerable.Range(0, 5).Select(n => full([1, 3, 4, 6], -1 + n * 0.2))]);
        var options = new ImageGridOptions(Columns: 3, Padding: 2, Scale: 2);
        var layout = ImageGrid.Layout(5, 4, 6, options);
        var grid = ImageGrid.Render(images, options);

        Assert.Equal((2 + 3 * 14, 2 + 2 * 10), (grid.Width, grid.Height));
        Assert.Equal((2 + 14, 2 + 10), layout.Cell(4));
        for (var y = 0; y < grid.Height; y++)
            for (var x = 0; x < grid.Width; x++)
            {
                var (column, row) = ((x - 2) / 14, (y - 2) / 10);
                var inside = x >= 2 && y >= 2 && (x - 2) % 14 < 12 && (y - 2) % 10 < 8 && row * 3 + column < 5;
                if (inside) Assert.InRange(grid[x, y].R, 25.5 * (row * 3 + column) - 1, 25.5 * (row * 3 + column) + 1);
                else Assert.Equal(White, grid[x, y]);
            }
    }

    [Fact]
    public void Each_pixel_is_enlarged_without_blur()
    {
        using var image = tensor(new byte[] { 0, 50, 100, 150 }, [1, 1, 2, 2]);
        var grid = ImageGrid.Render(image, new ImageGridOptions(Columns: 1, Padding: 0, Scale: 3));
        for (var y = 0; y < 6; y++)
            for (var x = 0; x < 6; x++)
                Assert.Equal(50 * (x / 3) + 100 * (y / 3), grid[x, y].G);
    }

    [Fact]
    public void Labels_are_drawn_left_of_their_row_only()
    {
        using var images = full([4, 3, 32, 32], -1.0);
        var options = new ImageGridOptions(Columns: 2, Padding: 3, RowLabels: ["circle", " "]);
        var layout = ImageGrid.Layout(4, 32, 32, options);
        var grid = ImageGrid.Render(images, options);
        Assert.Equal(3 + BitmapFont.Measure("circle", 1) + 6, layout.Left);
        Assert.True(InkIn(grid, 0, layout.Left, layout.Top, layout.Top + 32) > 20);
        Assert.Equal(0, InkIn(grid, 0, layout.Left, layout.Top + layout.StepY, grid.Height));
        Assert.Equal(Black, grid[layout.Left, layout.Top]);
    }

    [Fact]
    public void A_grid_is_written_and_read_back_and_its_bytes_repeat()
    {
        using var folder = new TemporaryFolder();
        using var images = rand(3, 3, 8, 8);
        ImageGrid.Write(folder["a.png"], images, new ImageGridOptions(Columns: 2));
        ImageGrid.Write(folder["b.png"], images, new ImageGridOptions(Columns: 2));
        Assert.Equal(File.ReadAllBytes(folder["a.png"]), File.ReadAllBytes(folder["b.png"]));
        Assert.Equal(22, ImageFile.Read(folder["a.png"]).Width);
    }

    [Fact]
    public void Every_printable_character_has_a_glyph_of_its_own()
    {
        var glyphs = Enumerable.Range(33, 94).Select(c =>
        {
            var image = RgbImage.Filled(5, 9, White);
            BitmapFont.Draw(image, 0, 0, ((char)c).ToString(), 1, Black);
            return Convert.ToHexString(image.Pixels);
        }).ToArray();
        Assert.Equal(94, glyphs.Distinct().Count());
        Assert.DoesNotContain(Convert.ToHexString(RgbImage.Filled(5, 9, White).Pixels), glyphs);
    }

    [Fact]
    public void Mistakes_are_told()
    {
        using var images = zeros(4, 3, 8, 8);
        Assert.Throws<DitException>(() => ImageGrid.Render(images, new ImageGridOptions(Columns: 0)));
        Assert.Throws<DitException>(() => ImageGrid.Render(images, new ImageGridOptions(Scale: 0)));
        Assert.Throws<DitException>(() => ImageGrid.Render(images, new ImageGridOptions(Padding: -1)));
        Assert.Contains(
            "2 rows",
            Assert.Throws<DitException>(() => ImageGrid.Render(images, new ImageGridOptions(2, RowLabels: ["one"]))).Message);
        Assert.Contains(
            "too many for a picture",
            Assert.Throws<DitException>(() => ImageGrid.Layout(80_000, 32, 32, new ImageGridOptions(8000, Scale: 3))).Message);
        Assert.Throws<DitException>(() => ImageGrid.Layout(int.MaxValue, 32, 32, new ImageGridOptions(1)));
        Assert.Throws<DitException>(() => ImageGrid.Layout(int.MaxValue, 32, 32, new ImageGridOptions(int.MaxValue)));
        using var one = zeros(3, 8, 8);
        Assert.Contains("(3, 8, 8)", Assert.Throws<DitException>(() => ImageGrid.Render(one)).Message);
    }

    [Fact]
    public void Drawing_leaves_no_tensors()
    {
        using var images = zeros(4, 3, 8, 8);
        var before = LiveTensors.Count();
        ImageGrid.Render(images);
        Assert.Equal(before, LiveTensors.Count());
    }

    private static int InkIn(RgbImage image, int left, int right, int top, int bottom)
    {
        var ink = 0;
        for (var y = top; y < bottom; y++)
            for (var x = left; x < right; x++)
                if (image[x, y] != White) ink++;
        return ink;
    }
}
