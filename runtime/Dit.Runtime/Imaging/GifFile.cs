using SixLabors.ImageSharp;
using SixLabors.ImageSharp.Formats.Gif;
using SixLabors.ImageSharp.PixelFormats;
using SixLabors.ImageSharp.Processing;
using SixLabors.ImageSharp.Processing.Processors.Quantization;

namespace Dit.Runtime;

/// <summary>One picture of an animation.</summary>
/// <param name="Image">The picture.</param>
/// <param name="Delay">How long it is shown; kept in hundredths of a second, at most 655.35 s.</param>
public sealed record GifFrame(RgbImage Image, TimeSpan Delay);

/// <summary>Animations in files (GIF89a, CompuServe 1990).</summary>
/// <remarks>
/// All frames share one palette of at most 256 colors. Where they have no more than that, every pixel is kept; else the
/// colors are reduced to those that leave the least error, and the rest is dithered by error diffusion. Colors that
/// fill large flat areas, such as the white of a grid, are kept exactly.
/// </remarks>
public static class GifFile
{
    private const int LongestSide = ushort.MaxValue, LongestDelay = ushort.MaxValue; // 16 bits each in the format
    private const int HeaderLength = 13, PaletteBits = 10; // bytes before the palette, and which of them says how long it is
    private const byte FileEnds = 0x3b;

    // The extension of Netscape: repeat, without a limit.
    private static readonly byte[] RepeatForEver = [0x21, 0xff, 11, .. "NETSCAPE2.0"u8, 3, 1, 0, 0, 0];

    /// <summary>Writes an animation that repeats for ever, whole or not at all.</summary>
    /// <param name="path">The file to create or replace.</param>
    /// <param name="frames">At least one, all of one size.</param>
    /// <param name="dither">
    /// Whether colors that the palette lacks are mixed of neighboring pixels; else the nearest is taken.
    /// </param>
    /// <param name="texts">What to write beside the pixels, see <see cref="ImageTexts"/>; nothing by default.</param>
    /// <exception cref="DitException">The frames are no animation, or the file or a text cannot be written.</exception>
    public static void Write(
        string path, IReadOnlyList<GifFrame> frames, bool dither = true, IReadOnlyDictionary<string, string>? texts = null)
    {
        Require(frames);
        AtomicFile.Write(path, stream => Encode(stream, frames, dither, texts));
    }

    /// <summary>Writes an animation that repeats for ever to a stream, frame by frame.</summary>
    /// <param name="stream">Where to; it stays open.</param>
    /// <param name="frames">At least one, all of one size.</param>
    /// <param name="dither">
    /// Whether colors that the palette lacks are mixed of neighboring pixels; else the nearest is taken.
    /// </param>
    /// <param name="texts">What to write beside the pixels, see <see cref="ImageTexts"/>; nothing by default.</param>
    /// <exception cref="DitException">The frames are no animation, or a text cannot be written.</exception>
    public static void Encode(
        Stream stream, IReadOnlyList<GifFrame> frames, bool dither = true, IReadOnlyDictionary<string, string>? texts = null)
    {
        Require(frames);
        var said = ImageTexts.Checked(texts);
        var palette = GifPalette.Of([.. frames.Select(static frame => frame.Image)]);
        using var one = new MemoryStream();
        foreach (var (i, frame) in frames.Index())
        {
            one.SetLength(0);
            EncodeOne(one, frame, palette, dither);
            var file = one.GetBuffer().AsSpan(0, (int)one.Length - 1); // without the byte that ends it
            var head = HeaderLength + (3 << ((file[PaletteBits] & 7) + 1)); // screen and palette, the same for every frame
            if (i == 0)
            {
                stream.Write(file[..head]);
                stream.Write(RepeatForEver);
                if (said.Count > 0) GifComment.Write(stream, ImageTexts.ToComment(said));
            }
            stream.Write(file[head..]);
        }
        stream.WriteByte(FileEnds);
    }

    /// <summary>
    /// Writes a frame as a file of its own: the library takes all frames of an animation at once, and there may be a
    /// gigabyte of them.
    /// </summary>
    private static void EncodeOne(Stream stream, GifFrame frame, Rgb24[] palette, bool dither)
    {
        var (width, height) = (frame.Image.Width, frame.Image.Height);
        using var image = Image.LoadPixelData(ImageCodec.Configuration, GifPalette.Pixels(frame.Image), width, height);
        Color[] colors = [.. palette.Select(static color => new Color(color))];
        var options = new QuantizerOptions { Dither = dither ? KnownDitherings.FloydSteinberg : null };
        image.Mutate(context => context.Quantize(new PaletteQuantizer(colors, options)));
        KeepExact(image, frame.Image, [.. palette]);
        image.Frames.RootFrame.Metadata.GetGifMetadata().FrameDelay = (int)Hundredths(frame.Delay);
        image.Save(stream, new GifEncoder { ColorTableMode = GifColorTableMode.Global, Quantizer = new GifIndices(palette) });
    }

    /// <summary>A color that the palette has is drawn as it is: flat areas stay flat beside pictures.</summary>
    private static void KeepExact(Image<Rgb24> reduced, RgbImage wanted, HashSet<Rgb24> palette) => reduced.ProcessPixelRows(rows =>
    {
        for (var y = 0; y < rows.Height; y++)
        {
            var row = rows.GetRowSpan(y);
            var pixels = GifPalette.Pixels(wanted).Slice(y * row.Length, row.Length);
            for (var x = 0; x < row.Length; x++)
                if (palette.Contains(pixels[x])) row[x] = pixels[x];
        }
    });

    private static void Require(IReadOnlyList<GifFrame> frames)
    {
        if (frames.Count == 0) throw new DitException("An animation needs at least one frame.");
        var (width, height) = (frames[0].Image.Width, frames[0].Image.Height);
        if (Math.Max(width, height) > LongestSide)
            throw new DitException($"A GIF has at most {LongestSide} pixels to each side, and the frames have {width} x {height}.");
        for (var i = 0; i < frames.Count; i++)
        {
            if ((frames[i].Image.Width, frames[i].Image.Height) != (width, height))
                throw new DitException(
                    $"All frames of an animation have one size: frame {i} has {frames[i].Image.Width} x {frames[i].Image.Height} pixels, "
                        + $"the first {width} x {height}.");
            if (Hundredths(frames[i].Delay) is < 0 or > LongestDelay)
                throw new DitException(
                    FormattableString.Invariant(
                        $"Frame {i} of an animation is to be shown for {frames[i].Delay.TotalSeconds} s: a GIF takes 0 to {LongestDelay / 100.0} s."));
        }
    }

    private static double Hundredths(TimeSpan delay) => Math.Round(delay.TotalMilliseconds / 10);
}
