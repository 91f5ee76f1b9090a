namespace Dit.Runtime.Tests;

public class ImageTransformsTests
{
    [Fact]
    public void A_picture_of_the_wanted_size_is_returned_as_it_is()
    {
        var image = ShapesDataset.Render(0, 0);
        Assert.Same(image, ImageTransforms.CenterCrop(image, 32, 32));
    }

    [Theory]
    [InlineData(48, 16, 16, 16)] // wide
    [InlineData(16, 48, 16, 16)] // tall
    public void The_middle_of_a_picture_that_is_not_square_is_cut_out(int width, int height, int wantedHeight, int wantedWidth)
    {
        var image = Painted(width, height, (x, y) => ((byte)(5 * x), (byte)(5 * y), 7));
        var cropped = ImageTransforms.CenterCrop(image, wantedHeight, wantedWidth);
        var (left, top) = ((width - 16) / 2, (height - 16) / 2);
        for (var y = 0; y < 16; y++)
            for (var x = 0; x < 16; x++)
                Assert.Equal(image[left + x, top + y], cropped[x, y]);
    }

    [Fact]
    public void A_picture_twice_as_large_is_averaged_two_by_two()
    {
        var image = Painted(4, 4, (x, y) => ((byte)(10 * x), (byte)(20 * y), (byte)(x == y ? 100 : 0)));
        var half = ImageTransforms.CenterCrop(image, 2, 2);
        Assert.Equal((5, 10, 50), half[0, 0]);
        Assert.Equal((25, 50, 50), half[1, 1]);
        Assert.Equal((25, 10, 0), half[1, 0]);
    }

    [Theory]
    [InlineData(100, 75, 32, 32)]
    [InlineData(33, 129, 32, 32)]
    [InlineData(7, 9, 32, 32)]
    [InlineData(500, 31, 16, 24)]
    [InlineData(1, 1, 3, 5)]
    public void Any_size_becomes_the_wanted_size_and_one_color_stays_that_color(int width, int height, int wantedHeight, int wantedWidth)
    {
        var cropped = ImageTransforms.CenterCrop(RgbImage.Filled(width, height, (9, 130, 255)), wantedHeight, wantedWidth);
        Assert.Equal((wantedWidth, wantedHeight), (cropped.Width, cropped.Height));
        for (var i = 0; i < cropped.Width * cropped.Height; i++) Assert.Equal((9, 130, 255), cropped[i % cropped.Width, i / cropped.Width]);
    }

    [Fact]
    public void Resizing_keeps_a_ramp_a_ramp()
    {
        var ramp = Painted(30, 30, (x, _) => ((byte)(8 * x), 0, 0));
        var resized = ImageTransforms.CenterCrop(ramp, 20, 20);
        // Pixel x of the result looks at 1.5 x + 0.25 of the ramp; the borders bend.
        for (var x = 3; x < 17; x++) Assert.InRange(resized[x, 10].R, 8 * (1.5 * x + 0.25) - 1, 8 * (1.5 * x + 0.25) + 1);
    }

    [Theory]
    [InlineData(40_000, 1)]
    [InlineData(1, 40_000)]
    [InlineData(1 << 24, 1)]
    [InlineData(1, 1 << 24)]
    public void A_long_thin_picture_takes_no_more_memory_than_its_middle(int width, int height)
    {
        var image = RgbImage.Filled(width, height, (9, 130, 255));
        var before = GC.GetAllocatedBytesForCurrentThread();
        var cropped = ImageTransforms.CenterCrop(image, 32, 32);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 1 << 20);
        Assert.Equal((32, 32), (cropped.Width, cropped.Height));
        Assert.Equal((9, 130, 255), cropped[31, 31]);
    }

    [Fact]
    public void A_crop_to_nothing_is_refused() =>
        Assert.Throws<DitException>(() => ImageTransforms.CenterCrop(ShapesDataset.Render(0, 0), 0, 32));

    private static RgbImage Painted(int width, int height, Func<int, int, (byte, byte, byte)> color)
    {
        var image = RgbImage.Filled(width, height, (0, 0, 0));
        for (var i = 0; i < width * height; i++)
            (image.Data[3 * i], image.Data[3 * i + 1], image.Data[3 * i + 2]) = color(i % width, i / width);
        return image;
    }
}
