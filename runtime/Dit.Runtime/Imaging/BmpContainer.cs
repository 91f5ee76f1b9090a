using System.Buffers.Binary;

namespace Dit.Runtime;

/// <summary>The headers of a BMP file.</summary>
internal static class BmpContainer
{
    private const int FileHeader = 14, CoreHeader = 12, InfoHeader = 40;

    /// <summary>Reads the headers; an uncompressed file must hold all its rows.</summary>
    public static (ImageContainer? Container, string Problem) Read(ReadOnlySpan<byte> file)
    {
        if (file.Length < FileHeader + CoreHeader) return (null, ImageContainer.EndsEarly);
        var (pixels, length) = (
            BinaryPrimitives.ReadUInt32LittleEndian(file[10..]), BinaryPrimitives.ReadUInt32LittleEndian(file[FileHeader..]));
        var header = file[FileHeader..];
        if (length == CoreHeader)
            return Sized(file, pixels, Number16(header, 4), Number16(header, 6), Number16(header, 10), isPacked: false);
        if (length < InfoHeader) return (null, "is a BMP file of a kind that is not read");
        if (header.Length < InfoHeader) return (null, ImageContainer.EndsEarly);
        var (width, height) = (BinaryPrimitives.ReadInt32LittleEndian(header[4..]), BinaryPrimitives.ReadInt32LittleEndian(header[8..]));
        if (height == int.MinValue) return (null, "is damaged (it has no height)");
        var compression = BinaryPrimitives.ReadUInt32LittleEndian(header[16..]);
        // as they are, or by masks
        return Sized(file, pixels, width, Math.Abs(height), Number16(header, 14), isPacked: compression is not (0 or 3 or 6));
    }

    private static (ImageContainer? Container, string Problem) Sized(
        ReadOnlySpan<byte> file,
        long pixels,
        int width,
        int height,
        int bits,
        bool isPacked)
    {
        var row = ((long)width * bits + 31) / 32 * 4; // of whole words
        var bytes = isPacked ? height : row * height; // run lengths end each row, with a byte at the least
        // Above what is decoded in any case, the size is the reason that is given.
        var isCut = pixels + bytes > file.Length && (long)width * height <= ImageContainer.MostPixels;
        return isCut ? (null, ImageContainer.EndsEarly) : (new("BMP", width, height), "");
    }

    private static ushort Number16(ReadOnlySpan<byte> bytes, int at) => BinaryPrimitives.ReadUInt16LittleEndian(bytes[at..]);
}
