using System.Reflection;
using Dit.Runtime;
using static TorchSharp.torch;

namespace Dit.Commands.Tests;

/// <summary>
/// Files of every family under the names of its published code, which the recorded weights of small models have:
/// <c>dit inspect</c> says what they are, and <c>dit convert</c> takes them.
/// </summary>
public sealed class FamilyFileTests : IDisposable
{
    private const string Specs = """
        family: Recorded-{of}
        matrix:
          of:
            UViT:
              { backbone: u-vit, depth: 5, width: 32, heads: 4, patch_size: 2, input: { channels: 4, size: 8 },
                conditioning: { classes: 10 }, diffusion: { variance: fixed-small } }
            LightningDiT:
              { depth: 2, width: 32, heads: 4, patch_size: 1, block: { norm: rms, mlp: swiglu, position: rope-2d },
                input: { channels: 8, size: 6 }, conditioning: { classes: 10 }, diffusion: { schedule: flow-linear } }
            PixArt:
              { depth: 2, width: 32, heads: 4, patch_size: 2, block: { modulation: shared }, positions: { scale: 1, base: 4 },
                input: { channels: 4, size: 8 },
                conditioning: { variant: adaln-zero+cross-attention, text: { tokens: 7, width: 12, mask: true } } }
            UniDiffuser-v0:
              { backbone: unidiffuser, depth: 5, width: 32, heads: 4, patch_size: 2, clip_width: 20, text_tokens: 5,
                text_width: 12, input: { channels: 4, size: 8 }, conditioning: none, diffusion: { variance: fixed-small } }
            UniDiffuser-v1:
              { backbone: unidiffuser, depth: 5, width: 32, heads: 4, patch_size: 2, clip_width: 20, text_tokens: 5,
                text_width: 12, data_type: true, input: { channels: 4, size: 8 }, conditioning: none,
                diffusion: { variance: fixed-small } }
        autoencoder: none

        """;

    private static readonly Lazy<IReadOnlyList<ModelDefinition>> Models = new(static () =>
    [
        .. Dit.Spec.SpecFile.Parse(Specs).Models.Select(static model =>
            CompiledSpecs.Load(Dit.Spec.SpecWriter.Write(model.Spec), CancellationToken.None)),
        .. Dit.Definitions.DitModels.All,
    ]);

    private static readonly string Golden = Path.Combine(
        typeof(FamilyFileTests).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>()
            .Single(static a => a.Key == "RepositoryRoot").Value ?? throw new InvalidOperationException("The project says where it is."),
        "tests",
        "golden");

    private readonly TestFolder folder = new();

    public void Dispose() => folder.Dispose();

    private static CliResult Run(params string[] args) => Cli.Run(Models.Value, CancellationToken.None, args);

    private static (string Name, Tensor Value)[] Recorded(string golden)
    {
        using var file = SafeTensorsFile.Open(Path.Combine(Golden, $"{golden}.safetensors"));
        return
        [
            .. file.Tensors.Keys.Where(static name => name.StartsWith("param.", StringComparison.Ordinal))
                .Select(name => (name["param.".Length..], file.Read(name))),
        ];
    }

    /// <summary>The model, the recorded weights, the published file's name, and what its names begin with.</summary>
    public static TheoryData<string, string, string, string[]> Files => new()
    {
        { "Recorded-UViT", "uvit/uvit-class-conv", "imagenet256_uvit_large.pth", [""] },
        { "Recorded-LightningDiT", "lightningdit/lightningdit-released", "lightningdit-xl.pt", ["model.", "ema."] },
        { "Recorded-PixArt", "pixart/pixart", "PixArt-XL-2-256x256.pth", ["state_dict."] },
        { "Recorded-UniDiffuser-v0", "unidiffuser/unidiffuser-v0", "uvit_v0.pth", [""] },
        { "Recorded-UniDiffuser-v1", "unidiffuser/unidiffuser-v1", "uvit_v1.pth", [""] },
    };

    [Theory, MemberData(nameof(Files))]
    public void A_published_file_is_known_and_converted(string model, string golden, string name, string[] starts)
    {
        using var scope = NewDisposeScope();
        var weights = Recorded(golden);
        var path = folder.Path(name);
        TorchArchive.Save(path, [.. starts.SelectMany(start => weights.Select(entry => (start + entry.Name, entry.Value)))]);

        var said = Run("inspect", path).Succeeds();
        Assert.Contains("Its names are those of the official code.", said, StringComparison.Ordinal);
        Assert.Contains($"It is a checkpoint of {model}.", said, StringComparison.Ordinal);

        Converts(path, "own.safetensors", "--to", "dit");
        Run("convert", folder.Path("own.safetensors"), folder.Path("official.pth"), "--to", "official").Succeeds();
        foreach (var written in (string[])["own.safetensors", "official.pth"]) Same(weights, folder.Path(written));
        using var own = CheckpointFile.Open(folder.Path("own.safetensors"));
        Assert.Equal(model, own.Metadata[ModelCard.NameKey]);
    }

    [Fact]
    public void PixArt_is_known_by_the_names_of_diffusers_too()
    {
        using var scope = NewDisposeScope();
        SafeTensors.Save(folder.Path("transformer.safetensors"), Recorded("pixart/pixart.diffusers"));

        var said = Run("inspect", folder.Path("transformer.safetensors")).Succeeds();
        Assert.Contains("Its names are those of diffusers.", said, StringComparison.Ordinal);
        Assert.Contains("It is a checkpoint of Recorded-PixArt.", said, StringComparison.Ordinal);
        Assert.Contains("no null", Converts(folder.Path("transformer.safetensors"), "official.pth", "--to", "official"));
        Same(Recorded("pixart/pixart"), folder.Path("official.pth"), but: "y_embedder.y_embedding");
    }

    // What is left out on the way, such as a prefix of the names, is said beside.
    private string Converts(string from, string to, params string[] more)
    {
        var result = Run(["convert", from, folder.Path(to), .. more]);
        Assert.Equal(0, result.Code);
        Assert.All(result.Error.Split('\n', StringSplitOptions.RemoveEmptyEntries), static line =>
            Assert.StartsWith("dit: note: ", line, StringComparison.Ordinal));
        return result.Error;
    }

    private static void Same((string Name, Tensor Value)[] wanted, string path, string? but = null)
    {
        using var file = CheckpointFile.Open(path);
        Assert.Equal(wanted.Select(static entry => entry.Name).Order(), file.Tensors.Keys.Order());
        foreach (var (name, value) in wanted.Where(entry => entry.Name != but)) Assert.True(file.Read(name).Equals(value), name);
    }
}
