using System.Runtime.InteropServices;
using SixLabors.ImageSharp;
using SixLabors.ImageSharp.Memory;
using SixLabors.ImageSharp.PixelFormats;
using SixLabors.ImageSharp.Processing.Processors.Quantization;

namespace Dit.Runtime;

/// <summary>At most 256 colors for many pictures.</summary>
internal static class GifPalette
{
    private const int Most = 256, AllColors = 1 << 24;
    private const int MostSamples = 1 << 22; // pixels that are looked at, evenly spread, where there are more colors
    private const double FlatShare = 0.005; // of all pixels: a color that fills so much is kept as it is
    private const int MostFlat = 16;

    /// <summary>
    /// The palette of these pictures: all of their colors where they are few, else those that fill flat areas, and the
    /// rest reduced (Wu 1991).
    /// </summary>
    public static Rgb24[] Of(IReadOnlyList<RgbImage> images)
    {
        if (Few(images) is { } all) return all;
        var samples = Samples(images);
        var flat = Flat(samples);
        return [.. flat, .. Reduced(samples, Most - flat.Length).Except(flat)];
    }

    /// <summary>The pixels of a picture as the library has them.</summary>
    public static ReadOnlySpan<Rgb24> Pixels(RgbImage image) => MemoryMarshal.Cast<byte, Rgb24>(image.Data);

    private static Rgb24[]? Few(IEnumerable<RgbImage> images)
    {
        var found = new HashSet<Rgb24>();
        foreach (var image in images)
            foreach (var pixel in Pixels(image))
                if (found.Add(pixel) && found.Count > Most) return null;
        return [.. found];
    }

    private static Rgb24[] Samples(IReadOnlyList<RgbImage> images)
    {
        var stride = (int)(images.Sum(static image => (long)image.Width * image.Height) / MostSamples) + 1;
        var samples = new List<Rgb24>(MostSamples);
        var at = 0L;
        foreach (var image in images)
        {
            var pixels = Pixels(image);
            for (; at < pixels.Length; at += stride) samples.Add(pixels[(int)at]);
            at -= pixels.Length;
        }
        return [.. samples];
    }

    private static Rgb24[] Flat(Rgb24[] samples)
    {
        var counts = new int[AllColors];
        foreach (var pixel in samples) counts[Pack(pixel)]++;
        return
        [
            .. samples
                .Where(pixel => counts[Pack(pixel)] > FlatShare * samples.Length)
                .Distinct()
                .OrderByDescending(pixel => counts[Pack(pixel)])
                .Take(MostFlat),
        ];
    }

    private static Rgb24[] Reduced(Rgb24[] samples, int count)
    {
        const int Row = 1 << 10;
        var rows = (samples.Length + Row - 1) / Row;
        using var image = new Image<Rgb24>(ImageCodec.Configuration, Row, rows);
        image.ProcessPixelRows(accessor =>
        {
            for (var at = 0; at < rows * Row; at++) accessor.GetRowSpan(at / Row)[at % Row] = samples[at % samples.Length];
        });
        using var quantizer = new WuQuantizer(
            new QuantizerOptions { MaxColors = count, Dither = null }).CreatePixelSpecificQuantizer<Rgb24>(ImageCodec.Configuration);
        quantizer.AddPaletteColors(new Buffer2DRegion<Rgb24>(image.Frames.RootFrame.PixelBuffer));
        return quantizer.Palette.ToArray();
    }

    private static int Pack(Rgb24 pixel) => pixel.R << 16 | pixel.G << 8 | pixel.B;
}
