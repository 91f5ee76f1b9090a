using Dit.Runtime;

namespace Dit.Commands.Tests;

[Collection(WithTrainedShapes.Name)]
public sealed class SampleTests(TrainedShapes trained) : IDisposable
{
    private readonly TestFolder folder = new();

    public void Dispose() => folder.Dispose();

    private CliResult Sample(string outName, params string[] more) => Cli.Run(Line.With("sample",
        [
            ("--checkpoint", trained.Weights),
            ("--steps", "2"),
            ("--count", "2"),
            ("--classes", "star,heart"),
            ("--out", folder.Path(outName)),
        ],
        more));

    private byte[] Drawn(string outName, params string[] more)
    {
        Sample(outName, more).Succeeds();
        return outName.EndsWith(".safetensors", StringComparison.Ordinal) ? [] : ImageFile.Read(folder.Path(outName)).Pixels.ToArray();
    }

    [Fact]
    public void The_same_seed_gives_the_same_bytes_and_another_seed_others()
    {
        var first = Drawn("1.png", "--seed", "7");
        Assert.Equal(first, Drawn("2.png", "--seed", "7"));
        Assert.Equal(File.ReadAllBytes(folder.Path("1.png")), File.ReadAllBytes(folder.Path("2.png")));
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
    public void One_sample_is_one_sample() => Assert.Contains(
        "Wrote 1 sample of Shapes (ddpm-2, guidance 2, seed 0) to ",
        Sample("one.png", "--classes", "star", "--count", "1").Succeeds(),
        StringComparison.Ordinal);

    [Fact]
    public void Trained_and_averaged_weights_of_a_checkpoint_are_chosen()
    {
        // An average of its own: the trained run's follows the weights exactly.
        using (var run = SafeTensorsFile.Open(trained.Checkpoint))
        {
            var tensors = run.Tensors.Keys.Select(name => (name, run.Read(name))).ToArray();
            foreach (var (_, tensor) in tensors.Where(t => t.name.StartsWith("ema.", StringComparison.Ordinal))) tensor.mul_(0.5);
            SafeTensors.Save(folder.Path("both.safetensors"), tensors, Demos.Named);
            foreach (var (_, tensor) in tensors) tensor.Dispose();
        }
        string[] both = ["--checkpoint", folder.Path("both.safetensors"), "--classes", "8"];
        var averaged = Drawn("a.png", both);
        Assert.Equal(averaged, Drawn("b.png", [.. both, "--weights", "ema"]));
        Assert.NotEqual(averaged, Drawn("c.png", [.. both, "--weights", "model"]));
        Assert.Contains("no tensors named ema.*", Sample("d.png", "--weights", "ema").Mistake(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("not json")]
    [InlineData("""["a", null]""")]
    [InlineData("""["a", 7]""")]
    [InlineData("""["a", ""]""")]
    [InlineData("""["\u001b[2J"]""")]
    [InlineData("""["0","1","2","3","4","5","6","7","8","9","10"]""")]
    [InlineData("null")]
    public void Hostile_class_names_are_one_line(string json)
    {
        SafeTensors.Save(folder.Path("a.safetensors"), [], new Dictionary<string, string> { ["dit.classes"] = json });
        Assert.Equal(
            $"The metadata dit.classes of '{folder.Path("a.safetensors")}' is not a JSON list of at most 10 class names.",
            Sample("no.png", "--model", "Shapes", "--checkpoint", folder.Path("a.safetensors")).Mistake());
    }

    [Fact]
    public void A_class_name_as_long_as_a_megabyte_is_refused()
    {
        SafeTensors.Save(
            folder.Path("a.safetensors"),
            [],
            new Dictionary<string, string> { ["dit.classes"] = $"[\"{new string('x', 1 << 20)}\"]" });
        Assert.True(Sample("no.png", "--checkpoint", folder.Path("a.safetensors")).Mistake().Length < 400);
    }

    [Fact]
    public void A_class_is_the_one_of_that_name_before_one_that_differs_in_case()
    {
        var names = Commands.ClassNames.OneEach(Dit.Definitions.Shapes.Card, ["A", "a", "b"]);
        Assert.Equal([1, 0, 2], names.Labels(["a", "A", "B"]));
    }

    [Fact]
    public void Without_classes_there_is_a_row_for_each()
    {
        var text = Cli.Run("sample", "--checkpoint", trained.Checkpoint, "--steps", "2", "--count", "1", "--out", folder.Path("all.png"))
            .Succeeds();
        Assert.Contains("Wrote 10 samples of Shapes (ddpm-2, guidance 2, seed 0) to ", text, StringComparison.Ordinal);
        Assert.Matches(@"all\.png\nComputed with [^\n]+, \d+ threads?; packed weights took \d+(\.\d)? MB\.\nIt took [^\n]+\.\n$", text);
    }

    [Fact]
    public void Guidance_can_be_left_out_and_sampler_and_channels_chosen()
    {
        var guided = Drawn("a.png");
        Assert.NotEqual(guided, Drawn("b.png", "--cfg", "1"));
        Assert.NotEqual(guided, Drawn("c.png", "--sampler", "ddim-50"));
        Assert.Equal(guided, Drawn("d.png", "--cfg-channels", "all")); // an image has three channels
    }

    [Theory]
    [InlineData("--classes", "sta", "Shapes has no class 'sta'; did you mean 'star'?")]
    [InlineData(
        "--classes",
        "10",
        "Shapes has no class '10'; its classes are arrow, circle, crescent, cross, diamond, heart, ring, square, star, triangle, or 0 to "
            + "9.")]
    [InlineData("--sampler", "ddim50", "Shapes has no sampler 'ddim50'; did you mean 'ddim-50'?")]
    [InlineData("--count", "0", "0 images of each class cannot be drawn: at least 1 is needed.")]
    [InlineData(
        "--count",
        "80000",
        "A grid of 160000 images in rows of 80000 has 7840072 x 198 pixels, too many for a picture: draw fewer images.")]
    [InlineData("--count", "2000000000", "4,000,000,000 samples of 3 x 32 x 32 are too many for one file: draw fewer, with several seeds.")]
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

        Assert.Contains(
            "text.safetensors",
            Draw(folder.File("text.safetensors", "This is a text, and a rather short one.")),
            StringComparison.Ordinal);
        whole[10] ^= 1;
        File.WriteAllBytes(folder.Path("flipped.safetensors"), whole);
        Assert.Contains("flipped.safetensors", Draw(folder.Path("flipped.safetensors")), StringComparison.Ordinal);
        Assert.Equal(["cut.safetensors", "flipped.safetensors", "text.safetensors"], folder.Files());

        string Draw(string checkpoint) => Cli.Run("sample", "--checkpoint", checkpoint, "--out", folder.Path("no.png")).Mistake();
    }

    [Fact]
    public void A_checkpoint_of_another_model_is_one_line()
    {
        var message = Cli.Run("sample", "--model", "DiT-S/8", "--checkpoint", trained.Weights, "--out", folder.Path("no.safetensors"))
            .Mistake();
        Assert.Contains("DiT-S/8", message, StringComparison.Ordinal);
        Assert.InRange(message.Length, 1, 400);
        Assert.Empty(folder.Files());
    }

    [Fact]
    public void A_checkpoint_of_foreign_names_is_one_line()
    {
        using var ones = TorchSharp.torch.ones(3);
        SafeTensors.Save(
            folder.Path("foreign.safetensors"),
            Enumerable.Range(0, 200).Select(i => ($"layers.{i}.\n{new string('x', 90)}", ones)));
        var message = Sample("no.png", "--model", "Shapes", "--checkpoint", folder.Path("foreign.safetensors"), "--classes", "8").Mistake();
        Assert.Contains("is not a checkpoint of Shapes", message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', message);
        Assert.InRange(message.Length, 1, 700); // the first three names, of a hundred letters each
    }

    [Fact]
    public void Pictures_of_latents_need_an_autoencoder() => Assert.Equal(
        "DiT-XL/2 draws latents of kl-f8, and pictures of them need its weights: name the file with --vae; --out NAME.safetensors saves "
            + "the latents as they are.",
        Cli.Run("sample", "--model", "DiT-XL/2", "--out", folder.Path("no.png")).Mistake());

    [Fact]
    public void A_model_without_weights_asks_for_a_checkpoint() => Assert.Equal(
        "No weights of DiT-XL/2 come with this program: name a file with --checkpoint.",
        Cli.Run("sample", "--model", "DiT-XL/2", "--out", folder.Path("no.safetensors")).Mistake());

    [Fact]
    public void An_output_that_cannot_be_written_is_found_before_drawing()
    {
        Assert.Equal(
            $"Cannot write '{folder.Path("no", "a.png")}': the folder '{folder.Path("no")}' does not exist.",
            Sample(Path.Combine("no", "a.png")).Mistake());
        folder.File("file", "");
        Assert.Equal(
            $"Cannot write '{folder.Path("file", "a.png")}': '{folder.Path("file")}' is a file, not a folder.",
            Sample(Path.Combine("file", "a.png")).Mistake());
        Directory.CreateDirectory(folder.Path("a.png"));
        Assert.Equal($"Cannot write '{folder.Path("a.png")}': it is a folder.", Sample("a.png").Mistake());
        Assert.Contains("is empty", Cli.Run("sample", "--out", "").Mistake(), StringComparison.Ordinal);
        if (OperatingSystem.IsLinux())
            Assert.StartsWith(
                "Cannot write '/proc/a.png': ", Cli.Run("sample", "--out", "/proc/a.png").Mistake(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("x.jpeg.")]
    [InlineData("x.")]
    [InlineData("..x")]
    [InlineData("x..png.")]
    [InlineData("x.png.txt")]
    [InlineData(".png")]
    [InlineData(".jpg")]
    [InlineData(".safetensors")]
    [InlineData("x.webp")]
    [InlineData("x.gif")]
    [InlineData("x.jpe")]
    [InlineData("x.jpg ")]
    [InlineData("x.pt")]
    public void A_name_that_ends_otherwise_is_refused_before_drawing_and_what_would_be_right_is_said(string name)
    {
        Assert.Equal(
            $"Samples are written to a .png, .jpg or .safetensors file, or into a folder, whose name ends with / or has no dot, not to "
                + $"'{folder.Path(name)}'.",
            Sample(name, "--steps", "1000", "--count", "100000").Mistake());
        Assert.Empty(folder.Files());
    }

    [Theory]
    [InlineData("x.gif.")]
    [InlineData(".gif")]
    [InlineData("x.png")]
    [InlineData("x")]
    public void An_animation_has_its_own_ending(string name)
    {
        Assert.Equal(
            $"An animation is written to a .gif file, not to '{folder.Path(name)}'.",
            Sample("x.png", "--gif", folder.Path(name)).Mistake());
        Assert.Empty(folder.Files());
    }

    [Theory]
    [InlineData("x.jpg")]
    [InlineData("x.JPEG")]
    [InlineData("x.y.jpg")]
    [InlineData("X.PNG")]
    public void The_ending_says_the_format(string name)
    {
        byte[] begin = name.EndsWith("PNG", StringComparison.Ordinal) ? [0x89, (byte)'P'] : [0xff, 0xd8];
        Drawn(name);
        Assert.Equal(begin, File.ReadAllBytes(folder.Path(name))[..2]);
        Assert.Equal([name], folder.Files());
        Drawn("same.png");
        var (drawn, same) = (ImageFile.Read(folder.Path(name)), ImageFile.Read(folder.Path("same.png")));
        Assert.True(ImageComparison.Psnr(drawn, same) > 30);
    }

    [Fact]
    public void A_picture_that_is_too_long_for_jpeg_is_refused_before_drawing()
    {
        Assert.Matches(
            "^A JPEG picture has at most 65534 pixels to each side, and this one has [0-9]+ x [0-9]+: write a .png file.$",
            Sample("x.jpg", "--classes", "star", "--count", "1000", "--steps", "1000").Mistake());
        Assert.Empty(folder.Files());
    }

    [Fact]
    public void Cancelled_drawing_leaves_no_file()
    {
        var result = Cli.Run(
            new CancellationToken(canceled: true), "sample", "--checkpoint", trained.Weights, "--out", folder.Path("no.png"));
        Assert.Equal((130, "dit: stopped; nothing was written.\n"), (result.Code, result.Error));
        Assert.Empty(folder.Files());
    }

    [Fact]
    public void Drawing_reports_its_progress_and_stops_midway()
    {
        var result = Cli.RunUntil(
            "step 3/100", "sample", "--checkpoint", trained.Weights, "--classes", "star", "--count", "1", "--out", folder.Path("no.png"));
        Assert.Equal((130, "dit: stopped; nothing was written.\n"), (result.Code, result.Error));
        Assert.Matches(@"images 1 to 1 of 1, step 3/100  ETA \d+ s\n$", result.Out);
        Assert.Empty(folder.Files());
    }
}
