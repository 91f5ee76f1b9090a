namespace Dit.Spec.Tests;

/// <summary>Warnings: the spec is legal, and may not be what was meant.</summary>
public class WarningTests
{
    private static string Undeclared(int channels, string sampler = "method: ddim, steps: 50") =>
        Specs
            .Without("autoencoder")
            .Replace("channels: 4", $"channels: {channels}")
            .Replace("{ method: ddpm, steps: 250 }", $"{{ {sampler} }}")
            .Replace("{ method: ddim, steps: 50, eta: 0.5 }", $"{{ {sampler} }}");

    [Theory]
    [InlineData(1, false)]
    [InlineData(2, true)]
    [InlineData(3, false)]
    [InlineData(4, true)]
    [InlineData(8, true)]
    [InlineData(16, true)]
    [InlineData(32, true)]
    [InlineData(1024, true)]
    public void Clipping_what_is_no_picture_is_said_once_at_its_channels(int channels, bool warns)
    {
        var file = SpecFile.Parse(Undeclared(channels));

        Assert.Empty(file.Errors);
        Assert.All(Assert.Single(file.Models).Spec.Samplers, static s => Assert.True(s.ClipDenoised));
        if (!warns)
        {
            Assert.Empty(file.Warnings);
            return;
        }
        var warning = Assert.Single(file.Warnings);
        Assert.True(warning.Rule.IsWarning);
        Assert.Equal(
            (
                "DIT116",
                8,
                13,
                $"An input of {channels} channels may be latents, but without 'autoencoder' the samplers clip it to [-1, 1]; write "
                    + $"autoencoder: none for pixels, or name the autoencoder, or give each sampler clip_denoised: true or false"),
            (warning.Rule.Id, warning.At.Line, warning.At.Column, warning.Message));
    }

    [Theory]
    [InlineData("autoencoder: none")]
    [InlineData("autoencoder: kl-f8")]
    [InlineData("samplers: { a5: { method: ddim, steps: 5, clip_denoised: false } }")]
    [InlineData("samplers: { a5: { method: ddim, steps: 5, clip_denoised: true } }")]
    [InlineData("samplers: { a5: { method: ddim, steps: 5, clip_denoised: true }, b5: { method: ddpm, steps: 5, clip_denoised: false } }")]
    public void What_is_declared_is_not_warned_of(string line) =>
        Assert.Empty(
            SpecFile.Parse(
                Undeclared(4).Replace("samplers:", "unused:")[..Undeclared(4).IndexOf("samplers:", StringComparison.Ordinal)]
                    + (line.StartsWith("samplers") ? line : line + "\nsamplers: { a5: { method: ddim, steps: 5 } }")
                    + "\n")
                is var file
            && file.Errors.Count == 0
                ? file.Warnings
                : file.Errors);

    [Fact]
    public void One_sampler_that_says_nothing_is_enough_and_none_at_all_clips_nothing()
    {
        Assert.Single(
            SpecFile
                .Parse(
                    Undeclared(4)
                        .Replace("ddim-50: { method: ddim, steps: 50 }", "ddim-50: { method: ddim, steps: 50, clip_denoised: false }"))
                .Warnings);
        Assert.Empty(SpecFile.Parse(Specs.Without("autoencoder").Split("samplers:")[0]).Warnings);
    }

    [Theory]
    [InlineData("autoencoder: none", "", true)]
    [InlineData("autoencoder: kl-f8", "", false)]
    [InlineData("autoencoder: none", ", clip_denoised: false", false)]
    [InlineData("autoencoder: kl-f8", ", clip_denoised: true", true)]
    public void A_sampler_clips_pixels_unless_it_says_otherwise(string autoencoder, string said, bool clips)
    {
        var model = Specs.Model(Specs.Tiny.Replace("autoencoder: none", autoencoder).Replace("steps: 250", $"steps: 250{said}"));

        Assert.Equal(clips, model.Samplers[0].ClipDenoised);
        Assert.Equal(Specs.Model(Specs.Tiny.Replace("autoencoder: none", autoencoder)).Hash, model.Hash);
    }

    [Theory]
    [InlineData("yes")]
    [InlineData("'true'")]
    [InlineData("1")]
    [InlineData("")]
    [InlineData("True")]
    [InlineData("[true]")]
    public void Clipping_is_true_or_false(string value)
    {
        var error = Assert.Single(SpecFile.Parse(Specs.Tiny.Replace("steps: 250", $"steps: 250, clip_denoised: {value}")).Errors);

        Assert.Equal(Rule.WrongType, error.Rule);
        Assert.Contains("must be true or false", error.Message);
    }

    [Fact]
    public void A_family_is_warned_of_once_for_each_place()
    {
        var family = Specs.Shipped("dit.dit.yaml");
        Assert.Contains("autoencoder: kl-f8", family);

        Assert.Single(SpecFile.Parse(family.Replace("autoencoder: kl-f8", "")).Warnings);
        Assert.Empty(SpecFile.Parse(family).Warnings);
    }
}
