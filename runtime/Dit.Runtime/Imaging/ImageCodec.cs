using SixLabors.ImageSharp;
using SixLabors.ImageSharp.Formats;
using SixLabors.ImageSharp.Formats.Bmp;
using SixLabors.ImageSharp.Formats.Jpeg;
using SixLabors.ImageSharp.Formats.Png;
using SixLabors.ImageSharp.Formats.Webp;
using SixLabors.ImageSharp.Memory;
using SixLabors.ImageSharp.PixelFormats;

namespace Dit.Runtime;

/// <summary>The few things asked of the imaging library.</summary>
internal static class ImageCodec
{
    /// <summary>The longest side of a JPEG picture that the library writes; the format has one pixel more.</summary>
    public const int LongestJpegSide = ushort.MaxValue - 1;

    /// <summary>
    /// How the library runs: on the caller's thread, in memory that was cleared, so that no picture shows what another
    /// left there.
    /// </summary>
    internal static readonly Configuration Configuration = new()
    {
        MaxDegreeOfParallelism = 1,
        MemoryAllocator = new SimpleGcMemoryAllocator(),
    };

    /// <summary>Decodes a picture, upright, its transparent pixels laid over white.</summary>
    /// <returns>The picture, or the reason why there is none, as the end of a sentence.</returns>
    public static (RgbImage? Image, string Problem) Decode(byte[] file)
    {
        var (container, problem) = ImageContainer.Read(file);
        if (container is null) return (null, problem);
        try
        {
            var image = container.Format switch
            {
                "JPEG" => Opaque(file, new JpegDecoder { IgnoreMetadata = true }),
                "PNG" when PngContainer.Pixels(file) is { } pixels => OverWhite(pixels, new PngDecoder { IgnoreMetadata = true }),
                "PNG" => null,
                "WebP" => OverWhite(file, new WebpDecoder { IgnoreMetadata = true }),
                _ => OverWhite(file, new BmpDecoder()),
            };
            return image is null
                ? (null, "is damaged (its pixels are not all there)")
                : (ExifOrientation.Apply(image, container.Orientation), "");
        }
        catch (Exception e) when (e is not OutOfMemoryException) // decoders of damaged data throw whatever they stumble over
        {
            return (null, $"is a {container.Format} file that cannot be decoded ({e.Message.ReplaceLineEndings(" ").TrimEnd('.', ' ')})");
        }
        catch (OutOfMemoryException)
        {
            return (null, $"has {container.Width} x {container.Height} pixels, for which there is not enough memory");
        }
    }

    /// <summary>Writes a picture as a PNG file; the same pixels and texts give the same bytes.</summary>
    public static void EncodePng(Stream stream, RgbImage image, IReadOnlyList<KeyValuePair<string, string>> texts) =>
        Encode(stream, image, texts, new PngEncoder
        {
            ColorType = PngColorType.Rgb,
            BitDepth = PngBitDepth.Bit8,
            FilterMethod = PngFilterMethod.Adaptive,
            CompressionLevel = PngCompressionLevel.Level4,
            TextCompressionThreshold = int.MaxValue, // any program can then read the texts, with no bound to be kept
        });

    /// <summary>Writes a picture as a JPEG file, its colors at full resolution.</summary>
    public static void EncodeJpeg(Stream stream, RgbImage image, int quality, IReadOnlyList<KeyValuePair<string, string>> texts)
    {
        var encoder = new JpegEncoder { Quality = quality, ColorType = JpegColorType.YCbCrRatio444 };
        if (texts.Count == 0)
        {
            Encode(stream, image, [], encoder);
            return;
        }
        using var file = new MemoryStream();
        Encode(file, image, [], encoder);
        JpegContainer.WriteWithComment(stream, file.GetBuffer().AsSpan(0, (int)file.Length), ImageTexts.ToComment(texts));
    }

    private static void Encode(
        Stream stream, RgbImage image, IReadOnlyList<KeyValuePair<string, string>> texts, IImageEncoder encoder)
    {
        using var pixels = Image.LoadPixelData<Rgb24>(Configuration, image.Data, image.Width, image.Height);
        var written = pixels.Metadata.GetPngMetadata().TextData; // tEXt where Latin-1 has all letters, else iTXt
        foreach (var (key, text) in texts) written.Add(new PngTextData(key, text, "", ""));
        pixels.Save(stream, encoder);
    }

    private static RgbImage Opaque(byte[] file, IImageDecoder decoder)
    {
        using var stream = new MemoryStream(file);
        using var image = decoder.Decode<Rgb24>(Configuration, stream, default);
        var rgb = new byte[3 * image.Width * image.Height];
        image.CopyPixelDataTo(rgb);
        return new RgbImage(image.Width, image.Height, rgb);
    }

    private static RgbImage OverWhite(byte[] file, IImageDecoder decoder)
    {
        using var stream = new MemoryStream(file);
        using var image = decoder.Decode<Rgba32>(Configuration, stream, default);
        var rgb = new byte[3 * image.Width * image.Height];
        image.ProcessPixelRows(rows =>
        {
            for (int y = 0, to = 0; y < rows.Height; y++)
                foreach (var pixel in rows.GetRowSpan(y))
                {
                    (rgb[to], rgb[to + 1], rgb[to + 2]) = (Blend(pixel.R, pixel.A), Blend(pixel.G, pixel.A), Blend(pixel.B, pixel.A));
                    to += 3;
                }
        });
        return new RgbImage(image.Width, image.Height, rgb);
    }

    private static byte Blend(byte color, byte alpha) =>
        alpha == byte.MaxValue ? color : (byte)((color * alpha + 255 * (255 - alpha) + 127) / 255);
}
