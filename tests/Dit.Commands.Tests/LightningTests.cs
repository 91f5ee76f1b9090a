using Dit.Commands.Tests.Tiny;
using Dit.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace Dit.Commands.Tests;

/// <summary>
/// Command lines about LightningDiT: files as it publishes them, and an autoencoder that normalizes by channel.
/// </summary>
public sealed class LightningTests : IDisposable
{
    private const string Model = "Lightning-Small";

    private readonly TestFolder folder = new();

    public void Dispose() => folder.Dispose();

    private static CliResult Run(params string[] args) =>
        Cli.Run([.. Tiny.DitModels.All, .. Dit.Definitions.DitModels.All], CancellationToken.None, args);

    private static AutoencoderCard Card =>
        LightningSmall.Card.Autoencoder ?? throw new InvalidOperationException("It is a model of latents.");

    // Weights and averaged weights, with the rotary tables, which are buffers.
    private string Checkpoint()
    {
        using var scope = NewDisposeScope();
        using var frozen = no_grad();
        using var random = new torch.Generator(5);
        using var model = LightningSmall.Create();
        foreach (var parameter in model.parameters().Where(static p => p.requires_grad)) parameter.normal_(0, 0.1, random);
        var path = folder.Path("lightning.pt");
        TorchArchive.Save(
            path,
            [
                .. model.state_dict().Select(static p => ($"model.{p.Key}", p.Value)),
                .. model.state_dict().Select(static p => ($"ema.{p.Key}", p.Value)),
            ]);
        return path;
    }

    private string Vae(bool statistics = true)
    {
        using var scope = NewDisposeScope();
        using var autoencoder = AutoencoderKL.Create(Card, seed: 2);
        Runtime.Checkpoint.Save(autoencoder, folder.Path("vae.safetensors"));
        if (statistics)
            TorchArchive.Save(
                folder.Path(LatentStatistics.FileName), [("mean", arange(6).view(1, 6, 1, 1) * 0.1), ("std", ones(1, 6, 1, 1) * 0.5)]);
        return folder.Path("vae.safetensors");
    }

    [Fact]
    public void A_released_file_is_known_and_loads_strictly()
    {
        var path = Checkpoint();
        var text = Run("inspect", path).Succeeds();
        Assert.Contains("It is a checkpoint of Lightning-Small.", text, StringComparison.Ordinal);
        Assert.Contains("feat_rope.freqs_cos", text, StringComparison.Ordinal);

        using var model = LightningSmall.Load(path);
        Assert.Contains("feat_rope.freqs_cos", model.state_dict().Keys);
        Run("sample", "--model", Model, "--checkpoint", path, "--classes", "3", "--out", folder.Path("a.safetensors")).Succeeds();
        Run("sample", "--model", Model, "--checkpoint", path, "--classes", "3", "--vae", Vae(), "--out", folder.Path("a.png")).Succeeds();
        Run("decode", "--in", folder.Path("a.safetensors"), "--vae", Vae(), "--model", Model, "--out", folder.Path("b/")).Succeeds();
        using var scope = NewDisposeScope();
        using var autoencoder = AutoencoderKL.Load(Vae(), Card);
        using var file = SafeTensorsFile.Open(folder.Path("a.safetensors"));
        using var latents = ScaledLatents.Of(file.Read("samples").narrow(0, 0, 1), autoencoder.Card);
        var picture = RgbImage.FromTensor(autoencoder.Decode(latents)[0]);
        var drawn = folder.Files("b").First(static name => name.StartsWith("0000", StringComparison.Ordinal));
        Assert.True(picture.Pixels.SequenceEqual(ImageFile.Read(folder.Path("b", drawn)).Pixels));
    }

    [Fact]
    public void Without_statistics_nothing_is_decoded()
    {
        var error = Run(
            "sample", "--model", Model, "--checkpoint", Checkpoint(), "--classes", "3", "--vae", Vae(statistics: false), "--out",
            folder.Path("a.png")).Mistake();
        Assert.Contains("put latents_stats.pt, which is published with the weights, into", error, StringComparison.Ordinal);
        Assert.False(File.Exists(folder.Path("a.png")));
    }

    [Fact]
    public void Encoded_latents_carry_the_statistics_through_training_and_decoding()
    {
        var (vae, images, latents) = (Vae(), folder.Path("shapes"), folder.Path("latents"));
        ShapesDataset.Write(images, 20, seed: 1, size: 8);
        Run("encode", "--data", images, "--vae", vae, "--model", Model, "--out", latents).Succeeds();
        using (var opened = LatentFolder.Open(latents))
        {
            Assert.Equal(Card, opened.Description.Autoencoder.WithoutStatistics);
            Assert.Equal(0.5f, opened.Description.Autoencoder.Statistics?.Deviation[5]);
        }
        File.Delete(folder.Path(LatentStatistics.FileName)); // the folder knows them
        Run("train", "--data", latents, "--model", Model, "--out", folder.Path("run"), "--steps", "2", "--batch", "4", "--ema", "0")
            .Succeeds();
        Run("decode", "--in", latents, "--vae", vae, "--out", folder.Path("all.png")).Succeeds();
        Run("decode", "--in", latents, "--vae", vae, "--model", Model, "--out", folder.Path("again.png")).Succeeds();
        Assert.Equal(File.ReadAllBytes(folder.Path("all.png")), File.ReadAllBytes(folder.Path("again.png")));
    }
}
