using System.Globalization;
using CsCheck;

namespace Dit.Spec.Tests;

/// <summary>The canonical text of a model is read back to an equal model, whatever the model.</summary>
public class SpecWriterTests
{
    [Fact]
    public void A_model_is_written_as_a_reader_would_write_it() => Assert.Equal(
        """
        model: Shapes
        depth: 4
        width: 160
        heads: 5
        patch_size: 8
        mlp_ratio: 4
        input: { channels: 3, size: 32 }
        conditioning: { variant: adaln-zero, classes: 10, dropout: 0.1 }
        diffusion: { prediction: start-x, variance: fixed-small, schedule: squared-cosine, timesteps: 1000 }
        autoencoder: none
        samplers:
          ddpm-100: { method: ddpm, steps: 100 }
          ddim-50: { method: ddim, steps: 50, eta: 0 }

        """.ReplaceLineEndings("\n"),
        SpecWriter.Write(Specs.Model(Specs.Shipped("shapes.dit.yaml"))));

    [Fact]
    public void What_differs_from_the_usual_is_written()
    {
        var spec = Specs.Model("""
            model: "A: b # \"c\" \\ "
            depth: 1
            width: 12
            heads: 3
            patch_size: 1
            mlp_ratio: 2.6666667
            input: { channels: 2, size: [4, 8] }
            conditioning: { variant: cross-attention, text: { tokens: 7, width: 5 }, dropout: 0.00000001 }
            autoencoder: { name: "1.5", ch: 32, ch_mult: [1, 2], num_res_blocks: 1, z_channels: 2, shift_factor: -0.5, no_quant_conv: true }
            samplers:
              "no": { method: ddpm, steps: 5, clip_denoised: true }
              "été 2": { method: ddim, steps: 5, clip_denoised: false }
            """);

        Assert.Equal(
            """
            model: "A: b # \"c\" \\ "
            depth: 1
            width: 12
            heads: 3
            patch_size: 1
            mlp_ratio: 2.6666666667
            input: { channels: 2, size: [4, 8] }
            conditioning: { variant: cross-attention, text: { tokens: 7, width: 5 }, dropout: 0.00000001 }
            diffusion: { prediction: epsilon, variance: learned-range, schedule: linear, timesteps: 1000 }
            autoencoder: { name: "1.5", ch: 32, ch_mult: [1, 2], num_res_blocks: 1, z_channels: 2, scale_factor: 1, shift_factor: -0.5, no_quant_conv: true }
            samplers:
              "no": { method: ddpm, steps: 5, clip_denoised: true }
              "été 2": { method: ddim, steps: 5, eta: 0 }

            """.ReplaceLineEndings("\n"),
            SpecWriter.Write(spec));
        RoundTrips(spec);
    }

    [Fact]
    public void Every_shipped_definition_is_read_again()
    {
        var models = Directory.GetFiles(Path.Combine(Specs.RepositoryRoot, "definitions"), "*.dit.yaml")
            .SelectMany(static path => Specs.Models(File.ReadAllText(path))).ToArray();

        Assert.True(models.Length >= 17);
        Assert.All(models, RoundTrips);
    }

    [Theory]
    [InlineData("conditioning: none")]
    [InlineData("conditioning: { variant: in-context, none: true }")]
    [InlineData("conditioning: { variant: adaln, classes: 1, dropout: 0 }")]
    [InlineData("conditioning: { variant: in-context, text: { tokens: 1, width: 1 } }")]
    [InlineData("numerics: diffusers")]
    [InlineData("autoencoder: kl-f8")]
    [InlineData("autoencoder: { name: va, ch: 64, ch_mult: [1, 2], num_res_blocks: 2, z_channels: 4, attn_levels: [0, 1] }")]
    [InlineData("autoencoder: { name: va, ch: 64, ch_mult: [1, 2], num_res_blocks: 2, z_channels: 4, channel_statistics: true }")]
    [InlineData("autoencoder: { name: kl-f8, ch: 64, ch_mult: [1], num_res_blocks: 2, z_channels: 4 }")]
    [InlineData("autoencoder: { name: kl-f8, ch: 128, ch_mult: [1, 2, 4, 4], num_res_blocks: 2, z_channels: 4, scale_factor: 0.18215 }")]
    [InlineData("diffusion: { prediction: start-x, variance: fixed-large, schedule: squared-cosine, timesteps: 50 }\nsamplers: {}")]
    public void Every_word_is_read_again(string lines) => RoundTrips(Specs.Model(Specs.With(lines)));

    // What YAML has a meaning for, what C# has one for, and letters of many kinds; look-alikes of ASCII among them.
    private static readonly Gen<string> Piece = Gen.OneOf(
        Gen.OneOf("\"", "\"\"\"", "'", "\\", "\\n", "\\u0041", ": ", ":", "#", " #", "{", "}", "[", "]", ",", "&", "*", "!", "|", ">", "%",
            "@", "`", "- ", "? ", "---", "...", "<<", "~", "null", "true", "No", "1e3", "0x1", ".inf"),
        Gen.OneOf("é", "ß", "模型", "\U0001F600", "а", "Шар", "ελ", "\u00A0", "\u3000", "“", "−", "\uFFFD", "\uE000", "\u0301", "ﬁ", "Ａ",
            "\U0001D400", "{0}", "$x", "</a>", "//"),
        Gen.String[Gen.Char[' ', '~'], 0, 6],
        Gen.String[Gen.Char['\u00A0', '\uD7FF'], 0, 3]);

    private static readonly Gen<string> Name = Piece.Array[0, 5]
        .Select(Gen.OneOf("", "A", "Model-", "x "), static (pieces, first) => first + string.Concat(pieces));

    [Fact]
    public void Odd_names_are_read_again()
    {
        var legal = 0;
        foreach (var (model, sampler) in Samples.Of(Name.Select(Name), 6_000))
        {
            const string ddpm = "{ method: ddpm, steps: 5 }";
            var file = SpecFile.Parse(Specs.With($"model: {Escaped(model)}\nsamplers:\n  {Escaped(sampler)}: {ddpm}\n  last: {ddpm}"));
            if (file.Models.Count == 0) continue;
            legal++;
            RoundTrips(file.Models[0].Spec);
        }
        Assert.True(legal > 1_000, $"{legal} names are legal");
    }

    [Fact]
    public void The_hidden_width_is_read_again_exactly()
    {
        var tiny = Specs.Model(Specs.Tiny);
        var sizes =
            from width in Gen.Int[1, 4096]
            from hidden in Gen.Int[(int)Math.Ceiling(0.04 * width), 64 * width]
            select (4 * width, hidden);
        foreach (var (width, hidden) in Samples.Of(sizes, 5_000).Append((16384, 164)).Append((16384, 262144)).Append((16384, 262143))
            .Append((100, 1)).Append((16384, 10923)))
            RoundTrips(tiny with { Backbone = tiny.Backbone with { Width = width, Heads = 1, HiddenWidth = hidden } });
    }

    [Fact]
    public void Numbers_are_read_again_exactly()
    {
        var (tiny, random) = (Specs.Model(Specs.Tiny), Gen.Double[0, 0.999999]
            .Select(Gen.Int[-30, 0], static (number, power) => number * Math.Pow(10, power)));
        var numbers = Samples.Of(random, 3_000)
            .Concat([0, 0.1, 0.5, 1e-5, 1e-15, 0.3, 1.0 / 3, 2.0 / 3, double.Epsilon, 0.1 + 0.2, Math.BitDecrement(1)]);
        foreach (var number in numbers)
            RoundTrips(tiny with
            {
                Condition = new Condition.ClassLabels(3, number),
                Autoencoder = new Autoencoder.Kl("kl", 32, EquatableArray.Of(1), 1, 4, Math.Max(0.0001, 10000 * number), -10000 * number,
                    true),
                Samplers = EquatableArray.Of(new SamplerSpec("a", new SamplerMethod.Ddim(number), 7, ClipDenoised: false)),
            });
    }

    [Fact]
    public void The_text_does_not_depend_on_the_culture_or_the_layout_of_the_file()
    {
        var (before, other) = (CultureInfo.CurrentCulture, (CultureInfo)CultureInfo.InvariantCulture.Clone());
        (other.NumberFormat.NumberDecimalSeparator, other.NumberFormat.NegativeSign) = (",", "~");
        try
        {
            CultureInfo.CurrentCulture = other;
            RoundTrips(Specs.Model(Specs.Tiny));
            Assert.Equal(SpecWriter.Write(Specs.Model(Specs.Tiny)),
                SpecWriter.Write(Specs.Model("# a comment\r\n" + Specs.Tiny.ReplaceLineEndings("\r\n"))));
        }
        finally
        {
            CultureInfo.CurrentCulture = before;
        }
    }

    [Fact]
    public void The_longest_spec_is_short_enough_to_be_read()
    {
        var tiny = Specs.Model(Specs.Tiny);
        var longest = string.Concat(Enumerable.Repeat("\u00A0", 96));
        RoundTrips(tiny with
        {
            Samplers = Enumerable.Range(0, 100)
                .Select(i => new SamplerSpec($"a{longest}{i}", new SamplerMethod.Ddim(1e-300), 7, ClipDenoised: false))
                .ToEquatableArray(),
        });
    }

    private static void RoundTrips(ModelSpec spec)
    {
        var text = SpecWriter.Write(spec);
        var file = SpecFile.Parse(text);
        var said = file.Errors.Concat(file.Warnings).ToArray();
        Assert.True(said.Length == 0, $"{string.Join("\n", said.AsEnumerable())}\n\nin\n\n{text}");
        Assert.Equal(spec, Assert.Single(file.Models).Spec);
        Assert.Equal(text, SpecWriter.Write(file.Models[0].Spec));
        Assert.DoesNotContain('\r', text);
        Assert.Equal(text, string.Concat(text.Split('\n')[..^1].Select(static line => line.TrimEnd() + "\n")));
    }

    // By escapes alone any name can be declared.
    private static string Escaped(string text) =>
        $"\"{string.Concat(text.EnumerateRunes().Select(static rune => $"\\U{rune.Value:x8}"))}\"";
}
