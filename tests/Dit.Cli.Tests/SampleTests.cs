using Dit.Runtime;

namespace Dit.Cli.Tests;

public sealed class SampleTests(TrainedShapes trained) : IClassFixture<TrainedShapes>, IDisposable
{
    private readonly TestFolder folder = new();

    public void Dispose() => folder.Dispose();

    private CliResult Sample(string outName, params string[] more) => Cli.Run(Line.With("sample",
        [("--checkpoint", trained.Weights), ("--steps", "2"), ("--count", "2"), ("--classes", "star,heart"), ("--out", folder.Path(outName))], more));

    private byte[] Drawn(string outName, params string[] more)
    {
        Sample(outName, more).Succeeds();
        return File.ReadAllBytes(folder.Path(outName));
    }

    [Fact]
    public void The_same_seed_gives_the_same_bytes_and_another_seed_others()
    {
        var first = Drawn("1.png", "--seed", "7");
        Assert.Equal(first, Drawn("2.png", "--seed", "7"));
        Assert.NotEqual(first, Drawn("3.png", "--seed", "8"));
    }

    [Fact]
    public void The_batch_changes_no_image()
    {
        Drawn("whole.safetensors");
        Drawn("parts.safetensors", "--batch", "3");
        using var whole = SafeTensorsFile.Open(folder.Path("whole.safetensors"));
        using var parts = SafeTensorsFile.Open(folder.Path("parts.safetensors"));
        using var a = whole.Read("samples");
        using var b = parts.Read("samples");
        Assert.Equal([4, 3, 32, 32], a.shape);
        Assert.True(a.allclose(b, atol: 1e-4));
    }

    [Fact]
    public void Classes_are_given_by_name_or_number_and_saved_with_the_samples()
    {
        Assert.Equal(Drawn("names.png"), Drawn("numbers.png", "--classes", "8", "--classes", "5"));
        Drawn("labels.safetensors");
        using var file = SafeTensorsFile.Open(folder.Path("labels.safetensors"));
        using var labels = file.Read("labels");
        Assert.Equal([8L, 8, 5, 5], labels.data<long>().ToArray());
        Assert.Equal("Shapes", file.Metadata["dit.model"]);
    }

    [Fact]
    public void Without_classes_there_is_a_row_for_each()
    {
        var text = Cli.Run("sample", "--checkpoint", trained.Checkpoint, "--steps", "1", "--count", "1", "--out", folder.Path("all.png")).Succeeds();
        Assert.StartsWith("Wrote 10 samples of Shapes (ddim-1, guidance 2, seed 0) to ", text, StringComparison.Ordinal);
        Assert.EndsWith("all.png\n", text, StringComparison.Ordinal);
    }

    [Fact]
    public void Guidance_can_be_left_out_and_sampler_and_channels_chosen()
    {
        var guided = Drawn("a.png");
        Assert.NotEqual(guided, Drawn("b.png", "--cfg", "1"));
        Assert.NotEqual(guided, Drawn("c.png", "--sampler", "ddpm-250"));
        Assert.Equal(guided, Drawn("d.png", "--cfg-channels", "all")); // an image has three channels
    }

    [Theory]
    [InlineData("--classes", "sta", "Shapes has no class 'sta'; did you mean 'star'?")]
    [InlineData("--classes", "10", "Shapes has no class '10'; its classes are arrow, circle, crescent, cross, diamond, heart, ring, square, star, triangle, or 0 to 9.")]
    [InlineData("--sampler", "ddim50", "Shapes has no sampler 'ddim50'; did you mean 'ddim-50'?")]
    [InlineData("--count", "0", "0 images of each class cannot be drawn: at least 1 is needed.")]
    [InlineData("--batch", "-1", "-1 images at once cannot be drawn: at least 1 is needed.")]
    public void A_wrong_value_is_one_line(string option, string value, string message)
    {
        var result = Sample("no.png", option, value);
        Assert.Equal(message, result.Mistake());
        Assert.Empty(folder.Files());
    }

    [Theory]
    [InlineData("--steps", "0")]
    [InlineData("--steps", "1001")]
    [InlineData("--cfg", "NaN")]
    public void A_number_out_of_range_is_one_line(string option, string value)
    {
        Cli.Run("sample", "--checkpoint", trained.Weights, "--out", folder.Path("no.png"), option, value).Mistake();
        Assert.Empty(folder.Files());
    }

    [Fact]
    public void A_checkpoint_that_is_missing_cut_short_or_something_else_is_one_line()
    {
        Assert.Contains("missing.safetensors", Draw(folder.Path("missing.safetensors")), StringComparison.Ordinal);

        var whole = File.ReadAllBytes(trained.Weights);
        File.WriteAllBytes(folder.Path("cut.safetensors"), whole[..(whole.Length / 2)]);
        Assert.Contains("cut.safetensors", Draw(folder.Path("cut.safetensors")), StringComparison.Ordinal);

        Assert.Contains("text.safetensors", Draw(folder.File("text.safetensors", "This is a text, and a rather short one.")), StringComparison.Ordinal);
        Assert.Equal(["cut.safetensors", "text.safetensors"], folder.Files());

        string Draw(string checkpoint) => Cli.Run("sample", "--checkpoint", checkpoint, "--out", folder.Path("no.png")).Mistake();
    }

    [Fact]
    public void A_checkpoint_of_another_model_is_one_line()
    {
        var message = Cli.Run("sample", "--model", "DiT-S/8", "--checkpoint", trained.Weights, "--out", folder.Path("no.safetensors")).Mistake();
        Assert.Contains("DiT-S/8", message, StringComparison.Ordinal);
        Assert.Empty(folder.Files());
    }

    [Fact]
    public void Latents_cannot_be_drawn_yet() => Assert.Equal(
        "DiT-XL/2 draws latents of kl-f8, and this version has no autoencoder to make pictures of them: --out NAME.safetensors saves the latents.",
        Cli.Run("sample", "--model", "DiT-XL/2", "--out", folder.Path("no.png")).Mistake());

    [Fact]
    public void A_model_without_weights_asks_for_a_checkpoint() => Assert.Equal(
        "No weights of DiT-XL/2 come with this program: name a file with --checkpoint.",
        Cli.Run("sample", "--model", "DiT-XL/2", "--out", folder.Path("no.safetensors")).Mistake());

    [Fact]
    public void An_output_that_cannot_be_written_is_found_before_drawing()
    {
        Assert.Equal($"The folder '{folder.Path("no")}' does not exist.", Sample(Path.Combine("no", "a.png")).Mistake());
        folder.File("file", "");
        Assert.Equal($"The folder '{folder.Path("file")}' does not exist.", Sample(Path.Combine("file", "a.png")).Mistake());
        Assert.Equal($"Samples are written to a .png or a .safetensors file, not to '{folder.Path("a.gif")}'.", Sample("a.gif").Mistake());
    }

    [Fact]
    public void Cancelled_drawing_leaves_no_file()
    {
        var result = Cli.Run(new CancellationToken(canceled: true), "sample", "--checkpoint", trained.Weights, "--out", folder.Path("no.png"));
        Assert.Equal((130, "dit: stopped; nothing was written.\n"), (result.Code, result.Error));
        Assert.Empty(folder.Files());
    }
}
