using System.Text.Json;
using Dit.Definitions;
using Dit.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace Dit.Commands.Tests;

/// <summary>Command lines about models that denoise images and texts jointly.</summary>
public sealed class JointModelTests : IDisposable
{
    private const string Pairs = """
        model: Pairs
        backbone: unidiffuser
        depth: 3
        width: 16
        heads: 2
        patch_size: 2
        clip_width: 10
        text_tokens: 3
        text_width: 6
        data_type: true
        input: { channels: 3, size: 8 }
        conditioning: none
        diffusion: { variance: fixed-small, schedule: scaled-linear }
        autoencoder: none
        samplers:
          dpm-4: { method: dpm-solver++, steps: 4 }

        """;

    private static readonly Lazy<ModelDefinition> Model = new(static () =>
        CompiledSpecs.Load(Dit.Spec.SpecWriter.Write(Dit.Spec.SpecFile.Parse(Pairs).Models[0].Spec), CancellationToken.None));

    private readonly TestFolder folder = new();

    public void Dispose() => folder.Dispose();

    private static CliResult Run(params string[] args) => Cli.Run([Model.Value], CancellationToken.None, args);

    private string Weights()
    {
        Model.Value.Accept(new Saved(folder.Path("weights.safetensors")));
        return folder.Path("weights.safetensors");
    }

    // Away from the start, where every image is alike.
    private sealed class Saved(string path) : IModelVisitor<int>
    {
        public int Visit<TModel, TCondition, TProcess>()
            where TModel : nn.Module, IModel<TModel, TCondition, TProcess>
            where TCondition : ICondition<TCondition>
            where TProcess : IProcess => throw new InvalidOperationException("It is a joint model.");

        public int VisitJoint<TModel>()
            where TModel : nn.Module, IJointModel<TModel>
        {
            using var scope = NewDisposeScope();
            using var frozen = no_grad();
            using var random = new torch.Generator(3);
            using var model = TModel.Create(seed: 1);
            foreach (var parameter in model.parameters()) parameter.add_(0.2 * randn(parameter.shape, generator: random));
            Checkpoint.Save(model, path);
            return 0;
        }
    }

    private string Texts(int count)
    {
        using var scope = NewDisposeScope();
        using var random = new torch.Generator(4);
        SafeTensors.Save(folder.Path("texts.safetensors"), [("text", randn([count, 3, 6], generator: random))]);
        return folder.Path("texts.safetensors");
    }

    private CliResult Sample(string outName, params string[] more) => Run(Line.With("sample",
        [("--model", "Pairs"), ("--checkpoint", Weights()), ("--count", "3"), ("--out", folder.Path(outName))], more));

    private float[] Read(string name, string tensor, params long[] shape)
    {
        using var file = SafeTensorsFile.Open(folder.Path(name));
        Assert.Equal(shape, file.Tensors[tensor].Shape);
        using var read = file.Read(tensor);
        return read.data<float>().ToArray();
    }

    [Fact]
    public void The_published_models_are_listed_by_family()
    {
        var lines = Cli.Run("models").Succeeds().Split('\n');

        var row = Assert.Single(lines, static line => line.TrimStart().StartsWith("UniDiffuser-v1", StringComparison.Ordinal));
        Assert.Contains("joint", row, StringComparison.Ordinal);
        Assert.Contains("text 77 x 64, CLIP 512", row, StringComparison.Ordinal);
        using var json = JsonDocument.Parse(Cli.Run("models", "--json").Succeeds());
        var reports = json.RootElement.EnumerateArray().ToDictionary(static model => model.GetProperty("name").GetString() ?? "");
        Assert.Equal(2, reports["UniDiffuser-v1"].GetProperty("joint").GetProperty("dataTypes").GetInt32());
        Assert.Equal(JsonValueKind.Null, reports["DiT-XL/2"].GetProperty("joint").ValueKind);
    }

    [Fact]
    public void Images_and_texts_are_drawn_together()
    {
        var text = Sample("pairs.safetensors", "--seed", "5").Succeeds();

        Assert.Contains(
            "4 network evaluations for each image; guidance runs the network three times in each, for both together and for each alone: "
                + "12 passes",
            text,
            StringComparison.Ordinal);
        Assert.Contains("Wrote 3 samples of Pairs (dpm-4, guidance 8, seed 5) to ", text, StringComparison.Ordinal);
        Assert.Contains("Wrote the CLIP embeddings of the images and the texts that belong to them to ", text, StringComparison.Ordinal);
        var images = Read("pairs.safetensors", "samples", 3, 3, 8, 8);
        var clips = Read("pairs.embeddings.safetensors", "clip", 3, 1, 10);
        var texts = Read("pairs.embeddings.safetensors", "text", 3, 3, 6);
        Assert.All([.. images, .. clips, .. texts], static number => Assert.True(float.IsFinite(number)));
        Sample("again.safetensors", "--seed", "5", "--batch", "2").Succeeds();
        Assert.All(images.Zip(Read("again.safetensors", "samples", 3, 3, 8, 8)), static p => Assert.Equal(p.First, p.Second, 1e-3f));
        Assert.All(texts.Zip(Read("again.embeddings.safetensors", "text", 3, 3, 6)), static p => Assert.Equal(p.First, p.Second, 1e-3f));
        Sample("plain.safetensors", "--seed", "5", "--cfg", "1").Succeeds();
        Assert.NotEqual(images, Read("plain.safetensors", "samples", 3, 3, 8, 8));
    }

    [Fact]
    public void An_image_is_drawn_for_each_text()
    {
        var text = Sample("drawn.png", "--text", Texts(2), "--count", "2", "--cfg", "3").Succeeds();

        Assert.Contains(
            "guidance runs the network twice in each, with and without the condition: 8 passes",
            text,
            StringComparison.Ordinal);
        Assert.Contains("Wrote 4 samples of Pairs (dpm-4, guidance 3, seed 0) to ", text, StringComparison.Ordinal);
        Assert.Contains("Wrote the CLIP embeddings of the images to ", text, StringComparison.Ordinal);
        Read("drawn.embeddings.safetensors", "clip", 4, 1, 10);
        var made = Run("inspect", folder.Path("drawn.png")).Succeeds();
        Assert.Contains("--text texts.safetensors", made, StringComparison.Ordinal);
        Assert.Contains("--cfg 3", made, StringComparison.Ordinal);
    }

    [Fact]
    public void A_text_is_the_one_that_its_sampler_is_given()
    {
        Sample("drawn.safetensors", "--text", Texts(2), "--count", "1", "--cfg", "1", "--sampler", "ddim", "--steps", "3").Succeeds();

        Assert.Equal(
            Model.Value.Accept(new Drawn(Weights(), Texts(2))),
            Read("drawn.safetensors", "samples", 2, 3, 8, 8).Select(static number => MathF.Round(number, 3)));
    }

    private sealed class Drawn(string weights, string texts) : IModelVisitor<float[]>
    {
        public float[] Visit<TModel, TCondition, TProcess>()
            where TModel : nn.Module, IModel<TModel, TCondition, TProcess>
            where TCondition : ICondition<TCondition>
            where TProcess : IProcess => throw new InvalidOperationException("It is a joint model.");

        public float[] VisitJoint<TModel>()
            where TModel : nn.Module, IJointModel<TModel>
        {
            using var model = TModel.Load(weights);
            using var file = SafeTensorsFile.Open(texts);
            using var text = new JointText(file.Read("text"));
            using var image = new JointSampler<TModel>("ddim", new Ddim(Steps: 3)).TextToImage(model, text);
            return [.. image.Latents.data<float>().ToArray().Select(static number => MathF.Round(number, 3))];
        }
    }

    [Fact]
    public void Another_size_and_what_watches_work_as_for_other_models()
    {
        var text = Sample("wide.png", "--size", "16x12", "--gif", "--preview", "2").Succeeds();

        Assert.Contains(
            "Pairs was trained for 8x8 pixels and draws 16x12: the learned positions are interpolated from 4x4 to 8x6 patches.",
            text,
            StringComparison.Ordinal);
        Assert.Contains("Wrote 4 frames", text, StringComparison.Ordinal);
        Assert.Equal(
            ["weights.safetensors", "wide.embeddings.safetensors", "wide.gif", "wide.png", "wide.preview.png"],
            folder.Files());
        Sample("many/", "--size", "16x12").Succeeds();
        Assert.Equal(5, folder.Files("many").Length); // three images, all of them, and embeddings
    }

    [Fact]
    public void The_samplers_of_a_spec_are_listed()
    {
        var text = Run("samplers", "--model", folder.File("pairs.dit.yaml", Pairs)).Succeeds();

        Assert.Contains("Pairs is a Gaussian diffusion.", text, StringComparison.Ordinal);
        Assert.Contains("dpm-4", text, StringComparison.Ordinal);
    }

    [Fact]
    public void A_mistake_is_one_error()
    {
        Assert.Equal(
            "Pairs draws an image for each text of --text FILE, or without it images and texts together: leave --classes out.",
            Sample("a.png", "--classes", "1").Mistake());
        Assert.Equal(
            "Pairs is guided by a scale, at all noise levels or in an interval: leave --cfg-rescale out.",
            Sample("a.png", "--cfg-rescale", "0.5").Mistake());
        Assert.StartsWith(
            "--cfg-interval says where guidance acts",
            Sample("a.png", "--cfg", "1", "--cfg-interval", "0,5").Mistake(),
            StringComparison.Ordinal);
        Assert.StartsWith("Pairs cannot draw 9x8 pixels", Sample("a.png", "--size", "9x8").Mistake(), StringComparison.Ordinal);
        Assert.Contains("Pairs takes a safetensors file with one tensor named text, (N, 3, 6)",
            Sample("a.png", "--text", Weights()).Mistake(), StringComparison.Ordinal);
        Assert.Equal(
            "Pairs denoises images and texts jointly, and 'dit train' knows images and classes only: train it from code.",
            Run("train", "--model", "Pairs", "--data", folder.Root, "--out", folder.Path("run")).Mistake());
        Assert.Equal(["weights.safetensors"], folder.Files());
    }

    [Fact]
    public void Weights_say_which_model_they_are_of() =>
        Assert.Contains(
            "Wrote 1 sample of Pairs",
            Cli.Run(DitModels.All, CancellationToken.None, "sample", "-c", Weights(), "--count", "1", "-o", folder.Path("a.png"))
                .Succeeds(),
            StringComparison.Ordinal);
}
