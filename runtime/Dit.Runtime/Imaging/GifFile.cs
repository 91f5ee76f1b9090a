namespace Dit.Runtime;

/// <summary>One picture of an animation.</summary>
/// <param name="Image">The picture.</param>
/// <param name="Delay">How long it is shown; kept in hundredths of a second, at most 655.35 s.</param>
public sealed record GifFrame(RgbImage Image, TimeSpan Delay);

/// <summary>Animations in files (GIF89a, CompuServe 1990).</summary>
/// <remarks>
/// All frames share one palette of at most 256 colours. Where they have no more than that, every pixel is kept; else the colours are reduced in a space where
/// distance is what the eye sees, and the rest is dithered by error diffusion. Colours that fill large flat areas, such as the white of a grid, are kept exactly.
/// </remarks>
public static class GifFile
{
    private const int LongestSide = ushort.MaxValue, LongestDelay = ushort.MaxValue; // 16 bits each in the format

    /// <summary>Writes an animation that repeats for ever, whole or not at all.</summary>
    /// <param name="path">The file to create or replace.</param>
    /// <param name="frames">At least one, all of one size.</param>
    /// <param name="dither">Whether colours that the palette lacks are mixed of neighbouring pixels; else the nearest is taken.</param>
    /// <exception cref="DitException">The frames are no animation, or the file cannot be written.</exception>
    public static void Write(string path, IReadOnlyList<GifFrame> frames, bool dither = true)
    {
        Require(frames);
        AtomicFile.Write(path, stream => Encode(stream, frames, dither));
    }

    /// <summary>Writes an animation that repeats for ever to a stream, frame by frame.</summary>
    /// <param name="stream">Where to; it stays open.</param>
    /// <param name="frames">At least one, all of one size.</param>
    /// <param name="dither">Whether colours that the palette lacks are mixed of neighbouring pixels; else the nearest is taken.</param>
    /// <exception cref="DitException">The frames are no animation.</exception>
    public static void Encode(Stream stream, IReadOnlyList<GifFrame> frames, bool dither = true)
    {
        Require(frames);
        var palette = GifPalette.Of([.. frames.Select(static frame => frame.Image)]);
        var writer = new GifWriter(stream, frames[0].Image.Width, frames[0].Image.Height, palette.Colours);
        foreach (var (image, delay) in frames) writer.Frame(palette.Indices(image, dither), (int)Hundredths(delay));
        writer.End();
    }

    private static void Require(IReadOnlyList<GifFrame> frames)
    {
        if (frames.Count == 0) throw new DitException("An animation needs at least one frame.");
        var (width, height) = (frames[0].Image.Width, frames[0].Image.Height);
        if (Math.Max(width, height) > LongestSide) throw new DitException($"A GIF has at most {LongestSide} pixels to each side, and the frames have {width} x {height}.");
        for (var i = 0; i < frames.Count; i++)
        {
            if ((frames[i].Image.Width, frames[i].Image.Height) != (width, height))
                throw new DitException($"All frames of an animation have one size: frame {i} has {frames[i].Image.Width} x {frames[i].Image.Height} pixels, the first {width} x {height}.");
            if (Hundredths(frames[i].Delay) is < 0 or > LongestDelay)
                throw new DitException(FormattableString.Invariant($"Frame {i} of an animation is to be shown for {frames[i].Delay.TotalSeconds} s: a GIF takes 0 to {LongestDelay / 100.0} s."));
        }
    }

    private static double Hundredths(TimeSpan delay) => Math.Round(delay.TotalMilliseconds / 10);
}
