using Dit.Commands.Tests.Tiny;
using Dit.Runtime;
using SixLabors.ImageSharp;
using SixLabors.ImageSharp.PixelFormats;
using TorchSharp;
using static TorchSharp.torch;

namespace Dit.Commands.Tests;

/// <summary>
/// What becomes of samples: folders, previews, animations, latents, and samples that are asked for in parts.
/// </summary>
public sealed partial class SamplePipelineTests : IDisposable
{
    private readonly TestFolder folder = new();

    public void Dispose() => folder.Dispose();

    private static CliResult Run(params string[] args) => Run(CancellationToken.None, TextWriter.Null, args);

    private static CliResult Run(CancellationToken cancellation, TextWriter also, params string[] args)
    {
        var (output, error) = (new StringWriter { NewLine = "\n" }, new StringWriter { NewLine = "\n" });
        var context = new CommandContext(
            Tiny.DitModels.All, also == TextWriter.Null ? output : also, error, Interactive: false, cancellation)
        {
            ProgressInterval = also == TextWriter.Null ? TimeSpan.MaxValue : TimeSpan.Zero,
        };
        return new(DitCommand.Run(args, context).GetAwaiter().GetResult(), output.ToString(), error.ToString());
    }

    private string Weights<TModel>()
        where TModel : nn.Module, IModel<TModel>
    {
        var path = folder.Path(typeof(TModel).Name + ".weights");
        if (File.Exists(path)) return path;
        using var scope = NewDisposeScope();
        using var model = TModel.Create(seed: 1);
        using var random = new torch.Generator(1);
        using (no_grad())
            foreach (var parameter in model.parameters().Where(static p => p.requires_grad))
                parameter.add_(0.1 * randn(parameter.shape, generator: random));
        Checkpoint.Save(model, path);
        return path;
    }

    private string Autoencoder()
    {
        var path = folder.Path("vae.weights");
        if (File.Exists(path)) return path;
        using var autoencoder = AutoencoderKL.Create(
            TinyLatent.Card.Autoencoder ?? throw new InvalidOperationException("A model of latents."),
            seed: 1);
        Checkpoint.Save(autoencoder, path);
        return path;
    }

    private string[] LineOfNothing(string outName, params string[] more) => Line.With("sample",
        [("--model", "Tiny-Nothing"), ("--checkpoint", Weights<TinyNothing>()), ("--count", "3"), ("--out", folder.Path(outName))], more);

    private string[] LineOfLatents(string outName, params string[] more) => Line.With("sample",
        [
            ("--model", "Tiny-Latent"),
            ("--checkpoint", Weights<TinyLatent>()),
            ("--classes", "otter,Arctic fox"),
            ("--count", "2"),
            ("--vae", Autoencoder()),
            ("--out", folder.Path(outName)),
        ],
        more);

    [Fact]
    public void Latents_of_another_size_are_decoded_to_that_size()
    {
        // 2 pixels to a latent pixel, patches of 4: multiples of 8.
        var text = Run(LineOfLatents("wide", "--size", "24x16")).Succeeds();
        Assert.Contains("Tiny-Latent was trained for 16x16 pixels and draws 24x16: ", text, StringComparison.Ordinal);
        foreach (var picture in Directory.EnumerateFiles(folder.Path("wide"), "000*.png"))
        {
            var image = ImageFile.Read(picture);
            Assert.Equal((24, 16), (image.Width, image.Height));
        }
        Run(LineOfLatents("wide.safetensors", "--size", "24x16")).Succeeds();
        using var latents = Samples("wide.safetensors");
        Assert.Equal([4, 4, 8, 12], latents.shape);
        Assert.Contains(
            "must be multiples of 8, its patch size, 4, times the factor of kl-tiny, 2. The nearest sizes are 16x16 and 24x16.",
            Run(LineOfLatents("no.png", "--size", "20x16")).Mistake(), StringComparison.Ordinal);
    }

    private Tensor Samples(string name)
    {
        using var file = SafeTensorsFile.Open(folder.Path(name));
        return file.Read("samples");
    }

    private static string[] Names(string path) =>
        [.. Directory.EnumerateFiles(path).Select(static file => Path.GetFileName(file)).Order(StringComparer.Ordinal)];

    [Fact]
    public void A_folder_takes_single_pictures_and_one_of_all()
    {
        var text = Run(LineOfNothing("run")).Succeeds();
        Assert.Contains(
            $"Wrote 3 samples of Tiny-Nothing (ddim-5, seed 0) to {folder.Path("run")} (3 pictures and grid.png)\nComputed",
            text,
            StringComparison.Ordinal);
        Assert.Equal(["0000.png", "0001.png", "0002.png", "grid.png"], Names(folder.Path("run")));
        Run(LineOfNothing("all.png")).Succeeds();
        Assert.Equal(File.ReadAllBytes(folder.Path("all.png")), File.ReadAllBytes(folder.Path("run", "grid.png")));
        Run(LineOfNothing("all.safetensors")).Succeeds();
        using var samples = Samples("all.safetensors");
        using var second = samples[1];
        Assert.Equal(RgbImage.FromTensor(second).Pixels.ToArray(), ImageFile.Read(folder.Path("run", "0001.png")).Pixels.ToArray());
    }

    [Fact]
    public void Files_of_a_run_before_are_replaced_and_others_left()
    {
        Directory.CreateDirectory(folder.Path("v1.2"));
        folder.File(Path.Combine("v1.2", "0001.png"), "old");
        folder.File(Path.Combine("v1.2", "notes.txt"), "mine");
        Assert.Contains(
            "v1.2 (3 pictures and grid.png, 1 file replaced)\nComputed", Run(LineOfNothing("v1.2")).Succeeds(), StringComparison.Ordinal);
        Assert.Contains(
            "v1.2 (3 pictures and grid.png, 4 files replaced)\nComputed",
            Run(LineOfNothing("v1.2")).Succeeds(),
            StringComparison.Ordinal);
        Assert.Equal(["0000.png", "0001.png", "0002.png", "grid.png", "notes.txt"], Names(folder.Path("v1.2")));
        Assert.Contains("new.3 (3 pictures and grid.png)\nComputed", Run(LineOfNothing("new.3/")).Succeeds(), StringComparison.Ordinal);
    }

    [Fact]
    public void Classes_are_in_the_names_of_files_and_in_the_closing_line()
    {
        var text = Run(LineOfLatents("run")).Succeeds();
        Assert.Contains(
            $"Wrote 4 samples of Tiny-Latent (ddim-5, guidance 4, seed 0) to {folder.Path("run")} (4 pictures and grid.png): 360 otter, "
                + $"279 Arctic fox\nComputed",
            text,
            StringComparison.Ordinal);
        Assert.Equal(
            ["0000-360-otter.png", "0001-360-otter.png", "0002-279-arctic-fox.png", "0003-279-arctic-fox.png", "grid.png"],
            Names(folder.Path("run")));
        Assert.Contains(
            ": 0 tench, 1 goldfish, 2 great white shark, 3 tiger shark, 4 hammerhead, 5 electric ray, 6 stingray, 7 cock, and 1 "
                + "more\nComputed",
            Run(LineOfLatents("a.safetensors", "--classes", "0,1,2,3,4,5,6,7,8")).Succeeds(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("207 golden retriever", "207-golden-retriever")]
    [InlineData("3 ../../etc/passwd", "3-etc-passwd")]
    [InlineData("986 yellow lady's slipper", "986-yellow-lady-s-slipper")]
    [InlineData("0 CON:\\*?\"<>|", "0-con")]
    [InlineData("1 Größe", "1-größe")]
    [InlineData("...", "")]
    public void Names_of_files_are_safe(string text, string name) => Assert.Equal(name, FileNames.Safe(text));

    [Fact]
    public void Names_of_files_are_not_long() => Assert.Equal(60, FileNames.Safe(new string('x', 300)).Length);

    [Fact]
    public void Latents_are_decoded_by_the_autoencoder_or_kept_as_they_are()
    {
        Run(LineOfLatents("run")).Succeeds();
        Run(LineOfLatents("all.safetensors")).Succeeds();
        using var scope = NewDisposeScope();
        using var latents = Samples("all.safetensors");
        Assert.Equal([4, 4, 8, 8], latents.shape);
        var card = TinyLatent.Card.Autoencoder ?? throw new InvalidOperationException("A model of latents.");
        using var autoencoder = AutoencoderKL.Load(Autoencoder(), card);
        using var scaled = ScaledLatents.Of(latents.narrow(0, 2, 1), card);
        var image = ImageFile.Read(folder.Path("run", "0002-279-arctic-fox.png"));
        Assert.Equal((16, 16), (image.Height, image.Width));
        Assert.Equal(RgbImage.FromTensor(autoencoder.Decode(scaled)[0]).Pixels.ToArray(), image.Pixels.ToArray());
    }

    [Fact]
    public void A_folder_of_a_whole_pipeline_brings_autoencoder_and_class_names()
    {
        foreach (var (component, weights) in new[] { ("transformer", Weights<TinyLatent>()), ("vae", Autoencoder()) })
        {
            Directory.CreateDirectory(folder.Path("pipeline", component));
            File.Copy(weights, folder.Path("pipeline", component, "diffusion_pytorch_model.safetensors"));
        }
        folder.File(
            Path.Combine("pipeline", "model_index.json"),
            """{ "_class_name": "DiTPipeline", "id2label": { "5": "kettle, tea kettle" } }""");
        var text = Run(
                "sample",
                "--model",
                "Tiny-Latent",
                "--checkpoint",
                folder.Path("pipeline"),
                "--classes",
                "tea kettle",
                "--count",
                "1",
                "--out",
                folder.Path("run"))
            .Succeeds();
        Assert.Contains(": 5 kettle\nComputed", text, StringComparison.Ordinal);
        Assert.Equal(["0000-5-kettle.png", "grid.png"], Names(folder.Path("run")));
        Run(LineOfLatents("own", "--classes", "5", "--count", "1")).Succeeds();
        Assert.Equal(
            ImageFile.Read(folder.Path("own", "0000-5-electric-ray.png")).Pixels.ToArray(),
            ImageFile.Read(folder.Path("run", "0000-5-kettle.png")).Pixels.ToArray());
    }

    [Fact]
    public void A_bad_autoencoder_is_found_before_the_weights_are_read()
    {
        Assert.Contains(
            folder.Path("none"),
            Run(LineOfLatents("a.png", "--vae", folder.Path("none"), "--checkpoint", Weights<TinyNothing>())).Mistake(),
            StringComparison.Ordinal);
        Assert.Contains(
            "TinyNothing.weights",
            Run(LineOfLatents("run", "--vae", Weights<TinyNothing>())).Mistake(),
            StringComparison.Ordinal);
        Assert.False(Directory.Exists(folder.Path("run")));
    }

    [Fact]
    public void Guidance_of_latents_is_four_and_leaves_the_fourth_channel_alone_unless_told()
    {
        Run(LineOfLatents("a.safetensors")).Succeeds();
        Run(LineOfLatents("b.safetensors", "--cfg", "4", "--cfg-channels", "3")).Succeeds();
        Run(LineOfLatents("c.safetensors", "--cfg-channels", "all")).Succeeds();
        using var scope = NewDisposeScope();
        Assert.True(Samples("a.safetensors").Equals(Samples("b.safetensors")));
        Assert.False(Samples("a.safetensors").allclose(Samples("c.safetensors"), atol: 1e-3));
    }

    [Fact]
    public void Guidance_acts_in_its_interval_only()
    {
        Run(LineOfLatents("whole.safetensors", "--cfg-interval", "0,inf")).Succeeds();
        Assert.Contains(
            "(ddim-5, guidance 4 for sigma 0.5 to 2.5, seed 0)",
            Run(LineOfLatents("part.safetensors", "--cfg-interval", "0.5,2.5")).Succeeds(),
            StringComparison.Ordinal);
        Run(LineOfLatents("none.safetensors", "--cfg-interval", "1,1")).Succeeds();
        Run(LineOfLatents("plain.safetensors")).Succeeds();
        Run(LineOfLatents("unguided.safetensors", "--cfg", "1")).Succeeds();
        using var scope = NewDisposeScope();
        Assert.True(Samples("whole.safetensors").Equals(Samples("plain.safetensors")));
        // the null class is embedded beside the others, in products of another size
        Assert.True(Samples("none.safetensors").allclose(Samples("unguided.safetensors"), atol: 1e-4));
        Assert.False(Samples("part.safetensors").allclose(Samples("plain.safetensors"), atol: 1e-3));
        Assert.Equal(
            "Tiny-Nothing is conditioned on nothing: leave --cfg-interval out; --count N draws N images.",
            Run(LineOfNothing("no.png", "--cfg-interval", "0,1")).Mistake());
    }

    [Theory]
    [InlineData("bf16", 0.2)]
    [InlineData("f16", 0.03)]
    public void Half_precision_draws_nearly_the_same_and_saves_float32(string type, double tolerance)
    {
        Run(LineOfLatents("a.safetensors", "--cfg", "1.5")).Succeeds();
        Run(LineOfLatents("b.safetensors", "--cfg", "1.5", "--dtype", type)).Succeeds();
        using var scope = NewDisposeScope();
        var (single, half) = (Samples("a.safetensors"), Samples("b.safetensors"));
        Assert.Equal(ScalarType.Float32, half.dtype);
        Assert.InRange((single - half).abs().max().item<float>() / single.std().item<float>(), 1e-6, tolerance);
    }

    [Fact]
    public void A_run_goes_on_where_another_ended()
    {
        Run(LineOfNothing("all.safetensors", "--count", "5")).Succeeds();
        Run(LineOfNothing("rest.safetensors", "--count", "2", "--first", "3")).Succeeds();
        Run(LineOfNothing("run", "--count", "2", "--first", "3")).Succeeds();
        using var scope = NewDisposeScope();
        Assert.True(Samples("all.safetensors").narrow(0, 3, 2).allclose(Samples("rest.safetensors"), atol: 1e-4));
        Assert.Equal(["0003.png", "0004.png", "grid.png"], Names(folder.Path("run")));
    }

    [Fact]
    public void Too_many_images_for_one_picture_are_written_singly_and_said_so()
    {
        Assert.Equal(
            "A grid of 5000000 images in rows of 8 has 786 x 61250002 pixels, too many for a picture: draw fewer images.",
            Run(LineOfNothing("no.png", "--count", "5000000")).Mistake());
        Assert.StartsWith(
            "An animation of 100,000 images in 5 frames takes more than 1.07 GB of memory",
            Run(LineOfNothing("run", "--count", "100000", "--gif")).Mistake(),
            StringComparison.Ordinal);
        Assert.Equal(
            "2,147,483,648 samples of 4 x 8 x 8 are too many for one run: draw fewer, with several seeds.",
            Run(LineOfLatents("run", "--count", "1073741824")).Mistake());
        Assert.False(Directory.Exists(folder.Path("run")));
        using var stop = new CancellationTokenSource();
        var watcher = new Watcher("step 1/5", stop.Cancel);
        Run(stop.Token, watcher, LineOfNothing("run", "--count", "100000", "--batch", "1"));
        Assert.StartsWith(
            "One picture of all 100,000 images would be too large: only single ones are written.\n",
            watcher.ToString(),
            StringComparison.Ordinal);
    }

    [Fact]
    public void Other_mistakes_are_one_line()
    {
        folder.File("file", "");
        Assert.Equal(
            $"Pictures cannot be written into '{folder.Path("file")}', for it is a file: name a folder, or a .png or .jpg file.",
            Run(LineOfNothing("file")).Mistake());
        Assert.Equal(
            $"Cannot write '{folder.Path("no", "a.gif")}': the folder '{folder.Path("no")}' does not exist.",
            Run(LineOfNothing("a.png", "--gif", folder.Path("no", "a.gif"))).Mistake());
        Directory.CreateDirectory(folder.Path("b.gif"));
        Assert.Equal($"Cannot write '{folder.Path("b.gif")}': it is a folder.", Run(LineOfNothing("b.png", "--gif")).Mistake());
        Directory.CreateDirectory(folder.Path("b.preview.png"));
        Assert.Equal(
            $"Cannot write '{folder.Path("b.preview.png")}': it is a folder.",
            Run(LineOfNothing("b.png", "--preview", "1")).Mistake());
        Assert.Equal(
            "Tiny-Many draws samples of 2 channels, and pictures have 1 or 3: --out NAME.safetensors saves the samples as they are.",
            Run("sample", "--model", "Tiny-Many", "--checkpoint", Weights<TinyMany>(), "--out", folder.Path("no.png")).Mistake());
        Run("sample", "--model", "Tiny-Many", "--checkpoint", Weights<TinyMany>(), "--out", folder.Path("a.safetensors")).Succeeds();
        Assert.Contains(
            "pictures of them need its weights",
            Run("sample", "--model", "Tiny-Latent", "--out", folder.Path("b.safetensors"), "--gif").Mistake(),
            StringComparison.Ordinal);
    }

    [Fact]
    public void Drawing_more_leaves_no_more_tensors_behind()
    {
        // Reading a model leaves some to the finalizer; drawing adds none to them, whatever is drawn.
        Left("1", "2");
        Assert.Equal(Left("1", "2"), Left("5", "9"));

        long Left(string count, string steps)
        {
            var before = Live();
            foreach (var output in new[] { "run", "a.png", "a.safetensors" })
                Run(LineOfLatents(output, "--count", count, "--steps", steps, "--batch", "3", "--gif", "--preview", "2")).Succeeds();
            return Live() - before;
        }

        static long Live()
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
            return Tensor.TotalCount;
        }
    }

    [Fact]
    public void Guidance_is_what_is_usual_for_a_model()
    {
        var card = Dit.Definitions.Shapes.Card;
        var request = new SampleRequest(
            null, CheckpointWeights.Auto, [], null, null, null, null, GuidanceChannels.FirstThree, null, 0, 0, 1, 1, new("a.png"), CPU,
            ScalarType.Float32, false);
        Assert.Equal((2, 4), (request.GuidanceFor(card).Scale, request.GuidanceFor(TinyLatent.Card).Scale));
        card = card with { Condition = new ModelCondition.Classes(10, 0) };
        Assert.Equal(1, request.GuidanceFor(card).Scale);
        Assert.EndsWith(
            "draw with --cfg 1.",
            Assert.Throws<DitException>(() => (request with { Scale = 2 }).GuidanceFor(card)).Message,
            StringComparison.Ordinal);
    }
}
