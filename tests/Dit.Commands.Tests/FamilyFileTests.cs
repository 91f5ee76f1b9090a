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

    // The names, which diffusers' own conversion of the published files gives, and the folder of its pipeline.
    [Theory]
    [InlineData("v0", 17, false)]
    [InlineData("v1", 17, true)]
    public void UniDiffuser_is_known_by_the_names_of_diffusers_too(string version, int names, bool hasDataType)
    {
        using var scope = NewDisposeScope();
        var weights = Recorded($"unidiffuser/unidiffuser-{version}");
        TorchArchive.Save(folder.Path($"uvit_{version}.pth"), weights);
        Directory.CreateDirectory(folder.Path("pipeline"));
        Run("convert", folder.Path($"uvit_{version}.pth"), folder.Path("pipeline", "unet"), "--to", "diffusers").Succeeds();

        using (var file = CheckpointFile.Open(folder.Path("pipeline")))
        {
            var outside = file.Tensors.Keys.Where(static name => !name.Contains("_block", StringComparison.Ordinal)).ToArray();
            Assert.Equal(names + (hasDataType ? 2 : 0), outside.Length);
            Assert.Contains("transformer.pos_embed.proj.weight", outside);
            Assert.Equal(hasDataType, outside.Contains("data_type_token_embedding.weight"));
            Assert.Equal([32, 32], file.Tensors["transformer.transformer_out_blocks.1.block.attn1.to_v.weight"].Shape);
            Assert.Equal([32, 64], file.Tensors["transformer.transformer_out_blocks.1.skip.skip_linear.weight"].Shape);
            Assert.True(file.Read("transformer.transformer_out_blocks.0.skip.norm.bias").Equals(Weight("out_blocks.0.norm1.bias")));
            Assert.True(file.Read("transformer.transformer_mid_block.norm1.weight").Equals(Weight("mid_block.norm2.weight")));
            (string Key, string Value)[] settings =
            [
                ("num_layers", "4"), ("num_text_tokens", "5"), ("text_dim", "12"), ("clip_img_dim", "20"),
                ("use_data_type_embedding", hasDataType ? "true" : "false"), ("sample_size", "8"),
            ];
            foreach (var (key, value) in settings) Assert.Equal(value, file.Metadata[$"config.{key}"], ignoreCase: true);
        }
        var said = Run("inspect", folder.Path("pipeline")).Succeeds();
        Assert.Contains("Its names are those of diffusers.", said, StringComparison.Ordinal);
        Assert.Contains($"It is a checkpoint of Recorded-UniDiffuser-{version}.", said, StringComparison.Ordinal);
        Run("convert", folder.Path("pipeline"), folder.Path("again.pth"), "--to", "official").Succeeds();
        Same(weights, folder.Path("again.pth"));

        Tensor Weight(string name) => weights.Single(entry => entry.Name == name).Value;
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
