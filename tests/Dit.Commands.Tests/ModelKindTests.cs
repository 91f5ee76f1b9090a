using System.Reflection;
using Dit.Runtime;

namespace Dit.Commands.Tests;

/// <summary>Where a model comes from, to the commands.</summary>
/// <param name="Known">The models that the program was built with.</param>
/// <param name="Pixels">How <c>--model</c> names a model of pixels.</param>
/// <param name="Latents">How it names a model of latents.</param>
/// <param name="Spec">The file that declares the model of pixels.</param>
/// <param name="Autoencoder">The autoencoder of the model of latents.</param>
/// <param name="Side">The size of its images.</param>
public sealed record ModelKind(
    IReadOnlyList<ModelDefinition> Known,
    string Pixels,
    string Latents,
    string Spec,
    AutoencoderCard Autoencoder,
    int Side)
{
    private static readonly string Root = typeof(ModelKind)
        .Assembly.GetCustomAttributes<AssemblyMetadataAttribute>()
        .Single(static a => a.Key == "RepositoryRoot")
        .Value
        ?? "";

    private static string File(string name) => Path.Combine(Root, "tests", "Dit.Commands.Tests", name);

    /// <summary>The kinds, by name.</summary>
    public static IReadOnlyDictionary<string, ModelKind> All { get; } = new Dictionary<string, ModelKind>
    {
        ["shipped"] = new(
            Definitions.DitModels.All, "Shapes", "DiT-S/8", Path.Combine(Root, "definitions", "shapes.dit.yaml"), AutoencoderCard.KlF8,
            256),
        ["own"] = new(Tiny.DitModels.All, "Tiny-Nothing", "Latents-Classes", File("conditions.dit.yaml"), ShapesAndAutoencoder.Card, 16),
        ["in memory"] = new(
            [], $"{File("conditions.dit.yaml")}#Tiny-Nothing", $"{File("latents.dit.yaml")}#Latents-Classes", File("conditions.dit.yaml"),
            ShapesAndAutoencoder.Card, 16),
    };

    /// <summary>Runs a command line over the models of this kind.</summary>
    internal CliResult Run(params string[] args) => Cli.Run(Known, CancellationToken.None, args);
}

/// <summary>For each kind of model, what a user comes by in an hour: images, trained weights, latents.</summary>
public sealed class TrainedModels : IDisposable
{
    private readonly TestFolder folder = new();
    private readonly Dictionary<string, string> made = [];

    /// <summary>A folder of few images, ten classes of two.</summary>
    public string Images(string kind) =>
        Made("images", kind, path => ShapesDataset.Write(path, count: 20, seed: 1, size: ModelKind.All[kind].Side));

    /// <summary>Weights of the model of pixels, after two steps.</summary>
    public string Weights(string kind) =>
        Path.Combine(Made("run", kind, path => Train(kind, ModelKind.All[kind].Pixels, Images(kind), path)), "weights.safetensors");

    /// <summary>Weights of a random autoencoder.</summary>
    public string Vae(string kind) => Made("vae.safetensors", kind, path =>
    {
        using var autoencoder = AutoencoderKL.Create(ModelKind.All[kind].Autoencoder, seed: 2);
        Checkpoint.Save(autoencoder, path);
    });

    /// <summary>One image that the autoencoder takes.</summary>
    public string Picture(string kind) =>
        Directory.EnumerateFiles(Images(kind), "*.png", SearchOption.AllDirectories).Order(StringComparer.Ordinal).First();

    /// <summary>Latents of two images.</summary>
    public string Latents(string kind) => Made("latents", kind, path =>
    {
        var few = path + "-images";
        foreach (var images in Directory.EnumerateDirectories(Images(kind)).Order(StringComparer.Ordinal).Take(2))
            File.Copy(
                Directory.EnumerateFiles(images).First(),
                Path.Combine(Directory.CreateDirectory(Path.Combine(few, Path.GetFileName(images))).FullName, "0.png"));
        ModelKind
            .All[kind]
            .Run("encode", "--data", few, "--vae", Vae(kind), "--model", ModelKind.All[kind].Latents, "--out", path)
            .Succeeds();
    });

    /// <inheritdoc/>
    public void Dispose() => folder.Dispose();

    private static void Train(string kind, string model, string data, string run) =>
        ModelKind
            .All[kind]
            .Run("train", "--model", model, "--data", data, "--out", run, "--steps", "2", "--batch", "4", "--ema", "0")
            .Succeeds();

    private string Made(string what, string kind, Action<string> make)
    {
        var path = folder.Path($"{kind.Replace(' ', '-')}-{what}");
        if (made.TryAdd(path, what)) make(path);
        return path;
    }
}

/// <summary>
/// Every command works on every model: one of the tool, one of the user's program, and one that a spec declares.
/// </summary>
public sealed class ModelKindTests(TrainedModels trained) : IClassFixture<TrainedModels>, IDisposable
{
    private readonly TestFolder folder = new();

    public static TheoryData<string> Kinds => [.. ModelKind.All.Keys];

    public void Dispose() => folder.Dispose();

    [Theory, MemberData(nameof(Kinds))]
    public void Models_are_listed_and_specs_described_and_compared(string kind)
    {
        var of = ModelKind.All[kind];
        Assert.Equal(of.Known.Count > 0, of.Run("models").Succeeds().Contains($"  {of.Pixels} ", StringComparison.Ordinal));
        Assert.Contains(" parameters, ", of.Run("check", of.Spec).Succeeds(), StringComparison.Ordinal);
        var wider = folder.File(
            "wider.dit.yaml",
            File.ReadAllText(of.Spec)
                .Replace("patch_size: 4", "patch_size: 2", StringComparison.Ordinal)
                .Replace("patch_size: 8", "patch_size: 4", StringComparison.Ordinal));
        Assert.Contains("patch_size", of.Run("diff", of.Spec, wider).Succeeds(), StringComparison.Ordinal);
    }

    [Theory, MemberData(nameof(Kinds))]
    public void A_model_of_pixels_is_trained_and_drawn(string kind)
    {
        var of = ModelKind.All[kind];
        var text = of.Run(
                "sample",
                "--model",
                of.Pixels,
                "-c",
                trained.Weights(kind),
                "--count",
                "1",
                "--steps",
                "2",
                "--out",
                folder.Path("named.png"))
            .Succeeds();
        Assert.Contains($"of {NameOf(of.Pixels)} (", text, StringComparison.Ordinal);
        of.Run("sample", "-c", trained.Weights(kind), "--count", "1", "--steps", "2", "--out", folder.Path("carried.png")).Succeeds();
        Assert.Equal(
            ImageFile.Read(folder.Path("named.png")).Pixels.ToArray(), ImageFile.Read(folder.Path("carried.png")).Pixels.ToArray());
    }

    [Theory, MemberData(nameof(Kinds))]
    public void A_checkpoint_is_recognised_and_converted(string kind)
    {
        var of = ModelKind.All[kind];
        Assert.Contains(
            $"It is a checkpoint of {NameOf(of.Pixels)}.", of.Run("inspect", trained.Weights(kind)).Succeeds(), StringComparison.Ordinal);
        of.Run("inspect", "--check", trained.Weights(kind)).Succeeds();
        of.Run("convert", trained.Weights(kind), folder.Path("named.pt"), "--to", "official", "--model", of.Pixels).Succeeds();
        of.Run("convert", trained.Weights(kind), folder.Path("carried.pt"), "--to", "official").Succeeds();
        Assert.Equal(File.ReadAllBytes(folder.Path("named.pt")), File.ReadAllBytes(folder.Path("carried.pt")));
        of.Run("convert", folder.Path("named.pt"), folder.Path("back.safetensors"), "--to", "dit", "--model", of.Pixels).Succeeds();
        using var before = CheckpointFile.Open(trained.Weights(kind));
        using var after = CheckpointFile.Open(folder.Path("back.safetensors"));
        Assert.Equal(before.Metadata[ModelCard.SpecKey], after.Metadata[ModelCard.SpecKey]);
    }

    [Theory, MemberData(nameof(Kinds))]
    public void A_model_of_latents_is_trained_and_drawn_and_its_latents_decoded(string kind)
    {
        var of = ModelKind.All[kind];
        of.Run(
                "train",
                "--model",
                of.Latents,
                "--data",
                trained.Latents(kind),
                "--out",
                folder.Path("run"),
                "--steps",
                "1",
                "--batch",
                "2",
                "--ema",
                "0")
            .Succeeds();
        of.Run(
                "sample",
                "-c",
                folder.Path("run", "weights.safetensors"),
                "--count",
                "1",
                "--steps",
                "2",
                "--classes",
                "0",
                "--cfg",
                "1",
                "--out",
                folder.Path("drawn.safetensors"))
            .Succeeds();
        of.Run("decode", "--in", folder.Path("drawn.safetensors"), "--vae", trained.Vae(kind), "--out", folder.Path("drawn.png"))
            .Succeeds();
        Assert.True(File.Exists(folder.Path("drawn.png")));
    }

    [Theory, MemberData(nameof(Kinds))]
    public void Images_go_through_the_autoencoder_of_a_model(string kind)
    {
        var of = ModelKind.All[kind];
        Assert.Contains(
            " dB",
            of.Run(
                    "reconstruct",
                    trained.Picture(kind),
                    "--vae",
                    trained.Vae(kind),
                    "--model",
                    of.Latents,
                    "--out",
                    folder.Path("both.png"))
                .Succeeds(),
            StringComparison.Ordinal);
        of.Run("decode", "--in", trained.Latents(kind), "--vae", trained.Vae(kind), "--model", of.Latents, "--out", folder.Path("one.png"))
            .Succeeds();
        Assert.True(File.Exists(folder.Path("one.png")));
    }

    private static string NameOf(string word) => word[(word.IndexOf('#', StringComparison.Ordinal) + 1)..];
}
