using System.Buffers.Binary;

namespace Dit.Runtime;

/// <summary>The segments of a JPEG file (ITU-T T.81, appendix B).</summary>
internal static class JpegContainer
{
    private const byte Escape = 0xff, EndOfImage = 0xd9, StartOfScan = 0xda, Application0 = 0xe0, Application1 = 0xe1, Comment = 0xfe;
    private const int LongestSegment = ushort.MaxValue - 2; // of what follows the two bytes of its length

    // A code of one bit for the mean of each block of 8 x 8 pixels is the least that a scan can hold.
    private const long MostPixelsInByte = 8 * 64;

    /// <summary>The first bytes of every JPEG file.</summary>
    public static ReadOnlySpan<byte> Signature => [Escape, 0xd8, Escape];

    /// <summary>Reads the segments to the end of the image; what follows it is left alone.</summary>
    public static (ImageContainer? Container, string Problem) Read(ReadOnlySpan<byte> file)
    {
        var (width, height, components, orientation) = (0, 0, 0, ExifOrientation.Upright);
        var scanned = 0L;
        for (var at = 2; ;)
        {
            while (at < file.Length && file[at] != Escape) at++; // some writers leave stray bytes between segments
            while (at < file.Length && file[at] == Escape) at++; // any number of fill bytes
            if (at >= file.Length) return (null, ImageContainer.EndsEarly);
            var marker = file[at++];
            if (marker == EndOfImage) break;
            if (marker is 0 or 1 or (>= 0xd0 and <= 0xd8)) continue; // without a length
            if (file.Length - at < 2) return (null, ImageContainer.EndsEarly);
            var length = BinaryPrimitives.ReadUInt16BigEndian(file[at..]);
            if (file.Length - at < length) return (null, ImageContainer.EndsEarly);
            if (length < 2) return (null, "is damaged (a segment has no length)");
            var segment = file.Slice(at + 2, length - 2);
            at += length;
            if (IsFrame(marker) && width == 0)
            {
                if (segment.Length < 6) return (null, "is damaged (its frame is too short)");
                (height, width) = (BinaryPrimitives.ReadUInt16BigEndian(segment[1..]), BinaryPrimitives.ReadUInt16BigEndian(segment[3..]));
                components = segment[5];
            }
            if (marker == Application1 && segment.StartsWith("Exif\0"u8) && orientation == ExifOrientation.Upright)
                orientation = ExifOrientation.Of(segment);
            if (marker == StartOfScan)
            {
                var begin = at;
                at = EndOfScan(file, at);
                scanned += at - begin;
            }
        }
        if (width == 0) return (null, "is a JPEG file without a picture");
        return (long)width * height > scanned * MostPixelsInByte
            ? (null, $"has {width} x {height} pixels by its header, and data for at most {scanned * MostPixelsInByte}")
            : (new("JPEG", width, height, components == 1, orientation), "");
    }

    /// <summary>Writes a file with a comment, behind the segment that every file begins with.</summary>
    /// <param name="stream">Where to.</param>
    /// <param name="file">The file without it.</param>
    /// <param name="comment">The comment; a long one is written as several segments.</param>
    public static void WriteWithComment(Stream stream, ReadOnlySpan<byte> file, ReadOnlySpan<byte> comment)
    {
        var at = file[2] == Escape && file[3] == Application0 ? 4 + BinaryPrimitives.ReadUInt16BigEndian(file[4..]) : 2;
        stream.Write(file[..at]);
        for (; comment.Length > 0; comment = comment[Math.Min(comment.Length, LongestSegment)..])
        {
            var part = comment[..Math.Min(comment.Length, LongestSegment)];
            Span<byte> head = [Escape, Comment, 0, 0];
            BinaryPrimitives.WriteUInt16BigEndian(head[2..], (ushort)(part.Length + 2));
            stream.Write(head);
            stream.Write(part);
        }
        stream.Write(file[at..]);
    }

    /// <summary>The comments before the pixels, joined; of a file whose structure was read.</summary>
    public static byte[] CommentOf(ReadOnlySpan<byte> file)
    {
        using var comment = new MemoryStream();
        for (var at = 2; at + 4 <= file.Length && file[at] == Escape && file[at + 1] != StartOfScan;)
        {
            var end = at + 2 + BinaryPrimitives.ReadUInt16BigEndian(file[(at + 2)..]);
            if (end < at + 4 || end > file.Length) break;
            if (file[at + 1] == Comment) comment.Write(file[(at + 4)..end]);
            at = end;
        }
        return comment.ToArray();
    }

    /// <summary>
    /// Where the next marker is that ends a scan: in a scan, 0xff stands before 0 or before a restart.
    /// </summary>
    private static int EndOfScan(ReadOnlySpan<byte> file, int at)
    {
        while (file[at..].IndexOf(Escape) is >= 0 and var next)
        {
            at += next;
            if (at + 1 < file.Length && file[at + 1] is not (0 or (>= 0xd0 and <= 0xd7))) return at;
            at += Math.Min(2, file.Length - at);
        }
        return file.Length;
    }

    private static bool IsFrame(byte marker) => marker is >= 0xc0 and <= 0xcf and not (0xc4 or 0xc8 or 0xcc);
}
