using System.Buffers.Binary;
using SkiaSharp;

namespace Dit.Runtime;

/// <summary>What the header of a picture says.</summary>
/// <param name="Height">Y, in pixels.</param>
/// <param name="Width">X, in pixels.</param>
/// <param name="IsGray">Whether the file holds shades of gray only, by its type and not by its colors.</param>
public readonly record struct ImageHeader(int Height, int Width, bool IsGray);

/// <summary>Whether a file of pictures ends as its format says, found without decoding it.</summary>
internal static class ImageEnd
{
    private const int MostChunks = 1 << 20;

    private static ReadOnlySpan<byte> PngSignature => [0x89, (byte)'P', (byte)'N', (byte)'G', 0x0D, 0x0A, 0x1A, 0x0A];

    /// <summary>Whether the end is there. True for formats that do not say where they end.</summary>
    /// <param name="file">The file, which can be sought in.</param>
    /// <param name="format">What it is.</param>
    public static bool IsThere(Stream file, SKEncodedImageFormat format) => format switch
    {
        SKEncodedImageFormat.Png => PngEnds(file),
        SKEncodedImageFormat.Jpeg => JpegEnds(file),
        SKEncodedImageFormat.Webp => At(file, 4, 4) is [_, _, _, _] size && BinaryPrimitives.ReadUInt32LittleEndian(size) + 8L <= file.Length,
        SKEncodedImageFormat.Bmp => At(file, 2, 4) is [_, _, _, _] size && BinaryPrimitives.ReadUInt32LittleEndian(size) <= file.Length,
        _ => true,
    };

    // Chunks: length, type, content, checksum. The last is IEND.
    private static bool PngEnds(Stream file)
    {
        long at = PngSignature.Length;
        for (var chunk = 0; chunk < MostChunks; chunk++)
        {
            if (At(file, at, 8) is not [_, _, _, _, _, _, _, _] head) return false;
            at += 12L + BinaryPrimitives.ReadUInt32BigEndian(head);
            if (at > file.Length) return false;
            if (head.AsSpan(4).SequenceEqual("IEND"u8)) return true;
        }
        return false;
    }

    // The last marker is FF D9. What cameras append to it is passed over by looking for the marker behind the first scan,
    // since a small picture in the head has such a marker, too.
    private static bool JpegEnds(Stream file)
    {
        if (At(file, file.Length - 2, 2) is [0xFF, 0xD9]) return true;
        long at = 2;
        while (At(file, at, 4) is [0xFF, var marker, var high, var low])
        {
            if (marker == 0xFF) at++; // a byte of filling
            else at += 2 + (high << 8 | low);
            if (marker == 0xDA) return HasMarkerOfEnd(file, at);
        }
        return false;
    }

    private static bool HasMarkerOfEnd(Stream file, long from)
    {
        file.Position = Math.Min(from, file.Length);
        var buffer = new byte[1 << 16];
        var last = (byte)0;
        for (int read; (read = file.Read(buffer)) > 0; last = buffer[read - 1])
        {
            if (last == 0xFF && buffer[0] == 0xD9) return true;
            if (buffer.AsSpan(0, read).IndexOf([(byte)0xFF, (byte)0xD9]) >= 0) return true;
        }
        return false;
    }

    private static byte[] At(Stream file, long position, int count)
    {
        if (position < 0 || position + count > file.Length) return [];
        file.Position = position;
        var bytes = new byte[count];
        file.ReadExactly(bytes);
        return bytes;
    }
}
