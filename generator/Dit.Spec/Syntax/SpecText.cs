using System.Text;

namespace Dit.Spec;

/// <summary>Decodes bytes, and checks that they are text.</summary>
internal static class SpecText
{
    /// <summary>A spec is a page of text; a much longer file is not a spec.</summary>
    public const int MaxLength = 100_000;

    /// <summary>Maximum number of bytes of such a text.</summary>
    public const int MaxBytes = 4 * MaxLength;

    private static readonly Encoding Strict = new UTF8Encoding(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>The text of a file in UTF-8, or in UTF-16 with a byte order mark.</summary>
    /// <param name="bytes">The file.</param>
    /// <param name="words">What messages call it.</param>
    public static Result<string> Decode(byte[] bytes, FileWords words)
    {
        if (bytes.Length > MaxBytes) return Result.Fail<string>(TooLong(words));
        if (bytes is [0xFF, 0xFE, ..]) return Result.Of(Encoding.Unicode.GetString(bytes));
        if (bytes is [0xFE, 0xFF, ..]) return Result.Of(Encoding.BigEndianUnicode.GetString(bytes));
        try
        {
            return Result.Of(Strict.GetString(bytes));
        }
        catch (DecoderFallbackException broken)
        {
            var lines = new TextLines(Encoding.UTF8.GetString(bytes));
            var at = Strict.GetCharCount(bytes, 0, broken.Index);
            return Result.Fail<string>(NoText(lines, words) ?? new(
                Rule.NotUtf8, FormattableString.Invariant($"The byte 0x{bytes[broken.Index]:X2} here is not UTF-8; save the file as UTF-8"),
                lines.Range(at, at + 1)));
        }
    }

    /// <summary>The reason why a text cannot be read; null where it can.</summary>
    /// <param name="lines">The text.</param>
    /// <param name="encoding">The encoding it was decoded with, if known.</param>
    /// <param name="words">What messages call the file.</param>
    public static SpecError? Error(TextLines lines, Encoding? encoding, FileWords words) =>
        NoText(lines, words) ?? (lines.Text.Length > MaxLength ? TooLong(words) : Replaced(lines) ?? OtherEncoding(lines, encoding));

    private static SpecError TooLong(FileWords words) => new(
        Rule.Yaml, FormattableString.Invariant($"The file has more than {MaxLength} characters; a {words.One} has at most {MaxLength}"),
        new(0, 0, 1, 1, 1, 1));

    // Binary data contains zeros, and so does UTF-16 without a byte order mark.
    private static SpecError? NoText(TextLines lines, FileWords words) => lines.Text.IndexOf('\0') is >= 0 and var zero
        ? new(
            Rule.NotUtf8,
            $"The file is not text: here is U+0000 NULL; a {words.One} is YAML in UTF-8, or in UTF-16 with a byte order mark",
            lines.Range(zero, zero + 1))
        : null;

    private static SpecError? Replaced(TextLines lines) => lines.Text.IndexOf('\uFFFD') is >= 0 and var at
        ? new(
            Rule.NotUtf8,
            "Here is U+FFFD REPLACEMENT CHARACTER, which stands for bytes that are not UTF-8; "
                + "save the file as UTF-8, and write the character again", lines.Range(at, at + 1))
        : null;

    // Compilers on Windows read what is not UTF-8 by the code page of the machine.
    private static SpecError? OtherEncoding(TextLines lines, Encoding? encoding)
    {
        if (encoding is null or UTF8Encoding or UnicodeEncoding) return null;
        var at = lines.Text.TakeWhile(static c => c < 0x80).Count();
        return at == lines.Text.Length ? null : new(
            Rule.NotUtf8,
            $"The file is not UTF-8: it was read as {encoding.WebName}, and this character depends on that; save the file as UTF-8",
            lines.Range(at, at + 1));
    }
}
