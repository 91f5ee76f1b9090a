using SixLabors.ImageSharp;
using SixLabors.ImageSharp.Formats.Gif;
using SixLabors.ImageSharp.PixelFormats;

namespace Dit.Runtime.Tests;

/// <summary>Animations, read back by the imaging library's own decoder.</summary>
public sealed class GifFileTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    private static RgbImage Picture(int width, int height, Func<int, int, (int R, int G, int B)> color)
    {
        var image = RgbImage.Filled(width, height, (0, 0, 0));
        for (var at = 0; at < width * height; at++)
        {
            var (r, g, b) = color(at % width, at / width);
            (image.Data[3 * at], image.Data[3 * at + 1], image.Data[3 * at + 2]) = ((byte)r, (byte)g, (byte)b);
        }
        return image;
    }

    /// <summary>A smooth picture of far more than 256 colors.</summary>
    private static RgbImage Smooth(int side, int shade = 0) =>
        Picture(side, side, (x, y) => (255 * x / side, 255 * y / side, (shade + 127 * (x + y) / side) % 256));

    private static GifFrame Shown(RgbImage image, int milliseconds = 100) => new(image, TimeSpan.FromMilliseconds(milliseconds));

    private static byte[] Encode(params IReadOnlyList<GifFrame> frames)
    {
        using var stream = new MemoryStream();
        GifFile.Encode(stream, frames);
        return stream.ToArray();
    }

    private static (RgbImage[] Frames, int[] Delays, int Repetitions) Decode(byte[] gif)
    {
        using var image = Image.Load<Rgb24>(gif, out var format);
        Assert.IsType<GifFormat>(format);
        var frames = image.Frames.Cast<ImageFrame<Rgb24>>().Select(static frame =>
        {
            var rgb = new byte[3 * frame.Width * frame.Height];
            frame.CopyPixelDataTo(rgb);
            return new RgbImage(frame.Width, frame.Height, rgb);
        }).ToArray();
        return (
            frames,
            [.. image.Frames.Cast<ImageFrame<Rgb24>>().Select(static frame => 10 * frame.Metadata.GetGifMetadata().FrameDelay)],
            image.Metadata.GetGifMetadata().RepeatCount);
    }

    [Fact]
    public void Frames_of_few_colors_come_back_as_they_were_with_their_delays_and_repeat_for_ever()
    {
        RgbImage[] pictures =
        [
            .. Enumerable.Range(0, 5).Select(k => Picture(31, 17, (x, y) => (8 * (x / 4), 15 * (y / 2), 60 * ((x + y + k) % 2)))),
        ];
        var (frames, delays, repetitions) = Decode(Encode([.. pictures.Select((picture, k) => Shown(picture, 20 + 10 * k))]));
        Assert.Equal(pictures.Select(static p => p.Data), frames.Select(static f => f.Data));
        Assert.Equal([20, 30, 40, 50, 60], delays);
        Assert.Equal(0, repetitions); // without end
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(5)]
    [InlineData(16)]
    [InlineData(17)]
    [InlineData(255)]
    [InlineData(256)]
    public void Palettes_of_every_size_keep_their_colors(int colors)
    {
        var picture = Picture(64, 40, (x, y) => ((x * 7 + y * 13 + x * y) % colors, 3, 255 - (x * 7 + y * 13 + x * y) % colors));
        Assert.Equal(picture.Data, Decode(Encode(Shown(picture))).Frames[0].Data);
    }

    [Fact]
    public void Data_of_every_length_is_compressed_and_comes_back()
    {
        // Up to and past where codes grow by a bit, and where the table of strings is full: noise fills it after some
        // four thousand pixels.
        var random = new SplitMix64(1);
        var noise = Enumerable.Range(0, 12_000).Select(_ => (int)(random.Next() % 251)).ToArray();
        foreach (var length in Enumerable.Range(1, 600).Concat(Enumerable.Range(3_800, 400)).Append(12_000))
        {
            var picture = Picture(length, 1, (x, _) => (noise[x], 0, 0));
            Assert.Equal(picture.Data, Decode(Encode(Shown(picture))).Frames[0].Data);
        }
        foreach (var length in Enumerable.Range(1, 300).Append(100_000))
            Assert.Equal(
                new byte[3 * length],
                Decode(Encode(Shown(RgbImage.Filled(length <= 300 ? length : 1000, length <= 300 ? 1 : 100, (0, 0, 0))))).Frames[0].Data);
    }

    [Fact]
    public void Many_colors_become_near_ones()
    {
        var picture = Smooth(96);
        using var stream = new MemoryStream();
        GifFile.Encode(stream, [Shown(picture)], dither: false);
        var drawn = Decode(stream.ToArray()).Frames[0];
        Assert.InRange(drawn.Data.Zip(picture.Data, static (a, b) => Math.Abs(a - b)).Average(), 0.5, 9);
        Assert.InRange(Distinct(drawn), 128, 256);
    }

    [Fact]
    public void Dithering_keeps_the_mean_of_an_area_nearer()
    {
        var picture = Smooth(96);
        var (plain, dithered) = (Error(false), Error(true));
        Assert.InRange(dithered, 0, 0.8 * plain);
        Assert.InRange(dithered, 0, 1);

        // Means of 8 x 8 pixels are what the eye sees from a little further away.
        double Error(bool dither)
        {
            using var stream = new MemoryStream();
            GifFile.Encode(stream, [Shown(picture)], dither);
            var (wanted, drawn) = (Shrunk(picture), Shrunk(Decode(stream.ToArray()).Frames[0]));
            return wanted.Zip(drawn, static (a, b) => Math.Abs(a - b)).Average();
        }

        static double[] Shrunk(RgbImage image) => [.. Enumerable.Range(0, 12 * 12 * 3).Select(i =>
        {
            var (cell, channel) = Math.DivRem(i, 3);
            return Enumerable
                .Range(0, 64)
                .Average(k => image.Data[3 * ((cell / 12 * 8 + k / 8) * image.Width + cell % 12 * 8 + k % 8) + channel]);
        })];
    }

    [Fact]
    public void A_flat_background_stays_flat_beside_pictures()
    {
        var smooth = Smooth(64);
        var picture = Picture(96, 64, (x, y) => x < 64 ? smooth[x, y] : (255, 255, 255));
        var drawn = Decode(Encode(Shown(picture))).Frames[0];
        for (var y = 0; y < 64; y++)
            for (var x = 64; x < 96; x++) Assert.Equal((255, 255, 255), drawn[x, y]);
    }

    [Fact]
    public void All_frames_share_the_palette_fairly()
    {
        RgbImage[] pictures = [Smooth(64), Smooth(64, 128), Picture(64, 64, static (x, y) => (2 * x, 2 * x, 2 * x))];
        var frames = Decode(Encode([.. pictures.Select(static picture => Shown(picture))])).Frames;
        Assert.All(pictures.Zip(frames), static pair =>
            Assert.InRange(pair.First.Data.Zip(pair.Second.Data, static (a, b) => Math.Abs(a - b)).Average(), 0, 12));
        Assert.InRange(
            frames.SelectMany(static f => Enumerable.Range(0, 64 * 64).Select(i => f[i % 64, i / 64])).Distinct().Count(),
            128,
            256);
    }

    [Fact]
    public void The_same_frames_give_the_same_bytes() => Assert.Equal(Encode(Shown(Smooth(50))), Encode(Shown(Smooth(50))));

    [Fact]
    public void A_file_is_written_whole_or_not_at_all()
    {
        GifFile.Write(folder["a.gif"], [Shown(Smooth(20))]);
        Assert.Single(Decode(File.ReadAllBytes(folder["a.gif"])).Frames);
        Assert.Throws<DitException>(() => GifFile.Write(folder["no", "a.gif"], [Shown(Smooth(20))]));
        Assert.Equal(["a.gif"], folder.Files);
    }

    [Fact]
    public void What_is_no_animation_is_named()
    {
        Refused("An animation needs at least one frame.");
        Refused("All frames of an animation have one size: frame 1 has 3 x 3 pixels, the first 2 x 2.", Shown(Smooth(2)), Shown(Smooth(3)));
        Refused("Frame 0 of an animation is to be shown for -0.1 s: a GIF takes 0 to 655.35 s.", Shown(Smooth(2), -100));
        Refused(
            "Frame 1 of an animation is to be shown for 656 s: a GIF takes 0 to 655.35 s.",
            Shown(Smooth(2)),
            Shown(Smooth(2), 656_000));
        Refused("A GIF has at most 65535 pixels to each side, and the frames have 65536 x 1.", Shown(RgbImage.Filled(65536, 1, (0, 0, 0))));
        Assert.Empty(folder.Files);

        void Refused(string message, params GifFrame[] frames) =>
            Assert.Equal(message, Assert.Throws<DitException>(() => GifFile.Write(folder["no.gif"], frames)).Message);
    }

    private static int Distinct(RgbImage image) =>
        Enumerable.Range(0, image.Width * image.Height).Select(i => image[i % image.Width, i / image.Width]).Distinct().Count();
}
