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
    public void Names_shapes_and_macs_of_every_shipped_model_match_their_table()
    {
        var models = Repository.Definitions.SelectMany(static file => SpecFile.Parse(file.GetText().ToString()).Models).Select(static m => m.Spec).ToArray();
        var text = new StringBuilder("# Models\n\n| model | blocks | width | heads | tokens | parameters | trainable | MACs | spec |\n|---|---|---|---|---|---|---|---|---|\n");
        foreach (var (spec, plan) in models.Select(static spec => (spec, ModelPlan.Of(spec))))
            text.Append(FormattableString.Invariant(
                $"| {spec.Name} | {spec.Depth} | {spec.Width} | {spec.Heads} | {spec.Tokens} | {plan.ParameterCount:N0} | {plan.TrainableCount:N0} | {plan.Macs / 1e9:F2} G | {spec.Hash} |\n"));
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
        Initialisation.XavierUniform => "Xavier uniform",
        Initialisation.Normal normal => FormattableString.Invariant($"normal {normal.Std}"),
        Initialisation.SinCosTable => "sin-cos, fixed",
        _ => throw new InvalidOperationException($"No words for {initialisation}."),
    };
}
