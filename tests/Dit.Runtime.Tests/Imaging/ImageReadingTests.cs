using SixLabors.ImageSharp;
using SixLabors.ImageSharp.Formats;
using SixLabors.ImageSharp.Formats.Bmp;
using SixLabors.ImageSharp.Formats.Jpeg;
using SixLabors.ImageSharp.Formats.Png;
using SixLabors.ImageSharp.Formats.Webp;
using SixLabors.ImageSharp.PixelFormats;
using SixLabors.ImageSharp.Processing;

namespace Dit.Runtime.Tests;

/// <summary>Every kind of picture, by its content, and upright.</summary>
public sealed class ImageReadingTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    public static TheoryData<string> Kinds => [.. Encoded.Kinds.Keys];

    private RgbImage Read(byte[] file, string name = "a")
    {
        File.WriteAllBytes(folder[name], file);
        return ImageFile.Read(folder[name]);
    }

    [Theory, MemberData(nameof(Kinds))]
    public void Every_kind_is_read_by_its_content_whatever_its_name(string kind)
    {
        var file = Encoded.Of(kind);
        foreach (var name in new[] { "a.png", "a.jpg", "a.webp", "a.bmp", "a.txt", "a" })
        {
            var image = Read(file, name);
            Assert.Equal((60, 40), (image.Width, image.Height));
            using var wanted = Image.Load<Rgb24>(file);
            for (var at = 0; at < 60 * 40; at += 7)
            {
                var pixel = wanted[at % 60, at / 60];
                Assert.Equal((pixel.R, pixel.G, pixel.B), image[at % 60, at / 60]);
            }
        }
    }

    [Theory, MemberData(nameof(Kinds))]
    public void The_header_has_the_size_and_says_what_is_gray(string kind)
    {
        File.WriteAllBytes(folder["a"], Encoded.Of(kind, 33, 21));
        Assert.Equal((new ImageHeader(21, 33, kind.Contains("gray")), ""), ImageFile.ReadHeader(folder["a"]));
    }

    [Fact]
    public void Orientations_turn_the_picture_upright_in_every_format_that_has_them()
    {
        using var stored = Encoded.Picture(40, 24);
        (string Name, IImageEncoder Encoder)[] formats =
        [
            ("png", new PngEncoder()),
            ("jpeg", new JpegEncoder { Quality = 95, ColorType = JpegColorType.YCbCrRatio444 }),
            ("webp", new WebpEncoder { FileFormat = WebpFileFormatType.Lossless }),
        ];
        foreach (var (name, encoder) in formats)
            for (ushort orientation = 1; orientation <= 8; orientation++)
            {
                var file = Encoded.Oriented(stored, encoder, orientation);
                using var wanted = Image.Load<Rgb24>(file);
                wanted.Mutate(static context => context.AutoOrient()); // the library's own, which is not used to read
                var (image, header) = (Read(file), ImageFile.ReadHeader(folder["a"]).Header!.Value);
                Assert.Equal((orientation >= 5 ? 24 : 40, orientation >= 5 ? 40 : 24), (image.Width, image.Height));
                Assert.Equal((image.Height, image.Width), (header.Height, header.Width));
                for (var y = 0; y < image.Height; y++)
                    for (var x = 0; x < image.Width; x++)
                        Assert.True(
                            (wanted[x, y].R, wanted[x, y].G, wanted[x, y].B) == image[x, y],
                            $"{name}, orientation {orientation}, pixel ({x}, {y})");
            }
    }

    [Theory]
    [InlineData(1, "AB", "CD")]
    [InlineData(2, "BA", "DC")]
    [InlineData(3, "DC", "BA")]
    [InlineData(4, "CD", "AB")]
    [InlineData(5, "AC", "BD")]
    [InlineData(6, "CA", "DB")]
    [InlineData(7, "DB", "CA")]
    [InlineData(8, "BD", "AC")]
    public void Orientations_are_those_of_the_standard(int orientation, string first, string second)
    {
        var stored = new RgbImage(2, 2, [.. "ABCD".SelectMany(static letter => new[] { (byte)letter, (byte)0, (byte)0 })]);
        var upright = ExifOrientation.Apply(stored, orientation);
        Assert.Equal(first + second, string.Concat(Enumerable.Range(0, 4).Select(i => (char)upright[i % 2, i / 2].R)));
    }

    [Fact]
    public void Exif_data_that_makes_no_sense_turns_nothing()
    {
        using var stored = Encoded.Picture(9, 5);
        var random = new SplitMix64(3);
        var whole = Encoded.Oriented(stored, new JpegEncoder(), 6);
        var exif = whole.AsSpan().IndexOf("Exif\0"u8);
        var held = (ulong)((whole[exif - 2] << 8 | whole[exif - 1]) - 2 - 6);
        for (var run = 0; run < 300; run++)
        {
            var file = (byte[])whole.Clone();
            for (var k = 0; k < 3; k++) file[exif + 6 + (int)(random.Next() % held)] = (byte)random.Next();
            var image = Read(file);
            Assert.Contains((image.Width, image.Height), new[] { (9, 5), (5, 9) });
        }
        foreach (var value in new ushort[] { 0, 9, 255, 65535 })
            Assert.Equal(9, Read(Encoded.Oriented(stored, new PngEncoder(), value)).Width);
        for (var length = 0; length < 40; length++) Assert.Equal(1, ExifOrientation.Of(new byte[length]));
    }

    [Theory]
    [InlineData(PngColorType.Grayscale, PngBitDepth.Bit8)]
    [InlineData(PngColorType.Grayscale, PngBitDepth.Bit16)]
    [InlineData(PngColorType.GrayscaleWithAlpha, PngBitDepth.Bit8)]
    public void Gray_becomes_three_equal_channels(PngColorType type, PngBitDepth depth)
    {
        using var picture = Encoded.Picture(16, 16);
        var image = Read(Encoded.Of(picture, new PngEncoder { ColorType = type, BitDepth = depth }));
        Assert.All(Enumerable.Range(0, 256), i => Assert.True(image[i % 16, i / 16] is var (r, g, b) && r == g && g == b));
        Assert.True(image[15, 15].R > image[0, 0].R + 50);
    }

    [Fact]
    public void Sixteen_bits_are_rounded_to_eight()
    {
        using var picture = new Image<Rgb48>(256, 2);
        for (var x = 0; x < 256; x++)
            (picture[x, 0], picture[x, 1]) = (new((ushort)(257 * x), 0, 0), new((ushort)Math.Min(65535, 257 * x + 128), 0, 0));
        var image = Read(Encoded.Of(picture, new PngEncoder { BitDepth = PngBitDepth.Bit16, ColorType = PngColorType.Rgb }));
        for (var x = 0; x < 256; x++) Assert.Equal((x, x), (image[x, 0].R, image[x, 1].R));
    }

    [Fact]
    public void Alpha_is_laid_over_white_in_every_format_that_has_it()
    {
        using var picture = new Image<Rgba32>(8, 8, new Rgba32(0, 100, 0, 128));
        IImageEncoder[] encoders =
        [
            new PngEncoder(),
            new PngEncoder { BitDepth = PngBitDepth.Bit16, ColorType = PngColorType.RgbWithAlpha },
            new WebpEncoder { FileFormat = WebpFileFormatType.Lossless },
            new BmpEncoder { BitsPerPixel = BmpBitsPerPixel.Pixel32, SupportTransparency = true },
        ];
        foreach (var encoder in encoders) Assert.Equal((127, 177, 127), Read(Encoded.Of(picture, encoder))[3, 3]);
    }

    [Fact]
    public void Jpeg_of_every_color_model_is_read()
    {
        Assert.Equal((90, 90, 90), Read(FlatJpeg.Of(13, 9, [90]))[5, 5]);
        Near((255, 0, 0), Read(FlatJpeg.Of(13, 9, [76, 85, 255]))[5, 5]);
        Near((255, 0, 0), Read(FlatJpeg.Of(13, 9, [76, 85, 255], isProgressive: true))[12, 8]);
        Near((10, 200, 30), Read(FlatJpeg.Of(13, 9, [10, 200, 30], adobe: 0))[5, 5]); // RGB as it is
        Near((200, 100, 50), Read(FlatJpeg.Of(13, 9, [200, 100, 50, 255], adobe: 0))[5, 5]); // Adobe's inks count down: no black
        Near((100, 50, 25), Read(FlatJpeg.Of(13, 9, [200, 100, 50, 128], adobe: 0))[5, 5]);
        // luma and chroma of 255 less what is stored of each ink
        Near((0, 255, 255), Read(FlatJpeg.Of(13, 9, [76, 85, 255, 255], adobe: 2))[5, 5]);

        static void Near((int R, int G, int B) wanted, (byte R, byte G, byte B) read) =>
            Assert.True(
                Math.Abs(wanted.R - read.R) <= 3 && Math.Abs(wanted.G - read.G) <= 3 && Math.Abs(wanted.B - read.B) <= 3,
                $"{wanted} was read as {read}");
    }

    [Fact]
    public void Bytes_after_the_picture_change_nothing()
    {
        foreach (var kind in Encoded.Kinds.Keys)
        {
            var file = Encoded.Of(kind);
            Assert.Equal(Read(file).Pixels.ToArray(), Read([.. file, .. "what a camera appended"u8]).Pixels.ToArray());
        }
    }
}
