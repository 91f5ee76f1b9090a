using System.Buffers.Binary;

namespace Dit.Runtime;

/// <summary>The chunks of a WebP file (RFC 9649).</summary>
internal static class WebpContainer
{
    private const int RiffLength = 12, ChunkHeader = 8;
    private const int FirstBytes = 10; // that a stream's size stands in

    /// <summary>Reads the chunks; there must be as many bytes as the file says.</summary>
    public static (ImageContainer? Container, string Problem) Read(ReadOnlySpan<byte> file)
    {
        if (BinaryPrimitives.ReadUInt32LittleEndian(file[4..]) > file.Length - ChunkHeader)
            return (null, ImageContainer.EndsEarly);
        (int Width, int Height) picture = default;
        var orientation = ExifOrientation.Upright;
        for (var rest = file[RiffLength..]; rest.Length >= ChunkHeader;)
        {
            var length = BinaryPrimitives.ReadUInt32LittleEndian(rest[4..]);
            if (length > rest.Length - ChunkHeader) break;
            var type = rest[..4];
            var data = rest.Slice(ChunkHeader, (int)length);
            if (type.SequenceEqual("ANIM"u8)) return (null, "is an animated WebP file, not a single picture");
            if (type.SequenceEqual("VP8 "u8)) picture = Lossy(data);
            if (type.SequenceEqual("VP8L"u8)) picture = Lossless(data);
            if (type.SequenceEqual("EXIF"u8)) orientation = ExifOrientation.Of(data);
            rest = rest[(int)Math.Min(rest.Length, ChunkHeader + length + length % 2)..]; // chunks begin at even places
        }
        return picture == default
            ? (null, "is a WebP file without a picture")
            : (new("WebP", picture.Width, picture.Height, Orientation: orientation), "");
    }

    private static (int, int) Lossy(ReadOnlySpan<byte> data) => data.Length < FirstBytes
        ? default
        : (BinaryPrimitives.ReadUInt16LittleEndian(data[6..]) & 0x3fff, BinaryPrimitives.ReadUInt16LittleEndian(data[8..]) & 0x3fff);

    private static (int, int) Lossless(ReadOnlySpan<byte> data)
    {
        if (data.Length < FirstBytes) return default;
        var bits = BinaryPrimitives.ReadUInt32LittleEndian(data[1..]); // after the signature, 14 bits of each side less one
        return ((int)(bits & 0x3fff) + 1, (int)(bits >> 14 & 0x3fff) + 1);
    }
}
