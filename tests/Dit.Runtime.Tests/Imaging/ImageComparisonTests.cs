using static TorchSharp.torch;

namespace Dit.Runtime.Tests;

public class ImageComparisonTests
{
    private static RgbImage Gray(byte value, int width = 4) => RgbImage.Filled(width, 3, (value, value, value));

    [Fact]
    public void Equal_pictures_have_no_noise() => Assert.Equal(double.PositiveInfinity, ImageComparison.Psnr(Gray(7), Gray(7)));

    [Theory]
    [InlineData(0, 255, 0.0)]
    [InlineData(100, 101, 48.1308)] // 20 log10(255)
    [InlineData(110, 100, 28.1308)]
    public void Noise_is_the_mean_square_of_all_differences(byte a, byte b, double expected) =>
        Assert.Equal(expected, ImageComparison.Psnr(Gray(a), Gray(b)), 1e-4);

    [Fact]
    public void One_channel_of_one_pixel_counts_for_its_part()
    {
        using var scope = NewDisposeScope();
        var pixels = zeros([3, 2, 2], ScalarType.Byte);
        var other = pixels.clone();
        other[1, 1, 0] = 12;
        Assert.Equal(
            10 * Math.Log10(255.0 * 255 * 12 / 144),
            ImageComparison.Psnr(RgbImage.FromTensor(pixels), RgbImage.FromTensor(other)),
            1e-9);
    }

    [Fact]
    public void Pictures_of_two_sizes_are_not_compared() =>
        Assert.Contains(
            "must be of one size",
            Assert.Throws<DitException>(() => ImageComparison.Psnr(Gray(1), Gray(1, width: 5))).Message,
            StringComparison.Ordinal);
}
