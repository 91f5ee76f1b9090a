using System.Text.Json;
using Dit.Commands.Tests.Tiny;
using Dit.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace Dit.Commands.Tests;

/// <summary>Command lines about models that are conditioned on text and on nothing.</summary>
public sealed class ConditionTests : IDisposable
{
    private const string Wanted = "a safetensors file with one tensor named text, (N, 3, 6), one embedded text for each row of samples";

    private readonly TestFolder folder = new();

    public void Dispose() => folder.Dispose();

    /// <summary>The command line over the models of this project's spec.</summary>
    private static CliResult Run(params string[] args)
    {
        var (output, error) = (new StringWriter { NewLine = "\n" }, new StringWriter { NewLine = "\n" });
        var code = DitCommand
            .Run(args, new CommandContext(Tiny.DitModels.All, output, error, Interactive: false, CancellationToken.None))
            .GetAwaiter()
            .GetResult();
        return new(code, output.ToString(), error.ToString());
    }

    private string Weights<TModel>()
        where TModel : TorchSharp.torch.nn.Module, IModel<TModel>
    {
        var path = folder.Path(typeof(TModel).Name + ".weights");
        using var scope = NewDisposeScope();
        using var model = TModel.Create(seed: 1);
        using var random = new torch.Generator(1);
        using (no_grad())
            foreach (var parameter in model.parameters().Where(static p => p.requires_grad))
                parameter.add_(0.1 * randn(parameter.shape, generator: random));
        Checkpoint.Save(model, path);
        return path;
    }

    private string Texts(int count, string name = "texts.safetensors", ScalarType type = ScalarType.Float32, ulong seed = 1)
    {
        using var scope = NewDisposeScope();
        using var random = new torch.Generator(seed);
        SafeTensors.Save(folder.Path(name), [("text", randn([count, 3, 6], generator: random).to(type))]);
        return folder.Path(name);
    }

    private CliResult SampleText(string outName, params string[] more) => Run(Line.With("sample",
        [("--model", "Tiny-Text"), ("--checkpoint", Weights<TinyText>()), ("--count", "2"), ("--out", folder.Path(outName))], more));

    private CliResult SampleNothing(string outName, params string[] more) => Run(Line.With("sample",
        [("--model", "Tiny-Nothing"), ("--checkpoint", Weights<TinyNothing>()), ("--count", "3"), ("--out", folder.Path(outName))], more));

    private float[] Samples(string name, params long[] shape)
    {
        using var file = SafeTensorsFile.Open(folder.Path(name));
        Assert.Equal(["samples"], file.Tensors.Keys);
        Assert.Equal(shape, file.Tensors["samples"].Shape);
        using var samples = file.Read("samples");
        return samples.data<float>().ToArray();
    }

    [Fact]
    public void A_row_is_drawn_for_each_text()
    {
        var text = SampleText("a.safetensors", "--text", Texts(3)).Succeeds();
        Assert.Contains("Wrote 6 samples of Tiny-Text (ddim-5, guidance 2, seed 0) to ", text, StringComparison.Ordinal);
        var samples = Samples("a.safetensors", 6, 3, 8, 8);
        SampleText("b.safetensors", "--text", Texts(3), "--batch", "1").Succeeds();
        Assert.All(samples.Zip(Samples("b.safetensors", 6, 3, 8, 8)), static pair => Assert.Equal(pair.First, pair.Second, 1e-4));
        SampleText("c.safetensors", "--text", Texts(3, "others.safetensors", seed: 2)).Succeeds();
        Assert.NotEqual(samples, Samples("c.safetensors", 6, 3, 8, 8));
        SampleText("d.safetensors", "--text", Texts(3), "--cfg", "1").Succeeds();
        Assert.NotEqual(samples, Samples("d.safetensors", 6, 3, 8, 8));
        SampleText("rows.png", "--text", Texts(3)).Succeeds();
        using var picture = ImageFile.ReadTensor(folder.Path("rows.png"));
        Assert.InRange(picture.shape[1], 3 * 96, 3 * 96 + 20);
    }

    [Theory]
    [InlineData(ScalarType.Float16)]
    [InlineData(ScalarType.BFloat16)]
    [InlineData(ScalarType.Float64)]
    public void Texts_may_be_of_any_real_type(ScalarType type) => SampleText("a.safetensors", "--text", Texts(1, type: type)).Succeeds();

    [Theory]
    [InlineData("f16")]
    [InlineData("bf16")]
    public void Texts_take_the_type_of_the_network(string type)
    {
        SampleText("a.safetensors", "--text", Texts(1)).Succeeds();
        SampleText("b.safetensors", "--text", Texts(1), "--dtype", type).Succeeds();
        Assert.All(Samples("a.safetensors", 2, 3, 8, 8).Zip(Samples("b.safetensors", 2, 3, 8, 8)), static pair =>
            Assert.Equal(pair.First, pair.Second, 0.2));
    }

    [Fact]
    public void A_model_of_text_asks_for_texts() =>
        Assert.Equal($"Tiny-Text is conditioned on text: give --text FILE, {Wanted}.", SampleText("no.png").Mistake());

    [Fact]
    public void A_file_of_something_else_is_one_line()
    {
        Assert.Contains(
            folder.Path("no.safetensors"),
            SampleText("no.png", "--text", folder.Path("no.safetensors")).Mistake(),
            StringComparison.Ordinal);
        Assert.Equal($"'{File("a", ("prompt", ones(1, 3, 6)))}' holds no tensor named text: Tiny-Text takes {Wanted}.", Refused("a"));
        Assert.Equal($"'{File("b", ("text", ones(1, 3, 6)), ("mask", ones(1)))}' holds 2 tensors: Tiny-Text takes {Wanted}.", Refused("b"));
        Assert.Equal(
            $"The tensor text of '{File("c", ("text", ones(2, 3, 5)))}' has the shape (2, 3, 5): Tiny-Text takes {Wanted}.",
            Refused("c"));
        Assert.Equal(
            $"The tensor text of '{File("d", ("text", ones(3, 6)))}' has the shape (3, 6): Tiny-Text takes {Wanted}.",
            Refused("d"));
        Assert.Equal(
            $"The tensor text of '{File("e", ("text", zeros(0, 3, 6)))}' has the shape (0, 3, 6): Tiny-Text takes {Wanted}.",
            Refused("e"));
        Assert.Equal(
            $"The tensor text of '{File("f", ("text", ones([1, 3, 6], ScalarType.Int64)))}' is of type Int64: embeddings are real numbers "
                + $"of 16, 32 or 64 bits.",
            Refused("f"));
        Assert.False(System.IO.File.Exists(folder.Path("no.png")));

        string File(string name, params (string, Tensor)[] tensors)
        {
            SafeTensors.Save(folder.Path(name), tensors);
            return folder.Path(name);
        }

        string Refused(string name) => SampleText("no.png", "--text", folder.Path(name)).Mistake();
    }

    [Fact]
    public void Conditions_of_other_models_are_one_line()
    {
        Assert.Equal(
            "Tiny-Text is conditioned on text: give it with --text FILE, and leave --classes out.",
            SampleText("no.png", "--classes", "1").Mistake());
        Assert.Equal(
            "Tiny-Nothing is conditioned on nothing: leave --classes out; --count N draws N images.",
            SampleNothing("no.png", "--classes", "1").Mistake());
        Assert.Equal(
            "Tiny-Nothing is conditioned on nothing: leave --text out; --count N draws N images.",
            SampleNothing("no.png", "--text", Texts(1)).Mistake());
        Assert.Equal(
            "Tiny-Nothing is conditioned on nothing: leave --cfg out; --count N draws N images.",
            SampleNothing("no.png", "--cfg", "2").Mistake());
        Assert.Equal(
            "Shapes is conditioned on classes: choose them with --classes, and leave --text out.",
            Cli.Run("sample", "--text", Texts(1), "--out", folder.Path("no.png")).Mistake());
    }

    [Fact]
    public void A_model_that_always_saw_its_text_is_drawn_without_guidance()
    {
        string[] line =
        [
            "sample",
            "--model",
            "Tiny-TextAlways",
            "--checkpoint",
            Weights<TinyTextAlways>(),
            "--text",
            Texts(1),
            "--count",
            "1",
            "--out",
            folder.Path("a.png"),
        ];
        Assert.Contains(
            "Wrote 1 sample of Tiny-TextAlways (ddim-5, guidance 1, seed 0) to ",
            Run(line).Succeeds(),
            StringComparison.Ordinal);
        Assert.Equal(
            "Tiny-TextAlways cannot be guided: its spec has conditioning.dropout 0, so it has no null text; draw with --cfg 1, or give "
                + "--negative FILE.",
            Run([.. line, "--cfg", "2"]).Mistake());
    }

    [Fact]
    public void Guidance_leads_away_from_a_text_that_is_given()
    {
        var (text, one, each) = (Texts(2), Texts(1, "one.safetensors", seed: 2), Texts(2, "each.safetensors", seed: 3));
        SampleText("null.safetensors", "--text", text).Succeeds();
        SampleText("one.safetensors.png", "--text", text, "--negative", one).Succeeds();
        foreach (var (name, negative) in new[] { ("a", one), ("b", each) })
            SampleText($"{name}.safetensors", "--text", text, "--negative", negative).Succeeds();
        var (a, b) = (Samples("a.safetensors", 4, 3, 8, 8), Samples("b.safetensors", 4, 3, 8, 8));
        Assert.NotEqual(Samples("null.safetensors", 4, 3, 8, 8), a);
        Assert.NotEqual(a, b);
        SampleText("c.safetensors", "--text", text, "--negative", each, "--batch", "1").Succeeds();
        Assert.All(b.Zip(Samples("c.safetensors", 4, 3, 8, 8)), static pair => Assert.Equal(pair.First, pair.Second, 1e-4));
        var made = Run("inspect", folder.Path("one.safetensors.png")).Succeeds();
        Assert.Contains("one.safetensors", made, StringComparison.Ordinal);
        Assert.Contains("--text texts.safetensors --negative one.safetensors", made, StringComparison.Ordinal);
        // A model without a null text is guided by one that is given.
        Assert.Contains(
            "(ddim-5, guidance 2, seed 0)",
            Run("sample", "--model", "Tiny-TextAlways", "--checkpoint", Weights<TinyTextAlways>(), "--text", text, "--negative", one,
                "--count", "1", "--out", folder.Path("d.png")).Succeeds(),
            StringComparison.Ordinal);
    }

    [Fact]
    public void A_negative_text_that_makes_no_sense_is_one_line()
    {
        Assert.Equal(
            $"'{Texts(3, "three.safetensors")}' holds 3 texts, and --text 2 texts: --negative takes one for all, or one for each.",
            SampleText("no.png", "--text", Texts(2), "--negative", folder.Path("three.safetensors")).Mistake());
        Assert.Equal(
            "--negative says what guidance leads away from, and with a scale of 1 there is none: leave it out.",
            SampleText("no.png", "--text", Texts(2), "--negative", Texts(1), "--cfg", "1").Mistake());
        Assert.Equal(
            "Tiny-Nothing is conditioned on nothing: leave --negative out; --count N draws N images.",
            SampleNothing("no.png", "--negative", Texts(1)).Mistake());
        Assert.Equal(
            "Shapes is conditioned on classes: guidance leads away from none of them; leave --negative out.",
            Cli.Run("sample", "--negative", Texts(1), "--out", folder.Path("no.png")).Mistake());
        Assert.Contains(
            "no.safetensors",
            SampleText("no.png", "--text", Texts(2), "--negative", folder.Path("no.safetensors")).Mistake(),
            StringComparison.Ordinal);
        Assert.False(File.Exists(folder.Path("no.png")));
    }

    [Fact]
    public void A_file_of_diffusers_is_said_to_hold_no_null_caption()
    {
        var converted = Run("convert", Weights<TinyPixArt>(), folder.Path("theirs"), "--to", "diffusers");

        var inspected = Run("inspect", folder.Path("theirs")).Succeeds();
        SafeTensors.Save(folder.Path("masked.safetensors"), [("text", ones(1, 3, 6)), ("mask", ones(1, 3))]);
        var drawn = Run("sample", "--checkpoint", folder.Path("theirs"), "--text", folder.Path("masked.safetensors"), "--count", "1",
            "--out", folder.Path("a.png"));

        foreach (var text in new[] { converted.Error, inspected, drawn.Error })
            Assert.Contains("Files of diffusers hold no null caption, which", text, StringComparison.Ordinal);
        Assert.Equal((0, 0), (converted.Code, drawn.Code));
        Assert.DoesNotContain("null caption", Run("inspect", Weights<TinyPixArt>()).Succeeds(), StringComparison.Ordinal);
    }

    [Fact]
    public void So_many_samples_of_nothing_are_drawn_as_are_asked_for()
    {
        Assert.Contains(
            "Wrote 3 samples of Tiny-Nothing (ddim-5, seed 0) to ", SampleNothing("a.safetensors").Succeeds(), StringComparison.Ordinal);
        var samples = Samples("a.safetensors", 3, 3, 8, 8);
        SampleNothing("b.safetensors", "--batch", "2").Succeeds();
        Assert.All(samples.Zip(Samples("b.safetensors", 3, 3, 8, 8)), static pair => Assert.Equal(pair.First, pair.Second, 1e-4));
        SampleNothing("c.safetensors", "--seed", "1").Succeeds();
        Assert.NotEqual(samples, Samples("c.safetensors", 3, 3, 8, 8));
        SampleNothing("rows.png", "--count", "10").Succeeds();
        using var picture = ImageFile.ReadTensor(folder.Path("rows.png"));
        Assert.Equal((2, 8), (picture.shape[1] / 96, picture.shape[2] / 96)); // eight in a row, no labels
        Assert.Equal("0 images cannot be drawn: at least 1 is needed.", SampleNothing("no.png", "--count", "0").Mistake());
    }

    [Fact]
    public void A_checkpoint_of_another_grid_is_drawn_with_positions_computed_anew()
    {
        string[] line =
        [
            "sample",
            "--model",
            "Tiny-Wide",
            "--checkpoint",
            Weights<TinyNothing>(),
            "--count",
            "1",
            "--out",
            folder.Path("wide.safetensors"),
        ];
        Assert.Contains("or --recompute-positions on the command line.", Run(line).Mistake(), StringComparison.Ordinal);
        var text = Run([.. line, "--recompute-positions"]).Succeeds();
        Assert.Contains(
            $"'{folder.Path("TinyNothing.weights")}' was made for a grid of 2 x 2 patches; the positions of Tiny-Wide were computed for "
                + $"its own, 2 x 6.\n",
            text, StringComparison.Ordinal);
        Samples("wide.safetensors", 1, 3, 8, 24);
        // the same grid: no notice
        Assert.Contains("Wrote 3 samples", SampleNothing("a.png", "--recompute-positions").Succeeds(), StringComparison.Ordinal);
    }

    [Fact]
    public void An_unconditional_model_is_trained_on_any_folder_of_images_and_drawn()
    {
        Directory.CreateDirectory(folder.Path("images", "more"));
        using var gray = zeros(3, 8, 9);
        foreach (var name in new[] { "a.png", "b.png", Path.Combine("more", "c.png") })
            ImageFile.WritePng(folder.Path("images", name), RgbImage.FromTensor(gray));
        var text = Run(
                "train",
                "--model",
                "Tiny-Nothing",
                "--data",
                folder.Path("images"),
                "--out",
                folder.Path("run"),
                "--steps",
                "3",
                "--batch",
                "2",
                "--ema",
                "0",
                "--save-every",
                "2")
            .Succeeds();
        Assert.Matches(@"^Training Tiny-Nothing \([\d,]+ parameters\) on 3 images\n", text);
        Assert.Equal(
            [
                "00000002.png", // of samples
                "00000003.png",
                "checkpoint-00000002.safetensors",
                "checkpoint.safetensors",
                "loss-by-time.png",
                "loss.csv",
                "loss.png",
                "metrics.jsonl",
                "model.dit.yaml",
                "report.html",
                "run.yaml",
                "sessions.jsonl",
                "weights.safetensors",
            ],
            folder.Files("run"));
        foreach (var weights in new[] { "auto", "ema", "model" })
            SampleNothing("a.png", "--checkpoint", folder.Path("run", "checkpoint.safetensors"), "--weights", weights).Succeeds();
        Directory.CreateDirectory(folder.Path("none"));
        Assert.StartsWith(
            $"The image folder {folder.Path("none")} holds no images",
            Run("train", "--model", "Tiny-Nothing", "--data", folder.Path("none"), "--out", folder.Path("no")).Mistake(),
            StringComparison.Ordinal);
    }

    [Fact]
    public void Lists_tell_variant_and_condition()
    {
        var lines = Run("models").Succeeds().Split('\n');
        Row("Tiny-Text ", "cross-attention", "text 3 x 6");
        Row("Tiny-TextAlways", " adaln ", "text 3 x 6");
        Row("Tiny-Wide", "adaln-zero", " none ", "3 x 8 x 24");
        using var json = JsonDocument.Parse(Run("models", "--json").Succeeds());
        var text = json.RootElement.EnumerateArray().First();
        Assert.Equal(
            ("cross-attention", "cross-attention"),
            (text.GetProperty("variant").GetString(), text.GetProperty("conditioning").GetString()));
        Assert.Equal("""{"kind":"text","tokens":3,"width":6,"dropout":0.2}""", JsonSerializer.Serialize(text.GetProperty("condition")));
        Assert.Equal(
            """{"kind":"none"}""",
            JsonSerializer.Serialize(
                Assert
                    .Single(json.RootElement.EnumerateArray(), static model => model.GetProperty("name").GetString() == "Tiny-Nothing")
                    .GetProperty("condition")));

        void Row(string model, params string[] cells)
        {
            var row = Assert.Single(lines, line => line.Contains(model, StringComparison.Ordinal));
            Assert.All(cells, cell => Assert.Contains(cell, row, StringComparison.Ordinal));
        }
    }

    [Theory]
    [InlineData("none", "  adaln-zero blocks, conditioned on nothing", """{"kind":"none"}""")]
    [InlineData(
        "{ variant: in-context, classes: 5 }", "  in-context blocks, conditioned on 5 classes",
        """{"kind":"classes","classes":5,"dropout":0.1}""")]
    [InlineData(
        "{ variant: cross-attention, text: { tokens: 3, width: 6 } }",
        "  cross-attention blocks, conditioned on text 3 x 6",
        """{"kind":"text","tokens":3,"width":6,"dropout":0.1}""")]
    public void Check_tells_variant_and_condition_and_counts_every_layer(string conditioning, string line, string condition)
    {
        var spec =
            $"{{ model: A, depth: 2, width: 16, heads: 2, patch_size: 2, input: {{ channels: 3, size: 8 }}, conditioning: {conditioning} "
                + $"}}";
        var path = folder.File("a.dit.yaml", spec);
        Assert.Contains(line, Run("check", path).Succeeds().Split('\n'));
        using var json = JsonDocument.Parse(Run("check", "--json", path).Succeeds());
        Assert.Equal(condition, JsonSerializer.Serialize(json.RootElement.GetProperty("models")[0].GetProperty("condition")));
        var layout = Dit.Spec.ModelLayout.Of(Assert.Single(Dit.Spec.SpecFile.Parse(spec).Models).Spec);
        Assert.Equal(layout.ParameterCount, Commands.LayerTable.Of(layout).Sum(row => row.Parameters));
    }
}
