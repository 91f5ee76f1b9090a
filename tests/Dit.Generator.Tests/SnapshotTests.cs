using System.Text;
using Dit.Spec;

namespace Dit.Generator.Tests;

/// <summary>Generated code and shape tables as a reviewer sees them in a pull request.</summary>
[Collection(nameof(Snapshot))]
public class SnapshotTests
{
    /// <summary>Whole models; the other shipped ones differ from these in constants only, which the table shows.</summary>
    [Theory]
    [InlineData("DiTXL2.g.cs")]
    [InlineData("Shapes.g.cs")]
    [InlineData("DitModels.g.cs")]
    public void Generated_source_compiles_and_matches_its_snapshot(string file) => Snapshot.Match(
        Path.GetFileNameWithoutExtension(file), "cs", Generate.From(Repository.Definitions).AssertCached().AssertCompiles().Sources[file]);

    /// <summary>One small model for each conditioning variant besides adaLN-Zero, and between them every kind of condition.</summary>
    [Theory]
    [InlineData("InContext", "in-context, classes: 10")]
    [InlineData("CrossAttention", "cross-attention, text: { tokens: 77, width: 768 }")]
    [InlineData("AdaLN", "adaln, text: { tokens: 77, width: 768 }, dropout: 0")]
    [InlineData("Unconditional", "adaln-zero, none: true")]
    public void A_small_model_of_each_variant_matches_its_snapshot(string name, string conditioning) => Snapshot.Match(
        $"{name}Sample.g", "cs", Generate.From(new SpecText("small.dit.yaml", $$"""
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
            """)).AssertCached().AssertCompiles().Sources[$"{name}Sample.g.cs"]);

    [Fact]
    public void A_model_without_a_null_class_and_with_fixed_variance_matches_its_snapshot() => Snapshot.Match(
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
            """)).AssertCached().AssertCompiles().Sources["NoNullClass.g.cs"]);

    [Fact]
    public void A_model_that_computes_as_diffusers_does_matches_its_snapshot() => Snapshot.Match(
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
    public void Names_shapes_and_macs_of_every_shipped_model_match_their_table()
    {
        var models = Repository.Definitions.SelectMany(static file => SpecFile.Parse(file.GetText().ToString()).Models).Select(static m => m.Spec).ToArray();
        var text = new StringBuilder("# Models\n\n| model | conditioning | blocks | width | heads | tokens | parameters | trainable | MACs | spec |\n|---|---|---|---|---|---|---|---|---|---|\n");
        foreach (var (spec, plan) in models.Select(static spec => (spec, ModelPlan.Of(spec))))
            text.Append(FormattableString.Invariant(
                $"| {spec.Name} | {spec.Conditioning.Variant.Word} | {spec.Depth} | {spec.Width} | {spec.Heads} | {spec.Tokens} | {plan.ParameterCount:N0} | {plan.TrainableCount:N0} | {plan.Macs / 1e9:F2} G | {spec.Hash} |\n"));
        foreach (var spec in models) Append(text, spec);

        Snapshot.Match("models", "md", text.ToString());
    }

    // The blocks of a model are alike: the first stands for all.
    private static void Append(StringBuilder text, ModelSpec spec)
    {
        var plan = ModelPlan.Of(spec);
        text.Append($"\n## {spec.Name}\n\n| parameter | shape | starts from |\n|---|---|---|\n");
        foreach (var p in plan.Parameters.Where(static p => !p.Name.StartsWith("blocks.") || p.Name.StartsWith("blocks.0.")))
            text.Append($"| {Starred(p.Name)} | {string.Join(" x ", p.Shape)} | {Words(p.Initialisation)} |\n");
        text.Append("\n| layer | output of one sample | MACs |\n|---|---|---|\n");
        foreach (var l in plan.Layers.Where(static l => !l.Name.StartsWith("blocks.") || l.Name.StartsWith("blocks.0.")))
            text.Append(FormattableString.Invariant($"| {Starred(l.Name)} | {string.Join(" x ", l.Output)} | {l.Macs:N0} |\n"));
    }

    private static string Starred(string name) => name.Replace("blocks.0.", "blocks.*.");

    private static string Words(Initialisation initialisation) => initialisation switch
    {
        Initialisation.Zero => "zero",
        Initialisation.One => "one",
        Initialisation.XavierUniform => "Xavier uniform",
        Initialisation.Normal normal => FormattableString.Invariant($"normal {normal.Std}"),
        Initialisation.SinCosTable => "sin-cos, fixed",
        _ => throw new InvalidOperationException($"No words for {initialisation}."),
    };
}
