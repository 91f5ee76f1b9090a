namespace Dit.Runtime;

/// <summary>Names what a file is that is no picture of a kind that is read.</summary>
internal static class ForeignFormat
{
    private const string Expected = "PNG, JPEG, WebP or BMP";

    // Where the bytes stand, what they are, and of what kind of file they are.
    private static readonly (int At, byte[] Bytes, string Name)[] Known =
    [
        (0, "GIF8"u8.ToArray(), "a GIF"),
        (0, [(byte)'I', (byte)'I', 42, 0], "a TIFF"),
        (0, [(byte)'M', (byte)'M', 0, 42], "a TIFF"),
        (4, "ftypavif"u8.ToArray(), "an AVIF"),
        (4, "ftyphei"u8.ToArray(), "a HEIC"),
        (4, "ftypmif1"u8.ToArray(), "a HEIC"),
        (0, [0, 0, 0, 12, .. "JXL "u8], "a JPEG XL"),
        (0, [0xff, 0x0a], "a JPEG XL"),
        (0, [0, 0, 0, 12, .. "jP  "u8], "a JPEG 2000"),
        (0, [0, 0, 1, 0], "an ICO"),
        (0, "8BPS"u8.ToArray(), "a PSD"),
        (0, "qoif"u8.ToArray(), "a QOI"),
        (0, "%PDF"u8.ToArray(), "a PDF"),
        (0, "P1\n"u8.ToArray(), "a PBM"),
        (0, "P2\n"u8.ToArray(), "a PGM"),
        (0, "P3\n"u8.ToArray(), "a PPM"),
        (0, "P4\n"u8.ToArray(), "a PBM"),
        (0, "P5\n"u8.ToArray(), "a PGM"),
        (0, "P6\n"u8.ToArray(), "a PPM"),
        (0, "<svg"u8.ToArray(), "an SVG"),
        (0, "<!DOCTYPE html"u8.ToArray(), "an HTML"),
        (0, "<html"u8.ToArray(), "an HTML"),
        (0, "PK\x03\x04"u8.ToArray(), "a ZIP"),
        (0, [0x1f, 0x8b], "a gzip"),
    ];

    /// <summary>The end of a sentence about a file: what it is, or that it is no picture.</summary>
    public static string Of(ReadOnlySpan<byte> file)
    {
        if (file.StartsWith("version https://git-lfs"u8)) return "is a pointer of Git LFS, not the picture: fetch it with 'git lfs pull'";
        foreach (var (at, bytes, name) in Known)
            if (file.Length >= at + bytes.Length && file.Slice(at, bytes.Length).SequenceEqual(bytes))
                return $"is {name} file, not {Expected}";
        return IsText(file) ? $"is text, not a {Expected} file" : $"is not a {Expected} file";
    }

    private static bool IsText(ReadOnlySpan<byte> file)
    {
        foreach (var one in file[..Math.Min(file.Length, 512)])
            if (one is < (byte)' ' and not ((byte)'\t' or (byte)'\n' or (byte)'\r') or >= 127) return false;
        return true;
    }
}
