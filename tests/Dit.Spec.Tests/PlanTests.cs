using System.Text.Json;

namespace Dit.Spec.Tests;

public class PlanTests
{
    private static JsonElement Official { get; } =
        JsonDocument.Parse(File.ReadAllText(Path.Combine(Specs.RepositoryRoot, "tests", "golden", "dit", "official-models.json"))).RootElement;

    private static ModelPlan Plan(string name) => ModelPlan.Of(Specs.Models(Specs.Shipped("dit.dit.yaml")).Single(m => m.Name == name));

    public static TheoryData<string> OfficialModels => [.. Official.GetProperty("params").EnumerateObject().Select(static m => m.Name)];

    [Theory, MemberData(nameof(OfficialModels))]
    public void Parameters_are_the_official_codes_count(string name)
    {
        var official = Official.GetProperty("params").GetProperty(name);

        Assert.Equal(official.GetProperty("params").GetInt64(), Plan(name).ParameterCount);
        Assert.Equal(official.GetProperty("trainable").GetInt64(), Plan(name).TrainableCount);
    }

    [Fact]
    public void The_state_dict_of_XL2_is_the_official_one_in_its_order()
    {
        var official = Official.GetProperty("DiT-XL/2 state dict").EnumerateObject()
            .Select(static p => (p.Name, string.Join(" x ", p.Value.EnumerateArray().Select(static side => side.GetInt64()))));

        Assert.Equal(official, Plan("DiT-XL/2").Parameters.Select(static p => (p.Name, string.Join(" x ", p.Shape))));
    }

    // The paper's "Gflops" (table 4), which are multiply-accumulates. It prints 5.56 for B/4 where its own way of counting gives 5.5664.
    [Theory]
    [InlineData("DiT-S/8", 0.36), InlineData("DiT-S/4", 1.41), InlineData("DiT-S/2", 6.06)]
    [InlineData("DiT-B/8", 1.42), InlineData("DiT-B/4", 5.57), InlineData("DiT-B/2", 23.01)]
    [InlineData("DiT-L/8", 5.01), InlineData("DiT-L/4", 19.70), InlineData("DiT-L/2", 80.71)]
    [InlineData("DiT-XL/8", 7.39), InlineData("DiT-XL/4", 29.05), InlineData("DiT-XL/2", 118.64)]
    public void Macs_are_the_papers_gflops(string name, double gflops) => Assert.Equal(gflops, Math.Round(Plan(name).Macs / 1e9, 2));

    [Fact]
    public void Macs_of_XL2_at_512_pixels_are_the_papers()
    {
        var models = Specs.Models(Specs.Shipped("dit.dit.yaml").Replace("size: 32 }", "size: 64 }"));

        Assert.Equal(524.6, Math.Round(ModelPlan.Of(models.Single(m => m.Name == "DiT-XL/2")).Macs / 1e9, 1));
    }

    [Fact]
    public void Every_layers_shape_is_one_samples()
    {
        var layers = ModelPlan.Of(Specs.Model(Specs.Tiny)).Layers;

        Assert.Equal("[16, 32]", layers.Single(l => l.Name == "x_embedder.proj").Output.ToString());
        Assert.Equal("[4, 16, 16]", layers.Single(l => l.Name == "blocks.1.attn.scores").Output.ToString());
        Assert.Equal("[16, 128]", layers.Single(l => l.Name == "blocks.0.mlp.fc1").Output.ToString());
        Assert.Equal("[16, 32]", layers.Single(l => l.Name == "final_layer.linear").Output.ToString()); // 2 x 2 x 8
    }
}
