using Dit.Runtime.Tests.Autoencoders;
using TorchSharp;
using static TorchSharp.torch;

namespace Dit.Runtime.Tests;

/// <summary>
/// Folders of latents: what is read is what the encoder gave, however it was written, and nothing else is taken for it.
/// </summary>
public sealed partial class LatentFolderTests : IDisposable
{
    private const int Images = 10, Side = 16;

    private static readonly AutoencoderCard Tiny = AutoencoderKLTests.Tiny;

    private readonly TemporaryFolder folder = new();
    private readonly AutoencoderKL autoencoder = AutoencoderKL.Create(Tiny, seed: 3);
    private readonly ImageFolder images;

    public LatentFolderTests()
    {
        ShapesDataset.Write(folder["shapes"], Images, seed: 1, size: Side);
        images = ImageFolder.Open(folder["shapes"], cacheBytes: 0);
    }

    public void Dispose()
    {
        autoencoder.Dispose();
        folder.Dispose();
    }

    private static LatentOptions Small => new() { Mirrored = true, Batch = 2, ImagesPerShard = 3 };

    private LatentResult Encode(
        string name,
        LatentOptions options,
        ImageFolder? from = null,
        IProgress<LatentProgress>? progress = null,
        CancellationToken cancellation = default
    ) => new LatentEncoding(from ?? images, (Side, Side), autoencoder, options).Run(folder[name], progress, cancellation);

    private string[] FilesOf(string name) =>
        [.. Directory.GetFiles(folder[name]).Select(static path => Path.GetFileName(path)).Order(StringComparer.Ordinal)];

    private static DitException OneSentence(Action act)
    {
        var mistake = Assert.ThrowsAny<DitException>(act);
        Assert.Single(mistake.Message.Split('\n'));
        Assert.True(mistake.Message[^1] is '.' or '?', mistake.Message);
        return mistake;
    }

    private void AssertRefused(string part, string name = "latents") =>
        Assert.Contains(part, OneSentence(() => LatentFolder.Open(folder[name]).Dispose()).Message, StringComparison.Ordinal);

    [Fact]
    public void The_names_of_the_images_are_kept_and_added_to_a_folder_of_an_earlier_version()
    {
        Encode("latents", Small);
        var names = folder["latents", LatentFolder.NamesName];
        var written = File.ReadAllText(names);
        using (var latents = LatentFolder.Open(folder["latents"]))
        {
            Assert.Equal(images.Names, latents.Names());
            Assert.Equal("arrow/000000.png", latents.Names()[0]);
            File.AppendAllText(names, "\"more.png\"\n");
            Assert.Contains($"names {Images + 1} images", OneSentence(() => latents.Names()).Message, StringComparison.Ordinal);
            File.WriteAllText(names, "no JSON\n");
            Assert.StartsWith("Line 1 of ", OneSentence(() => latents.Names()).Message, StringComparison.Ordinal);
            File.Delete(names);
            Assert.Contains("since an earlier version made it", OneSentence(() => latents.Names()).Message, StringComparison.Ordinal);
        }
        Assert.Equal(Images, Encode("latents", Small).Kept);
        Assert.Equal(written, File.ReadAllText(names));
    }

    [Fact]
    public void What_is_read_is_what_the_encoder_gave()
    {
        Assert.Equal((0, Images, false), Encode("latents", Small) is var result ? (result.Kept, result.Done, result.Cancelled) : default);
        Assert.Equal(
            ["images.jsonl", .. Enumerable.Range(0, 4).Select(i => $"latents-0000{i}-of-00004.safetensors"), "latents.json"],
            FilesOf("latents"));

        using var latents = LatentFolder.Open(folder["latents"]);
        Assert.Equal(Images, latents.Count);
        Assert.Equal(new ImageShape(4, Side / 2, Side / 2), latents.Description.Shape);
        Assert.Equal(Tiny, latents.Description.Autoencoder);
        Assert.Equal(images.Classes, latents.Classes);

        int[] indices = [9, 0, 4, 4];
        bool[] flips = [true, false, false, true];
        using var scope = NewDisposeScope();
        var (pixels, labels) = images.LoadBatch(indices, new ImageShape(3, Side, Side), flips);
        using var expected = autoencoder.Encode(pixels);
        using var read = latents.Load(indices, flips);
        Assert.True(expected.Values.Equals(read.Values));
        Assert.True(labels.Equals(latents.LoadLabels(indices)));
        Assert.False(read.Values[2].Equals(read.Values[3].flip(-1))); // the latent of a mirrored image is no mirrored latent
    }

    [Fact]
    public void Half_precision_rounds_the_moments_a_little()
    {
        Encode("full", Small);
        Encode("half", Small with { Type = ScalarType.Float16 });
        using var full = LatentFolder.Open(folder["full"]);
        using var half = LatentFolder.Open(folder["half"]);
        using var a = full.Load([1, 8]);
        using var b = half.Load([1, 8]);
        Assert.Equal(ScalarType.Float32, b.Values.dtype);
        Assert.False(a.Values.Equals(b.Values));
        Close.To(a.Values, b.Values, 1e-3);
        Assert.Equal(full.Description.Bytes, 2 * half.Description.Bytes);
    }

    [Fact]
    public void Images_without_classes_have_no_labels()
    {
        Encode("latents", Small with { Mirrored = false }, ImageFolder.OpenUnlabeled(folder["shapes"], cacheBytes: 0));
        using var latents = LatentFolder.Open(folder["latents"]);
        Assert.Null(latents.Description.Classes);
        Assert.Empty(latents.Classes);
        OneSentence(() => latents.LoadLabels([0]));
        Assert.Contains("--no-flip", OneSentence(() => latents.Load([0], [true])).Message, StringComparison.Ordinal);
        OneSentence(() => latents.Load([]));
        OneSentence(() => latents.Load([Images]));
        OneSentence(() => latents.Load([0], [false, false]));
    }

    [Fact]
    public void The_hash_is_of_the_encoder_whatever_the_naming_and_the_decoder()
    {
        using var compvis = AutoencoderKLTests.Load();
        using var diffusers = AutoencoderKLTests.Load("diffusers");
        Assert.Equal(LatentHash.OfEncoder(compvis), LatentHash.OfEncoder(diffusers));
        Change("decoder.conv_in.weight");
        Change("post_quant_conv.bias");
        Assert.Equal(LatentHash.OfEncoder(compvis), LatentHash.OfEncoder(diffusers));
        Change("quant_conv.bias");
        Assert.NotEqual(LatentHash.OfEncoder(compvis), LatentHash.OfEncoder(diffusers));
        Assert.Matches("^[0-9a-f]{16}$", LatentHash.OfEncoder(compvis));

        void Change(string name)
        {
            using var frozen = no_grad();
            using var scope = NewDisposeScope();
            diffusers.state_dict()[name].add_(1);
        }
    }

    [Fact]
    public void A_description_is_read_as_it_was_written_and_differs_in_every_setting()
    {
        var made = new LatentEncoding(images, (Side, 2 * Side), autoencoder, Small).Description;
        foreach (var text in new[] { made.ToJson(), made.ToIndex() })
        {
            var read = LatentDescription.Parse(text, "index");
            Assert.Equal(made.ToJson(), read.ToJson());
            Assert.Equal(made.Autoencoder, read.Autoencoder);
            Assert.Null(made.DifferenceTo(read));
        }

        LatentDescription[] others =
        [
            made with
            {
                Autoencoder = Tiny with { Shift = 1e-9 },
            },
            made with
            {
                Encoder = "0",
            },
            made with
            {
                Height = 32,
            },
            made with
            {
                Width = 16,
            },
            made with
            {
                Images = 9,
            },
            made with
            {
                Classes = null,
            },
            made with
            {
                Mirrored = false,
            },
            made with
            {
                Type = "f16",
            },
            made with
            {
                Tile = 8,
            },
            made with
            {
                ImagesPerShard = 4,
            },
            made with
            {
                Source = "0",
            },
        ];
        Assert.All(others, other => Assert.NotNull(made.DifferenceTo(other)));
        var settings = typeof(LatentDescription).GetProperties().Count(static property => property.CanWrite);
        Assert.Equal(settings - 1, others.Length); // all but the version
        Assert.All(
            [
                Tiny with
                {
                    Name = "a",
                },
                Tiny with
                {
                    Channels = 64,
                },
                Tiny with
                {
                    Multipliers = [1, 4],
                },
                Tiny with
                {
                    ResidualBlocks = 2,
                },
                Tiny with
                {
                    LatentChannels = 3,
                },
                Tiny with
                {
                    Scale = 0.18216,
                },
                Tiny with
                {
                    QuantConvolutions = false,
                },
                Tiny with
                {
                    AttentionLevels = [1],
                },
                Tiny with
                {
                    ChannelStatistics = true,
                },
                Tiny with
                {
                    Statistics = new([0, 0, 0, 0], [1, 1, 1, 1]),
                },
            ],
            card => Assert.NotNull(made.DifferenceTo(made with { Autoencoder = card })));
        // a new one is to be described
        Assert.Equal(11, typeof(AutoencoderCard).GetProperties().Count(static property => property.CanWrite));
    }

    [Fact]
    public void Settings_that_make_no_sense_are_one_sentence()
    {
        Refused("multiples of 2", (15, 16), Small);
        Refused("multiples of 2", (0, 16), Small);
        Refused("not as BFloat16", (16, 16), Small with { Type = ScalarType.BFloat16 });
        Refused("1 or more images, not 0", (16, 16), Small with { ImagesPerShard = 0 });
        Refused("cannot be read at once", (16, 16), Small with { Batch = 0 });
        Refused("cannot be read at once", (16, 16), Small with { Batch = int.MaxValue });

        void Refused(string part, (int, int) size, LatentOptions options) =>
            Assert.Contains(
                part,
                OneSentence(() => _ = new LatentEncoding(images, size, autoencoder, options)).Message,
                StringComparison.Ordinal);
    }

    [Fact]
    public void An_image_that_cannot_be_read_is_named_and_nothing_is_left()
    {
        File.WriteAllText(images.Files[1].Path, "no image");
        Assert.Contains(images.Files[1].Path, OneSentence(() => Encode("latents", Small)).Message, StringComparison.Ordinal);
        Assert.False(Directory.Exists(folder["latents"]));
    }

    [Fact]
    public void Moments_beyond_half_precision_are_told_and_not_written()
    {
        using (no_grad())
        using (NewDisposeScope())
            autoencoder.state_dict()["quant_conv.bias"].fill_(1e6);
        var mistake = OneSentence(() => Encode("latents", Small with { Type = ScalarType.Float16 }));
        Assert.Contains(images.Files[0].Path, mistake.Message, StringComparison.Ordinal);
        Assert.Contains("keep them as f32", mistake.Message, StringComparison.Ordinal);
        Assert.False(Directory.Exists(folder["latents"]));
        Assert.Equal(Images, Encode("latents", Small).Done);
    }

    [Fact]
    public void A_shard_of_another_division_is_foreign()
    {
        Encode("latents", Small);
        File.Move(folder["latents", "latents-00001-of-00004.safetensors"], folder["latents", "latents-00001-of-00005.safetensors"]);
        File.Delete(folder["latents", LatentFolder.IndexName]);
        Assert.Contains(
            "latents-00001-of-00005.safetensors of another run",
            OneSentence(() => Encode("latents", Small)).Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public void Encoding_and_reading_leave_no_tensor_behind()
    {
        Encode("warm", Small);
        var before = LiveTensors.Count();
        Encode("latents", Small);
        using (var latents = LatentFolder.Open(folder["latents"]))
            for (var i = 0; i < 20; i++)
            {
                using var moments = latents.Load([i % Images, 3], [false, true]);
                using var labels = latents.LoadLabels([i % Images]);
            }
        Assert.Equal(before, LiveTensors.Count());
    }
}
