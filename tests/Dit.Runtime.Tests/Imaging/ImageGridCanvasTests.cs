using static TorchSharp.torch;

namespace Dit.Runtime.Tests;

public sealed class ImageGridCanvasTests
{
    private static readonly ImageGridOptions Options = new(Columns: 2, Scale: 2, RowLabels: ["a", "b"]);

    [Fact]
    public void Images_placed_one_by_one_in_any_order_are_the_grid_of_all()
    {
        using var scope = NewDisposeScope();
        using var random = new Generator(1);
        var images = rand([3, 3, 5, 4], generator: random) * 2 - 1;
        var canvas = new ImageGridCanvas(3, 5, 4, Options);
        foreach (var n in new[] { 2, 0, 1 }) canvas.Place(n, RgbImage.FromTensor(images[n]));
        Assert.Equal(ImageGrid.Render(images, Options).Data, canvas.Picture.Data);
    }

    [Fact]
    public void A_place_without_image_is_white()
    {
        var canvas = new ImageGridCanvas(2, 3, 3, new ImageGridOptions(Columns: 2, Padding: 0));
        canvas.Place(1, RgbImage.Filled(3, 3, (1, 2, 3)));
        Assert.Equal(((255, 255, 255), (1, 2, 3)), (canvas.Picture[0, 0], canvas.Picture[3, 0]));
    }

    [Fact]
    public void A_place_that_is_not_there_and_an_image_of_another_size_are_named()
    {
        var canvas = new ImageGridCanvas(3, 5, 4, Options);
        Refused("A grid of 3 images has no place 3: they are counted from 0.", 3, 4, 5);
        Refused("A grid of 3 images has no place -1: they are counted from 0.", -1, 4, 5);
        Refused("The images of this grid have 4 x 5 pixels, but image 0 has 5 x 4.", 0, 5, 4);

        void Refused(string message, int n, int width, int height) =>
            Assert.Equal(message, Assert.Throws<DitException>(() => canvas.Place(n, RgbImage.Filled(width, height, (0, 0, 0)))).Message);
    }

    [Fact]
    public void Whether_a_grid_fits_is_known_before()
    {
        Assert.True(ImageGrid.Fits(3, 5, 4, Options));
        Assert.True(ImageGrid.Fits(100, 256, 256, new ImageGridOptions()));
        Assert.False(ImageGrid.Fits(100, 256, 256, new ImageGridOptions(), mostPixels: 1 << 20));
        Assert.False(ImageGrid.Fits(int.MaxValue, 256, 256, new ImageGridOptions()));
    }
}
