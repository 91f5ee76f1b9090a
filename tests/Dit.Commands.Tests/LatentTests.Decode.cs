using Dit.Commands.Tests.Tiny;
using Dit.Runtime;
using static TorchSharp.torch;

namespace Dit.Commands.Tests;

/// <summary>Latents that become pictures again.</summary>
public sealed partial class LatentTests
{
    [Fact]
    public void The_mode_of_encoded_latents_is_decoded()
    {
        Encode("latents").Succeeds();
        Decode(folder.Path("latents"), "pictures/", "--count", "2").Succeeds();
        Assert.Equal(["0000.png", "0001.png", "grid.png"], folder.Files("pictures"));
        AssertPicture(folder.Path("pictures", "0001.png"), autoencoder =>
        {
            using var moments = autoencoder.Encode(ImageFolder.Open(shapes.Images).LoadImages([1], new ImageShape(3, 16, 16)));
            using var latents = moments.Mode();
            return autoencoder.Decode(latents);
        });
        Assert.Contains("Wrote 20 pictures", Decode(folder.Path("latents"), "all.png", "--tile", "8").Succeeds(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_decoding_that_is_stopped_keeps_the_pictures_that_are_whole()
    {
        Encode("latents").Succeeds();
        string[] line = ["decode", "--in", folder.Path("latents"), "--vae", shapes.Vae, "--out", folder.Path("pictures") + "/"];
        var stopped = Cli.RunUntil(DitModelsOfThisProject, "picture 3/", line);
        Assert.Equal((130, $"dit: stopped; 3 finished pictures of 20 are in {folder.Path("pictures")}.\n"), (stopped.Code, stopped.Error));
        Assert.Equal(["0000.png", "0001.png", "0002.png"], folder.Files("pictures"));
    }

    [Fact]
    public void What_cannot_be_decoded_is_one_line_and_leaves_nothing()
    {
        Encode("latents").Succeeds();
        var samples = Save("samples", randn(2, 4, 8, 8));
        var other = folder.Path("other.vae");
        using (var autoencoder = AutoencoderKL.Create(ShapesAndAutoencoder.Card, seed: 9)) Checkpoint.Save(autoencoder, other);

        Assert.Contains(folder.Path("no"), Decode(folder.Path("no"), "no.png").Mistake(), StringComparison.Ordinal);
        Assert.Contains("is no folder of latents", Decode(shapes.Images, "no.png").Mistake(), StringComparison.Ordinal);
        Assert.Contains("holds no tensor samples", Decode(Save("latent", randn(2, 4, 8, 8)), "no.png").Mistake(), StringComparison.Ordinal);
        Assert.Contains("(N, C, Y, X)", Decode(Save("samples", randn(4, 8, 8)), "no.png").Mistake(), StringComparison.Ordinal);
        Assert.Contains(
            "(N, C, Y, X)",
            Decode(Save("samples", ones([1, 4, 8, 8], ScalarType.Int64)), "no.png").Mistake(),
            StringComparison.Ordinal);
        Assert.Contains(
            "have 4 channels",
            Decode(Save("samples", randn(2, 3, 8, 8)), "no.png", "--model", Classes).Mistake(),
            StringComparison.Ordinal);
        samples = Save("samples", randn(2, 4, 8, 8));
        Assert.StartsWith("Whose latents are these?", Decode(samples, "no.png").Mistake(), StringComparison.Ordinal);
        Assert.StartsWith(
            "The latents are those of kl-small",
            Decode(folder.Path("latents"), "no.png", "--model", "Latents-Shifted").Mistake(),
            StringComparison.Ordinal);
        Assert.Contains(
            "were encoded by other weights of kl-small",
            Decode(folder.Path("latents"), "no.png", "--vae", other).Mistake(),
            StringComparison.Ordinal);
        Assert.StartsWith(
            "Latents are decoded to a .png or .jpg picture or into a folder",
            Decode(samples, "no.safetensors").Mistake(),
            StringComparison.Ordinal);
        Assert.Equal(
            "0 latents cannot be decoded: at least 1 is needed.",
            Decode(samples, "no.png", "--model", Classes, "--count", "0").Mistake());
        Assert.StartsWith(
            "Tiles of 4 latent pixels",
            Decode(samples, "no.png", "--model", Classes, "--tile", "4").Mistake(),
            StringComparison.Ordinal);
        Assert.Equal(
            ["latents", "other.vae", "samples.safetensors"],
            Directory.GetFileSystemEntries(folder.Root).Select(static path => Path.GetFileName(path)).Order(StringComparer.Ordinal));

        string Save(string name, Tensor values)
        {
            using (values) SafeTensors.Save(folder.Path("samples.safetensors"), [(name, values)]);
            return folder.Path("samples.safetensors");
        }
    }

    private CliResult Decode(string input, string outName, params string[] more) =>
        Run(Line.With("decode", [("--in", input), ("--vae", shapes.Vae), ("--out", Path.Combine(folder.Root, outName))], more));

    private void AssertPicture(string path, Func<AutoencoderKL, Tensor> decode)
    {
        using var scope = NewDisposeScope();
        using var autoencoder = AutoencoderKL.Load(shapes.Vae, ShapesAndAutoencoder.Card);
        var expected = RgbImage.FromTensor(decode(autoencoder)[0]);
        Assert.True(expected.Pixels.SequenceEqual(ImageFile.Read(path).Pixels));
    }
}
