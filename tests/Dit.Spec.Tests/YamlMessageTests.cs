using CsCheck;

namespace Dit.Spec.Tests;

/// <summary>What is not YAML is explained in our words, not in those of the library that reads it.</summary>
public class YamlMessageTests
{
    private const string Sampler = "  ddpm-250: { method: ddpm, steps: 250 }";

    public static TheoryData<string, string, int, int, string> Slips => new()
    {
        // line to replace, its replacement, line and column of the error, its message
        { Sampler, "  ddpm-250: { method: ddpm, steps: 250", 21, 13, "This '{' is not closed; put '}' behind its last entry" },
        { Sampler, "  ddpm-250: method: ddpm, steps: 250 }", 21, 19,
            "This line has a second colon; quote a value that holds one, or write several settings in braces, as in { a: 1, b: 2 }" },
        { Sampler, "  ddpm-250: { method: ddpm steps: 250 }", 21, 28, "A comma is missing before 'steps'; put one between two entries" },
        { Sampler, "  ddpm-250: { method: ddpm,, steps: 250 }", 21, 28, "There is no entry before this comma; remove the comma" },
        { Sampler, "  ddpm-250: { method: ddpm, steps: : 250 }", 21, 36, "This colon has no key before it; remove it, or write its key" },
        { Sampler, "  ddpm-250: { method: ddpm, steps: 250 ]", 21, 13, "This '{' is closed by ']' in line 21; close it with '}'" },
        { Sampler, "  ddpm-250: { method: ddpm, steps: 250 } }", 21, 42,
            "This '}' closes nothing; remove it, or open it before its first entry" },
        { Sampler, "  ddpm-250: { method: ddpm, steps: 250 } x", 21, 42,
            "There is more text after this '}'; a value ends with its bracket" },
        { Sampler, "  - { method: ddpm, steps: 250 }", 22, 3,
            "This line is not an item of the list above it; start it with '- ', or write the list in brackets, as in [2, 4]" },
        { "  size: 8", "  size: [8, 8", 9, 9, "This '[' is not closed; put ']' behind its last entry" },
        { "  size: 8", "   size: 8", 9, 4,
            "This line is indented by 3 spaces, deeper than 'channels: 4' above it, which has its value already; indent it by 2, as the "
                + "keys beside it"
        },
        { "  size: 8", " size: 8", 9, 2,
            "This line is indented by 1 space, and the keys above it by 0 and 2; keys of one mapping stand in one column" },
        { "  size: 8", "  size 8", 9, 3, "The colon is missing behind 'size'; write 'size: 8'" },
        { "depth: 2", "  depth: 2", 2, 3,
            "This line is indented by 2 spaces, deeper than 'model: Tiny/2' above it, which has its value already; indent it by 0, as the "
                + "keys beside it"
        },
        { "depth: 2", "depth 2", 2, 1, "The colon is missing behind 'depth'; write 'depth: 2'" },
        { "depth: 2", "depth = 2", 2, 1, "The colon is missing behind 'depth'; write 'depth: 2'" },
        { "depth: 2", "depth:2", 2, 6, "A space is missing behind the colon of 'depth'; put one there" },
        { "depth: 2", "- depth: 2", 2, 1,
            "A list item '- ' is mixed with keys; remove the '-', or write a list in brackets, as in [2, 4]" },
        { "depth: 2", "nonsense", 2, 1, "'nonsense' has no colon; write it as 'key: value', or remove it" },
        { "depth: 2", "// two blocks\ndepth: 2", 2, 1, "'// two blocks' is no setting; a comment starts with '#'" },
        { "depth: 2", "depth: \"2", 2, 8, "This \" opens a text that is not closed on its line; put \" at its end" },
        { "depth: 2", "depth: }", 2, 8, "This '}' closes nothing; remove it, or open it before its first entry" },
        { "depth: 2", "depth: ,", 2, 8, "A value cannot start with ','; put it in quotes" },
        { "samplers:", "samplers", 20, 1, "The colon is missing behind 'samplers'; write 'samplers:'" },
        { "  variant: adaln-zero", "  adaln-zero", 11, 3, "'adaln-zero' has no colon; write it as 'key: value', or remove it" },
        { "model: Tiny/2", "model: 'Bob's'", 1, 13, "There is more text after the closing '; put all of the value into the quotes" },
        { "model: Tiny/2", "model: @home", 1, 8, "A value cannot start with '@'; put it in quotes" },
        { "model: Tiny/2", "model: `home`", 1, 8, "A value cannot start with '`'; put it in quotes" },
        { "model: Tiny/2", "model: \"Ti\\q\"", 1, 8,
            "A '\\' in double quotes starts no known escape here; write '\\\\' for the character itself, or use single quotes" },
        { "model: Tiny/2", "model: >x\n Tiny", 1, 8,
            "A text that starts with '|' or '>' is not laid out right; write the value on one line" },
        { "model: Tiny/2", "model: - Tiny", 1, 8, "A list item '- ' cannot stand here; write the list in brackets, as in [2, 4]" },
        { "model: Tiny/2", "model: ? Tiny", 1, 8, "A '?' cannot stand here; a key is a word with a colon behind it" },
        { "model: Tiny/2", "[model]: Tiny", 1, 1, "A key is a word, not a list; write 'key: value'" },
        { "model: Tiny/2", "model: Tiny\n---", 2, 1, "A spec file holds one YAML document; put the second one into a file of its own" },
        { "model: Tiny/2", "model: !a!b x", 1, 8, "Tags are not used in specs; write the value alone" },
    };

    [Theory, MemberData(nameof(Slips))]
    public void A_slip_is_said_where_it_is_with_what_would_be_right(
        string line,
        string replacement,
        int atLine,
        int atColumn,
        string message)
    {
        Assert.Contains(line, Specs.Tiny);
        var error = Assert.Single(SpecFile.Parse(Specs.Tiny.Replace(line, replacement)).Errors);

        Assert.Equal((message, atLine, atColumn), (error.Message, error.At.Line, error.At.Column));
    }

    // Words of YAML's grammar that its reader uses and no author of a spec knows.
    private static readonly string[] Foreign =
    [
        "While ",
        "did not find",
        "expected",
        "flow mapping",
        "flow sequence",
        "block mapping",
        "block collection",
        "simple key",
        "scanning",
        "parsing",
        "in this context",
        "token",
        "Mark",
    ];

    private static readonly Gen<string> Edit = Gen.OneOf(
        Gen.OneOf(
            "", "{", "}", "[", "]", ":", ": ", ",", "\"", "'", " ", "  ", "\n", "- ", "? ", "|", ">", "@", "&", "*", "!", "%", "#", "\\",
            "\t", "`", "...\n", "---\n", "!a!b ", "&a", "\"\\q\"", "\"\\u12\"", "<<: "),
        Gen.String[Gen.Char["a1:{}[],-\"'\n #?|>&*!%@`\\"], 1, 5]);

    [Theory]
    [InlineData("tiny")]
    [InlineData("dit.dit.yaml")]
    public void No_edit_brings_out_the_words_of_the_library(string file)
    {
        var whole = file == "tiny" ? Specs.Tiny : Specs.Shipped(file);
        var broken = 0;
        foreach (var (at, length, put) in Samples.Of(Gen.Select(Gen.Int[0, whole.Length - 1], Gen.Int[0, 4], Edit), 4000))
        {
            var text = whole[..at] + put + whole[Math.Min(at + length, whole.Length)..];
            var errors = SpecFile.Parse(text).Errors;
            broken += errors.Count(static e => e.Rule == Rule.Yaml);
            foreach (var error in errors.Where(static e => e.Rule == Rule.Yaml || e.Rule == Rule.YamlFeature))
            {
                if (
                    Foreign.FirstOrDefault(word =>
                        error.Message.Contains(word, StringComparison.Ordinal) && !text.Contains(word, StringComparison.Ordinal)
                    ) is
                    { } word)
                    Assert.Fail($"'{word}' in: {error.Message}\n\nof\n\n{text}");
                Assert.True(error.Message.Contains(';'), $"No remedy in: {error.Message}\n\nof\n\n{text}");
            }
            if (errors.Any(static e => e.Rule == Rule.Yaml)) Assert.Single(errors);
        }
        Assert.True(broken > 500, $"{broken} edits broke the YAML");
    }
}
