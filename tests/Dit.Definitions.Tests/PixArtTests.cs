using System.Text.Json;
using Dit.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace Dit.Definitions.Tests;

/// <summary>The released models of PixArt-alpha: counts, names and shapes, created on the meta device.</summary>
public class PixArtTests
{
    private static JsonElement Official { get; } =
        JsonDocument
            .Parse(File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "golden", "pixart", "official-models.json")))
            .RootElement;

    [Theory]
    [InlineData("PixArt-XL/2-256", "PixArt-XL-2-256x256")]
    [InlineData("PixArt-XL/2-512", "PixArt-XL-2-512x512")]
    [InlineData("PixArt-XL/2-1024-MS", "PixArt-XL-2-1024-MS")]
    public void Counts_names_and_shapes_are_the_official_ones(string name, string official)
    {
        var counts = Official.GetProperty("params").GetProperty(official);
        var expected = Shapes("PixArt-XL-2-256x256 state dict");
        if (official != "PixArt-XL-2-256x256")
            foreach (var (tensor, shape) in Shapes($"{official} state dict, what differs from 256x256"))
                expected[tensor] = shape;

        var (parameters, buffers, state, card) = DitModels.All.Single(m => m.Card.Name == name).Accept(new Read());

        Assert.Equal((counts.GetProperty("params").GetInt64(), counts.GetProperty("buffers").GetInt64()), (parameters, buffers));
        Assert.Equal((parameters, parameters), (card.Parameters, card.TrainableParameters));
        Assert.Equal(counts.GetProperty("input_size").GetInt32(), card.Input.Height);
        Assert.Equal(counts.GetProperty("lewei_scale").GetDouble(), card.PositionScale);
        Assert.Equal(
            expected.Select(static p => $"{p.Key}: {p.Value}").Order(StringComparer.Ordinal),
            state.Select(static p => $"{p.Key}: {p.Value}").Order(StringComparer.Ordinal));
    }

    [Fact]
    public void The_names_of_diffusers_are_the_official_ones()
    {
        var names = DitNames.Diffusers<PixArtXL21024MS>();

        Assert.Empty(names.Problems(PixArtXL21024MS.CheckpointMap));
        Assert.Equal(
            Shapes("PixArt-XL-2-1024-MS diffusers state dict").Select(static p => $"{p.Key}: {p.Value}").Order(StringComparer.Ordinal),
            names.Foreign.Select(static p => $"{p.Name}: {string.Join(",", p.Shape)}").Order(StringComparer.Ordinal));
    }

    private static Dictionary<string, string> Shapes(string property) => Official.GetProperty(property).EnumerateObject()
        .ToDictionary(static p => p.Name, static p => string.Join(",", p.Value.EnumerateArray().Select(static side => side.GetInt64())));

    private sealed class Read : IModelVisitor<(long Parameters, long Buffers, Dictionary<string, string> State, ModelCard Card)>
    {
        public (long Parameters, long Buffers, Dictionary<string, string> State, ModelCard Card) Visit<TModel, TCondition, TProcess>()
            where TModel : nn.Module, IModel<TModel, TCondition, TProcess>
            where TCondition : ICondition<TCondition>
            where TProcess : IProcess
        {
            using var model = TModel.Create(META);
            return (
                model.parameters().Sum(static p => p.numel()),
                model.buffers().Sum(static b => b.numel()),
                model.state_dict().ToDictionary(static p => p.Key, static p => string.Join(",", p.Value.shape)),
                TModel.Card);
        }
    }
}
