using System.Buffers.Binary;

namespace Dit.Runtime;

/// <summary>How a camera was held: the tag 0x0112 of EXIF (CIPA DC-008, section 4.6.4), 1 to 8.</summary>
internal static class ExifOrientation
{
    /// <summary>The stored picture stands upright.</summary>
    public const int Upright = 1;

    private const ushort Tag = 0x0112, Short = 3;
    private const int HeaderLength = 8, EntryLength = 12;

    /// <summary>The orientation in EXIF data, or <see cref="Upright"/> where it has none that makes sense.</summary>
    /// <param name="exif">From the byte order mark on; a leading "Exif\0\0" is passed over.</param>
    public static int Of(ReadOnlySpan<byte> exif)
    {
        if (exif.StartsWith("Exif\0"u8) && exif.Length > 6) exif = exif[6..];
        if (exif.Length < HeaderLength) return Upright;
        var isLittle = exif.StartsWith("II"u8);
        if (!isLittle && !exif.StartsWith("MM"u8) || Number16(exif[2..], isLittle) != 42) return Upright;
        var first = isLittle ? BinaryPrimitives.ReadUInt32LittleEndian(exif[4..]) : BinaryPrimitives.ReadUInt32BigEndian(exif[4..]);
        if (first > exif.Length - 2) return Upright;
        var entries = exif[(int)first..];
        var count = Number16(entries, isLittle);
        for (entries = entries[2..]; count > 0 && entries.Length >= EntryLength; entries = entries[EntryLength..], count--)
        {
            var isOrientation = Number16(entries, isLittle) == Tag && Number16(entries[2..], isLittle) == Short;
            if (isOrientation && Number16(entries[8..], isLittle) is >= 1 and <= 8 and var orientation) return orientation;
        }
        return Upright;
    }

    /// <summary>The size of a picture once it is upright.</summary>
    public static (int Width, int Height) Size(int width, int height, int orientation) =>
        SwapsSides(orientation) ? (height, width) : (width, height);

    /// <summary>The picture turned and mirrored so that it stands upright.</summary>
    public static RgbImage Apply(RgbImage image, int orientation)
    {
        if (orientation == Upright) return image;
        var (width, height) = Size(image.Width, image.Height, orientation);
        var upright = new byte[image.Data.Length];
        for (var y = 0; y < height; y++)
            for (var x = 0; x < width; x++)
            {
                var (column, row) = Source(x, y, width, height, orientation);
                image.Data.AsSpan(3 * (row * image.Width + column), 3).CopyTo(upright.AsSpan(3 * (y * width + x)));
            }
        return new RgbImage(width, height, upright);
    }

    private static bool SwapsSides(int orientation) => orientation >= 5;

    /// <summary>Which stored pixel stands at (x, y) of the upright picture of so many pixels.</summary>
    private static (int Column, int Row) Source(int x, int y, int width, int height, int orientation) => orientation switch
    {
        2 => (width - 1 - x, y), // mirrored left to right
        3 => (width - 1 - x, height - 1 - y), // upside down
        4 => (x, height - 1 - y), // mirrored top to bottom
        5 => (y, x), // the first row is the left side, the first column the top
        6 => (y, width - 1 - x), // the first row is the right side, the first column the top
        7 => (height - 1 - y, width - 1 - x), // the first row is the right side, the first column the bottom
        8 => (height - 1 - y, x), // the first row is the left side, the first column the bottom
        _ => (x, y),
    };

    private static ushort Number16(ReadOnlySpan<byte> bytes, bool isLittle) =>
        isLittle ? BinaryPrimitives.ReadUInt16LittleEndian(bytes) : BinaryPrimitives.ReadUInt16BigEndian(bytes);
}
