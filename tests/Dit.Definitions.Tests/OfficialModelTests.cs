using System.Text.Json;
using Dit.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace Dit.Definitions.Tests;

/// <summary>
/// The twelve models of the paper, as generated modules: created on the meta device, which gives shapes without memory.
/// </summary>
public class OfficialModelTests
{
    private static JsonElement Official { get; } =
        JsonDocument.Parse(File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "golden", "official-models.json"))).RootElement;

    public static TheoryData<string> Names => [.. Official.GetProperty("params").EnumerateObject().Select(static m => m.Name)];

    [Theory, MemberData(nameof(Names))]
    public void The_modules_parameters_are_the_official_codes_count(string name)
    {
        var official = Official.GetProperty("params").GetProperty(name);
        var (all, trainable, card) = DitModels.All.Single(m => m.Card.Name == name).Accept(new CountParameters());

        Assert.Equal((official.GetProperty("params").GetInt64(), official.GetProperty("trainable").GetInt64()), (all, trainable));
        Assert.Equal((all, trainable), (card.Parameters, card.TrainableParameters));
    }

    // The released models of SiT have the names and shapes of the DiT of the same size.
    [Theory]
    [InlineData("S"), InlineData("B"), InlineData("L"), InlineData("XL")]
    public void SiT_has_the_tensors_of_DiT(string size)
    {
        var (sit, dit) = (
            DitModels.All.Single(m => m.Card.Name == $"SiT-{size}/2").Accept(new CountParameters()),
            Official.GetProperty("params").GetProperty($"DiT-{size}/2"));

        Assert.Equal((dit.GetProperty("params").GetInt64(), dit.GetProperty("trainable").GetInt64()), (sit.All, sit.Trainable));
        Assert.Equal(
            DiTXL2.CheckpointMap.Select(static e => $"{e.Name}: {string.Join(", ", e.Shape)}"),
            SiTXL2.CheckpointMap.Select(static e => $"{e.Name}: {string.Join(", ", e.Shape)}"));
        Assert.Equal((FlowPath.Linear, Prediction.Velocity), (SiTXL2.Process.Path, SiTXL2.Process.Prediction));
    }

    private static JsonElement OfficialLightning { get; } = JsonDocument
        .Parse(File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "golden", "lightningdit", "official-models.json")))
        .RootElement;

    public static TheoryData<string> LightningModels =>
        [.. OfficialLightning.GetProperty("params").EnumerateObject().Select(static m => m.Name)];

    [Theory, MemberData(nameof(LightningModels))]
    public void LightningDiTs_parameters_are_its_codes_count(string name)
    {
        var official = OfficialLightning.GetProperty("params").GetProperty(name);

        var (all, trainable, card) = DitModels.All.Single(m => m.Card.Name == name).Accept(new CountParameters());

        Assert.Equal((official.GetProperty("params").GetInt64(), official.GetProperty("trainable").GetInt64()), (all, trainable));
        Assert.Equal((all, trainable), (card.Parameters, card.TrainableParameters));
    }

    // 250 points in time, shifted by t to s t / (1 + (s - 1) t) with s = 0.3, where t = 0 is noise.
    [Fact]
    public void LightningDiT_is_sampled_as_its_code_does()
    {
        var euler = Assert.IsType<Euler<Flow>>(LightningDiTXL1.Samplers.Euler249.Solver);
        Assert.Equal(249, euler.Steps);
        Assert.Equal(1 / 0.3, euler.Spacing?.Shift ?? 1, 1e-9);
        Assert.Equal((FlowPath.Linear, Prediction.Velocity), (LightningDiTXL1.Process.Path, LightningDiTXL1.Process.Prediction));
        Assert.Equal(AutoencoderCard.VaVaeF16D32, LightningDiTXL1.Card.Autoencoder);
    }

    [Fact]
    public void The_state_dict_of_LightningDiT_XL1_has_exactly_the_published_names_and_shapes()
    {
        using var model = LightningDiTXL1.Create(META);
        string[] official =
        [
            .. OfficialLightning.GetProperty("LightningDiT-XL/1 state dict").EnumerateObject()
                .Select(static p => $"{p.Name}: {p.Value.GetRawText().Replace(" ", "").Replace("\n", "")}"),
        ];

        Assert.Equal(official, LightningDiTXL1.CheckpointMap.Select(static e => $"{e.Name}: [{string.Join(",", e.Shape)}]"));
        Assert.Equal( // here buffers come last
            official.Order(StringComparer.Ordinal),
            model.state_dict().Select(static p => $"{p.Key}: [{string.Join(",", p.Value.shape)}]").Order(StringComparer.Ordinal));
    }

    public static TheoryData<string> Shipped => [.. DitModels.All.Select(static m => m.Card.Name)];

    [Theory, MemberData(nameof(Shipped))]
    public void The_checkpoint_map_is_the_modules_state_dict(string name) =>
        DitModels.All.Single(m => m.Card.Name == name).Accept(new CompareMapWithState());

    [Fact]
    public void The_state_dict_of_XL2_has_exactly_the_official_names_and_shapes()
    {
        using var model = DiTXL2.Create(META);

        Assert.Equal(
            Official
                .GetProperty("DiT-XL/2 state dict")
                .EnumerateObject()
                .Select(static p => $"{p.Name}: {p.Value.GetRawText().Replace(" ", "").Replace("\n", "")}"),
            model.state_dict().Select(static p => $"{p.Key}: [{string.Join(",", p.Value.shape)}]"));
    }

    [Theory]
    [InlineData("DiT-S/8", 0.36), InlineData("DiT-S/4", 1.41), InlineData("DiT-S/2", 6.06)]
    [InlineData("DiT-B/8", 1.42), InlineData("DiT-B/4", 5.57), InlineData("DiT-B/2", 23.01)]
    [InlineData("DiT-L/8", 5.01), InlineData("DiT-L/4", 19.70), InlineData("DiT-L/2", 80.71)]
    [InlineData("DiT-XL/8", 7.39), InlineData("DiT-XL/4", 29.05), InlineData("DiT-XL/2", 118.64)]
    public void The_cards_macs_are_the_papers_gflops(string name, double gflops) =>
        Assert.Equal(gflops, Math.Round(DitModels.All.Single(m => m.Card.Name == name).Card.Macs / 1e9, 2));

    [Fact]
    public void S8_runs_with_its_declared_samplers()
    {
        using var scope = NewDisposeScope();
        using var model = DiTS8.Create();

        using var z = DiTS8.Samplers.Ddim50.WithSteps(2).Sample(model, [207, 360], guidance: 4.0, seed: 0);

        Assert.Equal([2, 4, 32, 32], z.shape);
        Assert.Equal(["ddpm-250", "ddim-50"], DiTS8.AllSamplers.Select(static s => s.Name));
    }

    private sealed class CountParameters : IModelVisitor<(long All, long Trainable, ModelCard Card)>
    {
        public (long All, long Trainable, ModelCard Card) Visit<TModel, TCondition, TProcess>()
            where TModel : nn.Module, IModel<TModel, TCondition, TProcess>
            where TCondition : ICondition<TCondition>
            where TProcess : IProcess
        {
            using var model = TModel.Create(META);
            return (
                model.parameters().Sum(static p => p.numel()),
                model.parameters().Where(static p => p.requires_grad).Sum(static p => p.numel()),
                TModel.Card);
        }
    }

    private sealed class CompareMapWithState : IModelVisitor<int>
    {
        public int Visit<TModel, TCondition, TProcess>()
            where TModel : nn.Module, IModel<TModel, TCondition, TProcess>
            where TCondition : ICondition<TCondition>
            where TProcess : IProcess => Compare<TModel>();

        public int VisitJoint<TModel>()
            where TModel : nn.Module, IJointModel<TModel> => Compare<TModel>();

        private static int Compare<TModel>()
            where TModel : nn.Module, IModel<TModel>
        {
            using var model = TModel.Create(META);
            // TorchSharp lists all buffers last, PyTorch each with its module.
            var buffers = model.named_buffers().Select(static buffer => buffer.name).ToHashSet();
            Assert.Equal(
                model.state_dict().Select(static p => $"{p.Key}: {string.Join(", ", p.Value.shape)}"),
                TModel.CheckpointMap.OrderBy(entry => buffers.Contains(entry.Name))
                    .Select(static e => $"{e.Name}: {string.Join(", ", e.Shape)}"));
            return TModel.CheckpointMap.Count;
        }
    }
}
