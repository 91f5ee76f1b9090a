using System.Text;
using SixLabors.ImageSharp;
using SixLabors.ImageSharp.Formats.Png;
using TorchSharp;

namespace Dit.Runtime.Tests;

/// <summary>Texts in PNG, JPEG and GIF files.</summary>
public sealed class ImageTextsTests : IDisposable
{
    private static readonly Dictionary<string, string> Texts = new()
    {
        ["Software"] = "dit 1.0",
        ["dit.model"] = "Größe",
        ["dit.class.names"] = "星, \"a\\b\"\nnext line",
        ["long"] = string.Join(',', Enumerable.Range(0, 30_000)),
        ["empty"] = "",
    };

    private readonly TemporaryFolder folder = new();
    private readonly RgbImage picture = ShapesDataset.Render(5, 3, 64);

    public void Dispose() => folder.Dispose();

    [Theory]
    [InlineData("a.png")]
    [InlineData("a.jpg")]
    [InlineData("a.gif")]
    public void What_is_written_is_read_and_the_pixels_are_the_same(string name)
    {
        foreach (var texts in new[] { Texts, null })
        {
            if (name.EndsWith("gif", StringComparison.Ordinal)) GifFile.Write(folder[name], [new(picture, TimeSpan.Zero)], texts: texts);
            else ImageFile.Write(folder[name], picture, texts);
            Assert.Equal(texts ?? [], ImageTexts.Read(folder[name]));
            var pixels = Image.Load<SixLabors.ImageSharp.PixelFormats.Rgb24>(folder[name]);
            using var same = new MemoryStream();
            pixels.SaveAsBmp(same);
            File.WriteAllBytes(folder[$"{texts?.Count ?? 0}.bmp"], same.ToArray());
        }
        Assert.Equal(File.ReadAllBytes(folder["0.bmp"]), File.ReadAllBytes(folder["5.bmp"]));
    }

    [Fact]
    public void Another_program_reads_the_texts_of_a_grid()
    {
        using var images = torch.zeros(2, 3, 8, 8);
        ImageGrid.Write(folder["grid.png"], images, texts: Texts);
        var read = Image.Load(folder["grid.png"]).Metadata.GetPngMetadata().TextData;
        Assert.Equal(Texts, read.ToDictionary(static text => text.Keyword, static text => text.Value));
        var bytes = Encoding.Latin1.GetString(File.ReadAllBytes(folder["grid.png"]));
        Assert.Contains("tEXtdit.model\0Größe", bytes, StringComparison.Ordinal);
        Assert.Contains("iTXtdit.class.names\0", bytes, StringComparison.Ordinal);
        Assert.DoesNotContain("zTXt", bytes, StringComparison.Ordinal);
    }

    [Fact]
    public void Without_texts_the_bytes_are_those_of_before()
    {
        Assert.Equal(ImageFile.EncodePng(picture), ImageFile.EncodePng(picture, new Dictionary<string, string>()));
        using var image = ImageFile.EncodePng(picture) is var bytes ? Image.Load(bytes) : null;
        Assert.Empty(image?.Metadata.GetPngMetadata().TextData ?? []);
    }

    [Fact]
    public void A_comment_of_another_program_is_one_text()
    {
        ImageFile.Write(folder["a.jpg"], picture, new Dictionary<string, string> { ["a"] = "b" });
        var bytes = File.ReadAllBytes(folder["a.jpg"]);
        var at = bytes.AsSpan().IndexOf("{\"a\""u8);
        "not JSON!"u8.CopyTo(bytes.AsSpan(at));
        File.WriteAllBytes(folder["b.jpg"], bytes);
        Assert.Equal(ImageTexts.CommentKey, Assert.Single(ImageTexts.Read(folder["b.jpg"])).Key);
    }

    [Fact]
    public void A_damaged_text_and_a_cut_or_foreign_file_are_refused()
    {
        ImageFile.Write(folder["a.png"], picture, Texts);
        var whole = File.ReadAllBytes(folder["a.png"]);
        var flipped = (byte[])whole.Clone();
        flipped[whole.AsSpan().IndexOf("dit 1.0"u8)] ^= 1;
        Refused("b.png", flipped, "is damaged (a text in it does not match its checksum)");
        Refused("c.png", whole[..^20], "ends before the picture does");
        Refused("d.png", [], "is empty");
        Refused("e.png", "a rather short text"u8.ToArray(), "is text, not a PNG, JPEG, WebP or BMP file");
        GifFile.Write(folder["a.gif"], [new(picture, TimeSpan.Zero)], texts: Texts);
        Refused("b.gif", File.ReadAllBytes(folder["a.gif"])[..900], "ends before the picture does");
        Assert.Throws<DitException>(() => ImageTexts.Read(folder["none.png"]));

        void Refused(string name, byte[] file, string why)
        {
            File.WriteAllBytes(folder[name], file);
            Assert.Equal($"{folder[name]} {why}.", Assert.Throws<DitException>(() => ImageTexts.Read(folder[name])).Message);
        }
    }

    [Fact]
    public void No_bytes_make_the_reader_fail_otherwise()
    {
        ImageFile.Write(folder["a.png"], picture, Texts);
        ImageFile.Write(folder["a.jpg"], picture, Texts);
        GifFile.Write(folder["a.gif"], [new(picture, TimeSpan.Zero)], texts: Texts);
        var random = new Random(1);
        foreach (var name in new[] { "a.png", "a.jpg", "a.gif" })
        {
            var whole = File.ReadAllBytes(folder[name]);
            for (var i = 0; i < 300; i++)
            {
                var file = whole[..(i % 3 == 0 ? random.Next(whole.Length) : whole.Length)];
                for (var flips = random.Next(4); flips > 0 && file.Length > 0; flips--)
                    file[random.Next(Math.Min(file.Length, 1000))] = (byte)random.Next(256);
                File.WriteAllBytes(folder["x"], file);
                try
                {
                    ImageTexts.Read(folder["x"]);
                }
                catch (DitException e)
                {
                    Assert.StartsWith(folder["x"], e.Message, StringComparison.Ordinal);
                }
            }
        }
    }

    [Theory]
    [InlineData("", "x")]
    [InlineData(" a", "x")]
    [InlineData("a\nb", "x")]
    [InlineData("星", "x")]
    [InlineData("12345678901234567890123456789012345678901234567890123456789012345678901234567890", "x")]
    [InlineData("a", "x\0y")]
    public void What_no_file_can_hold_is_refused_and_nothing_written(string key, string text)
    {
        var texts = new Dictionary<string, string> { [key] = text };
        foreach (var name in new[] { "a.png", "a.jpg" })
            Assert.Throws<DitException>(() => ImageFile.Write(folder[name], picture, texts));
        Assert.Throws<DitException>(() => GifFile.Write(folder["a.gif"], [new(picture, TimeSpan.Zero)], texts: texts));
        Assert.Empty(folder.Files);
    }
}
