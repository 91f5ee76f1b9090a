using SixLabors.ImageSharp;
using SixLabors.ImageSharp.Formats;
using SixLabors.ImageSharp.Formats.Bmp;
using SixLabors.ImageSharp.Formats.Jpeg;
using SixLabors.ImageSharp.Formats.Png;
using SixLabors.ImageSharp.Formats.Webp;
using SixLabors.ImageSharp.Metadata.Profiles.Exif;
using SixLabors.ImageSharp.PixelFormats;

namespace Dit.Runtime.Tests;

/// <summary>Files of one picture in all the kinds that are read.</summary>
internal static class Encoded
{
    /// <summary>The kinds by name.</summary>
    public static IReadOnlyDictionary<string, Func<IImageEncoder>> Kinds { get; } = new Dictionary<string, Func<IImageEncoder>>
    {
        ["png"] = static () => new PngEncoder(),
        ["png interlaced"] = static () => new PngEncoder { InterlaceMethod = PngInterlaceMode.Adam7 },
        ["png 16 bits"] = static () => new PngEncoder { BitDepth = PngBitDepth.Bit16, ColorType = PngColorType.RgbWithAlpha },
        ["png 16 bits interlaced"] = static () =>
            new PngEncoder
            {
                BitDepth = PngBitDepth.Bit16,
                ColorType = PngColorType.Rgb,
                InterlaceMethod = PngInterlaceMode.Adam7,
            },
        ["png palette"] = static () => new PngEncoder { ColorType = PngColorType.Palette },
        ["png 2 bits"] = static () => new PngEncoder { ColorType = PngColorType.Palette, BitDepth = PngBitDepth.Bit2 },
        ["png gray"] = static () => new PngEncoder { ColorType = PngColorType.Grayscale },
        ["png gray 16 bits"] = static () => new PngEncoder { ColorType = PngColorType.Grayscale, BitDepth = PngBitDepth.Bit16 },
        ["jpeg"] = static () => new JpegEncoder { Quality = 90 },
        ["jpeg 4:4:4"] = static () => new JpegEncoder { Quality = 90, ColorType = JpegColorType.YCbCrRatio444 },
        ["jpeg gray"] = static () => new JpegEncoder { Quality = 90, ColorType = JpegColorType.Luminance },
        ["webp"] = static () => new WebpEncoder { FileFormat = WebpFileFormatType.Lossy },
        ["webp lossless"] = static () => new WebpEncoder { FileFormat = WebpFileFormatType.Lossless },
        ["bmp"] = static () => new BmpEncoder(),
        ["bmp 32 bits"] = static () => new BmpEncoder { BitsPerPixel = BmpBitsPerPixel.Pixel32 },
        ["bmp palette"] = static () => new BmpEncoder { BitsPerPixel = BmpBitsPerPixel.Pixel8 },
    };

    /// <summary>A smooth picture, light at one corner, with a little noise.</summary>
    public static Image<Rgba32> Picture(int width, int height)
    {
        var image = new Image<Rgba32>(width, height);
        var random = new SplitMix64(1);
        for (var y = 0; y < height; y++)
            for (var x = 0; x < width; x++)
                image[x, y] = new((byte)(200 * x / width + Noise()), (byte)(200 * y / height + Noise()), (byte)(100 + Noise()));
        return image;

        int Noise() => (int)(random.Next() % 16);
    }

    /// <summary>A file of a kind.</summary>
    public static byte[] Of(string kind, int width = 60, int height = 40)
    {
        using var picture = Picture(width, height);
        return Of(picture, Kinds[kind]());
    }

    /// <summary>A file of a picture.</summary>
    public static byte[] Of(Image image, IImageEncoder encoder)
    {
        using var stream = new MemoryStream();
        image.Save(stream, encoder);
        return stream.ToArray();
    }

    /// <summary>The picture's file with an orientation in its EXIF data.</summary>
    public static byte[] Oriented(Image<Rgba32> image, IImageEncoder encoder, ushort orientation)
    {
        using var copy = image.Clone();
        copy.Metadata.ExifProfile = new ExifProfile();
        copy.Metadata.ExifProfile.SetValue(ExifTag.Make, "A camera");
        copy.Metadata.ExifProfile.SetValue(ExifTag.Orientation, orientation);
        return Of(copy, encoder);
    }

    /// <summary>A row of pixels as a PNG file.</summary>
    public static byte[] Row(params Rgba32[] pixels)
    {
        using var image = new Image<Rgba32>(pixels.Length, 1);
        for (var x = 0; x < pixels.Length; x++) image[x, 0] = pixels[x];
        return Of(image, new PngEncoder { ColorType = PngColorType.RgbWithAlpha });
    }
}
