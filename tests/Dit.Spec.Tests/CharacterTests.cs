using System.Globalization;
using CsCheck;

namespace Dit.Spec.Tests;

/// <summary>Invisible characters and look-alikes are named with their code points wherever they matter.</summary>
public class CharacterTests
{
    [Theory]
    [InlineData("depth: 2", "depth:\u00a02", 2, 7, "This is U+00A0 NO-BREAK SPACE, which looks like a space; write a plain space")]
    [InlineData(
        "  size: 8",
        "\u00a0\u00a0size: 8",
        9,
        1,
        "These 2 characters are each U+00A0 NO-BREAK SPACE, which looks like a space; write a plain space")]
    [InlineData("depth: 2", "depth\uff1a 2", 2, 6, "This is U+FF1A FULLWIDTH COLON, which looks like ':'; write ':'")]
    [InlineData("depth: 2", "depth: \uff12", 2, 8, "This is U+FF12 FULLWIDTH DIGIT TWO, which looks like '2'; write '2'")]
    [InlineData("depth: 2", "dep\u200bth: 2", 2, 4, "This is U+200B ZERO WIDTH SPACE, which cannot be seen; remove it")]
    [InlineData("depth: 2", "d\u0435pth: 2", 2, 2, "This is U+0435 CYRILLIC SMALL LETTER IE, which looks like 'e'; write 'e'")]
    [InlineData("adaln-zero", "adaln\u2013zero", 11, 17, "This is U+2013 EN DASH, which looks like '-'; write '-'")]
    [InlineData("fixed", "\ufb01xed", 16, 13, "This is U+FB01 LATIN SMALL LIGATURE FI, which looks like 'fi'; write 'fi'")]
    [InlineData(
        "model: Tiny/2",
        "model: \u201cTiny\u201d",
        1,
        8,
        "This is U+201C LEFT DOUBLE QUOTATION MARK, which YAML does not take for a quote; write \"")]
    [InlineData("model: Tiny/2", "model: Ti\u00adny", 1, 10, "This is U+00AD SOFT HYPHEN, which cannot be seen; remove it")]
    [InlineData(
        "model: Tiny/2",
        "model: 'T\u0456ny'",
        1,
        10,
        "This is U+0456 CYRILLIC SMALL LETTER BYELORUSSIAN-UKRAINIAN I, which looks like 'i'; write 'i'")]
    [InlineData(
        "model: Tiny/2",
        "model: \U0001D413iny",
        1,
        8,
        "This is U+1D413 MATHEMATICAL BOLD CAPITAL T, which looks like 'T'; write 'T'")]
    [InlineData(
        "depth: 2",
        "depth: 2\u2028",
        2,
        9,
        "This is U+2028 LINE SEPARATOR, which ends the line for some programs and not for others; end the line as the others end")]
    [InlineData("depth: 2", "depth: \u22122", 2, 8, "This is U+2212 MINUS SIGN, which looks like '-'; write '-'")]
    [InlineData("depth: 2", "depth: 2\u0007", 2, 9, "This is U+0007 BELL, which cannot be seen; remove it")]
    public void An_odd_character_is_named_at_its_place(string text, string replacement, int line, int column, string message)
    {
        var spec = Specs.Tiny.Replace("variance: learned-range", "variance: fixed-small").Replace(text, replacement);

        var error = SpecFile.Parse(spec).Errors[0];

        Assert.Equal((Rule.Character, message, line, column), (error.Rule, error.Message, error.At.Line, error.At.Column));
    }

    // By category, by block, and the punctuation that fonts draw as they draw ASCII.
    private static readonly int[] Odd =
    [
        .. "\u00ab\u00b4\u00bb\u02bc\u02d0\u02d7\u02dc\u037e\u0589\u05c3\u060c\u066b\u066c\u2010\u2011\u2012\u2013\u2014\u2015\u2018\u2019\u201a\u201b\u201c\u201d\u201e\u201f\u2024\u2026\u2032\u2033\u2039\u203a\u2043\u2044".Select(
            static c => (int)c),
        .. "\u204e\u212a\u2212\u2215\u2217\u2223\u2236\u223c\u2774\u2775\u29f8\u3001\u3002\u3010\u3011\u301d\u301e\ua789\ufb00\ufb01\ufb02\ufb03\ufb04\ufe10\ufe13\ufe50\ufe52\ufe55\ufe58\ufe5b\ufe5c\ufe5f\ufe63\uff61\uff64".Select(
            static c => (int)c),
        0x34F, 0x115F, 0x1160, 0x2800, 0x3164, 0xFFA0, 0xE0100, // marks and fillers that cannot be seen
        .. Enumerable.Range(0xFF01, 0x5E),
        .. Enumerable.Range(0x1D400, 13 * 52),
        .. Enumerable.Range(0x1D7CE, 50),
        .. Enumerable.Range(0xFE00, 16),
        .. Enumerable
            .Range(1, 0xFFFF)
            .Where(static c =>
                !char.IsSurrogate((char)c)
                    && (c is < 9 or > 13)
                    && CharUnicodeInfo.GetUnicodeCategory((char)c) is UnicodeCategory.Control or UnicodeCategory.Format
                || (char.IsWhiteSpace((char)c) && c > ' ')),
    ];

    [Fact]
    public void Every_odd_character_is_named_and_its_fix_gives_the_spec_back()
    {
        foreach (
            var (code, at) in Samples.Of(
                Gen.Select(Gen.Int[0, Odd.Length - 1].Select(static i => Odd[i]), Gen.Int[1, Specs.Tiny.Length - 1]),
                4000))
        {
            var put = char.ConvertFromUtf32(code);
            if (put[0] is '\u0085' or '\u2028' or '\u2029' && Specs.Tiny[at] == '\n') continue;
            var spec = Specs.Tiny.Insert(at, put);

            var error = Assert.Single(SpecFile.Parse(spec).Errors);

            Assert.Equal((Rule.Character, at, put), (error.Rule, error.At.Start, spec.Substring(error.At.Start, error.At.Length)));
            Assert.Contains(FormattableString.Invariant($" U+{code:X4}"), error.Message);
            if (error.Message.EndsWith("which cannot be seen; remove it", StringComparison.Ordinal))
                Assert.Equal(
                    Specs.Tiny,
                    Invariants.Apply(spec, error.Fix ?? throw new InvalidOperationException("An invisible character can be removed.")));
        }
    }

    [Fact]
    public void A_letter_of_another_script_is_named_inside_a_word_of_ascii()
    {
        const string ascii = "aceiopsxydhjABCEHIKMOPTXYZNo",
            others =
                "\u0430\u0441\u0435\u0456\u043e\u0440\u0455\u0445\u0443\u0501\u04bb\u0458\u0410\u0392\u0421\u0415\u041d\u0406\u041a\u041c\u039f\u0420\u0422\u03a7\u03a5\u0396\u039d\u03bf";
        var tried = 0;
        for (var at = 0; at < Specs.Tiny.Length; at++)
        {
            foreach (var (_, code) in ascii.Zip(others).Where(pair => pair.First == Specs.Tiny[at]))
            {
                var spec = Specs.Tiny[..at] + code + Specs.Tiny[(at + 1)..];
                var error = Assert.Single(SpecFile.Parse(spec).Errors);
                Assert.Matches(
                    FormattableString.Invariant(
                        $"^This is U\\+{(int)code:X4} [A-Z -]+, which looks like '{Specs.Tiny[at]}'; write '{Specs.Tiny[at]}'$"),
                    error.Message);
                Assert.Equal(
                    Specs.Tiny,
                    Invariants.Apply(spec, error.Fix ?? throw new InvalidOperationException("A look-alike can be replaced.")));
                tried++;
            }
        }
        Assert.True(tried > 100);
    }

    [Theory]
    [InlineData("Gr\u00fcn")]
    [InlineData("A \u6a21\u578b")]
    [InlineData("A \u041c\u043e\u0434\u0435\u043b\u044c")] // Russian words are Russian
    [InlineData("A \u03b1\u03b2")]
    [InlineData("A \U0001F600 32\u00d732")]
    public void A_name_may_hold_what_can_be_seen_and_is_itself(string name) =>
        Assert.Equal(name, Specs.Model(Specs.Tiny.Replace("Tiny/2", name)).Name);

    [Fact]
    public void A_comment_may_hold_anything_that_does_not_reorder_or_end_it()
    {
        int[] wrong = [0x85, 0x2028, 0x2029, 0x202A, 0x202B, 0x202C, 0x202D, 0x202E, 0x2066, 0x2067, 0x2068, 0x2069];
        foreach (var code in Odd)
        {
            var put = char.ConvertFromUtf32(code);
            var isWrong = wrong.Contains(code) || char.IsControl(put, 0);
            foreach (var spec in new[] { Specs.Tiny.Replace("depth: 2", $"depth: 2 # a{put}b"), $"#{put}\n{Specs.Tiny}" })
                Assert.Equal(isWrong, SpecFile.Parse(spec).Errors.Any(static e => e.Rule == Rule.Character));
        }
        Assert.NotEmpty(SpecFile.Parse(Specs.Tiny.Replace("depth: 2", "depth: 2 # \ud800")).Errors);
        Assert.Empty(SpecFile.Parse(Specs.Tiny.Replace("depth: 2", "depth: 2 # \U0001F600 \u2014 \u201cdepth\u201d")).Errors);
    }

    [Theory]
    [InlineData("depth: 2 # x\u00a0y", true)]
    [InlineData("depth: 2\t# x\u00a0y", true)]
    [InlineData("depth: 2 \n# x\u00a0y", true)]
    [InlineData("depth: 2#x\u00a0y", false)]
    [InlineData("depth: '2 # x\u00a0y'", false)]
    [InlineData("depth: '2' # x\u00a0y", true)]
    [InlineData("depth: \"2 \\\" # x\u00a0y\"", false)]
    [InlineData("depth: '2''s # x\u00a0y'", false)]
    [InlineData("depth: Bob's # x\u00a0y", true)]
    [InlineData("{ 'depth': \"# x\u00a0y\" }", false)]
    public void A_comment_starts_outside_quotes_behind_a_space(string line, bool isComment) =>
        Assert.Equal(isComment, SpecFile.Parse(Specs.Tiny.Replace("depth: 2", line)).Errors.All(static e => e.Rule != Rule.Character));

    [Fact]
    public void What_an_escape_puts_into_a_name_is_named_too()
    {
        var error = Assert.Single(SpecFile.Parse(Specs.Tiny.Replace("model: Tiny/2", "model: \"Tiny\\u00a02\"")).Errors);

        Assert.Equal(Rule.Character, error.Rule);
        Assert.Contains("holds U+00A0 NO-BREAK SPACE", error.Message);
    }
}
