using System.Text.Json;
using TorchSharp;
using static TorchSharp.torch;

namespace Dit.Runtime.Tests.Autoencoders;

/// <summary>
/// LightningDiT's autoencoder: attention in its lowest level, latents normalized by channel. Values are those of the
/// published code.
/// </summary>
public sealed class VaVaeTests : IDisposable
{
    private static readonly AutoencoderCard Tiny = new(
        "va-vae-tiny", Channels: 32, [1, 1], ResidualBlocks: 1, LatentChannels: 6, Scale: 1, AttentionLevels: [1],
        ChannelStatistics: true);

    private readonly DisposeScope scope = NewDisposeScope();
    private readonly TemporaryFolder folder = new();
    private readonly GoldenFile golden = new("va-vae-tiny", "lightningdit");
    private readonly string weights;

    public VaVaeTests()
    {
        weights = folder["vae.safetensors"];
        SafeTensors.Save(weights, golden.Under("param."));
    }

    public void Dispose()
    {
        golden.Dispose();
        folder.Dispose();
        scope.Dispose();
    }

    // As the published file has them: (1, C, 1, 1), in a file of torch.save.
    private void SaveStatistics(string name = LatentStatistics.FileName) =>
        TorchArchive.Save(folder[name], [("mean", golden["in.latent_mean"]), ("std", golden["in.latent_std"])]);

    private AutoencoderKL Load()
    {
        SaveStatistics();
        return AutoencoderKL.Load(weights, Tiny);
    }

    [Fact]
    public void The_tiny_one_has_the_published_names() => Assert.Equal(
        golden.Under("param.").Select(static p => p.Name).Order(StringComparer.Ordinal),
        AutoencoderKL.CheckpointMap(Tiny).Select(static e => e.Name).Order(StringComparer.Ordinal));

    [Fact]
    public void The_full_one_has_the_published_names_and_shapes_and_count()
    {
        using var official = JsonDocument.Parse(GoldenFile.Bytes("lightningdit/va-vae-f16d32.json"));
        var map = AutoencoderKL.CheckpointMap(AutoencoderCard.VaVaeF16D32);
        Assert.Equal(
            official.RootElement.GetProperty("state dict").EnumerateObject()
                .Select(static p => $"{p.Name} {string.Join(",", p.Value.EnumerateArray().Select(static n => n.GetInt64()))}")
                .Order(StringComparer.Ordinal),
            map.Select(static e => $"{e.Name} {string.Join(",", e.Shape)}").Order(StringComparer.Ordinal));
        Assert.Equal(
            official.RootElement.GetProperty("params").GetInt64(), map.Sum(static e => e.Shape.Aggregate(1L, static (a, b) => a * b)));
        Assert.Equal(
            (16, new ImageShape(32, 16, 16)),
            (AutoencoderCard.VaVaeF16D32.Factor, AutoencoderCard.VaVaeF16D32.LatentShape(256, 256)));
    }

    [Fact]
    public void Moments_and_normalized_latents_agree()
    {
        using var autoencoder = Load();
        using var moments = autoencoder.Encode(golden["in.image"]);
        Close.To(golden["out.moments"], moments.Values, Close.OneStep, "moments");

        using var latents = ScaledLatents.Scale(golden["in.latent"], autoencoder.Card);
        Close.To(golden["out.normalized"], Normalized(golden["out.mean"]), Close.OneStep, "normalized");
        using var mode = moments.Mode();
        Close.To(Normalized(golden["out.mean"]), mode.Values, Close.OneStep, "mode");

        Tensor Normalized(Tensor unscaled) => ScaledLatents.Scale(unscaled, autoencoder.Card).Values;
    }

    [Fact]
    public void Decoded_images_agree_and_normalization_is_undone()
    {
        using var autoencoder = Load();
        using var unscaled = ScaledLatents.Scale(golden["in.latent"], autoencoder.Card);
        Close.To(golden["out.decoded"], autoencoder.Decode(unscaled), Close.OneStep, "decoded");

        using var latents = ScaledLatents.Of(golden["in.latent"], autoencoder.Card);
        Close.To(golden["out.decoded_of_normalized"], autoencoder.Decode(latents), Close.OneStep, "of normalized latents");

        using var moments = autoencoder.Encode(golden["in.image"]);
        using var mode = moments.Mode();
        Close.To(golden["out.reconstruction"], autoencoder.Decode(mode), Close.OneStep, "reconstruction");
    }

    // The published code truncates 127.5 v + 128, which is rounding of 127.5 (v + 1) but for halves.
    [Fact]
    public void Eight_bits_are_those_of_the_published_code_but_for_halves_and_the_rounding_of_a_value()
    {
        var published = golden["out.decoded_u8"];
        var decoded = golden["out.decoded"];
        for (var n = 0; n < published.shape[0]; n++)
        {
            var ours = tensor(RgbImage.FromTensor(decoded[n]).Pixels.ToArray(), [published.shape[2], published.shape[3], 3])
                .permute(2, 0, 1);
            Assert.InRange((ours.to(ScalarType.Int32) - published[n].to(ScalarType.Int32)).abs().max().item<int>(), 0, 1);
        }
    }

    [Fact]
    public void Missing_and_wrong_statistics_are_one_sentence()
    {
        Refused("put latents_stats.pt, which is published with the weights, into ", () => AutoencoderKL.Load(weights, Tiny));
        Assert.Contains(
            "lacks their means and deviations",
            Assert.Throws<DitException>(() => ScaledLatents.Scale(golden["in.latent"], Tiny)).Message);

        Wrong("it has 5 means and 6 deviations", zeros(5), ones(6));
        Wrong("a deviation is not a number above 0", zeros(6), zeros(6));
        Wrong("a mean is not finite", full(6, 1e300, ScalarType.Float64), ones(6));
        SafeTensors.Save(folder["latents_stats.safetensors"], [("mean", zeros(6))]);
        Refused("there is no tensor std", () => AutoencoderKL.Load(weights, Tiny));

        void Wrong(string part, Tensor mean, Tensor deviation)
        {
            SafeTensors.Save(folder["latents_stats.safetensors"], [("mean", mean), ("std", deviation)]);
            Refused(part, () => AutoencoderKL.Load(weights, Tiny));
        }

        static void Refused(string part, Func<AutoencoderKL> load) => Assert.Contains(part, Assert.Throws<DitException>(load).Message);
    }

    [Fact]
    public void Its_files_are_found_below_a_prefix_and_what_it_was_trained_with_is_left_out()
    {
        var path = folder["training.safetensors"];
        SafeTensors.Save(path, golden.Under("param.").Select(static p => ($"state_dict.{p.Name}", p.Value))
            .Concat([
                ("state_dict.loss.logvar", zeros(1)), ("state_dict.foundation_model.model.cls_token", zeros(1, 1, 8)),
                ("state_dict.linear_proj.weight", zeros(4, 6, 1, 1)),
            ]));
        SaveStatistics();

        using var autoencoder = AutoencoderKL.Load(path, Tiny);

        using var moments = autoencoder.Encode(golden["in.image"]);
        Close.To(golden["out.moments"], moments.Values, Close.OneStep, "moments");
    }

    [Fact]
    public void Names_of_diffusers_map_attention_of_levels_too()
    {
        var names = AutoencoderNames.Diffusers(AutoencoderCard.VaVaeF16D32);
        Assert.Empty(names.Problems(AutoencoderKL.CheckpointMap(AutoencoderCard.VaVaeF16D32)));
        var foreign = names.Foreign.Select(static e => $"{e.Name} {string.Join(",", e.Shape)}").ToArray();
        Assert.Contains("encoder.down_blocks.4.attentions.1.to_q.weight 512,512", foreign);
        Assert.Contains("decoder.up_blocks.0.attentions.2.to_out.0.bias 512", foreign);
        Assert.Contains("decoder.mid_block.attentions.0.group_norm.weight 512", foreign);
    }

    [Fact]
    public void Cards_with_equal_values_are_equal_and_statistics_count()
    {
        using var autoencoder = Load();
        Assert.Equal(Tiny, autoencoder.Card.WithoutStatistics);
        Assert.NotEqual(Tiny, autoencoder.Card);
        Assert.Equal(autoencoder.Card, AutoencoderKL.Load(weights, Tiny).Card);
        Assert.NotEqual(Tiny, Tiny with { AttentionLevels = [0] });
        Assert.Equal(Tiny with { AttentionLevels = null }, Tiny with { AttentionLevels = [] });
    }

    [Fact]
    public void A_description_of_latents_keeps_the_statistics_and_refuses_wrong_ones()
    {
        var statistics = new LatentStatistics([0.1f, 1e-7f, -3, 0, 0, 0], [1, 2, 0.3f, 1, 1, 1]);
        var made = Described(Tiny with { Statistics = statistics });
        Assert.Equal(made.Autoencoder, LatentDescription.Parse(made.ToJson(), "index").Autoencoder);
        Assert.NotNull(made.DifferenceTo(Described(Tiny with { Statistics = statistics with { Mean = statistics.Deviation } })));

        Refused("attention in a level that it lacks", Tiny with { Statistics = statistics, AttentionLevels = [2] });
        Refused("are missing, or are there without need", Tiny);
        Refused("are missing, or are there without need", Tiny with { Statistics = statistics, ChannelStatistics = false });
        Refused("it has 2 means and 6 deviations", Tiny with { Statistics = statistics with { Mean = [1, 2] } });

        static LatentDescription Described(AutoencoderCard card) => new(
            LatentDescription.CurrentVersion, card, "0", Height: 16, Width: 16, Images: 1, Classes: null, Mirrored: false, "f32", Tile: 0,
            ImagesPerShard: 1, "0");

        static void Refused(string part, AutoencoderCard card) => Assert.Contains(
            part, Assert.Throws<DitException>(() => LatentDescription.Parse(Described(card).ToJson(), "index")).Message);
    }

    [Fact]
    public void Scaling_leaves_no_tensor_behind()
    {
        using var autoencoder = Load();
        Work();
        var before = LiveTensors.Count();
        for (var i = 0; i < 10; i++) Work();
        Assert.Equal(before, LiveTensors.Count());

        void Work()
        {
            using var moments = autoencoder.Encode(golden["in.image"]);
            using var mode = moments.Mode();
            using var images = autoencoder.Decode(mode);
        }
    }
}
