using System.Text;

namespace Dit.Runtime.Tests;

/// <summary>Files that are cut, damaged, or made to harm.</summary>
public sealed class HostileImageTests : IDisposable
{
    private const long MostAllocated = 4L << 20;

    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    public static TheoryData<string> Kinds => [.. Encoded.Kinds.Keys];

    /// <summary>Reads what must not be readable.</summary>
    private string Refused(byte[] file, long mostAllocated = long.MaxValue)
    {
        File.WriteAllBytes(folder["a"], file);
        var before = GC.GetAllocatedBytesForCurrentThread();
        var mistake = Assert.Throws<DitException>(() => ImageFile.Read(folder["a"]));
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, mostAllocated);
        Assert.StartsWith(folder["a"] + " ", mistake.Message);
        Assert.EndsWith(".", mistake.Message);
        Assert.DoesNotContain('\n', mistake.Message);
        return mistake.Message[(folder["a"].Length + 1)..^1];
    }

    [Theory, MemberData(nameof(Kinds))]
    public void A_file_that_was_cut_anywhere_is_refused_and_its_header_too(string kind)
    {
        var file = Encoded.Of(kind);
        var random = new SplitMix64(5);
        int[] lengths =
        [
            .. Enumerable.Range(1, 40),
            .. Enumerable.Range(1, 16).Select(i => file.Length - i),
            .. Enumerable.Range(0, 100).Select(_ => 40 + (int)(random.Next() % (ulong)(file.Length - 40))),
        ];
        foreach (var length in lengths)
        {
            Refused(file[..length]);
            var (header, problem) = ImageFile.ReadHeader(folder["a"]);
            Assert.True(header is null && problem.Length > 0, $"the header of {kind} cut to {length} of {file.Length} bytes");
        }
        Assert.Equal("ends before the picture does", Refused(file[..(file.Length / 2)]));
    }

    [Theory, MemberData(nameof(Kinds))]
    public void Damage_is_one_clear_mistake_or_a_picture_of_the_size_in_the_header(string kind)
    {
        var whole = Encoded.Of(kind);
        var random = new SplitMix64(7);
        for (var run = 0; run < 300; run++)
        {
            var file = (byte[])whole.Clone();
            for (var flips = 1 + run % 4; flips > 0; flips--)
                file[(int)(random.Next() % (ulong)file.Length)] ^= (byte)(1 << (int)(random.Next() % 8));
            File.WriteAllBytes(folder["a"], file);
            var header = ImageFile.ReadHeader(folder["a"]).Header;
            try
            {
                var image = ImageFile.Read(folder["a"]);
                Assert.Equal((header!.Value.Width, header.Value.Height), (image.Width, image.Height));
            }
            catch (DitException e)
            {
                Assert.StartsWith(folder["a"] + " ", e.Message);
                Assert.DoesNotContain('\n', e.Message);
            }
        }
    }

    [Fact]
    public void Texts_and_profiles_that_unfold_to_much_are_never_unfolded()
    {
        var (png, bomb) = (Encoded.Of("png"), PngChunk.Zeros(1L << 28));
        byte[][] chunks =
        [
            PngChunk.Of("zTXt", [.. "Comment"u8, 0, 0, .. bomb]),
            PngChunk.Of("iTXt", [.. "Comment"u8, 0, 1, 0, 0, 0, .. bomb]),
            PngChunk.Of("iCCP", [.. "profile"u8, 0, 0, .. bomb]),
        ];
        var plain = Pixels(png);
        foreach (var chunk in chunks)
        {
            File.WriteAllBytes(folder["a"], PngChunk.With(png, chunk));
            var before = GC.GetAllocatedBytesForCurrentThread();
            Assert.Equal(plain, ImageFile.Read(folder["a"]).Pixels.ToArray());
            Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, MostAllocated);
        }

        byte[] Pixels(byte[] file)
        {
            File.WriteAllBytes(folder["a"], file);
            return ImageFile.Read(folder["a"]).Pixels.ToArray();
        }
    }

    [Fact]
    public void Pixels_that_unfold_to_more_than_the_size_are_not_unfolded_further()
    {
        File.WriteAllBytes(folder["a"], PngChunk.File(1, 1, PngChunk.Zeros(1L << 28)));
        var before = GC.GetAllocatedBytesForCurrentThread();
        Assert.Equal((0, 0, 0), ImageFile.Read(folder["a"])[0, 0]);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, MostAllocated);
    }

    [Fact]
    public void A_size_that_the_data_cannot_fill_is_refused_before_there_is_memory_for_it()
    {
        Assert.Equal(
            "is damaged (its pixels are not all there)",
            Refused(PngChunk.File(8000, 8000, PngChunk.Zeros(1 << 20)), MostAllocated));
        var jpeg = FlatJpeg.Of(8, 8, [90, 128, 128]);
        var frame = jpeg.AsSpan().IndexOf([(byte)0xff, (byte)0xc0]);
        (jpeg[frame + 5], jpeg[frame + 6], jpeg[frame + 7], jpeg[frame + 8]) = (0x20, 0, 0x1f, 0x40); // 8192 high, 8000 wide
        Assert.StartsWith("has 8000 x 8192 pixels by its header, and data for at most ", Refused(jpeg, MostAllocated));
    }

    [Fact]
    public void A_size_that_is_too_large_is_refused_in_every_format()
    {
        Assert.Equal(
            "has 60000 x 60000 pixels, more than 67108864 in all",
            Refused(PngChunk.File(60000, 60000, PngChunk.Zeros(100)), MostAllocated));
        Assert.Equal("has 0 x 5 pixels", Refused(PngChunk.File(0, 5, PngChunk.Zeros(100))));
        Assert.Equal("has 4294967295 x 1 pixels, more than any picture", Refused(PngChunk.File(-1, 1, PngChunk.Zeros(100))));
        byte[] webp = [.. "RIFF"u8, 24, 0, 0, 0, .. "WEBPVP8L"u8, 12, 0, 0, 0, 0x2f, 0xff, 0xff, 0xff, 0x0f, 0, 0, 0, 0, 0, 0, 0];
        Assert.Equal("has 16384 x 16384 pixels, more than 67108864 in all", Refused(webp, MostAllocated));
    }

    [Fact]
    public void A_picture_never_shows_what_another_left_in_memory()
    {
        // Run lengths of 8 bits that end at once: no pixel is written, so each is what the memory held.
        byte[] header = [.. "BM"u8, .. Words(1078 + 200, 0, 1078, 40, 200, 200, 1 | 8 << 16, 1, 200, 0, 0, 256, 0)];
        byte[] bmp =
        [
            .. header,
            .. Enumerable.Range(0, 256).SelectMany(static i => new byte[] { (byte)i, 90, 30, 0 }),
            0,
            1,
            .. new byte[200],
        ];
        for (var run = 0; run < 4; run++)
        {
            File.WriteAllBytes(folder["a"], Encoded.Of("bmp palette", 200, 200));
            _ = ImageFile.Read(folder["a"]);
            File.WriteAllBytes(folder["b"], bmp);
            var image = ImageFile.Read(folder["b"]);
            Assert.Single(Enumerable.Range(0, 200 * 200).Select(at => image[at % 200, at / 200]).Distinct());
        }

        static byte[] Words(params int[] words) => [.. words.SelectMany(BitConverter.GetBytes)];
    }

    [Theory]
    [InlineData("GIF89a\x01\x00\x01\x00", "is a GIF file, not PNG, JPEG, WebP or BMP")]
    [InlineData("II*\0\x08\0\0\0", "is a TIFF file, not PNG, JPEG, WebP or BMP")]
    [InlineData("MM\0*\0\0\0\x08", "is a TIFF file, not PNG, JPEG, WebP or BMP")]
    [InlineData("\0\0\0\x18" + "ftypheic\0\0", "is a HEIC file, not PNG, JPEG, WebP or BMP")]
    [InlineData("\0\0\0\x1c" + "ftypavif\0\0", "is an AVIF file, not PNG, JPEG, WebP or BMP")]
    [InlineData("\0\0\x01\0\x01\0", "is an ICO file, not PNG, JPEG, WebP or BMP")]
    [InlineData("P5\n3 3\n255\n", "is a PGM file, not PNG, JPEG, WebP or BMP")]
    [InlineData("<svg xmlns=''/>", "is an SVG file, not PNG, JPEG, WebP or BMP")]
    [InlineData("<!DOCTYPE html><p>404", "is an HTML file, not PNG, JPEG, WebP or BMP")]
    [InlineData("PK\x03\x04", "is a ZIP file, not PNG, JPEG, WebP or BMP")]
    [InlineData("version https://git-lfs.github.com/spec/v1\n", "is a pointer of Git LFS, not the picture: fetch it with 'git lfs pull'")]
    [InlineData("words", "is text, not a PNG, JPEG, WebP or BMP file")]
    [InlineData("\x01\x02\x03", "is not a PNG, JPEG, WebP or BMP file")]
    [InlineData("RIFF\x10\0\0\0WAVEfmt ", "is not a PNG, JPEG, WebP or BMP file")]
    [InlineData("", "is empty")]
    public void What_is_no_picture_is_said_to_be_what_it_is(string content, string expected) =>
        Assert.Equal(expected, Refused(Encoding.Latin1.GetBytes(content)));

    [Fact]
    public void An_animation_is_no_single_picture()
    {
        byte[] webp =
        [
            .. "RIFF"u8,
            36,
            0,
            0,
            0,
            .. "WEBPVP8X"u8,
            10,
            0,
            0,
            0,
            2,
            0,
            0,
            0,
            9,
            0,
            0,
            9,
            0,
            0,
            .. "ANIM"u8,
            6,
            0,
            0,
            0,
            0,
            0,
            0,
            0,
            0,
            0,
        ];
        Assert.Equal("is an animated WebP file, not a single picture", Refused(webp));
    }

    [Fact]
    public void A_file_without_a_picture_is_refused()
    {
        Assert.Equal("is a JPEG file without a picture", Refused([0xff, 0xd8, 0xff, 0xd9]));
        Assert.Equal("is damaged (a segment has no length)", Refused([0xff, 0xd8, 0xff, 0xe0, 0, 0, 0xff, 0xd9]));
        Assert.Equal("is a WebP file without a picture", Refused([.. "RIFF"u8, 4, 0, 0, 0, .. "WEBP"u8]));
    }
}
