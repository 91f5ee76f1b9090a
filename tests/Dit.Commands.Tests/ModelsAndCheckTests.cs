using System.Text.Json;

namespace Dit.Commands.Tests;

public sealed class ModelsAndCheckTests : IDisposable
{
    private const string Good = """
        model: Small
        depth: 2
        width: 64
        heads: 4
        patch_size: 2
        input: { channels: 3, size: 8 }
        conditioning: { classes: 5 }
        autoencoder: none
        samplers:
          ddim-10: { method: ddim, steps: 10 }
        """;

    private readonly TestFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void Models_are_listed_with_their_parameters_and_macs()
    {
        var lines = Cli.Run("models").Succeeds().Split('\n');
        var row = Assert.Single(lines, line => line.Contains(" DiT-XL/2 ", StringComparison.Ordinal));
        Assert.All(["675,129,632", "118.64 G", "256", "4 x 32 x 32", "adaln-zero", "kl-f8"], cell =>
            Assert.Contains(cell, row, StringComparison.Ordinal));
        Assert.Single(lines, line => line.Contains(" Shapes ", StringComparison.Ordinal));
    }

    [Fact]
    public void Models_are_grouped_by_family()
    {
        var names = Cli.Run("models").Succeeds().Split('\n')
            .Select(static line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries)).ToArray();
        var diT = Array.FindIndex(names, static words => words is ["DiT:"]);
        Assert.Equal("DiT-S/2", names[diT + 1][0]);
        Assert.InRange(Array.FindIndex(names, static words => words is ["DiT-XL/2-512", ..]), diT, diT + 20);
        Assert.Single(names, static words => words is ["U-ViT:"]);
        Assert.Single(names, static words => words is ["Shapes", ..]);
        using var json = JsonDocument.Parse(Cli.Run("models", "--json").Succeeds());
        string?[] families = [.. json.RootElement.EnumerateArray().Select(static model => model.GetProperty("family").GetString())];
        var inARow = families.Where((family, i) => i == 0 || family != families[i - 1]).ToArray();
        Assert.Equal(families.Distinct(), inARow);
        Assert.Contains("U-ViT", inARow);
    }

    [Fact]
    public void Models_as_json_hold_the_cards()
    {
        using var json = JsonDocument.Parse(Cli.Run("models", "--json").Succeeds());
        var model = Assert.Single(json.RootElement.EnumerateArray(), m => m.GetProperty("name").GetString() == "DiT-B/4");
        Assert.Equal(130_475_648, model.GetProperty("parameters").GetInt64());
        Assert.Equal(64, model.GetProperty("tokens").GetInt32());
        Assert.Equal(4, model.GetProperty("input").GetProperty("channels").GetInt32());
    }

    [Fact]
    public void The_schema_is_printed_as_it_is_kept()
    {
        using var json = JsonDocument.Parse(Cli.Run("schema").Succeeds());
        Assert.Equal(JsonDocument.Parse(Dit.Spec.SpecSchema.Json).RootElement.GetRawText(), json.RootElement.GetRawText());
    }

    [Fact]
    public void A_good_spec_is_described_layer_by_layer()
    {
        var text = Cli.Run("check", folder.File("small.dit.yaml", Good)).Succeeds();
        Assert.StartsWith("Small (class Small, spec ", text, StringComparison.Ordinal);
        Assert.Contains("16 tokens of width 64, 2 blocks, 4 heads, patch size 2", text, StringComparison.Ordinal);
        var memory = Dit.Spec.ModelLayout.Of(Assert.Single(Dit.Spec.SpecFile.Parse(Good).Models).Spec);
        Assert.Contains(
            $"and {Amount.Bytes(4 * memory.SamplingActivations)} of activations for each image at a time",
            text,
            StringComparison.Ordinal);
        Assert.Contains(
            $"and {Amount.Bytes(4 * memory.TrainingActivations)} of activations for each image of a batch",
            text,
            StringComparison.Ordinal);
        var row = Assert.Single(text.Split('\n'), line => line.Contains("blocks.*.attn.qkv", StringComparison.Ordinal));
        // Two blocks: 2 x (64 x 192 + 192) parameters, 2 x 16 x 64 x 192 MACs.
        Assert.All(["2 x", "16 x 192", "24,960", "393.22 k"], cell => Assert.Contains(cell, row, StringComparison.Ordinal));
    }

    [Fact]
    public void The_layers_of_the_table_hold_every_parameter_and_mac()
    {
        var layout = Dit.Spec.ModelLayout.Of(Assert.Single(Dit.Spec.SpecFile.Parse(Good).Models).Spec);
        var rows = Commands.LayerTable.Of(layout).ToArray();
        Assert.Equal(layout.ParameterCount, rows.Sum(row => row.Parameters));
        Assert.Equal(layout.Macs, rows.Sum(row => row.Macs));
        Assert.Equal(layout.TrainingActivations, rows.Sum(row => row.Saved));
    }

    [Fact]
    public void A_good_spec_as_json_agrees_with_the_plan()
    {
        using var json = JsonDocument.Parse(Cli.Run("check", "--json", folder.File("small.dit.yaml", Good)).Succeeds());
        Assert.Equal(0, json.RootElement.GetProperty("errors").GetArrayLength());
        var model = Assert.Single(json.RootElement.GetProperty("models").EnumerateArray());
        Assert.Equal(2 * model.GetProperty("macs").GetInt64(), model.GetProperty("flops").GetInt64());
        Assert.Equal(16, model.GetProperty("tokens").GetInt32());
        Assert.Contains(model.GetProperty("layers").EnumerateArray(), layer => layer.GetProperty("name").GetString() == "blocks.1.mlp.fc2");
    }

    [Fact]
    public void Every_error_of_a_bad_spec_has_its_place()
    {
        var path = folder.File(
            "bad.dit.yaml",
            Good.Replace("width: 64", "width: 66", StringComparison.Ordinal).Replace("depth: 2", "depht: 2", StringComparison.Ordinal));
        var result = Cli.Run("check", path);
        var lines = result.Out.TrimEnd().Split('\n');
        Assert.True(lines.Length >= 2);
        Assert.All(lines, line => Assert.Matches(@"^.*bad\.dit\.yaml\(\d+,\d+\): error DIT\d{3}: .+", line));
        Assert.StartsWith(
            $"{path}(2,1): error DIT002: ",
            lines.Single(line => line.Contains("depht", StringComparison.Ordinal)),
            StringComparison.Ordinal);
        Assert.Equal($"{path} has {lines.Length} errors.", result.Mistake());
    }

    [Fact]
    public void The_errors_of_a_bad_spec_as_json_are_whole()
    {
        var result = Cli.Run(
            "check",
            "--json",
            folder.File("bad.dit.yaml", Good.Replace("heads: 4", "heads: 5", StringComparison.Ordinal)));
        using var json = JsonDocument.Parse(result.Out);
        var error = Assert.Single(json.RootElement.GetProperty("errors").EnumerateArray());
        Assert.Equal(("DIT101", 3), (error.GetProperty("id").GetString(), error.GetProperty("line").GetInt32()));
        result.Mistake();
    }

    [Fact]
    public void A_warning_is_a_line_above_the_models_and_no_mistake()
    {
        var path = folder.File(
            "warned.dit.yaml",
            Good.Replace("autoencoder: none\n", "", StringComparison.Ordinal)
                .Replace("channels: 3", "channels: 4", StringComparison.Ordinal));

        var lines = Cli.Run("check", path).Succeeds().Split('\n');
        Assert.StartsWith($"{path}(6,20): warning DIT116: An input of 4 channels may be latents, ", lines[0], StringComparison.Ordinal);
        Assert.StartsWith("Small (class Small, ", lines[1], StringComparison.Ordinal);

        using var json = JsonDocument.Parse(Cli.Run("check", "--json", path).Succeeds());
        Assert.Equal(0, json.RootElement.GetProperty("errors").GetArrayLength());
        Assert.Equal(
            ("DIT116", 6),
            Assert.Single(json.RootElement.GetProperty("warnings").EnumerateArray()) is var warning
                ? (warning.GetProperty("id").GetString(), warning.GetProperty("line").GetInt32())
                : default);
    }

    [Theory]
    [InlineData("package.json", "{\n  \"name\": \"x\",\n  \"version\": \"1.0.0\"\n}\n")]
    [InlineData("Dockerfile", "FROM ubuntu\nRUN true\n")]
    public void A_file_of_something_else_is_one_line(string name, string text)
    {
        var path = folder.File(name, text);
        var result = Cli.Run("check", path);

        Assert.StartsWith($"{path}(1,1): error DIT019: This is not a spec: ", result.Out, StringComparison.Ordinal);
        Assert.Single(result.Out, '\n');
        Assert.Equal($"{path} has 1 error.", result.Mistake());
    }

    [Fact]
    public void A_binary_file_is_one_line_however_large_it_is()
    {
        var path = folder.Path("model.safetensors");
        using (var file = File.Create(path)) file.SetLength(3L << 30); // a hole: three gigabytes of zeros that take no room

        var result = Cli.Run("check", path);

        Assert.Contains(": error DIT0", result.Out, StringComparison.Ordinal);
        Assert.Equal($"{path} has 1 error.", result.Mistake());
    }

    [Fact]
    public void A_folder_is_no_spec() =>
        Assert.Equal($"'{folder.Root}' is a folder; name a YAML file in it.", Cli.Run("check", folder.Root).Mistake());

    [Fact]
    public void A_missing_spec_is_one_line() =>
        Assert.Equal($"There is no file '{folder.Path("no.yaml")}'.", Cli.Run("check", folder.Path("no.yaml")).Mistake());
}
