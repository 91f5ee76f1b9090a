namespace Dit.Commands.Tests;

/// <summary>Canonical equivalence without ICU.</summary>
public sealed class CanonicalTextTests
{
    // From UAX #15 and The Unicode Standard, section 3.
    [Theory]
    [InlineData("\u00C5", "A\u030A")] // Latin letter A with ring
    [InlineData("\u212B", "A\u030A")] // angstrom sign
    [InlineData("\u1E69", "s\u0323\u0307")] // two marks, by their classes
    [InlineData("\u1E0B\u0323", "d\u0323\u0307")]
    [InlineData("q\u0307\u0323", "q\u0323\u0307")]
    [InlineData("\uD4DB", "\u1111\u1171\u11B6")] // a Hangul syllable
    [InlineData("\uAC00", "\u1100\u1161")]
    [InlineData("\u1EBF", "e\u0302\u0301")] // Vietnamese, in two steps
    [InlineData("\u304C", "\u304B\u3099")] // kana with a voiced mark
    [InlineData("\u2126", "\u03A9")] // ohm sign
    [InlineData("\uFB01", "\uFB01")] // a ligature is only compatible
    [InlineData("\uD834\uDD5E", "\uD834\uDD57\uD834\uDD65")] // beyond 16 bits
    [InlineData("\u0301e", "\u0301e")]
    [InlineData("plain, text", "plain, text")]
    public void Texts_are_decomposed(string text, string expected)
    {
        Assert.Equal(expected, CanonicalText.Decomposed(text));
        Assert.Equal(expected, CanonicalText.Decomposed(expected));
    }

    [Fact]
    public void Halves_of_characters_stay() => Assert.Equal("a\uD800\u0301\uDC00", CanonicalText.Decomposed("a\uD800\u0301\uDC00"));
}
