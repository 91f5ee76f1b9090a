namespace Dit.Runtime;

/// <summary>Comments in a GIF file (GIF89a, CompuServe 1990, section 24).</summary>
internal static class GifComment
{
    private const int ScreenLength = 13, PaletteBits = 10; // of the header and the screen, and which byte says how long the palette is
    private const byte Extension = 0x21, Comment = 0xfe;
    private const int LongestBlock = byte.MaxValue;

    /// <summary>Writes a comment as an extension, in blocks.</summary>
    public static void Write(Stream stream, ReadOnlySpan<byte> comment)
    {
        stream.Write([Extension, Comment]);
        for (; comment.Length > 0; comment = comment[Math.Min(comment.Length, LongestBlock)..])
        {
            var block = comment[..Math.Min(comment.Length, LongestBlock)];
            stream.WriteByte((byte)block.Length);
            stream.Write(block);
        }
        stream.WriteByte(0);
    }

    /// <summary>The comments before the first picture, joined; null for a file that ends before it.</summary>
    public static byte[]? Before(ReadOnlySpan<byte> file)
    {
        if (file.Length < ScreenLength) return null;
        var at = ScreenLength + ((file[PaletteBits] & 0x80) == 0 ? 0 : 3 << ((file[PaletteBits] & 7) + 1));
        using var comment = new MemoryStream();
        while (at + 1 < file.Length && file[at] == Extension)
        {
            var isComment = file[at + 1] == Comment;
            for (at += 2; at < file.Length && file[at] != 0; at += 1 + file[at])
            {
                if (at + 1 + file[at] > file.Length) return null;
                if (isComment) comment.Write(file.Slice(at + 1, file[at]));
            }
            at++;
        }
        return at < file.Length ? comment.ToArray() : null;
    }
}
