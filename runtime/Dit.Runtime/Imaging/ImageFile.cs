using static TorchSharp.torch;

namespace Dit.Runtime;

/// <summary>Pictures in files: PNG, JPEG, WebP and BMP in, PNG and JPEG out.</summary>
/// <remarks>
/// A file is known by its content, whatever its name. A picture is read as 8-bit RGB, upright: the orientation that a
/// camera wrote (EXIF) is applied. Gray becomes three equal channels, a palette its colors, CMYK the RGB of the usual
/// formula; 16 bits are rounded to 8; transparent pixels are laid over white. Colors are taken as they are stored, as
/// sRGB: embedded profiles and gamma are ignored.
/// </remarks>
public static class ImageFile
{
    /// <summary>The quality of JPEG pictures by default, of 1 to 100.</summary>
    public const int DefaultJpegQuality = 95;

    private const long MostBytes = 1L << 29; // more than the largest picture that is decoded has, and what is read into memory at most

    /// <summary>
    /// Whether the name ends like a picture that <see cref="Read"/> decodes: png, jpg, jpeg, webp or bmp, in any case.
    /// </summary>
    public static bool HasImageExtension(string path) =>
        Path.GetExtension(path).ToLowerInvariant() is ".png" or ".jpg" or ".jpeg" or ".webp" or ".bmp";

    /// <summary>
    /// Whether <see cref="Write"/> knows the format from the name: something before png, jpg or jpeg,
    /// in any case.
    /// </summary>
    public static bool HasWritableExtension(string path) =>
        Path.GetFileNameWithoutExtension(path).Length > 0 && (IsPng(path) || IsJpeg(path));

    /// <summary>Decodes a picture, whatever its name; how, the remarks of <see cref="ImageFile"/> say.</summary>
    /// <exception cref="DitException">
    /// The file is missing, unreadable, empty, cut off, damaged, too large, or no PNG, JPEG, WebP or BMP.
    /// </exception>
    public static RgbImage Read(string path)
    {
        var (image, problem) = TryRead(path);
        return image ?? throw new DitException($"{path} {problem}.");
    }

    /// <summary>Decodes a picture as <see cref="Read"/> does.</summary>
    /// <returns>
    /// The picture, or the reason why there is none: the end of a sentence that begins with the path, without a full
    /// stop.
    /// </returns>
    internal static (RgbImage? Image, string Problem) TryRead(string path)
    {
        var (bytes, problem) = Bytes(path);
        return bytes is null ? (null, problem) : ImageCodec.Decode(bytes);
    }

    /// <summary>Decodes a picture as <see cref="Read"/> does.</summary>
    /// <returns>uint8, (3, Y, X), red first.</returns>
    /// <exception cref="DitException">The file cannot be read as a picture.</exception>
    public static Tensor ReadTensor(string path) => Read(path).ToTensor();

    /// <summary>
    /// Reads the header of a picture, and looks whether all of the file is there: a small part of the work of
    /// <see cref="Read"/>.
    /// </summary>
    /// <remarks>Damage within the pixels is found by <see cref="Read"/> alone.</remarks>
    /// <param name="path">The file.</param>
    /// <returns>
    /// The header, or the reason why the file cannot be read: the end of a sentence that begins with its path, without
    /// a full stop.
    /// </returns>
    public static (ImageHeader? Header, string Problem) ReadHeader(string path)
    {
        var (bytes, problem) = Bytes(path);
        if (bytes is null) return (null, problem);
        (var container, problem) = ImageContainer.Read(bytes);
        return (container?.Header, problem);
    }

    /// <summary>The bytes of a PNG file; the same picture and texts give the same bytes.</summary>
    /// <param name="image">The picture.</param>
    /// <param name="texts">What to write beside the pixels, see <see cref="ImageTexts"/>; nothing by default.</param>
    /// <exception cref="DitException">A text cannot be written, see <see cref="ImageTexts"/>.</exception>
    public static byte[] EncodePng(RgbImage image, IReadOnlyDictionary<string, string>? texts = null)
    {
        using var stream = new MemoryStream();
        WritePng(stream, image, texts);
        return stream.ToArray();
    }

    /// <summary>Writes a picture as PNG or JPEG, by the ending of the name, whole or not at all.</summary>
    /// <param name="path">The .png, .jpg or .jpeg file to create or replace.</param>
    /// <param name="image">The picture.</param>
    /// <param name="texts">What to write beside the pixels, see <see cref="ImageTexts"/>; nothing by default.</param>
    /// <exception cref="DitException">
    /// The name has a different ending, the picture is too large for JPEG, or the file or a text cannot be written.
    /// </exception>
    public static void Write(string path, RgbImage image, IReadOnlyDictionary<string, string>? texts = null)
    {
        RequireWritable(path, image.Width, image.Height);
        if (IsJpeg(path)) WriteJpeg(path, image, texts: texts);
        else WritePng(path, image, texts);
    }

    /// <summary>
    /// Finds out before long work whether <see cref="Write"/> knows the format, and whether it takes
    /// such a picture; nothing is written.
    /// </summary>
    /// <param name="path">The file.</param>
    /// <param name="width">X, in pixels.</param>
    /// <param name="height">Y, in pixels.</param>
    /// <exception cref="DitException">
    /// The name has a different ending, or the picture is too large for JPEG.
    /// </exception>
    public static void RequireWritable(string path, int width, int height)
    {
        if (!HasWritableExtension(path)) throw new DitException($"Pictures are written to a .png, .jpg or .jpeg file, not to '{path}'.");
        if (IsJpeg(path)) RequireFitsJpeg(width, height);
    }

    /// <summary>Writes a PNG file, whole or not at all.</summary>
    /// <param name="path">The file to create or replace.</param>
    /// <param name="image">The picture.</param>
    /// <param name="texts">What to write beside the pixels, see <see cref="ImageTexts"/>; nothing by default.</param>
    /// <exception cref="DitException">The file or a text cannot be written.</exception>
    public static void WritePng(string path, RgbImage image, IReadOnlyDictionary<string, string>? texts = null) =>
        AtomicFile.Write(path, stream => WritePng(stream, image, texts));

    /// <summary>Writes a tensor as a PNG file, whole or not at all.</summary>
    /// <param name="path">The file to create or replace.</param>
    /// <param name="image">
    /// (3, Y, X) or (1, Y, X), uint8 or a float in [-1, 1]; see <see cref="RgbImage.FromTensor"/>.
    /// </param>
    /// <param name="texts">What to write beside the pixels, see <see cref="ImageTexts"/>; nothing by default.</param>
    /// <exception cref="DitException">The tensor is no picture, or the file or a text cannot be written.</exception>
    public static void WritePng(string path, Tensor image, IReadOnlyDictionary<string, string>? texts = null) =>
        WritePng(path, RgbImage.FromTensor(image), texts);

    /// <summary>Writes a picture as PNG to a stream, such as the body of a response; the stream stays open.</summary>
    /// <remarks>The stream is written to in several parts and need not be able to seek.</remarks>
    /// <param name="stream">Where to.</param>
    /// <param name="image">The picture.</param>
    /// <param name="texts">What to write beside the pixels, see <see cref="ImageTexts"/>; nothing by default.</param>
    /// <exception cref="DitException">A text cannot be written, see <see cref="ImageTexts"/>.</exception>
    public static void WritePng(Stream stream, RgbImage image, IReadOnlyDictionary<string, string>? texts = null) =>
        ImageCodec.EncodePng(stream, image, ImageTexts.Checked(texts));

    /// <summary>Writes a tensor as PNG to a stream; the stream stays open.</summary>
    /// <param name="stream">Where to.</param>
    /// <param name="image">
    /// (3, Y, X) or (1, Y, X), uint8 or a float in [-1, 1]; see <see cref="RgbImage.FromTensor"/>.
    /// </param>
    /// <param name="texts">What to write beside the pixels, see <see cref="ImageTexts"/>; nothing by default.</param>
    /// <exception cref="DitException">The tensor is no picture, or a text cannot be written.</exception>
    public static void WritePng(Stream stream, Tensor image, IReadOnlyDictionary<string, string>? texts = null) =>
        WritePng(stream, RgbImage.FromTensor(image), texts);

    /// <summary>Writes a JPEG file, whole or not at all.</summary>
    /// <param name="path">The file to create or replace.</param>
    /// <param name="image">The picture, at most 65534 pixels to each side.</param>
    /// <param name="quality">1 to 100.</param>
    /// <param name="texts">What to write beside the pixels, see <see cref="ImageTexts"/>; nothing by default.</param>
    /// <exception cref="DitException">
    /// The picture is too large, the quality out of range, or the file cannot be written.
    /// </exception>
    public static void WriteJpeg(
        string path, RgbImage image, int quality = DefaultJpegQuality, IReadOnlyDictionary<string, string>? texts = null)
    {
        RequireJpeg(image, quality);
        AtomicFile.Write(path, stream => WriteJpeg(stream, image, quality, texts));
    }

    /// <summary>Writes a tensor as a JPEG file, whole or not at all.</summary>
    /// <param name="path">The file to create or replace.</param>
    /// <param name="image">
    /// (3, Y, X) or (1, Y, X), uint8 or a float in [-1, 1]; see <see cref="RgbImage.FromTensor"/>.
    /// </param>
    /// <param name="quality">1 to 100.</param>
    /// <param name="texts">What to write beside the pixels, see <see cref="ImageTexts"/>; nothing by default.</param>
    /// <exception cref="DitException">
    /// The tensor is no picture, or one that is too large, the quality is out of range, or the file cannot be written.
    /// </exception>
    public static void WriteJpeg(
        string path, Tensor image, int quality = DefaultJpegQuality, IReadOnlyDictionary<string, string>? texts = null) =>
        WriteJpeg(path, RgbImage.FromTensor(image), quality, texts);

    /// <summary>Writes a picture as JPEG to a stream, such as the body of a response; the stream stays open.</summary>
    /// <param name="stream">Where to; it need not be able to seek.</param>
    /// <param name="image">The picture, at most 65534 pixels to each side.</param>
    /// <param name="quality">1 to 100.</param>
    /// <param name="texts">What to write beside the pixels, see <see cref="ImageTexts"/>; nothing by default.</param>
    /// <exception cref="DitException">The picture is too large, or the quality out of range.</exception>
    public static void WriteJpeg(
        Stream stream, RgbImage image, int quality = DefaultJpegQuality, IReadOnlyDictionary<string, string>? texts = null)
    {
        RequireJpeg(image, quality);
        ImageCodec.EncodeJpeg(stream, image, quality, ImageTexts.Checked(texts));
    }

    /// <summary>Writes a tensor as JPEG to a stream; the stream stays open.</summary>
    /// <param name="stream">Where to.</param>
    /// <param name="image">
    /// (3, Y, X) or (1, Y, X), uint8 or a float in [-1, 1]; see <see cref="RgbImage.FromTensor"/>.
    /// </param>
    /// <param name="quality">1 to 100.</param>
    /// <param name="texts">What to write beside the pixels, see <see cref="ImageTexts"/>; nothing by default.</param>
    /// <exception cref="DitException">
    /// The tensor is no picture, or one that is too large, or the quality is out of range.
    /// </exception>
    public static void WriteJpeg(
        Stream stream, Tensor image, int quality = DefaultJpegQuality, IReadOnlyDictionary<string, string>? texts = null) =>
        WriteJpeg(stream, RgbImage.FromTensor(image), quality, texts);

    private static bool IsPng(string path) => Path.GetExtension(path).Equals(".png", StringComparison.OrdinalIgnoreCase);

    private static bool IsJpeg(string path) => Path.GetExtension(path).ToLowerInvariant() is ".jpg" or ".jpeg";

    private static void RequireJpeg(RgbImage image, int quality)
    {
        if (quality is < 1 or > 100) throw new DitException($"The quality of a JPEG picture is 1 to 100, not {quality}.");
        RequireFitsJpeg(image.Width, image.Height);
    }

    private static void RequireFitsJpeg(int width, int height)
    {
        if (Math.Max(width, height) > ImageCodec.LongestJpegSide)
            throw new DitException(
                $"A JPEG picture has at most {ImageCodec.LongestJpegSide} pixels to each side, and this one has {width} x {height}: write "
                    + $"a .png file.");
    }

    internal static (byte[]? Bytes, string Problem) Bytes(string path)
    {
        if (!File.Exists(path)) return (null, Directory.Exists(path) ? "is a folder, not a picture" : PathRules.WhyMissing(path));
        try
        {
            using var file = new FileStream(
                path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, 1, FileOptions.SequentialScan);
            return file.Length > MostBytes
                ? (null, $"has {file.Length} bytes, more than a picture that is read: {MostBytes}")
                : (Whole(file), "");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or NotSupportedException)
        {
            return (null, PathRules.WhyUnreadable(path, e));
        }
    }

    private static byte[] Whole(FileStream file)
    {
        var bytes = new byte[file.Length]; // a device has no length, and so is empty
        var read = file.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false);
        return read == bytes.Length ? bytes : bytes[..read];
    }
}
