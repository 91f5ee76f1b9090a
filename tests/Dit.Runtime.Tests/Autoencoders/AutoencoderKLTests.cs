using System.Text.Json;
using TorchSharp;
using static TorchSharp.torch;

namespace Dit.Runtime.Tests.Autoencoders;

/// <summary>
/// The autoencoder against what the published architecture computed, and against the names and shapes of its files.
/// </summary>
public sealed class AutoencoderKLTests : IDisposable
{
    // What the recorded values were computed with: shared/golden metadata of the file.
    internal static readonly AutoencoderCard Tiny = new(
        "kl-f2-tiny", Channels: 32, [1, 2], ResidualBlocks: 1, LatentChannels: 4, Scale: 0.18215);

    private static readonly string[] Namings = ["compvis", "diffusers"];

    private readonly GoldenFile golden = new("kl-f2-tiny.io", "vae");

    public static TheoryData<string> AllNamings => [.. Namings];

    public void Dispose() => golden.Dispose();

    internal static AutoencoderKL Load(string naming = "compvis") =>
        AutoencoderKL.Load(GoldenFile.Path($"vae/kl-f2-tiny.{naming}.safetensors"), Tiny);

    [Theory, MemberData(nameof(AllNamings))]
    public void Encoding_gives_the_recorded_moments(string naming)
    {
        using var autoencoder = Load(naming);
        using var moments = autoencoder.Encode(golden["in.image"]);
        Close.To(golden["out.moments"], moments.Values, Close.OneStep, "moments");
    }

    [Theory, MemberData(nameof(AllNamings))]
    public void Decoding_gives_the_recorded_images(string naming)
    {
        using var autoencoder = Load(naming);
        using var latents = ScaledLatents.Of(golden["in.latent"], Tiny);
        using var images = autoencoder.Decode(latents);
        Close.To(golden["out.image"], images, Close.OneStep, "images");
    }

    [Fact]
    public void The_full_autoencoder_has_the_published_names_and_shapes_and_count()
    {
        using var official = JsonDocument.Parse(GoldenFile.Bytes("vae/kl-f8-official.json"));
        var map = AutoencoderKL.CheckpointMap(AutoencoderCard.KlF8);
        var expected = official.RootElement.GetProperty("compvis").EnumerateObject()
            .ToDictionary(static p => p.Name, static p => string.Join(",", p.Value.EnumerateArray().Select(static n => n.GetInt64())));
        Assert.Equal(
            expected.OrderBy(static p => p.Key),
            map.ToDictionary(static e => e.Name, static e => string.Join(",", e.Shape)).OrderBy(static p => p.Key));
        Assert.Equal(
            official.RootElement.GetProperty("params").GetInt64(),
            map.Sum(static e => e.Shape.Aggregate(1L, static (a, b) => a * b)));
        Assert.Equal(83_653_863, map.Sum(static e => e.Shape.Aggregate(1L, static (a, b) => a * b)));
    }

    [Fact]
    public void A_batch_gives_what_its_images_give_alone()
    {
        using var autoencoder = Load();
        using var scope = NewDisposeScope();
        var batch = golden["in.latent"];
        var together = autoencoder.Decode(ScaledLatents.Of(batch, Tiny));
        for (var n = 0; n < batch.shape[0]; n++)
            Assert.True(together.narrow(0, n, 1).Equals(autoencoder.Decode(ScaledLatents.Of(batch.narrow(0, n, 1), Tiny))));
    }

    [Fact]
    public void An_image_of_one_tile_is_decoded_whole_and_a_larger_one_nearly_so()
    {
        using var autoencoder = Load();
        using var scope = NewDisposeScope();
        using var random = new Generator(3);
        var latents = ScaledLatents.Of(randn([1, 4, 24, 20], generator: random), Tiny);
        var whole = autoencoder.Decode(latents);
        Assert.True(whole.Equals(autoencoder.Decode(latents, new AutoencoderTiling(tile: 24, overlap: 4))));
        var tiled = autoencoder.Decode(latents, new AutoencoderTiling(tile: 16, overlap: 6));
        Assert.Equal(whole.shape, tiled.shape);
        // Norms and attention see a tile alone: near, not equal, and far nearer than chance.
        var (difference, spread) = ((whole - tiled).abs().mean().item<float>(), whole.std().item<float>());
        Assert.InRange(difference, 1e-6, 0.25 * spread);
    }

    [Fact]
    public void Tiled_encoding_has_the_shape_of_the_whole()
    {
        using var autoencoder = Load();
        using var scope = NewDisposeScope();
        var images = golden["in.image"].repeat(1, 1, 3, 2);
        Assert.Equal([2, 8, 24, 16], autoencoder.Encode(images, new AutoencoderTiling(tile: 12, overlap: 3)).Values.shape);
    }

    [Theory]
    [InlineData(32, 32, false)]
    [InlineData(128, 128, false)] // 1024 x 1024 pixels of KL-f8
    [InlineData(96, 170, false)] // no more pixels
    [InlineData(128, 129, true)]
    [InlineData(256, 256, true)]
    public void Tiles_are_usual_for_latents_beyond_128_x_128(int rows, int columns, bool tiled) =>
        Assert.Equal(tiled ? new AutoencoderTiling(64, 16) : null, AutoencoderTiling.For(rows, columns));

    // The image decides: an autoencoder of a larger factor has fewer latent pixels for the same memory.
    [Theory]
    [InlineData(64, 64, 16, null)] // 1024 x 1024 pixels
    [InlineData(48, 85, 16, null)]
    [InlineData(64, 65, 16, 32)]
    [InlineData(128, 128, 16, 32)] // 2048 x 2048
    [InlineData(256, 256, 4, null)]
    [InlineData(257, 256, 4, 128)]
    [InlineData(1024, 1024, 1, null)]
    [InlineData(1025, 1024, 1, 512)]
    [InlineData(64, 64, 128, 8)]
    public void Tiles_are_usual_for_images_beyond_1024_x_1024_pixels(int rows, int columns, int factor, int? tile) =>
        Assert.Equal(
            tile is { } side ? new AutoencoderTiling(side, side / 4) : null, AutoencoderTiling.For(rows, columns, factor));

    [Theory]
    [InlineData(64, 64, 16, "0")]
    [InlineData(65, 64, 16, "0,1")]
    [InlineData(128, 64, 16, "0,32,64")]
    [InlineData(10, 64, 16, "0")]
    public void Tiles_cover_a_side_and_overlap_enough(int length, int tile, int overlap, string starts) =>
        Assert.Equal(starts, string.Join(",", new AutoencoderTiling(tile, overlap).Starts(length)));

    [Fact]
    public void Tiles_of_every_length_reach_its_end_and_overlap_by_no_less_than_asked()
    {
        var tiling = new AutoencoderTiling(16, 5);
        for (var length = 1; length < 200; length++)
        {
            var starts = tiling.Starts(length);
            Assert.Equal(0, starts[0]);
            Assert.Equal(Math.Max(length, 16), starts[^1] + 16);
            Assert.All(starts.Zip(starts.Skip(1)), static pair => Assert.InRange(pair.Second - pair.First, 1, 11));
        }
    }

    [Fact]
    public void Half_precision_decodes_nearly_the_same()
    {
        using var scope = NewDisposeScope();
        using var half = AutoencoderKL.Load(GoldenFile.Path("vae/kl-f2-tiny.compvis.safetensors"), Tiny, dtype: ScalarType.BFloat16);
        var images = half.Decode(ScaledLatents.Of(golden["in.latent"], Tiny));
        Assert.Equal(ScalarType.Float32, images.dtype);
        Close.To(golden["out.image"], images, 0.1, "images in bfloat16");
    }

    [Fact]
    public void Encoding_and_decoding_leave_no_tensor_behind()
    {
        using var autoencoder = Load();
        Work();
        var before = LiveTensors.Count();
        for (var i = 0; i < 20; i++) Work();
        Assert.Equal(before, LiveTensors.Count());

        void Work()
        {
            using var moments = autoencoder.Encode(golden["in.image"], new AutoencoderTiling(8, 2));
            using var latents = moments.Mode();
            using var noise = randn_like(latents.Values);
            using var sample = moments.Sample(noise);
            using var images = autoencoder.Decode(sample, new AutoencoderTiling(8, 2));
        }
    }

    [Fact]
    public void A_seed_gives_the_same_autoencoder()
    {
        using var a = AutoencoderKL.Create(Tiny, seed: 4);
        using var b = AutoencoderKL.Create(Tiny, seed: 4);
        using var c = AutoencoderKL.Create(Tiny, seed: 5);
        using var scope = NewDisposeScope();
        Assert.All(a.state_dict(), entry => Assert.True(entry.Value.Equals(b.state_dict()[entry.Key])));
        Assert.Contains(a.state_dict(), entry => !entry.Value.Equals(c.state_dict()[entry.Key]));
    }

    [Fact]
    public void Encoding_and_decoding_keep_no_graph()
    {
        using var autoencoder = Load();
        using var scope = NewDisposeScope();
        Assert.All(autoencoder.parameters(), static p => Assert.True(p.requires_grad));
        var moments = autoencoder.Encode(golden["in.image"]);
        Assert.False(moments.Values.requires_grad);
        Assert.False(autoencoder.Decode(moments.Mode()).requires_grad);
    }

    [Fact]
    public void Wrong_shapes_and_foreign_latents_are_refused_in_one_sentence()
    {
        using var autoencoder = Load();
        using var scope = NewDisposeScope();
        Refused("(N, 3, Y, X)", () => autoencoder.Encode(zeros(1, 3, 15, 16)));
        Refused("(N, 3, Y, X)", () => autoencoder.Encode(zeros(1, 1, 16, 16)));
        Refused("(N, 4, Y, X)", () => ScaledLatents.Of(zeros(1, 3, 8, 8), Tiny));
        Refused("(N, 8, Y, X)", () => new LatentMoments(zeros(1, 4, 8, 8), Tiny));
        Refused("architecture and scale", () => autoencoder.Decode(ScaledLatents.Of(zeros(1, 4, 8, 8), Tiny with { Scale = 0.13025 })));
        Refused("no image", () => autoencoder.Decode(ScaledLatents.Of(zeros(0, 4, 8, 8), Tiny)));
        Refused("at least 8", () => new AutoencoderTiling(4, 1));
        Refused("overlap by 0 to", () => new AutoencoderTiling(16, 8));

        static void Refused(string part, Func<object> act) => Assert.Contains(part, Assert.Throws<DitException>(act).Message);
    }

    [Fact]
    public void A_cancelled_decode_stops()
    {
        using var autoencoder = Load();
        using var latents = ScaledLatents.Of(golden["in.latent"], Tiny);
        Assert.Throws<OperationCanceledException>(() => autoencoder.Decode(latents, cancellation: new CancellationToken(canceled: true)));
    }
}
