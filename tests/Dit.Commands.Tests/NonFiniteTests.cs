using System.Buffers.Binary;
using System.Text.Json;
using Dit.Commands.Tests.Tiny;
using Dit.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace Dit.Commands.Tests;

/// <summary>A result that is not a number is never written, whatever it was to become.</summary>
public sealed class NonFiniteTests : IDisposable
{
    private readonly TestFolder folder = new();

    public void Dispose() => folder.Dispose();

    private static CliResult Run(params string[] args) =>
        Cli.Run([.. Tiny.DitModels.All, .. Dit.Definitions.DitModels.All], CancellationToken.None, args);

    /// <summary>Weights of a model, in one of which is one value that is not finite.</summary>
    private string Spoiled<TModel>(string weight, float value = float.NaN)
        where TModel : nn.Module, IModel<TModel>
    {
        var path = folder.Path($"{typeof(TModel).Name}.safetensors");
        using (var model = TModel.Create(seed: 1)) Checkpoint.Save(model, path);
        return Spoil(path, weight, value);
    }

    private string Autoencoder(string? weight = null)
    {
        var path = folder.Path("vae.safetensors");
        using (
            var autoencoder = AutoencoderKL.Create(
                TinyLatent.Card.Autoencoder ?? throw new InvalidOperationException("A model of latents."),
                seed: 1))
            Checkpoint.Save(autoencoder, path);
        return weight is null ? path : Spoil(path, weight, float.NaN);
    }

    // In the file: what writes files refuses such weights.
    private static string Spoil(string path, string tensor, float value)
    {
        var bytes = File.ReadAllBytes(path);
        var header = (int)BinaryPrimitives.ReadInt64LittleEndian(bytes);
        using var json = JsonDocument.Parse(bytes.AsMemory(8, header));
        var at = 8 + header + json.RootElement.GetProperty(tensor).GetProperty("data_offsets")[0].GetInt32();
        BinaryPrimitives.WriteSingleLittleEndian(bytes.AsSpan(at), value);
        File.WriteAllBytes(path, bytes);
        return path;
    }

    public static TheoryData<string> Outputs => ["out.png", "out/", "out.safetensors"];

    [Theory, MemberData(nameof(Outputs))]
    public void A_model_with_a_weight_that_is_not_a_number_writes_nothing(string output)
    {
        var checkpoint = Spoiled<TinyNothing>("blocks.0.mlp.fc1.bias");
        var before = folder.Files();
        foreach (
            string[] more in (string[][])
                [
                    [],
                    ["--preview", "1"],
                    ["--gif"],
                    ["--preview", "2", "--gif", folder.Path("other.gif")],
                    ["--batch", "2"],
                    ["--dtype", "bf16"],
                ])
        {
            var image = Run([
                    "sample",
                    "--model",
                    "Tiny-Nothing",
                    "-c",
                    checkpoint,
                    "--count",
                    "3",
                    "--first",
                    "7",
                    "-o",
                    folder.Path(output),
                    .. more,
                ])
                .Mistake();
            Assert.StartsWith("Image 7 is not finite from step 1 of ", image, StringComparison.Ordinal);
            Assert.Contains(
                $": the weight blocks.0.mlp.fc1.bias holds 1 NaN, at [0]; 'dit inspect --check {checkpoint}' lists all such tensors; "
                    + $"nothing was written.",
                image,
                StringComparison.Ordinal);
            Assert.Equal(before, folder.Files());
            Assert.False(Directory.Exists(folder.Path("out")));
        }
    }

    [Fact]
    public void The_class_is_named_and_what_was_finished_before_is_kept_and_told()
    {
        var checkpoint = folder.Path("shapes.safetensors");
        using (var model = Definitions.Shapes.Create(seed: 1)) Checkpoint.Save(model, checkpoint);
        Spoil(checkpoint, "y_embedder.embedding_table.weight", float.PositiveInfinity); // of class 0
        string[] line = ["sample", "-c", checkpoint, "--steps", "2", "--count", "2", "--batch", "2"];

        var error = Run([.. line, "--classes", "3,0", "-o", folder.Path("pictures")]).Mistake();
        Assert.StartsWith(
            "Image 2 (class 0) is not finite from step 1 of 2 (timestep 999) on, as is 1 other of 2: the weight "
                + "y_embedder.embedding_table.weight holds 1 +infinity, at [0, 0]; ",
            error,
            StringComparison.Ordinal);
        Assert.EndsWith($"; 2 finished pictures of 4 are in {folder.Path("pictures")}.", error, StringComparison.Ordinal);
        Assert.Equal(["0000-3.png", "0001-3.png"], folder.Files("pictures"));
        Run([.. line, "--classes", "3,1", "-o", folder.Path("others.png")]).Succeeds();
    }

    [Fact]
    public void An_autoencoder_with_a_weight_that_is_not_a_number_writes_nothing()
    {
        var model = folder.Path("latent.safetensors");
        using (var latent = TinyLatent.Create(seed: 1)) Checkpoint.Save(latent, model);
        Run("sample", "--model", "Tiny-Latent", "-c", model, "--count", "2", "-o", folder.Path("latents.safetensors")).Succeeds();
        var vae = Autoencoder("decoder.conv_out.bias");
        ImageFile.WritePng(folder.Path("image.png"), ShapesDataset.Render(0, 1, 32));
        var before = folder.Files();
        foreach (string[] line in (string[][])
        [
            ["sample", "--model", "Tiny-Latent", "-c", model, "--vae", vae, "--count", "2", "-o", folder.Path("a.png")],
            ["sample", "--model", "Tiny-Latent", "-c", model, "--vae", vae, "--count", "2", "-o", folder.Path("a/")],
            [
                "sample",
                "--model",
                "Tiny-Latent",
                "-c",
                model,
                "--vae",
                vae,
                "--count",
                "2",
                "-o",
                folder.Path("b.safetensors"),
                "--preview",
                "1",
                "--gif",
            ],
            ["decode", "--in", folder.Path("latents.safetensors"), "--vae", vae, "-o", folder.Path("a.png")],
            ["decode", "--in", folder.Path("latents.safetensors"), "--vae", vae, "-o", folder.Path("a/")],
            ["reconstruct", folder.Path("image.png"), "--vae", vae, "--model", "Tiny-Latent", "-o", folder.Path("a.png")],
        ])
        {
            var error = Run(line).Mistake();
            Assert.Contains("holds", error, StringComparison.Ordinal);
            Assert.Contains(
                $": its weight decoder.conv_out.bias holds 1 NaN, at [0]; 'dit inspect --check {vae}' lists all such tensors",
                error,
                StringComparison.Ordinal);
            Assert.Equal(before, folder.Files());
            Assert.False(Directory.Exists(folder.Path("a")));
        }
    }

    [Fact]
    public void Latents_that_are_not_numbers_are_not_decoded()
    {
        var (samples, vae) = (folder.Path("latents.safetensors"), Autoencoder());
        var (c, y, x) = TinyLatent.Card.Input;
        using (var latents = zeros(3, c, y, x))
            SafeTensors.Save(samples, [("samples", latents)], new Dictionary<string, string> { [ModelCard.NameKey] = "Tiny-Latent" });
        var bytes = File.ReadAllBytes(samples);
        BinaryPrimitives.WriteSingleLittleEndian(bytes.AsSpan(bytes.Length - sizeof(float)), float.NegativeInfinity);
        File.WriteAllBytes(samples, bytes);

        foreach (var output in (string[])["a.png", "a/"])
        {
            Assert.Equal(
                $"The tensor samples of '{samples}' holds 1 -infinity, at [2, {c - 1}, {y - 1}, {x - 1}], so latent 2 is none: draw it "
                    + $"anew.",
                Run("decode", "--in", samples, "--vae", vae, "-o", folder.Path(output)).Mistake());
            Assert.Equal(["latents.safetensors", "vae.safetensors"], folder.Files());
        }
        Run("decode", "--in", samples, "--vae", vae, "--count", "2", "-o", folder.Path("a.png")).Succeeds(); // those that are
    }
}
