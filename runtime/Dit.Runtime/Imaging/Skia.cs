using SkiaSharp;

namespace Dit.Runtime;

/// <summary>The few things asked of the imaging library.</summary>
internal static class Skia
{
    // 256 MiB decoded, on each processor at once; a header that claims more is refused before anything is allocated.
    private const long MostPixels = 1L << 26;

    // Fixed, so that the same pixels give the same bytes.
    private static readonly SKPngEncoderOptions Png = new(SKPngEncoderFilterFlags.AllFilters, zLibLevel: 6);

    /// <summary>Decodes a picture, laying transparent pixels over white.</summary>
    /// <returns>The picture, or the reason why there is none, as the end of a sentence.</returns>
    public static (RgbImage? Image, string Problem) Decode(byte[] file)
    {
        if (file.Length == 0) return (null, "is empty");
        using var data = SKData.CreateCopy(file);
        using var codec = SKCodec.Create(data);
        if (Flaw(codec) is { } flaw) return (null, flaw);
        var (width, height) = (codec.Info.Width, codec.Info.Height);
        using var bitmap = new SKBitmap();
        if (!bitmap.TryAllocPixels(new SKImageInfo(width, height, SKColorType.Rgba8888, SKAlphaType.Unpremul)))
            return (null, $"has {width} x {height} pixels, for which there is not enough memory");
        var result = codec.GetPixels(bitmap.Info, bitmap.GetPixels());
        return result switch
        {
            SKCodecResult.Success => (OverWhite(bitmap), ""),
            SKCodecResult.IncompleteInput => (null, "ends before the picture does"),
            _ => (null, $"is damaged ({result})"),
        };
    }

    /// <summary>Reads the header of a picture.</summary>
    /// <param name="file">The file, which can be sought in.</param>
    /// <param name="decode">Decodes the file and says what is wrong with it, or nothing; asked where its end is missing.</param>
    /// <returns>The header, or the reason why there is none, as the end of a sentence.</returns>
    public static (ImageHeader? Header, string Problem) ReadHeader(Stream file, Func<string> decode)
    {
        if (file.Length == 0) return (null, "is empty");
        using var kept = new SKManagedStream(file, disposeManagedStream: false);
        using var codec = SKCodec.Create(kept);
        if (Flaw(codec) is { } flaw) return (null, flaw);
        var header = new ImageHeader(codec.Info.Height, codec.Info.Width, codec.Info.ColorType == SKColorType.Gray8);
        var problem = ImageEnd.IsThere(file, codec.EncodedFormat) ? "" : decode();
        return problem.Length == 0 ? (header, "") : (null, problem);
    }

    private static string? Flaw(SKCodec? codec)
    {
        if (codec is null) return "is not a PNG, JPEG, WebP or BMP file";
        if (codec.EncodedFormat is not (SKEncodedImageFormat.Png or SKEncodedImageFormat.Jpeg or SKEncodedImageFormat.Webp or SKEncodedImageFormat.Bmp))
            return $"is a {codec.EncodedFormat} file, not PNG, JPEG, WebP or BMP";
        var (width, height) = (codec.Info.Width, codec.Info.Height);
        return (long)width * height > MostPixels ? $"has {width} x {height} pixels, more than {MostPixels} in all" : null;
    }

    /// <summary>The picture as the bytes of a PNG file.</summary>
    public static byte[] EncodePng(RgbImage image)
    {
        using var bitmap = new SKBitmap(new SKImageInfo(image.Width, image.Height, SKColorType.Rgba8888, SKAlphaType.Opaque));
        var rgba = bitmap.GetPixelSpan();
        for (int from = 0, to = 0; from < image.Data.Length; from += 3, to += 4)
        {
            image.Data.AsSpan(from, 3).CopyTo(rgba[to..]);
            rgba[to + 3] = 255;
        }
        using var pixmap = new SKPixmap(bitmap.Info, bitmap.GetPixels());
        using var png = pixmap.Encode(Png) ?? throw new InvalidOperationException($"A picture of {image.Width} x {image.Height} pixels could not be encoded.");
        return png.ToArray();
    }

    /// <summary>Draws on a white canvas.</summary>
    public static RgbImage Draw(int width, int height, Action<SKCanvas> draw)
    {
        using var bitmap = new SKBitmap(new SKImageInfo(width, height, SKColorType.Rgba8888, SKAlphaType.Premul));
        using (var canvas = new SKCanvas(bitmap))
        {
            canvas.Clear(SKColors.White);
            draw(canvas);
        }
        return OverWhite(bitmap);
    }

    private static RgbImage OverWhite(SKBitmap bitmap)
    {
        var rgba = bitmap.GetPixelSpan();
        var rgb = new byte[rgba.Length / 4 * 3];
        for (int from = 0, to = 0; to < rgb.Length; from += 4, to += 3)
        {
            var alpha = rgba[from + 3];
            rgb[to] = Blend(rgba[from], alpha);
            rgb[to + 1] = Blend(rgba[from + 1], alpha);
            rgb[to + 2] = Blend(rgba[from + 2], alpha);
        }
        return new RgbImage(bitmap.Width, bitmap.Height, rgb);
    }

    private static byte Blend(byte colour, byte alpha) => (byte)((colour * alpha + 255 * (255 - alpha) + 127) / 255);
}
