namespace Dit.Spec.Tests;

/// <summary>The JSON schema and the reference say what the binder does.</summary>
public class SchemaTests
{
    private static SchemaEvaluator Schema { get; } = new(SpecSchema.Json);

    [Fact]
    public void The_schema_is_the_one_written_from_the_keys() => WrittenFile.Match("definitions/dit.schema.json", SpecSchema.Json);

    [Fact]
    public void The_reference_is_the_one_written_from_the_keys() => WrittenFile.Match("docs/spec.md", SpecReference.Markdown);

    public static TheoryData<string> ShippedFiles =>
        [
            .. Directory
                .GetFiles(Path.Combine(Specs.RepositoryRoot, "definitions"), "*.dit.yaml")
                .Select(static file => Path.GetFileName(file)),
            "../tests/Dit.Runtime.Tests/golden.dit.yaml",
        ];

    [Theory, MemberData(nameof(ShippedFiles))]
    public void Every_shipped_definition_satisfies_the_schema(string file)
    {
        Assert.Empty(SpecFile.Parse(Specs.Shipped(file)).Errors);
        Assert.True(Schema.Accepts(YamlJson.Read(Specs.Shipped(file))));
    }

    [Theory]
    [InlineData("conditioning: none")]
    [InlineData("conditioning: { none: true }")]
    [InlineData("samplers: { a5: { method: ddim, steps: 5, clip_denoised: false } }")]
    [InlineData("samplers: { a5: { method: ddpm, steps: 5, clip_denoised: true } }")]
    [InlineData("conditioning: { variant: in-context, text: { tokens: 8, width: 16 }, dropout: 0 }")]
    [InlineData("input: { channels: 3, size: [8, 16] }")]
    [InlineData("mlp_ratio: 0.5")]
    [InlineData("numerics: official")]
    [InlineData("numerics: diffusers")]
    [InlineData("autoencoder: none")]
    [InlineData("autoencoder: kl-f8")]
    [InlineData(
        "autoencoder: { name: va, ch: 32, ch_mult: [1, 1], num_res_blocks: 1, z_channels: 4, attn_levels: [0, 1], channel_statistics: true "
            + "}"
    )]
    [InlineData("autoencoder: { name: kl-f4, ch: 128, ch_mult: [1, 2, 4], num_res_blocks: 2, z_channels: 4 }")]
    [InlineData(
        "autoencoder: { name: kl-f1, ch: 32, ch_mult: [64], num_res_blocks: 1, z_channels: 4, scale_factor: 0.3611, shift_factor: -0.1159, "
            + "no_quant_conv: true }")]
    public void Other_forms_of_a_key_are_legal_to_both(string line) => AssertBoth(legal: true, Specs.With(line));

    [Theory]
    [InlineData("deepth: 2")] // unknown keys
    [InlineData("input: { channels: 4, size: 8, depth: 2 }")]
    [InlineData("conditioning: { classes: 10, temperature: 1 }")]
    [InlineData("conditioning: { text: { tokens: 8, width: 16, heads: 2 } }")]
    [InlineData("diffusion: { steps: 10 }")]
    [InlineData("samplers: { a1: { method: ddim, steps: 5, seed: 1 } }")]
    [InlineData("depth: two")] // wrong types
    [InlineData("depth: '2'")]
    [InlineData("depth: 1_000")]
    [InlineData("depth: 2.5")]
    [InlineData("depth:")]
    [InlineData("depth: [2]")]
    [InlineData("depth: { a: 2 }")]
    [InlineData("mlp_ratio: four")]
    [InlineData("mlp_ratio: '4'")]
    [InlineData("input: 4")]
    [InlineData("input: { channels: 4, size: [8, 8, 8] }")]
    [InlineData("input: { channels: 4, size: [8] }")]
    [InlineData("conditioning: all")]
    [InlineData("conditioning: { none: false }")]
    [InlineData("conditioning: { none: yes }")]
    [InlineData("conditioning: { text: clip }")]
    [InlineData("diffusion: epsilon")]
    [InlineData("samplers: [ddpm]")]
    [InlineData("samplers: { ddpm-250: ddpm }")]
    [InlineData("samplers: { a5: { method: ddim, steps: 5, clip_denoised: no } }")]
    [InlineData("samplers: { a5: { method: ddim, steps: 5, clip_denoised: 'true' } }")]
    [InlineData("model:")]
    [InlineData("model: [A]")]
    [InlineData("model: true")]
    [InlineData("depth: 0")] // ranges
    [InlineData("depth: 1001")]
    [InlineData("width: 16388")]
    [InlineData("heads: 1028")]
    [InlineData("patch_size: 257")]
    [InlineData("mlp_ratio: 0.001")]
    [InlineData("mlp_ratio: 17")]
    [InlineData("input: { channels: 0, size: 8 }")]
    [InlineData("input: { channels: 4, size: 16386 }")]
    [InlineData("input: { channels: 4, size: [8, 0] }")]
    [InlineData("conditioning: { classes: 0 }")]
    [InlineData("conditioning: { classes: 10, dropout: 1.5 }")]
    [InlineData("conditioning: { text: { tokens: 5000, width: 16 } }")]
    [InlineData("diffusion: { timesteps: 1 }")]
    [InlineData("samplers: { a1: { method: ddim, steps: 0 } }")]
    [InlineData("samplers: { a1: { method: ddim, steps: 5, eta: 2 } }")]
    [InlineData("backbone: vit")] // words
    [InlineData("backbone: mmdit")]
    [InlineData("numerics: jax")]
    [InlineData("conditioning: { variant: film, classes: 10 }")]
    [InlineData("diffusion: { prediction: speed }")]
    [InlineData("diffusion: { schedule: flow-linear, shift: 0 }")]
    [InlineData("diffusion: { schedule: flow-linear, cosine_loss: yes }")]
    [InlineData("diffusion: { schedule: flow-linear, times: logit-normal }")]
    [InlineData("diffusion: { schedule: flow-linear, times: {} }")]
    [InlineData("diffusion: { schedule: flow-linear, times: { logit-normal: { std: 0 } } }")]
    [InlineData("diffusion: { variance: learned }")]
    [InlineData("diffusion: { schedule: cosine }")]
    [InlineData("autoencoder: vq")]
    [InlineData("autoencoder: { name: kl-f4, ch: 128, ch_mult: [], num_res_blocks: 2, z_channels: 4 }")]
    [InlineData("autoencoder: { name: kl-f4, ch: 128, ch_mult: [1, 65], num_res_blocks: 2, z_channels: 4 }")]
    [InlineData("autoencoder: { name: kl-f4, ch: 128, ch_mult: [1, 1, 1, 1, 1, 1, 1, 1, 1], num_res_blocks: 2, z_channels: 4 }")]
    [InlineData("autoencoder: { name: kl-f4, ch: 16, ch_mult: [1], num_res_blocks: 2, z_channels: 4 }")]
    [InlineData("autoencoder: { name: kl-f4, ch: 32, ch_mult: [1], num_res_blocks: 2, z_channels: 4, no_quant_conv: false }")]
    [InlineData("autoencoder: { name: kl-f4, ch: 32, ch_mult: [1], num_res_blocks: 2, z_channels: 4, vq: true }")]
    [InlineData("autoencoder: { name: kl-f4, ch: 32, ch_mult: [1], num_res_blocks: 2, z_channels: 4, scale_factor: 0 }")]
    [InlineData("autoencoder: { name: kl-f4, ch: 32, num_res_blocks: 2, z_channels: 4 }")]
    [InlineData("samplers: { a1: { method: leapfrog, steps: 5 } }")]
    [InlineData("input: { size: 8 }")] // missing keys
    [InlineData("conditioning: { dropout: 0.1 }")]
    [InlineData("conditioning: { text: { tokens: 8 } }")]
    [InlineData("samplers: { a1: { steps: 5 } }")]
    [InlineData("conditioning: { classes: 10, none: true }")] // more than one condition
    [InlineData("family: A")] // a family without a matrix
    public void What_is_wrong_in_itself_is_refused_by_both(string line) => AssertBoth(legal: false, Specs.With(line));

    [Theory]
    [InlineData("depth")]
    [InlineData("width")]
    [InlineData("heads")]
    [InlineData("patch_size")]
    [InlineData("input")]
    [InlineData("conditioning")]
    [InlineData("model")]
    public void A_key_without_a_default_is_required_by_both(string key) => AssertBoth(legal: false, Specs.Without(key));

    [Theory]
    [InlineData("patch_size: [2, 4, 8]", "patch_size: [2, 4]", true)]
    [InlineData("patch_size: [2, 4, 8]", "patch_size: { A: { patch_size: 2 } }", true)]
    [InlineData("{ depth: 12, width: 384,", "{ depth: 12, mlp_ratio: 2, width: 384,", false)] // and at the top, which only the binder sees
    [InlineData("patch_size: [2, 4, 8]", "patch_size: []", false)]
    [InlineData("patch_size: [2, 4, 8]", "patch_size: 2", false)]
    [InlineData("patch_size: [2, 4, 8]", "patch_size: [2, 2]", false)]
    [InlineData("patch_size: [2, 4, 8]", "patch_size: [2, 0]", false)]
    [InlineData("patch_size: [2, 4, 8]", "patch_size: [2, two]", false)]
    [InlineData("patch_size: [2, 4, 8]", "patches: [2, 4]", false)]
    [InlineData("{ depth: 12, width: 384,", "{ deepth: 12, width: 384,", false)]
    [InlineData("{ depth: 12, width: 384,", "{ depth: 0, width: 384,", false)]
    [InlineData("S:  { depth: 12, width: 384,  heads: 6 }", "S: 12", false)]
    [InlineData("matrix:", "model: A\nmatrix:", false)]
    public void Families_are_held_to_the_same_keys(string text, string replacement, bool legal)
    {
        var spec = Specs.Shipped("dit.dit.yaml");
        Assert.Contains(text, spec);
        spec = spec.Replace(text, replacement);

        Assert.Equal(legal, SpecFile.Parse(spec).Errors.Count == 0);
        if (!replacement.Contains("mlp_ratio")) Assert.Equal(legal, Schema.Accepts(YamlJson.Read(spec)));
    }

    private static void AssertBoth(bool legal, string spec)
    {
        var errors = SpecFile.Parse(spec).Errors;
        Assert.True(legal == (errors.Count == 0), $"The compiler says: {string.Join("; ", errors)}");
        Assert.True(
            legal == Schema.Accepts(YamlJson.Read(spec)),
            $"The schema does not think so. The compiler says: {string.Join("; ", errors)}");
    }
}
