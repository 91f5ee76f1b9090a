using System.Globalization;

namespace Dit.Spec;

/// <summary>
/// Characters that are not what they look like: invisible ones, and those that a reader takes for a character of ASCII.
/// </summary>
/// <remarks>
/// Own tables, since compilers also run without the tables of Unicode that <see cref="string.Normalize()"/> needs.
/// </remarks>
internal static class Characters
{
    private const int FullWidthFirst = 0xFF01, FullWidthLast = 0xFF5E, FullWidthOffset = 0xFEE0;
    private const int MathFirst = 0x1D400, MathLettersEnd = 0x1D6A4, MathDigits = 0x1D7CE, MathLast = 0x1D7FF;

    private static readonly string[] MathLetterStyles =
    [
        "BOLD", "ITALIC", "BOLD ITALIC", "SCRIPT", "BOLD SCRIPT", "FRAKTUR", "DOUBLE-STRUCK", "BOLD FRAKTUR",
        "SANS-SERIF", "SANS-SERIF BOLD", "SANS-SERIF ITALIC", "SANS-SERIF BOLD ITALIC", "MONOSPACE",
    ];

    private static readonly string[] MathDigitStyles = ["BOLD", "DOUBLE-STRUCK", "SANS-SERIF", "SANS-SERIF BOLD", "MONOSPACE"];

    private static readonly string[] Digits = ["ZERO", "ONE", "TWO", "THREE", "FOUR", "FIVE", "SIX", "SEVEN", "EIGHT", "NINE"];

    /// <summary>
    /// What stands at a place of a text: a code point and how many UTF-16 units it takes; half of a surrogate pair is
    /// itself.
    /// </summary>
    public static (int Code, int Length) At(string text, int index) =>
        char.IsHighSurrogate(text[index]) && index + 1 < text.Length && char.IsLowSurrogate(text[index + 1])
            ? (char.ConvertToUtf32(text[index], text[index + 1]), 2)
            : (text[index], 1);

    /// <summary><c>U+00A0 NO-BREAK SPACE</c>, or the code point alone where the tables have no name.</summary>
    public static string Name(int code) => FormattableString.Invariant($"U+{code:X4}") + code switch
    {
        _ when CharacterTable.All.TryGetValue(code, out var known) => " " + known.Name,
        >= FullWidthFirst and <= FullWidthLast => " FULLWIDTH " + CharacterTable.AsciiName((char)(code - FullWidthOffset)),
        >= MathFirst and < MathLettersEnd =>
            $" MATHEMATICAL {MathLetterStyles[(code - MathFirst) / 52]} {(IsCapital(code) ? "CAPITAL" : "SMALL")} "
                + $"{char.ToUpperInvariant(MathLetter(code))}",
        >= MathDigits and <= MathLast =>
            $" MATHEMATICAL {MathDigitStyles[(code - MathDigits) / 10]} DIGIT {Digits[(code - MathDigits) % 10]}",
        >= 0xFE00 and <= 0xFE0F => FormattableString.Invariant($" VARIATION SELECTOR-{code - 0xFE00 + 1}"),
        _ => "",
    };

    /// <summary>
    /// The ASCII text that it is taken for: empty for what cannot be seen; null for a character that is taken for
    /// itself.
    /// </summary>
    /// <remarks>
    /// Letters of other scripts that look like ASCII are in <see cref="Letter"/>: in words of their own they are right.
    /// </remarks>
    public static string? Plain(int code) => code switch
    {
        < 0x80 => code is '\t' or '\n' or '\r' || !char.IsControl((char)code) ? null : "",
        _ when CharacterTable.All.TryGetValue(code, out var known) => known.IsLetter ? null : known.Plain,
        >= FullWidthFirst and <= FullWidthLast => ((char)(code - FullWidthOffset)).ToString(),
        >= MathFirst and < MathLettersEnd => MathLetter(code).ToString(),
        >= MathDigits and <= MathLast => ((char)('0' + (code - MathDigits) % 10)).ToString(),
        >= 0xFE00 and <= 0xFE0F or >= 0xE0000 and <= 0xE01EF => "",
        _ => Category(code) switch
        {
            UnicodeCategory.SpaceSeparator => " ",
            UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator => "\n",
            UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.Surrogate => "",
            _ when (code & 0xFFFE) == 0xFFFE => "", // no character at all
            _ => null,
        },
    };

    /// <summary>The ASCII letter that a letter of a different script looks like; null where there is none.</summary>
    public static char? Letter(int code) => CharacterTable.All.TryGetValue(code, out var known) && known.IsLetter ? known.Plain[0] : null;

    /// <summary>
    /// Whether it stays a danger inside a comment: it shows the text in another order, ends the line for some readers,
    /// or is no text.
    /// </summary>
    public static bool IsWrongInComment(int code) => code switch
    {
        '\t' or '\n' or '\r' => false,
        0x85 or 0x2028 or 0x2029 or >= 0x202A and <= 0x202E or >= 0x2066 and <= 0x2069 => true,
        _ => Category(code) is UnicodeCategory.Control or UnicodeCategory.Surrogate || (code & 0xFFFE) == 0xFFFE,
    };

    /// <summary>The first character of a name that is invisible or looks like a different one.</summary>
    public static string? FirstOddIn(string text)
    {
        for (var i = 0; i < text.Length; i++)
        {
            var (code, length) = At(text, i);
            if (code is '\t' or '\n' or '\r' || Plain(code) is not null) return Name(code);
            i += length - 1;
        }
        return null;
    }

    /// <summary>The text as it appears to a reader: look-alikes replaced, invisible characters removed.</summary>
    public static string Seen(string text)
    {
        var seen = new System.Text.StringBuilder(text.Length);
        for (var i = 0; i < text.Length; i++)
        {
            var (code, length) = At(text, i);
            seen.Append(Plain(code) ?? Letter(code)?.ToString() ?? text.Substring(i, length));
            i += length - 1;
        }
        return seen.ToString();
    }

    private static UnicodeCategory Category(int code) => code <= 0xFFFF
        ? CharUnicodeInfo.GetUnicodeCategory((char)code)
        : CharUnicodeInfo.GetUnicodeCategory(char.ConvertFromUtf32(code), 0);

    private static bool IsCapital(int code) => (code - MathFirst) % 52 < 26;

    private static char MathLetter(int code) => (char)((IsCapital(code) ? 'A' : 'a') + (code - MathFirst) % 26);
}
