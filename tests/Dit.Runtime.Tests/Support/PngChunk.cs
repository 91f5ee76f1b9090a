using System.Buffers.Binary;
using System.IO.Compression;

namespace Dit.Runtime.Tests;

/// <summary>Makes PNG files that encoders do not write.</summary>
internal static class PngChunk
{
    private static readonly byte[] Signature = [0x89, .. "PNG\r\n\x1a\n"u8];
    private const int HeaderEnd = 8 + 25; // where the first chunk, the header, ends

    /// <summary>A chunk with its length and checksum.</summary>
    public static byte[] Of(string type, params byte[] data)
    {
        var chunk = new byte[12 + data.Length];
        BinaryPrimitives.WriteInt32BigEndian(chunk, data.Length);
        System.Text.Encoding.ASCII.GetBytes(type).CopyTo(chunk, 4);
        data.CopyTo(chunk, 8);
        BinaryPrimitives.WriteUInt32BigEndian(chunk.AsSpan(8 + data.Length), Checksum(chunk.AsSpan(4, 4 + data.Length)));
        return chunk;
    }

    /// <summary>A file of these pixels, RGB of 8 bits.</summary>
    public static byte[] File(int width, int height, byte[] compressed) =>
        [.. Signature, .. Header(width, height), .. Of("IDAT", compressed), .. Of("IEND")];

    /// <summary>A file with a chunk put in after its header.</summary>
    public static byte[] With(byte[] png, byte[] chunk) => [.. png[..HeaderEnd], .. chunk, .. png[HeaderEnd..]];

    /// <summary>Zeros, compressed.</summary>
    public static byte[] Zeros(long count)
    {
        using var stream = new MemoryStream();
        using (var zip = new ZLibStream(stream, CompressionLevel.SmallestSize, leaveOpen: true))
            for (var block = new byte[1 << 16]; count > 0; count -= block.Length) zip.Write(block, 0, (int)Math.Min(count, block.Length));
        return stream.ToArray();
    }

    private static byte[] Header(int width, int height)
    {
        var header = new byte[13];
        BinaryPrimitives.WriteInt32BigEndian(header, width);
        BinaryPrimitives.WriteInt32BigEndian(header.AsSpan(4), height);
        (header[8], header[9]) = (8, 2);
        return Of("IHDR", header);
    }

    private static uint Checksum(ReadOnlySpan<byte> bytes)
    {
        var sum = uint.MaxValue;
        foreach (var one in bytes)
        {
            sum ^= one;
            for (var bit = 0; bit < 8; bit++) sum = (sum & 1) != 0 ? 0xedb88320 ^ sum >> 1 : sum >> 1;
        }
        return ~sum;
    }
}
