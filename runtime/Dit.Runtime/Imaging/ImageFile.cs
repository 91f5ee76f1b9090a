using static TorchSharp.torch;

namespace Dit.Runtime;

/// <summary>Pictures in files: PNG, JPEG, WebP and BMP in, PNG out.</summary>
public static class ImageFile
{
    /// <summary>Whether the name ends like a picture that <see cref="Read"/> decodes: png, jpg, jpeg, webp or bmp, in any case.</summary>
    public static bool HasImageExtension(string path) =>
        Path.GetExtension(path).ToLowerInvariant() is ".png" or ".jpg" or ".jpeg" or ".webp" or ".bmp";

    /// <summary>Decodes a picture, whatever its name. Transparent pixels are laid over white; colours are taken as they are stored,
    /// without colour management or rotation by camera metadata.</summary>
    /// <exception cref="DitException">The file is missing, unreadable, empty, cut off, or no PNG, JPEG, WebP or BMP.</exception>
    public static RgbImage Read(string path)
    {
        var (image, problem) = TryRead(path);
        return image ?? throw new DitException($"{path} {problem}.");
    }

    /// <summary>Decodes a picture as <see cref="Read"/> does.</summary>
    /// <returns>The picture, or the reason why there is none: the end of a sentence that begins with the path, without a full stop.</returns>
    internal static (RgbImage? Image, string Problem) TryRead(string path)
    {
        var (bytes, problem) = Bytes(path);
        return bytes is null ? (null, problem) : Skia.Decode(bytes);
    }

    /// <summary>Decodes a picture as <see cref="Read"/> does.</summary>
    /// <returns>uint8, (3, Y, X), red first.</returns>
    /// <exception cref="DitException">The file cannot be read as a picture.</exception>
    public static Tensor ReadTensor(string path) => Read(path).ToTensor();

    /// <summary>Reads the header of a picture, and looks whether the file ends as its format says: a small part of the work of <see cref="Read"/>.</summary>
    /// <remarks>A file whose end is missing is decoded, so that what a decoder can do without is not refused. Damage in the middle of a file is found by <see cref="Read"/> alone.</remarks>
    /// <param name="path">The file.</param>
    /// <returns>The header, or the reason why the file cannot be read: the end of a sentence that begins with its path, without a full stop.</returns>
    public static (ImageHeader? Header, string Problem) ReadHeader(string path)
    {
        if (!File.Exists(path)) return (null, Missing(path));
        try
        {
            using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, 4096, FileOptions.SequentialScan);
            return Skia.ReadHeader(file, () => TryRead(path).Problem);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return (null, PathRules.WhyUnreadable(path, e));
        }
    }

    /// <summary>The bytes of a PNG file; the same picture gives the same bytes.</summary>
    public static byte[] EncodePng(RgbImage image) => Skia.EncodePng(image);

    /// <summary>Writes a PNG file, whole or not at all.</summary>
    /// <exception cref="DitException">The file cannot be written.</exception>
    public static void WritePng(string path, RgbImage image)
    {
        var png = EncodePng(image);
        AtomicFile.Write(path, stream => stream.Write(png));
    }

    /// <summary>Writes a tensor as a PNG file, whole or not at all.</summary>
    /// <param name="path">The file to create or replace.</param>
    /// <param name="image">(3, Y, X) or (1, Y, X), uint8 or a float in [-1, 1]; see <see cref="RgbImage.FromTensor"/>.</param>
    /// <exception cref="DitException">The tensor is no picture, or the file cannot be written.</exception>
    public static void WritePng(string path, Tensor image) => WritePng(path, RgbImage.FromTensor(image));

    private static (byte[]? Bytes, string Problem) Bytes(string path)
    {
        if (!File.Exists(path)) return (null, Missing(path));
        try
        {
            return (File.ReadAllBytes(path), "");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return (null, PathRules.WhyUnreadable(path, e));
        }
    }

    private static string Missing(string path) => Directory.Exists(path) ? "is a folder, not a picture" : PathRules.WhyMissing(path);
}
