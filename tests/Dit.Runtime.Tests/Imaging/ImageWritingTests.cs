using System.Reflection;
using SixLabors.ImageSharp;
using SixLabors.ImageSharp.Formats.Jpeg;
using SixLabors.ImageSharp.Formats.Png;
using TorchSharp;

namespace Dit.Runtime.Tests;

/// <summary>PNG and JPEG files and streams.</summary>
public sealed class ImageWritingTests : IDisposable
{
    private readonly TemporaryFolder folder = new();
    private readonly RgbImage picture = ShapesDataset.Render(5, 3, 64);

    public void Dispose() => folder.Dispose();

    [Fact]
    public void The_ending_of_the_name_says_the_format()
    {
        foreach (var name in new[] { "a.png", "A.PNG", "a.b.png", "a.jpg", "a.JPG", "a.jpeg", "a.Jpeg" })
        {
            ImageFile.Write(folder[name], picture);
            using var images = torch.zeros(2, 3, 8, 8);
            ImageGrid.Write(folder["grid-" + name], images);
            foreach (var written in new[] { folder[name], folder["grid-" + name] })
            {
                var format = Image.DetectFormat(File.ReadAllBytes(written));
                Assert.Equal(name.EndsWith("png", StringComparison.OrdinalIgnoreCase) ? PngFormat.Instance : JpegFormat.Instance, format);
            }
        }
    }

    [Theory]
    [InlineData("x.jpeg.")]
    [InlineData("x.")]
    [InlineData("x")]
    [InlineData("")]
    [InlineData(".png")]
    [InlineData(".jpg")]
    [InlineData("x.png.txt")]
    [InlineData("x.webp")]
    [InlineData("x.gif")]
    [InlineData("x.jpe")]
    [InlineData("x.png ")]
    [InlineData("png")]
    public void Another_ending_is_refused_and_nothing_written(string name)
    {
        var path = folder.Root + Path.DirectorySeparatorChar + name;
        Assert.Equal(
            $"Pictures are written to a .png, .jpg or .jpeg file, not to '{path}'.",
            Assert.Throws<DitException>(() => ImageFile.Write(path, picture)).Message);
        using var images = torch.zeros(2, 3, 8, 8);
        Assert.Throws<DitException>(() => ImageGrid.Write(path, images));
        Assert.False(ImageFile.HasWritableExtension(path));
        Assert.Empty(folder.Files);
    }

    [Fact]
    public void A_stream_gets_what_a_file_gets_stays_open_and_need_not_seek()
    {
        ImageFile.WritePng(folder["a.png"], picture);
        ImageFile.WriteJpeg(folder["a.jpg"], picture, 80);
        using var tensor = picture.ToTensor();
        foreach (var (file, write) in new (string, Action<Stream>)[]
        {
            ("a.png", stream => ImageFile.WritePng(stream, picture)), ("a.png", stream => ImageFile.WritePng(stream, tensor)),
            ("a.jpg", stream => ImageFile.WriteJpeg(stream, picture, 80)), ("a.jpg", stream => ImageFile.WriteJpeg(stream, tensor, 80)),
        })
        {
            using var stream = new OneWay();
            stream.WriteByte(7);
            write(stream);
            Assert.Equal([7, .. File.ReadAllBytes(folder[file])], stream.Written.ToArray());
            Assert.True(stream.CanWrite);
        }
    }

    [Fact]
    public void Jpeg_comes_back_nearly_as_it_was_and_nearer_with_more_quality()
    {
        var differences = new[] { 10, 50, ImageFile.DefaultJpegQuality, 100 }.Select(quality =>
        {
            ImageFile.WriteJpeg(folder["a.jpg"], picture, quality);
            return ImageComparison.Psnr(picture, ImageFile.Read(folder["a.jpg"]));
        }).ToArray();
        Assert.Equal(differences.Order(), differences);
        Assert.True(differences[2] > 38, $"{differences[2]} dB");
    }

    [Fact]
    public void What_jpeg_cannot_hold_is_refused()
    {
        foreach (var quality in new[] { int.MinValue, 0, 101 })
            Assert.Equal(
                $"The quality of a JPEG picture is 1 to 100, not {quality}.",
                Assert.Throws<DitException>(() => ImageFile.WriteJpeg(folder["a.jpg"], picture, quality)).Message);
        var wide = RgbImage.Filled(65535, 1, (0, 0, 0));
        Assert.Equal(
            "A JPEG picture has at most 65534 pixels to each side, and this one has 65535 x 1: write a .png file.",
            Assert.Throws<DitException>(() => ImageFile.Write(folder["a.jpg"], wide)).Message);
        Assert.Empty(folder.Files);
        ImageFile.Write(folder["a.png"], wide);
        ImageFile.Write(folder["b.jpg"], RgbImage.Filled(65534, 1, (0, 0, 0)));
        Assert.Equal(65534, ImageFile.Read(folder["b.jpg"]).Width);
    }

    [Fact]
    public void Every_size_and_color_survives_png()
    {
        var random = new SplitMix64(2);
        for (var run = 0; run < 60; run++)
        {
            var (width, height) = (1 + (int)(random.Next() % 40), 1 + (int)(random.Next() % 40));
            var image = new RgbImage(
                width,
                height,
                [.. Enumerable.Range(0, 3 * width * height).Select(i => (byte)(run % 3 == 0 ? random.Next() : (ulong)(i / 7 * run)))]);
            ImageFile.WritePng(folder["a.png"], image);
            Assert.Equal(image.Pixels.ToArray(), ImageFile.Read(folder["a.png"]).Pixels.ToArray());
        }
    }

    [Fact]
    public void Writers_take_the_path_or_stream_first()
    {
        var writers = typeof(ImageFile).Assembly.GetExportedTypes()
            .SelectMany(static type => type.GetMethods(BindingFlags.Public | BindingFlags.Static | BindingFlags.DeclaredOnly))
            .Where(static method =>
                method.Name.StartsWith("Write", StringComparison.Ordinal)
                || method.Name.StartsWith("Save", StringComparison.Ordinal)
                || method.Name is "LossCurve")
            .ToArray();
        Assert.True(writers.Length > 15);
        foreach (var group in writers.GroupBy(static method => (method.DeclaringType, method.Name)))
            Assert.Contains(group, static method => method.GetParameters()[0] is { Name: "path" or "directory" or "folder" or "stream" });
    }

    /// <summary>Takes bytes as a connection does.</summary>
    private sealed class OneWay : Stream
    {
        public MemoryStream Written { get; } = new();

        public override bool CanRead => false;

        public override bool CanSeek => false;

        public override bool CanWrite => true;

        public override long Length => throw new NotSupportedException();

        public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

        public override void Flush() { }

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => Written.Write(buffer, offset, count);
    }
}
