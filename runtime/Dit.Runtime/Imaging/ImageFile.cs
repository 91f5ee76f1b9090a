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
        var (image, problem) = Skia.Decode(Bytes(path));
        return image ?? throw new DitException($"{path} {problem}.");
    }

    /// <summary>Decodes a picture as <see cref="Read"/> does.</summary>
    /// <returns>uint8, (3, Y, X), red first.</returns>
    /// <exception cref="DitException">The file cannot be read as a picture.</exception>
    public static Tensor ReadTensor(string path) => Read(path).ToTensor();

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

    /// <summary>Writes a PNG file to a stream, which stays open.</summary>
    /// <param name="stream">Where to.</param>
    /// <param name="image">The picture.</param>
    public static void WritePng(Stream stream, RgbImage image) => stream.Write(EncodePng(image));

    /// <summary>Writes a tensor as a PNG file to a stream, which stays open.</summary>
    /// <param name="stream">Where to.</param>
    /// <param name="image">(3, Y, X) or (1, Y, X), uint8 or a float in [-1, 1]; see <see cref="RgbImage.FromTensor"/>.</param>
    /// <exception cref="DitException">The tensor is no picture.</exception>
    public static void WritePng(Stream stream, Tensor image) => WritePng(stream, RgbImage.FromTensor(image));

    private static byte[] Bytes(string path)
    {
        if (!File.Exists(path))
            throw new DitException(Directory.Exists(path) ? $"{path} is a folder, not a picture." : $"{path} does not exist.");
        try
        {
            return File.ReadAllBytes(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new DitException($"{path} cannot be read: {e.Message}", e);
        }
    }
}
