using System.Globalization;

namespace Dit.Spec;

/// <summary>A character that looks like a different one, or is invisible.</summary>
/// <param name="Plain">What it is taken for; empty for what cannot be seen.</param>
/// <param name="Name">Its name in Unicode.</param>
/// <param name="IsLetter">Whether it is a letter of a script, and so right in words of that script.</param>
internal sealed record OddCharacter(string Plain, string Name, bool IsLetter);

/// <summary>The characters that <see cref="Characters"/> knows by name.</summary>
internal static class CharacterTable
{
    // Code point, what it is taken for (SP a space, LF a line break, NO nothing), name.
    private const string Signs = """
        0000 NO NULL
        0007 NO BELL
        0008 NO BACKSPACE
        000B NO LINE TABULATION
        000C NO FORM FEED
        001B NO ESCAPE
        007F NO DELETE
        0085 LF NEXT LINE
        00A0 SP NO-BREAK SPACE
        00AD NO SOFT HYPHEN
        00AB " LEFT-POINTING DOUBLE ANGLE QUOTATION MARK
        00B4 ' ACUTE ACCENT
        00BB " RIGHT-POINTING DOUBLE ANGLE QUOTATION MARK
        02BC ' MODIFIER LETTER APOSTROPHE
        02D0 : MODIFIER LETTER TRIANGULAR COLON
        02D7 - MODIFIER LETTER MINUS SIGN
        02DC ~ SMALL TILDE
        034F NO COMBINING GRAPHEME JOINER
        037E ; GREEK QUESTION MARK
        0589 : ARMENIAN FULL STOP
        05C3 : HEBREW PUNCTUATION SOF PASUQ
        060C , ARABIC COMMA
        061C NO ARABIC LETTER MARK
        066B . ARABIC DECIMAL SEPARATOR
        066C , ARABIC THOUSANDS SEPARATOR
        115F NO HANGUL CHOSEONG FILLER
        1160 NO HANGUL JUNGSEONG FILLER
        1680 SP OGHAM SPACE MARK
        17B4 NO KHMER VOWEL INHERENT AQ
        17B5 NO KHMER VOWEL INHERENT AA
        180E NO MONGOLIAN VOWEL SEPARATOR
        2000 SP EN QUAD
        2001 SP EM QUAD
        2002 SP EN SPACE
        2003 SP EM SPACE
        2004 SP THREE-PER-EM SPACE
        2005 SP FOUR-PER-EM SPACE
        2006 SP SIX-PER-EM SPACE
        2007 SP FIGURE SPACE
        2008 SP PUNCTUATION SPACE
        2009 SP THIN SPACE
        200A SP HAIR SPACE
        200B NO ZERO WIDTH SPACE
        200C NO ZERO WIDTH NON-JOINER
        200D NO ZERO WIDTH JOINER
        200E NO LEFT-TO-RIGHT MARK
        200F NO RIGHT-TO-LEFT MARK
        2010 - HYPHEN
        2011 - NON-BREAKING HYPHEN
        2012 - FIGURE DASH
        2013 - EN DASH
        2014 - EM DASH
        2015 - HORIZONTAL BAR
        2018 ' LEFT SINGLE QUOTATION MARK
        2019 ' RIGHT SINGLE QUOTATION MARK
        201A ' SINGLE LOW-9 QUOTATION MARK
        201B ' SINGLE HIGH-REVERSED-9 QUOTATION MARK
        201C " LEFT DOUBLE QUOTATION MARK
        201D " RIGHT DOUBLE QUOTATION MARK
        201E " DOUBLE LOW-9 QUOTATION MARK
        201F " DOUBLE HIGH-REVERSED-9 QUOTATION MARK
        2024 . ONE DOT LEADER
        2026 ... HORIZONTAL ELLIPSIS
        2028 LF LINE SEPARATOR
        2029 LF PARAGRAPH SEPARATOR
        202A NO LEFT-TO-RIGHT EMBEDDING
        202B NO RIGHT-TO-LEFT EMBEDDING
        202C NO POP DIRECTIONAL FORMATTING
        202D NO LEFT-TO-RIGHT OVERRIDE
        202E NO RIGHT-TO-LEFT OVERRIDE
        202F SP NARROW NO-BREAK SPACE
        2032 ' PRIME
        2033 " DOUBLE PRIME
        2039 ' SINGLE LEFT-POINTING ANGLE QUOTATION MARK
        203A ' SINGLE RIGHT-POINTING ANGLE QUOTATION MARK
        2043 - HYPHEN BULLET
        2044 / FRACTION SLASH
        204E * LOW ASTERISK
        205F SP MEDIUM MATHEMATICAL SPACE
        2060 NO WORD JOINER
        2061 NO FUNCTION APPLICATION
        2062 NO INVISIBLE TIMES
        2063 NO INVISIBLE SEPARATOR
        2064 NO INVISIBLE PLUS
        2066 NO LEFT-TO-RIGHT ISOLATE
        2067 NO RIGHT-TO-LEFT ISOLATE
        2068 NO FIRST STRONG ISOLATE
        2069 NO POP DIRECTIONAL ISOLATE
        212A K KELVIN SIGN
        2212 - MINUS SIGN
        2215 / DIVISION SLASH
        2217 * ASTERISK OPERATOR
        2223 | DIVIDES
        2236 : RATIO
        223C ~ TILDE OPERATOR
        2774 { MEDIUM LEFT CURLY BRACKET ORNAMENT
        2775 } MEDIUM RIGHT CURLY BRACKET ORNAMENT
        2800 SP BRAILLE PATTERN BLANK
        29F8 / BIG SOLIDUS
        3000 SP IDEOGRAPHIC SPACE
        3001 , IDEOGRAPHIC COMMA
        3002 . IDEOGRAPHIC FULL STOP
        3010 [ LEFT BLACK LENTICULAR BRACKET
        3011 ] RIGHT BLACK LENTICULAR BRACKET
        301D " REVERSED DOUBLE PRIME QUOTATION MARK
        301E " DOUBLE PRIME QUOTATION MARK
        3164 NO HANGUL FILLER
        A789 : MODIFIER LETTER COLON
        FB00 ff LATIN SMALL LIGATURE FF
        FB01 fi LATIN SMALL LIGATURE FI
        FB02 fl LATIN SMALL LIGATURE FL
        FB03 ffi LATIN SMALL LIGATURE FFI
        FB04 ffl LATIN SMALL LIGATURE FFL
        FE10 , PRESENTATION FORM FOR VERTICAL COMMA
        FE13 : PRESENTATION FORM FOR VERTICAL COLON
        FE50 , SMALL COMMA
        FE52 . SMALL FULL STOP
        FE55 : SMALL COLON
        FE58 - SMALL EM DASH
        FE5B { SMALL LEFT CURLY BRACKET
        FE5C } SMALL RIGHT CURLY BRACKET
        FE5F # SMALL NUMBER SIGN
        FE63 - SMALL HYPHEN-MINUS
        FEFF NO ZERO WIDTH NO-BREAK SPACE
        FF61 . HALFWIDTH IDEOGRAPHIC FULL STOP
        FF64 , HALFWIDTH IDEOGRAPHIC COMMA
        FFA0 NO HALFWIDTH HANGUL FILLER
        FFFD NO REPLACEMENT CHARACTER
        """;

    // Code points of letters in the order of the ASCII letters that they look like, and the script.
    private const string Letters = """
        CYRILLIC CAPITAL A:0410 B:0412 C:0421 E:0415 H:041D I:0406 J:0408 K:041A M:041C O:041E P:0420 Q:051A S:0405 T:0422 W:051C X:0425 Y:04AE
        CYRILLIC SMALL a:0430 c:0441 d:0501 e:0435 h:04BB i:0456 j:0458 o:043E p:0440 q:051B s:0455 w:051D x:0445 y:0443
        GREEK CAPITAL A:0391 B:0392 E:0395 H:0397 I:0399 K:039A M:039C N:039D O:039F P:03A1 T:03A4 X:03A7 Y:03A5 Z:0396
        GREEK SMALL o:03BF
        LATIN SMALL g:0261 i:0131
        ARMENIAN SMALL o:0585
        """;

    private static readonly Dictionary<int, string> LetterNames = Names("""
        0410 A 0412 VE 0421 ES 0415 IE 041D EN 0406 BYELORUSSIAN-UKRAINIAN+I 0408 JE 041A KA 041C EM 041E O 0420 ER 051A QA 0405 DZE 0422 TE 051C WE 0425 HA 04AE STRAIGHT+U
        0430 A 0441 ES 0501 KOMI+DE 0435 IE 04BB SHHA 0456 BYELORUSSIAN-UKRAINIAN+I 0458 JE 043E O 0440 ER 051B QA 0455 DZE 051D WE 0445 HA 0443 U
        0391 ALPHA 0392 BETA 0395 EPSILON 0397 ETA 0399 IOTA 039A KAPPA 039C MU 039D NU 039F OMICRON 03A1 RHO 03A4 TAU 03A7 CHI 03A5 UPSILON 0396 ZETA
        03BF OMICRON 0261 SCRIPT+G 0131 DOTLESS+I 0585 OH
        """);

    private static readonly string[] AsciiNames =
    [
        "SPACE", "EXCLAMATION MARK", "QUOTATION MARK", "NUMBER SIGN", "DOLLAR SIGN", "PERCENT SIGN", "AMPERSAND", "APOSTROPHE",
        "LEFT PARENTHESIS", "RIGHT PARENTHESIS",
        "ASTERISK", "PLUS SIGN", "COMMA", "HYPHEN-MINUS", "FULL STOP", "SOLIDUS", "DIGIT ZERO", "DIGIT ONE", "DIGIT TWO", "DIGIT THREE",
        "DIGIT FOUR", "DIGIT FIVE", "DIGIT SIX",
        "DIGIT SEVEN", "DIGIT EIGHT", "DIGIT NINE", "COLON", "SEMICOLON", "LESS-THAN SIGN", "EQUALS SIGN", "GREATER-THAN SIGN",
        "QUESTION MARK", "COMMERCIAL AT",
    ];

    /// <summary>Every character of the tables, by its code point.</summary>
    public static IReadOnlyDictionary<int, OddCharacter> All { get; } = Read()
        .ToDictionary(static pair => pair.Code, static pair => pair.Character);

    /// <summary>The name of a character of ASCII that is printed.</summary>
    public static string AsciiName(char c) => c switch
    {
        >= 'A' and <= 'Z' => $"LATIN CAPITAL LETTER {c}",
        >= 'a' and <= 'z' => $"LATIN SMALL LETTER {char.ToUpperInvariant(c)}",
        '[' => "LEFT SQUARE BRACKET",
        '\\' => "REVERSE SOLIDUS",
        ']' => "RIGHT SQUARE BRACKET",
        '^' => "CIRCUMFLEX ACCENT",
        '_' => "LOW LINE",
        '`' => "GRAVE ACCENT",
        '{' => "LEFT CURLY BRACKET",
        '|' => "VERTICAL LINE",
        '}' => "RIGHT CURLY BRACKET",
        '~' => "TILDE",
        _ => AsciiNames[c - ' '],
    };

    private static IEnumerable<(int Code, OddCharacter Character)> Read()
    {
        foreach (var line in Lines(Signs))
        {
            var parts = line.Split([' '], 3);
            yield return (
                Hex(parts[0]),
                new(parts[1] switch { "SP" => " ", "LF" => "\n", "NO" => "", var plain => plain }, parts[2], IsLetter: false));
        }
        foreach (var line in Lines(Letters))
        {
            var words = line.Split(' ');
            foreach (var pair in words.Skip(2))
                yield return (
                    Hex(pair.Substring(2)),
                    new(pair.Substring(0, 1), $"{words[0]} {words[1]} LETTER {LetterNames[Hex(pair.Substring(2))]}", IsLetter: true));
        }
    }

    private static Dictionary<int, string> Names(string text)
    {
        var words = text.Split([' ', '\r', '\n'], StringSplitOptions.RemoveEmptyEntries);
        return Enumerable.Range(0, words.Length / 2).ToDictionary(i => Hex(words[2 * i]), i => words[2 * i + 1].Replace('+', ' '));
    }

    private static string[] Lines(string text) => text.Split(['\r', '\n'], StringSplitOptions.RemoveEmptyEntries);

    private static int Hex(string digits) => int.Parse(digits, NumberStyles.HexNumber, CultureInfo.InvariantCulture);
}
