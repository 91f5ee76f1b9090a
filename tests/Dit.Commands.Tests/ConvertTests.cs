using System.Text.Json;
using Dit.Commands.Tests.Tiny;
using Dit.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace Dit.Commands.Tests;

/// <summary><c>dit convert</c>, mostly on the demo model.</summary>
public sealed class ConvertTests : IDisposable
{
    private static readonly string Demo = Path.Combine(AppContext.BaseDirectory, "weights", "shapes.safetensors");

    private readonly TestFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void There_and_back_is_bit_for_bit_the_same_through_every_form()
    {
        Assert.Contains("Shapes, which", Cli.Run("convert", Demo, At("folder"), "--to", "diffusers").Succeeds());
        Cli.Run("convert", At("folder"), At("a.pt"), "--to", "official").Succeeds();
        Cli.Run("convert", At("a.pt"), At("b.safetensors"), "--to", "official", "--model", "Shapes").Succeeds();
        Cli.Run("convert", At("b.safetensors"), At("c.safetensors"), "--to", "dit").Succeeds();
        foreach (var name in (string[])["a.pt", "b.safetensors", "c.safetensors"]) AssertSame(Demo, At(name));
        using var file = CheckpointFile.Open(At("c.safetensors"));
        Assert.Equal(("Shapes", "official"), (file.Metadata["dit.model"], file.Metadata["dit.numerics"]));
        Assert.Empty(Directory.GetFiles(folder.Root, ".*"));
    }

    [Fact]
    public void The_spec_comes_along_through_every_form()
    {
        (string Form, string Name)[] forms =
        [
            ("diffusers", "folder"),
            ("official", "a.pt"),
            ("official", "a.safetensors"),
            ("dit", "b.safetensors"),
            ("official", "b.pth"),
            ("dit", "c.safetensors"),
            ("diffusers", "again"),
        ];
        var from = Demo;
        foreach (var (form, name) in forms)
        {
            Cli.Run("convert", from, At(name), "--to", form, "--model", "Shapes").Succeeds();
            using var file = CheckpointFile.Open(from = At(name));
            Assert.Equal(Definitions.Shapes.Card.Spec, CheckpointSpec.Of(file));
        }
        Assert.DoesNotContain("model: Shapes", File.ReadAllText(At("folder/transformer/config.json")), StringComparison.Ordinal);
    }

    [Fact]
    public void The_spec_is_that_of_the_model_whatever_the_file_says()
    {
        foreach (var said in (string[])["model: Other\n", new string('x', CheckpointSpec.MaxBytes + 1)])
        {
            using (NewDisposeScope())
            using (var demo = CheckpointFile.Open(Demo))
                SafeTensors.Save(At("said.safetensors"), demo, new Dictionary<string, string> { [ModelCard.SpecKey] = said });
            foreach (var (form, name) in new[] { ("official", "a.pt"), ("official", "a.safetensors"), ("dit", "b.safetensors") })
            {
                Cli.Run("convert", At("said.safetensors"), At(name), "--to", form, "--model", "Shapes").Succeeds();
                using var file = CheckpointFile.Open(At(name));
                Assert.Equal(Definitions.Shapes.Card.Spec, CheckpointSpec.Of(file));
            }
        }
    }

    [Fact]
    public void A_spec_in_a_file_may_be_as_long_as_a_spec_and_no_longer() => Assert.Equal(Spec.SpecFile.MaxBytes, CheckpointSpec.MaxBytes);

    [Fact]
    public void Names_of_classes_come_along()
    {
        Cli.Run("convert", Demo, At("folder"), "--to", "diffusers").Succeeds();
        using var index = JsonDocument.Parse(File.ReadAllText(At("folder/model_index.json")));
        Assert.Equal("arrow", index.RootElement.GetProperty("id2label").GetProperty("0").GetString());
        Assert.Equal("DiTPipeline", index.RootElement.GetProperty("_class_name").GetString());
        using var scheduler = JsonDocument.Parse(File.ReadAllText(At("folder/scheduler/scheduler_config.json")));
        Assert.Equal(
            ("DDPMScheduler", "fixed_small", "squaredcos_cap_v2", "sample"),
            (
                Text(scheduler, "_class_name"), Text(scheduler, "variance_type"), Text(scheduler, "beta_schedule"),
                Text(scheduler, "prediction_type")));
        Cli.Run("convert", Demo, At("a.safetensors"), "--to", "official").Succeeds();
        using var file = CheckpointFile.Open(At("a.safetensors"));
        Assert.Contains("arrow", file.Metadata["dit.classes"], StringComparison.Ordinal);
        Assert.DoesNotContain("dit.model", file.Metadata.Keys);
    }

    [Theory]
    [InlineData("auto")]
    [InlineData("model")]
    public void Drawing_with_the_official_arithmetic_refuses_names_of_diffusers_whichever_weights_are_asked_for(string weights)
    {
        Cli.Run("convert", Demo, At("folder"), "--to", "diffusers").Succeeds();
        Assert.Contains(
            "has the names of diffusers",
            Cli.Run("sample", "--checkpoint", At("folder"), "--weights", weights, "--out", At("a.png")).Mistake(),
            StringComparison.Ordinal);
        Assert.False(File.Exists(At("a.png")));
    }

    [Fact]
    public void Numbers_are_converted_when_asked_for()
    {
        Cli.Run("convert", Demo, At("a.safetensors"), "--to", "dit", "--dtype", "f32").Succeeds();
        using var file = CheckpointFile.Open(At("a.safetensors"));
        Assert.All(file.Tensors.Values, info => Assert.Equal(ScalarType.Float32, info.DType));
    }

    [Fact]
    public void Of_a_training_checkpoint_the_weights_asked_for_are_taken()
    {
        using (var demo = CheckpointFile.Open(Demo))
        using (NewDisposeScope())
            SafeTensors.Save(
                At("run.safetensors"),
                demo.Tensors.Keys.SelectMany(name => new[] { ("ema." + name, demo.Read(name)), ("model." + name, demo.Read(name) * 2) }),
                Demos.Named);
        Cli.Run("convert", At("run.safetensors"), At("ema.safetensors"), "--to", "dit").Succeeds();
        AssertSame(Demo, At("ema.safetensors"));
        Cli.Run("convert", At("run.safetensors"), At("model.safetensors"), "--to", "dit", "--weights", "model").Succeeds();
        using var scope = NewDisposeScope();
        using var first = CheckpointFile.Open(Demo);
        using var second = CheckpointFile.Open(At("model.safetensors"));
        Assert.True((first.Read("final_layer.linear.bias") * 2).Equals(second.Read("final_layer.linear.bias")));
        Assert.Contains(
            "no tensors named ema.*",
            Cli.Run("convert", Demo, At("x.safetensors"), "--to", "dit", "--weights", "ema").Mistake(),
            StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("nowhere.pt", "a.pt", "official", "There is no file '")]
    [InlineData("DEMO", "a.txt", "official", "A checkpoint under the official names is a .pt or a .safetensors file, not '")]
    [InlineData("DEMO", "a.pt", "dit", "A checkpoint of dit is a .safetensors file, not '")]
    [InlineData("DEMO", "a.pt", "diffusers", "A checkpoint of diffusers is a folder, and '")]
    [InlineData("DEMO", "nowhere/a.pt", "official", "does not exist.")]
    [InlineData("DEMO", "nowhere/a", "diffusers", "does not exist.")]
    public void What_cannot_be_read_or_written_is_one_sentence(string from, string to, string form, string words)
    {
        Assert.Contains(
            words,
            Cli.Run("convert", from == "DEMO" ? Demo : At(from), At(to), "--to", form).Mistake(),
            StringComparison.Ordinal);
        Assert.Empty(Directory.GetFileSystemEntries(folder.Root));
    }

    [Fact]
    public void A_folder_that_exists_is_left_alone()
    {
        Directory.CreateDirectory(At("folder"));
        Assert.Contains("exists already", Cli.Run("convert", Demo, At("folder"), "--to", "diffusers").Mistake(), StringComparison.Ordinal);
        Assert.Empty(Directory.GetFileSystemEntries(At("folder")));
    }

    [Fact]
    public void The_wrong_model_and_no_model_and_a_model_without_a_form_say_so()
    {
        Assert.Contains(
            "is not a checkpoint of DiT-S/2: tensors missing",
            Cli.Run("convert", Demo, At("a.pt"), "--to", "official", "--model", "DiT-S/2").Mistake(),
            StringComparison.Ordinal);
        Assert.Contains(
            "There is no model 'Shap'; did you mean 'Shapes'?",
            Cli.Run("convert", Demo, At("a.pt"), "--to", "official", "--model", "Shap").Mistake(),
            StringComparison.Ordinal);
        using (NewDisposeScope())
            SafeTensors.Save(At("odd.safetensors"), [("blocks.0.attn.qkv.weight", ones(3))]);
        Assert.Contains(
            "is a checkpoint of no model known here; the nearest is",
            Cli.Run("convert", At("odd.safetensors"), At("a.pt"), "--to", "official").Mistake(),
            StringComparison.Ordinal);

        using (var text = TinyText.Create()) Checkpoint.Save(text, At("text.safetensors"));
        Assert.Contains(
            "Tiny-Text has no form in diffusers",
            RunTiny("convert", At("text.safetensors"), At("folder"), "--to", "diffusers").Mistake(),
            StringComparison.Ordinal);
        Assert.False(Path.Exists(At("folder")));
    }

    [Fact]
    public void Models_of_the_same_tensors_are_told_apart_by_what_the_file_says_or_by_the_user()
    {
        using (var twin = TwinOne.Create()) Checkpoint.Save(twin, At("said.safetensors"));
        Assert.Contains(
            ": Twin-One, which",
            RunTiny("convert", At("said.safetensors"), At("a.safetensors"), "--to", "official").Succeeds(),
            StringComparison.Ordinal);
        // The spec that it carries says it as well as a card.
        Assert.Contains(
            ": Twin-One, which",
            RunTiny("convert", At("a.safetensors"), At("a.pt"), "--to", "official").Succeeds(),
            StringComparison.Ordinal);
        using (var carried = CheckpointFile.Open(At("a.safetensors")))
            SafeTensors.Save(At("silent.safetensors"), carried, new Dictionary<string, string>());
        var several = RunTiny("convert", At("silent.safetensors"), At("b.pt"), "--to", "official").Mistake();
        Assert.Contains("fits several models: Twin-One, Twin-Two, Twin-Three; choose one with --model.", several, StringComparison.Ordinal);
        // So does the name of the file, if it names one of them.
        foreach (var (name, model) in new[] { ("TWIN-TWO-8x8.safetensors", "Twin-Two"), ("a_twin three.safetensors", "Twin-Three") })
        {
            File.Copy(At("silent.safetensors"), At(name));
            var note = $"'{At(name)}' has the tensors of Twin-One, Twin-Two, Twin-Three; the name of the file says {model}.";
            var converted = RunTiny("convert", At(name), At($"{model}.safetensors"), "--to", "dit");
            Assert.Equal((0, $"dit: note: {note}\n"), (converted.Code, converted.Error));
            Assert.Contains($": {model}, which", converted.Out, StringComparison.Ordinal);
            Assert.Contains(
                $"It is a checkpoint of {model}.\n{note}\n", RunTiny("inspect", At(name)).Succeeds(), StringComparison.Ordinal);
            var drawn = RunTiny("sample", "-c", At(name), "--steps", "2", "--count", "1", "--classes", "1", "--out", At($"{model}.png"));
            Assert.Equal((0, $"dit: note: {note}\n"), (drawn.Code, drawn.Error));
            Assert.Contains($"Drawing 1 sample of {model} ", drawn.Out, StringComparison.Ordinal);
        }
        File.Copy(At("silent.safetensors"), At("twin-one-as-twin-two.safetensors"));
        Assert.Contains(
            "It is a checkpoint of Twin-One, or of Twin-Two, or of Twin-Three.",
            RunTiny("inspect", At("twin-one-as-twin-two.safetensors")).Succeeds(),
            StringComparison.Ordinal);
        RunTiny("convert", At("twin-one-as-twin-two.safetensors"), At("c.pt"), "--to", "official").Mistake();
        // What the file says counts more than what it is called.
        File.Copy(At("said.safetensors"), At("twin-two.safetensors"));
        Assert.Contains(
            "It is a checkpoint of Twin-One.\n", RunTiny("inspect", At("twin-two.safetensors")).Succeeds(), StringComparison.Ordinal);
        Assert.Contains(
            ": Twin-Two, which",
            RunTiny("convert", At("silent.safetensors"), At("b.pt"), "--to", "official", "--model", "Twin-Two").Succeeds(),
            StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("official", "a.pt")]
    [InlineData("diffusers", "folder")]
    public void Stopping_it_leaves_nothing(string form, string name)
    {
        var result = Cli.RunUntil("tensor 9 of", "convert", Demo, At(name), "--to", form);
        Assert.Equal(130, result.Code);
        Assert.Equal("dit: stopped; nothing was written.\n", result.Error);
        Assert.Empty(Directory.GetFileSystemEntries(folder.Root));
    }

    [Fact]
    public void What_a_model_of_diffusers_numerics_computes_survives_the_way_through_its_folder()
    {
        using var scope = NewDisposeScope();
        using var frozen = no_grad();
        using var model = TwinThree.Create(seed: 3);
        using var random = new torch.Generator(1);
        foreach (var parameter in model.parameters())
            if (parameter.requires_grad)
                parameter.add_(0.1 * randn(parameter.shape, generator: random));
        Checkpoint.Save(model, At("own.safetensors"));
        RunTiny("convert", At("own.safetensors"), At("folder"), "--to", "diffusers", "--model", "Twin-Three").Succeeds();
        using var loaded = TwinThree.Load(At("folder"));
        var (x, t, labels) = (randn(2, 3, 8, 8), tensor([3L, 700]), tensor([1L, 3]));
        Assert.True(model.call(x, t, labels).Equals(loaded.call(x, t, labels)));
        Assert.Contains(
            "has the names of diffusers",
            Assert.Throws<DitException>(() => TwinOne.Load(At("folder"))).Message,
            StringComparison.Ordinal);
    }

    private static CliResult RunTiny(params string[] args)
    {
        var (output, error) = (new StringWriter { NewLine = "\n" }, new StringWriter { NewLine = "\n" });
        var code = DitCommand
            .Run(args, new CommandContext(DitModels.All, output, error, Interactive: false, CancellationToken.None))
            .GetAwaiter()
            .GetResult();
        return new(code, output.ToString(), error.ToString());
    }

    private string At(string name) => folder.Path(name);

    private static string? Text(JsonDocument json, string name) => json.RootElement.GetProperty(name).GetString();

    private static void AssertSame(string a, string b)
    {
        using var scope = NewDisposeScope();
        using var first = CheckpointFile.Open(a);
        using var second = CheckpointFile.Open(b);
        Assert.Equal(first.Tensors.Keys, second.Tensors.Keys);
        Assert.All(first.Tensors.Keys, name => Assert.True(first.Read(name).Equals(second.Read(name)), name));
    }
}
