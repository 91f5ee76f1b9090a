using Dit.Spec;
using Dit.Testing;

namespace Dit.Generator.Tests;

/// <summary>Generated code and shape tables as a reviewer sees them in a pull request.</summary>
[Collection(nameof(Snapshot))]
public class SnapshotTests
{
    /// <summary>
    /// Whole models; the other shipped ones differ from these in constants only, which the table shows.
    /// </summary>
    [Theory]
    [InlineData("DiTXL2.g.cs")]
    [InlineData("PixArtXL21024MS.g.cs")]
    [InlineData("DitModels.g.cs")]
    public void Generated_source_compiles_and_matches_its_snapshot(string file) => Match(
        Path.GetFileNameWithoutExtension(file), "cs", Generate.From(Repository.Definitions).AssertCached().AssertCompiles().Sources[file]);

    /// <summary>
    /// One small model for each conditioning variant besides adaLN-Zero, and between them every kind of condition.
    /// </summary>
    [Theory]
    [InlineData("InContext", "in-context, classes: 10")]
    [InlineData("CrossAttention", "cross-attention, text: { tokens: 77, width: 768 }")]
    [InlineData("AdaLN", "adaln, text: { tokens: 77, width: 768 }, dropout: 0")]
    [InlineData("Unconditional", "adaln-zero, none: true")]
    public void A_small_model_of_each_variant_matches_its_snapshot(string name, string conditioning) => Match(
        $"{name}Sample.g", "cs",
        Generate.From(new SpecText("small.dit.yaml", Sample(name, conditioning))).AssertCached().AssertCompiles().Sources[
            $"{name}Sample.g.cs"
        ]);

    /// <summary>A small U-ViT with all that the backbone can have.</summary>
    private const string UViT = """
        model: UViTSample
        backbone: u-vit
        depth: 5
        width: 64
        heads: 4
        patch_size: 2
        time_mlp: true
        input: { channels: 4, size: [16, 24] }
        conditioning: { text: { tokens: 77, width: 768 } }
        diffusion: { variance: fixed-small, schedule: scaled-linear }
        autoencoder: kl-f8
        samplers:
          dpm-50: { method: dpm-solver++, steps: 50 }
        """;

    [Fact]
    public void A_U_ViT_matches_its_snapshot() => Match(
        "UViTSample.g", "cs",
        Generate.From(new SpecText("u-vit.dit.yaml", UViT)).AssertCached().AssertCompiles().Sources["UViTSample.g.cs"]);

    [Fact]
    public void A_U_ViT_in_PyTorch_matches_its_snapshot() =>
        Match("UViTSample.model", "py", PythonModel.Of(Assert.Single(SpecFile.Parse(UViT).Models).Spec));

    /// <summary>A small UniDiffuser that tells kinds of data apart.</summary>
    private const string UniDiffuser = """
        model: UniDiffuserSample
        backbone: unidiffuser
        depth: 5
        width: 64
        heads: 4
        patch_size: 2
        data_type: true
        input: { channels: 4, size: [16, 24] }
        conditioning: none
        diffusion: { variance: fixed-small, schedule: scaled-linear }
        autoencoder: kl-f8
        samplers:
          dpm-50: { method: dpm-solver++, steps: 50 }
        """;

    [Fact]
    public void A_UniDiffuser_matches_its_snapshot() => Match(
        "UniDiffuserSample.g", "cs",
        Generate.From(new SpecText("pairs.dit.yaml", UniDiffuser)).AssertCached().AssertCompiles().Sources["UniDiffuserSample.g.cs"]);

    [Fact]
    public void A_UniDiffuser_in_PyTorch_matches_its_snapshot() =>
        Match("UniDiffuserSample.model", "py", PythonModel.Of(Assert.Single(SpecFile.Parse(UniDiffuser).Models).Spec));

    [Fact]
    public void The_official_model_in_PyTorch_matches_its_snapshot() => Match("DiTXL2.model", "py", PythonModel.Of(
        Repository.Definitions.SelectMany(static file => SpecFile.Parse(file.GetText().ToString()).Models)
            .Single(static model => model.Spec.Name == "DiT-XL/2").Spec));

    [Fact]
    public void PixArt_in_PyTorch_matches_its_snapshot() => Match("PixArtXL21024MS.model", "py", PythonModel.Of(
        Repository.Definitions.SelectMany(static file => SpecFile.Parse(file.GetText().ToString()).Models)
            .Single(static model => model.Spec.Name == "PixArt-XL/2-1024-MS").Spec));

    [Fact]
    public void A_model_of_texts_with_cross_attention_in_PyTorch_matches_its_snapshot() => Match(
        "CrossAttentionSample.model", "py", PythonModel.Of(
            Assert.Single(SpecFile.Parse(Sample("CrossAttention", "cross-attention, text: { tokens: 77, width: 768 }")).Models).Spec));

    [Fact]
    public void A_model_without_a_null_class_and_with_fixed_variance_matches_its_snapshot() => Match(
        "NoNullClass.g", "cs", Generate.From(new SpecText("no-null-class.dit.yaml", """
            model: NoNullClass
            depth: 2
            width: 64
            heads: 4
            patch_size: 2
            mlp_ratio: 2.5
            input: { channels: 3, size: [8, 16] }
            conditioning: { classes: 5, dropout: 0 }
            diffusion: { prediction: start-x, variance: fixed-small, schedule: squared-cosine, timesteps: 400 }
            samplers:
              noisy: { method: ddim, steps: 20, eta: 0.5 }
              fast: { method: dpm-solver++, steps: 10, spacing: logsnr }
              unipc-8: { method: unipc, steps: 8, order: 3, variant: bh1, clip_denoised: false }
              exact: { method: dopri5, rtol: 0.0001 }
            """)).AssertCached().AssertCompiles().Sources["NoNullClass.g.cs"]);

    [Fact]
    public void A_model_of_a_flow_matches_its_snapshot() => Match(
        "FlowSample.g", "cs", Generate.From(new SpecText("flow.dit.yaml", """
            model: FlowSample
            depth: 2
            width: 64
            heads: 4
            patch_size: 2
            input: { channels: 4, size: 16 }
            conditioning: { classes: 5 }
            diffusion:
              schedule: flow-gvp
              prediction: start-x
              variance: ignored
              loss: velocity
              times: { logit-normal: { mean: -0.5, std: 0.8 } }
              shift: 3
              cosine_loss: true
            autoencoder: kl-f8
            """)).AssertCached().AssertCompiles().Sources["FlowSample.g.cs"]);

    [Fact]
    public void A_model_that_computes_as_diffusers_does_matches_its_snapshot() => Match(
        "DiffusersNumerics.g", "cs", Generate.From(new SpecText("diffusers.dit.yaml", """
            model: DiffusersNumerics
            depth: 2
            width: 64
            heads: 4
            patch_size: 2
            numerics: diffusers
            input: { channels: 4, size: 16 }
            conditioning: { classes: 5 }
            autoencoder: kl-f8
            samplers:
              ddim-20: { method: ddim, steps: 20 }
            """)).AssertCached().AssertCompiles().Sources["DiffusersNumerics.g.cs"]);

    [Fact]
    public void A_model_whose_block_differs_from_the_papers_matches_its_snapshot() => Match(
        "BlockKeys.g", "cs", Generate.From(new SpecText("block-keys.dit.yaml", BlockKeys)).AssertCached().AssertCompiles().Sources[
            "BlockKeys.g.cs"
        ]);

    [Fact]
    public void The_same_model_in_PyTorch_matches_its_snapshot() =>
        Match("BlockKeys.model", "py", PythonModel.Of(Assert.Single(SpecFile.Parse(BlockKeys).Models).Spec));

    private const string BlockKeys = """
        model: BlockKeys
        depth: 2
        width: 64
        heads: 4
        patch_size: 2
        block: { norm: rms, mlp: swiglu, qk_norm: layer, position: rope-2d, shift: false }
        input: { channels: 4, size: [16, 24] }
        conditioning: { classes: 5 }
        diffusion: { variance: fixed-large }
        autoencoder: kl-f8
        samplers:
          ddim-20: { method: ddim, steps: 20 }
        """;

    [Fact]
    public void Names_shapes_and_macs_of_every_shipped_model_match_their_table() => Match(ModelTable.Name, "md", ModelTable.Markdown(
        Repository
            .Definitions.SelectMany(static file => SpecFile.Parse(file.GetText().ToString()).Models)
            .Select(static model => model.Spec)));

    private static string Sample(string name, string conditioning) => $$"""
        model: {{name}}Sample
        depth: 2
        width: 64
        heads: 4
        patch_size: 2
        input: { channels: 4, size: [16, 24] }
        conditioning: { variant: {{conditioning}} }
        autoencoder: kl-f8
        samplers:
          ddim-20: { method: ddim, steps: 20 }
        """;

    private static void Match(string name, string extension, string text) => Snapshot.Verify(text, $"../../snapshots/{name}", extension);
}
