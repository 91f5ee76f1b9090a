using System.Buffers.Binary;
using System.Numerics;

namespace Dit.Runtime;

/// <summary>
/// A record of a TFRecord file: the length in 8 bytes, its checksum, the content, its checksum, all little-endian.
/// </summary>
internal static class RecordFrame
{
    private const uint MaskDelta = 0xa282ead8;

    /// <summary>The record of some content.</summary>
    public static byte[] Of(ReadOnlySpan<byte> content)
    {
        var record = new byte[sizeof(ulong) + sizeof(uint) + content.Length + sizeof(uint)];
        var length = record.AsSpan(0, sizeof(ulong));
        BinaryPrimitives.WriteUInt64LittleEndian(length, (ulong)content.Length);
        BinaryPrimitives.WriteUInt32LittleEndian(record.AsSpan(sizeof(ulong)), Masked(Crc32C(length)));
        content.CopyTo(record.AsSpan(sizeof(ulong) + sizeof(uint)));
        BinaryPrimitives.WriteUInt32LittleEndian(record.AsSpan(record.Length - sizeof(uint)), Masked(Crc32C(content)));
        return record;
    }

    /// <summary>The CRC-32C of some bytes (RFC 3720, section 12.1).</summary>
    internal static uint Crc32C(ReadOnlySpan<byte> bytes)
    {
        var crc = uint.MaxValue;
        for (; bytes.Length >= sizeof(ulong); bytes = bytes[sizeof(ulong)..])
            crc = BitOperations.Crc32C(crc, BinaryPrimitives.ReadUInt64LittleEndian(bytes));
        foreach (var one in bytes) crc = BitOperations.Crc32C(crc, one);
        return ~crc;
    }

    // A checksum of data that holds checksums is weak, so the format stores a rotated and shifted one.
    private static uint Masked(uint crc) => BitOperations.RotateRight(crc, 15) + MaskDelta;
}
