using Dit.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace Dit.Commands.Tests;

/// <summary>Training of text-conditional models on images with embedded captions.</summary>
public sealed class CaptionTests(ShapesAndAutoencoder shapes) : IClassFixture<ShapesAndAutoencoder>, IDisposable
{
    private const string Wanted = "a safetensors file with one tensor named text, (N, 3, 6), one embedded text for each image";

    private readonly TestFolder folder = new();

    public void Dispose() => folder.Dispose();

    private static CliResult Run(params string[] args) => Cli.Run(Tiny.DitModels.All, CancellationToken.None, args);

    private string Captions(int count, string name = "captions.safetensors", string? files = null)
    {
        using var scope = NewDisposeScope();
        using var random = new torch.Generator(1);
        SafeTensors.Save(
            folder.Path(name),
            [("text", randn([count, 3, 6], generator: random))],
            files is null ? null : new Dictionary<string, string> { ["files"] = files });
        return folder.Path(name);
    }

    private CliResult Train(params string[] more) => Run(Line.With(
        "train",
        [
            ("--model", "Tiny-Text"),
            ("--data", shapes.Images),
            ("--out", folder.Path("run")),
            ("--steps", "4"),
            ("--batch", "5"),
            ("--recipe", "paper"),
            ("--ema", "0"),
        ],
        more));

    private void Sampled(string model, string run) => Run(
        "sample", "--model", model, "--checkpoint", folder.Path(run, "weights.safetensors"), "--text", Captions(2, "prompts.safetensors"),
        "--count", "1", "--out", folder.Path($"{run}.safetensors")).Succeeds();

    [Fact]
    public void A_model_of_text_is_trained_on_captions_goes_on_and_is_sampled()
    {
        var captions = Captions(20);
        Assert.Contains("on 20 images\n", Train("--captions", captions).Succeeds(), StringComparison.Ordinal);
        Train("--captions", captions, "--out", folder.Path("longer"), "--steps", "2").Succeeds();
        Train("--captions", captions, "--out", folder.Path("longer"), "--resume").Succeeds();
        Assert.Equal(
            File.ReadAllBytes(folder.Path("run", "weights.safetensors")),
            File.ReadAllBytes(folder.Path("longer", "weights.safetensors")));
        Sampled("Tiny-Text", "run");

        // The same texts with other images.
        string[] names = [.. Directory
            .EnumerateFiles(shapes.Images, "*.png", SearchOption.AllDirectories)
            .Select(path => Path.GetRelativePath(shapes.Images, path).Replace('\\', '/'))
            .Order(StringComparer.Ordinal)];
        string Named(IEnumerable<string> order) =>
            Captions(20, "named.safetensors", $"[{string.Join(",", order.Select(static name => $"\"{name}\""))}]");
        Train("--captions", Named(names), "--out", folder.Path("named")).Succeeds();
        Train("--captions", Named(names.Reverse()), "--out", folder.Path("other")).Succeeds();
        string Losses(string run) => File.ReadAllText(folder.Path(run, "loss.csv"));
        Assert.Equal(Losses("run"), Losses("named"));
        Assert.NotEqual(Losses("run"), Losses("other"));
    }

    [Fact]
    public void Captions_that_are_missing_not_wanted_or_not_embedded_are_one_sentence()
    {
        Assert.Equal(
            $"Tiny-Text is conditioned on text: give the embedded texts of the images with --captions FILE, {Wanted}.", Train().Mistake());
        Directory.CreateDirectory(folder.Path("data"));
        folder.File("data/cat.txt", "a cat");
        const string NoEncoder = "are not read, since this version has no text encoder: docs/training.md has a script that embeds them.";
        Assert.Equal(
            $"Tiny-Text is conditioned on text: give the embedded texts of the images with --captions FILE, {Wanted}. Texts such as "
                + $"'{folder.Path("data", "cat.txt")}' {NoEncoder}",
            Train("--data", folder.Path("data")).Mistake());
        foreach (var texts in (string[])[folder.Path("data"), folder.Path("captions.jsonl")])
            Assert.Equal($"--captions takes {Wanted}. Texts such as '{texts}' {NoEncoder}", Train("--captions", texts).Mistake());
        Assert.Equal(
            "Tiny-Nothing is not conditioned on text: leave --captions out.",
            Train("--model", "Tiny-Nothing", "--captions", Captions(20)).Mistake());
        Assert.StartsWith(
            $"'{Captions(19)}' has 19 texts, and {shapes.Images} has 20 images", Train("--captions", Captions(19)).Mistake(),
            StringComparison.Ordinal);
        Assert.False(Directory.Exists(folder.Path("run")));
    }

    [Fact]
    public void A_model_of_latents_is_trained_on_captions_by_the_names_of_the_encoded_images()
    {
        var spec = folder.File("texts.dit.yaml", """
            model: Texts
            depth: 1
            width: 16
            heads: 2
            patch_size: 4
            input: { channels: 4, size: 8 }
            conditioning: { variant: cross-attention, text: { tokens: 3, width: 6 }, dropout: 0.1 }
            autoencoder: { name: kl-small, ch: 32, ch_mult: [1, 2], num_res_blocks: 1, z_channels: 4, scale_factor: 0.18215 }
            samplers:
              ddim-2: { method: ddim, steps: 2 }

            """);
        Cli.Run("encode", "--model", spec, "--data", shapes.Images, "--vae", shapes.Vae, "--out", folder.Path("latents")).Succeeds();
        var captions = Captions(20);
        Train("--model", spec, "--data", folder.Path("latents"), "--captions", captions, "--no-flip").Succeeds();
        Sampled(spec, "run");
        Assert.Contains(
            "is conditioned on text: give the embedded texts",
            Train("--model", spec, "--data", folder.Path("latents"), "--out", folder.Path("no")).Mistake(), StringComparison.Ordinal);
        File.Delete(folder.Path("latents", "images.jsonl"));
        Assert.Contains(
            "since an earlier version made it",
            Train("--model", spec, "--data", folder.Path("latents"), "--captions", captions, "--out", folder.Path("no")).Mistake(),
            StringComparison.Ordinal);
        Assert.False(Directory.Exists(folder.Path("no")));
    }
}
