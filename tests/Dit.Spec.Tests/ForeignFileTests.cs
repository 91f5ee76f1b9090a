using System.Text;
using CsCheck;

namespace Dit.Spec.Tests;

/// <summary>Files that are no specs, and bytes that are no text: one sentence each.</summary>
public class ForeignFileTests
{
    [Theory]
    [InlineData(
        "{\n  \"name\": \"my-app\",\n  \"version\": \"1.0.0\",\n  \"scripts\": { \"test\": \"jest\" },\n  \"dependencies\": {}\n}\n")]
    [InlineData("{ \"_class_name\": \"DiTTransformer2DModel\", \"num_layers\": 28, \"patch_size\": 2, \"sample_size\": 32 }")]
    [InlineData("{\n  \"depth\": 28,\n  \"patch_size\": 2,\n  \"hidden\": 1152,\n  \"num_heads\": 16,\n  \"lr\": 0.1,\n  \"seed\": 1\n}\n")]
    [InlineData("FROM ubuntu:22.04\nRUN apt-get update \u2014 \u201cnow\u201d\nCMD [\"a\"]\n")]
    [InlineData("services:\n  web:\n    image: x\nversion: '3'\n")]
    [InlineData("name: build \u2013 test\non: [push]\njobs:\n  build:\n    strategy:\n      matrix:\n        os: [ubuntu, windows]\n")]
    [InlineData("x-common: &common\n  restart: always\nservices:\n  web:\n    <<: *common\n    depth: 3\n")]
    [InlineData("model:\n  base_learning_rate: 1e-4\n  target: ldm.models\ndata:\n  target: x\nlightning: {}\n")]
    [InlineData("model: dit\nbatch_size: 3\nlr: 1e-3\nepochs: 9\n")]
    [InlineData("model = \"A\"\ndepth = 3\n")]
    [InlineData("#include <stdio.h>\nint main(void) { return 0; }\n")]
    [InlineData("<Project Sdk=\"Microsoft.NET.Sdk\">\n\t<ItemGroup />\n</Project>\n")]
    [InlineData("- a\n- b\n")]
    [InlineData("hello")]
    public void A_file_of_something_else_is_one_error(string text)
    {
        var error = Assert.Single(SpecFile.Parse(text).Errors);

        Assert.Equal(Rule.NotASpec, error.Rule);
        Assert.StartsWith("This is not a spec: ", error.Message);
        Assert.EndsWith(
            "; a spec starts with 'model: NAME' or 'family: NAME' and says depth, width, heads, patch_size, input and conditioning",
            error.Message);
    }

    [Fact]
    public void A_spec_with_one_key_misspelt_or_missing_is_a_spec()
    {
        string[] lines = Specs.Tiny.Split('\n');
        for (var i = 0; i < lines.Length; i++)
        {
            if (lines[i].StartsWith(' ')) continue;
            var key = lines[i][..lines[i].IndexOf(':')];
            string[] others = [.. lines[..i], .. lines[(i + 1)..]];
            Assert.DoesNotContain(SpecFile.Parse(Specs.Without(key)).Errors, static e => e.Rule == Rule.NotASpec);
            Assert.DoesNotContain(
                SpecFile.Parse(string.Join('\n', lines[..i].Append($"no_such_{key}: 1").Concat(lines[(i + 1)..]))).Errors,
                static e => e.Rule == Rule.NotASpec);
        }
        Assert.DoesNotContain(SpecFile.Parse("model: A").Errors, static e => e.Rule == Rule.NotASpec);
        Assert.DoesNotContain(SpecFile.Parse("Model: A\nDepth: 3\n").Errors, static e => e.Rule == Rule.NotASpec);
    }

    public static TheoryData<string> Encodings => ["utf-8", "utf-8 with mark", "utf-16", "utf-16BE"];

    [Theory, MemberData(nameof(Encodings))]
    public void Utf8_and_marked_utf16_are_read_to_the_same_model(string name)
    {
        var spec = Specs.Tiny.Replace("model: Tiny/2", "model: Gr\u00fcn \U0001F600");
        Encoding encoding = name switch { "utf-16" => Encoding.Unicode, "utf-16BE" => Encoding.BigEndianUnicode, _ => Encoding.UTF8 };
        byte[] mark = name == "utf-8" ? [] : encoding.GetPreamble();

        var file = SpecFile.Parse([.. mark, .. encoding.GetBytes(spec)]);

        Assert.Empty(file.Errors);
        Assert.Equal(Specs.Model(spec), Assert.Single(file.Models).Spec);
    }

    [Fact]
    public void A_byte_that_is_not_utf8_is_named_at_its_place_wherever_it_stands()
    {
        var whole = Encoding.UTF8.GetBytes(Specs.Tiny.Replace("depth: 2", "depth: 2 # \u00e9"));
        foreach (var (at, put) in Samples.Of(Gen.Select(Gen.Int[0, Specs.Tiny.Length], Gen.Int[0xF8, 0xFE]), 300))
        {
            byte[] bytes = [.. whole[..at], (byte)put, .. whole[at..]];
            if (bytes is [0xFE, 0xFF, ..] || (at > 0 && (whole[at] & 0xC0) == 0x80)) continue; // inside a character, that one is cut

            var error = Assert.Single(SpecFile.Parse(bytes).Errors);

            var before = Encoding.UTF8.GetString(whole, 0, at).Split('\n');
            Assert.Equal(
                ($"The byte 0x{put:X2} here is not UTF-8; save the file as UTF-8", before.Length, before[^1].Length + 1),
                (error.Message, error.At.Line, error.At.Column));
        }
    }

    [Fact]
    public void A_text_that_was_decoded_badly_is_an_error_in_comments_too()
    {
        foreach (var spec in new[] { Specs.Tiny + "\n# caf\uFFFD", Specs.Tiny.Replace("Tiny/2", "Ti\uFFFDy") })
        {
            var error = Assert.Single(SpecFile.Parse(spec).Errors);
            Assert.StartsWith("Here is U+FFFD REPLACEMENT CHARACTER, which stands for bytes that are not UTF-8", error.Message);
            Assert.Equal("\uFFFD", spec.Substring(error.At.Start, error.At.Length));
        }
    }

    [Fact]
    public void A_text_read_by_a_code_page_is_an_error_where_that_can_be_seen()
    {
        var spec = Specs.Tiny.Replace("Tiny/2", "Gr\u00fcn");

        Assert.Empty(SpecFile.Parse(Specs.Tiny, Encoding.Latin1).Errors);
        Assert.Empty(SpecFile.Parse(spec, Encoding.UTF8).Errors);
        Assert.Empty(SpecFile.Parse(spec, Encoding.Unicode).Errors);
        Assert.Equal(
            "The file is not UTF-8: it was read as iso-8859-1, and this character depends on that; save the file as UTF-8",
            Assert.Single(SpecFile.Parse(spec, Encoding.Latin1).Errors).Message);
    }

    [Fact]
    public void What_is_binary_is_one_error()
    {
        byte[][] files =
        [
            File.ReadAllBytes(Path.Combine(Specs.RepositoryRoot, "docs", "samples.png")),
            Encoding.Unicode.GetBytes(Specs.Tiny), // without a mark
            Encoding.UTF32.GetPreamble().Concat(Encoding.UTF32.GetBytes(Specs.Tiny)).ToArray(),
            [0],
        ];
        Assert.All(files, static bytes =>
            Assert.StartsWith("The file is not text: here is U+0000 NULL; ", Assert.Single(SpecFile.Parse(bytes).Errors).Message));
        Assert.Contains("a spec has at most 100000", Assert.Single(SpecFile.Parse(new byte[SpecFile.MaxBytes + 1]).Errors).Message);
        Assert.Contains("The file is empty", Assert.Single(SpecFile.Parse([]).Errors).Message);
    }

    [Fact]
    public void Random_bytes_are_errors_and_never_an_exception()
    {
        foreach (var bytes in Samples.Of(Gen.Byte.Array[1, 200], 2000))
            Assert.NotEmpty(SpecFile.Parse(bytes).Errors);
    }
}
