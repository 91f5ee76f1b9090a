using SixLabors.ImageSharp.PixelFormats;
using TorchSharp;
using static TorchSharp.torch;

namespace Dit.Runtime.Tests;

public class ImageFileTests
{
    [Fact]
    public void A_uint8_tensor_survives_a_png_file()
    {
        using var folder = new TemporaryFolder();
        using var image = randint(0, 256, [3, 13, 17], dtype: ScalarType.Byte);
        ImageFile.WritePng(folder["a.png"], image);
        using var read = ImageFile.ReadTensor(folder["a.png"]);
        Assert.Equal([3, 13, 17], read.shape);
        Assert.True(read.Equals(image));
        Assert.Equal(["a.png"], Directory.GetFiles(folder.Root).Select(Path.GetFileName));
    }

    [Theory]
    [InlineData(-1.0, 0)]
    [InlineData(1.0, 255)]
    [InlineData(-7.0, 0)]
    [InlineData(7.0, 255)]
    [InlineData(0.2, 153)]
    [InlineData(-0.01, 126)]
    [InlineData(3e38, 255)]
    public void A_float_becomes_the_nearest_byte(double value, byte expected)
    {
        using var image = full([3, 1, 1], value, dtype: ScalarType.Float32);
        Assert.Equal((expected, expected, expected), RgbImage.FromTensor(image)[0, 0]);
    }

    [Fact]
    public void What_is_not_finite_is_no_picture_and_leaves_no_file()
    {
        using var folder = new TemporaryFolder();
        using var scope = NewDisposeScope();
        var random = new Random(4);
        foreach (
            var (value, told) in new[]
            {
                (double.NaN, "1 NaN"),
                (double.PositiveInfinity, "1 +infinity"),
                (double.NegativeInfinity, "1 -infinity"),
            })
            foreach (var type in (ScalarType[])[ScalarType.Float16, ScalarType.BFloat16, ScalarType.Float32, ScalarType.Float64])
            {
                var images = zeros([3, 3, 5, 7], type);
                var (n, c, y, x) = (random.Next(3), random.Next(3), random.Next(5), random.Next(7));
                images[n, c, y, x].fill_(value);
                Refused($"This tensor holds {told}, at [{c}, {y}, {x}]: a picture is made of finite numbers.", () =>
                    RgbImage.FromTensor(images[n]));
                Refused($"This tensor holds {told}", () => ImageFile.WritePng(folder["a.png"], images[n]));
                Refused($"Image {n} of the grid holds {told}, at [{c}, {y}, {x}]: a picture is made of finite numbers.", () =>
                    ImageGrid.Write(folder["g.png"], images));
                ImageFile.WritePng(folder["other.png"], images[(n + 1) % 3]);
                Assert.Equal(["other.png"], folder.Files);
            }

        static void Refused(string message, Action act) =>
            Assert.StartsWith(message, Assert.Throws<DitException>(act).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void One_channel_is_grey_and_red_comes_first()
    {
        using var gray = tensor(new byte[] { 10, 200 }, [1, 1, 2]);
        Assert.Equal((200, 200, 200), RgbImage.FromTensor(gray)[1, 0]);
        using var red = tensor(new byte[] { 255, 128, 0 }, [3, 1, 1]);
        Assert.Equal((255, 128, 0), RgbImage.FromTensor(red)[0, 0]);
    }

    [Fact]
    public void The_same_picture_gives_the_same_bytes()
    {
        var image = ShapesDataset.Render(5, 3, 64);
        Assert.Equal(ImageFile.EncodePng(image), ImageFile.EncodePng(ShapesDataset.Render(5, 3, 64)));
    }

    [Fact]
    public void Transparent_pixels_are_laid_over_white()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllBytes(folder["a.png"], Encoded.Row(new Rgba32(200, 0, 0, 0), new Rgba32(0, 100, 0, 128)));
        var image = ImageFile.Read(folder["a.png"]);
        Assert.Equal((255, 255, 255), image[0, 0]);
        Assert.Equal((127, 177, 127), image[1, 0]);
    }

    [Fact]
    public void A_bmp_file_decodes()
    {
        using var folder = new TemporaryFolder();
        // One pixel of 24 bits: file header, info header, then blue, green, red and padding.
        byte[] bmp =
        [
            .. "BM"u8,
            58,
            0,
            0,
            0,
            0,
            0,
            0,
            0,
            54,
            0,
            0,
            0,
            40,
            0,
            0,
            0,
            1,
            0,
            0,
            0,
            1,
            0,
            0,
            0,
            1,
            0,
            24,
            0,
            .. new byte[24],
            3,
            2,
            1,
            0,
        ];
        File.WriteAllBytes(folder["a.bmp"], bmp);
        Assert.Equal((1, 2, 3), ImageFile.Read(folder["a.bmp"])[0, 0]);
    }

    [Theory]
    [InlineData("missing.png", "does not exist")]
    [InlineData("empty.png", "is empty")]
    [InlineData("text.png", "is text, not a PNG, JPEG, WebP or BMP file")]
    [InlineData("cut.png", "ends before the picture does")]
    [InlineData("header.png", "ends before the picture does", "is not a PNG, JPEG, WebP or BMP file")]
    [InlineData("gif.png", "is a GIF file, not PNG, JPEG, WebP or BMP")]
    [InlineData("folder.png", "is a folder")]
    public void A_file_that_is_no_picture_is_named(string name, params string[] expected)
    {
        using var folder = new TemporaryFolder();
        var png = ImageFile.EncodePng(ShapesDataset.Render(0, 0));
        File.WriteAllBytes(folder["empty.png"], []);
        File.WriteAllText(folder["text.png"], "These are words, not pixels, whatever the name of the file says.");
        File.WriteAllBytes(folder["cut.png"], png[..(png.Length / 2)]);
        File.WriteAllBytes(folder["header.png"], png[..20]);
        File.WriteAllBytes(folder["gif.png"], Convert.FromBase64String("R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7"));
        Directory.CreateDirectory(folder["folder.png"]);

        var mistake = Assert.Throws<DitException>(() => ImageFile.Read(folder[name]));
        Assert.StartsWith(folder[name], mistake.Message);
        Assert.Contains(expected, part => mistake.Message.Contains(part));
    }

    [Fact]
    public void A_picture_of_too_many_pixels_is_refused_before_it_is_decoded()
    {
        using var folder = new TemporaryFolder();
        byte[] header = [.. "BM"u8, .. Words(54 + 3 * 9000 * 9000, 0, 54, 40, 9000, 9000, 1 | 24 << 16, 0, 0, 0, 0, 0, 0)];
        var path = folder.Write("large.bmp", header);
        Assert.Equal(
            $"{path} has 9000 x 9000 pixels, more than 67108864 in all.",
            Assert.Throws<DitException>(() => ImageFile.Read(path)).Message);

        static byte[] Words(params int[] words) => [.. words.SelectMany(BitConverter.GetBytes)];
    }

    [Fact]
    public void A_damaged_picture_is_named()
    {
        using var folder = new TemporaryFolder();
        var png = ImageFile.EncodePng(ShapesDataset.Render(0, 0));
        for (var i = 60; i < 90; i++) png[i] ^= 0x5a;
        File.WriteAllBytes(folder["bad.png"], png);
        var mistake = Assert.Throws<DitException>(() => ImageFile.Read(folder["bad.png"]));
        Assert.Contains("bad.png", mistake.Message);
    }

    [Fact]
    public void A_tensor_that_is_no_picture_is_refused()
    {
        using var four = zeros(4, 2, 2);
        Assert.Contains("(4, 2, 2)", Assert.Throws<DitException>(() => RgbImage.FromTensor(four)).Message);
        using var integers = zeros([3, 2, 2], dtype: ScalarType.Int64);
        Assert.Contains("Int64", Assert.Throws<DitException>(() => RgbImage.FromTensor(integers)).Message);
    }

    [Fact]
    public void A_picture_under_a_file_cannot_be_written()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder["file"], "");
        Assert.Throws<DitException>(() => ImageFile.WritePng(folder["file", "a.png"], ShapesDataset.Render(0, 0)));
    }

    [Fact]
    public void Reading_and_writing_leaves_no_tensors()
    {
        using var folder = new TemporaryFolder();
        var before = LiveTensors.Count();
        for (var i = 0; i < 3; i++)
        {
            using var image = rand(3, 4, 5);
            ImageFile.WritePng(folder["a.png"], image);
            ImageFile.ReadTensor(folder["a.png"]).Dispose();
        }
        Assert.Equal(before, LiveTensors.Count());
    }
}
