using System.Text.Json;
using Dit.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace Dit.Commands.Tests;

/// <summary><c>dit inspect</c>.</summary>
public sealed class InspectTests : IDisposable
{
    private static readonly string Demo = Path.Combine(AppContext.BaseDirectory, "weights", "shapes.safetensors");

    private readonly TestFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void The_demo_models_weights_are_known()
    {
        var text = Cli.Run("inspect", Demo).Succeeds();
        Assert.StartsWith(
            $"{Demo}: a safetensors file, 52 tensors, 2,037,312 elements, 4.07 MB, Float16\n",
            text,
            StringComparison.Ordinal);
        Assert.Contains("\nIts names are those of the official code.\nIt is a checkpoint of Shapes.\n", text, StringComparison.Ordinal);
        Assert.Contains("\n  dit.model: Shapes\n", text, StringComparison.Ordinal);
        Assert.Matches(@"blocks\.\*\.attn\.qkv\.weight +480 x 160 +Float16 +4 ", text);
        Assert.DoesNotContain("blocks.3.", text, StringComparison.Ordinal);
        Assert.Contains("blocks.3.attn.qkv.weight", Cli.Run("inspect", Demo, "--all").Succeeds(), StringComparison.Ordinal);
    }

    [Fact]
    public void Json_has_every_tensor()
    {
        using var json = JsonDocument.Parse(Cli.Run("inspect", Demo, "--json").Succeeds());
        var root = json.RootElement;
        Assert.Equal(["Shapes"], root.GetProperty("models").EnumerateArray().Select(static m => m.GetString()));
        Assert.Equal((52, 52), (root.GetProperty("tensors").GetArrayLength(), root.GetProperty("types").GetProperty("Float16").GetInt32()));
        Assert.Equal(2037312 * 2, root.GetProperty("bytes").GetInt64());
        Assert.Equal("Shapes", root.GetProperty("metadata").GetProperty("dit.model").GetString());
        Assert.Equal(
            "pos_embed 16",
            root.GetProperty("tensors")[0] is var first ? $"{first.GetProperty("name")} {first.GetProperty("shape")[1]}" : "");
        Assert.Equal(JsonValueKind.Null, root.GetProperty("nearest").ValueKind);
    }

    [Fact]
    public void A_folder_of_diffusers_is_known_by_its_names()
    {
        Cli.Run("convert", Demo, folder.Path("folder"), "--to", "diffusers").Succeeds();
        var text = Cli.Run("inspect", folder.Path("folder")).Succeeds();
        Assert.Contains(": a folder of diffusers, 82 tensors", text, StringComparison.Ordinal);
        Assert.Contains("Its names are those of diffusers.\nIt is a checkpoint of Shapes.", text, StringComparison.Ordinal);
    }

    [Fact]
    public void A_training_checkpoint_says_what_it_holds_and_SiT_is_known_by_its_settings()
    {
        Rewrite("run.safetensors", static tensors =>
            tensors
                .SelectMany(static t => new[] { ("ema." + t.Key, t.Value), ("model." + t.Key, t.Value) })
                .Append(("opt.step", tensor(3L))),
            Demos.Named);
        var text = Cli.Run("inspect", folder.Path("run.safetensors")).Succeeds();
        Assert.Contains("A training checkpoint: ema 52, model 52, opt 1;", text, StringComparison.Ordinal);
        Assert.Contains("It is a checkpoint of Shapes.", text, StringComparison.Ordinal);

        Rewrite("sit.safetensors", static tensors => tensors.Select(static t => (t.Key, t.Value)), new() { ["args.path_type"] = "Linear" });
        Assert.Contains(
            "Its names are those of SiT, which are those of the official code.",
            Cli.Run("inspect", folder.Path("sit.safetensors")).Succeeds(),
            StringComparison.Ordinal);
    }

    [Fact]
    public void Where_no_model_fits_the_nearest_is_told_with_what_differs()
    {
        Rewrite("near.safetensors", static tensors => tensors.Where(static t => t.Key != "blocks.3.mlp.fc1.bias")
            .Select(static t => (t.Key, t.Key == "pos_embed" ? zeros(1, 25, 160) : t.Value)).Append(("extra\u001b.weight", ones(2))));
        var text = Cli.Run("inspect", folder.Path("near.safetensors")).Succeeds();
        Assert.Contains(
            "It is of no model known here; the nearest is Shapes:\n  missing: blocks.3.mlp.fc1.bias\n  unexpected: extra .weight\n"
                + "  of another shape: pos_embed (1, 25, 160) in place of (1, 16, 160)\n",
            text,
            StringComparison.Ordinal);
        using var json = JsonDocument.Parse(Cli.Run("inspect", folder.Path("near.safetensors"), "--json").Succeeds());
        Assert.Equal("blocks.3.mlp.fc1.bias", json.RootElement.GetProperty("nearest").GetProperty("missing")[0].GetString());
    }

    [Fact]
    public void Other_files_are_described_and_are_of_no_model()
    {
        using (NewDisposeScope())
        {
            SafeTensors.Save(folder.Path("other.safetensors"), [("layers.0.weight", ones(2, 2)), ("steps", tensor(1L))]);
            SafeTensors.Save(
                folder.Path("vae.safetensors"),
                [
                    ("first_stage_model.encoder.conv_in.weight", ones(128, 3, 3, 3)),
                    ("first_stage_model.decoder.up.0.block.0.norm1.bias", ones(128)),
                ]);
            SafeTensors.Save(folder.Path("none.safetensors"), []);
        }
        var text = Cli.Run("inspect", folder.Path("other.safetensors")).Succeeds();
        Assert.Contains(
            "2 tensors, 5 elements, 24 B, Float32 1, Int64 1\nIts names are of no convention known here.\nIt is of no model known here.\n",
            text,
            StringComparison.Ordinal);
        Assert.Matches("steps +scalar +Int64 +1 ", text);
        Assert.Contains(
            "Its names are those of latent diffusion, of an autoencoder below first_stage_model.",
            Cli.Run("inspect", folder.Path("vae.safetensors")).Succeeds(),
            StringComparison.Ordinal);
        Assert.Contains("0 tensors", Cli.Run("inspect", folder.Path("none.safetensors")).Succeeds(), StringComparison.Ordinal);
        Assert.Contains("There is no file '", Cli.Run("inspect", folder.Path("nowhere.pt")).Mistake(), StringComparison.Ordinal);
    }

    private void Rewrite(
        string name,
        Func<IReadOnlyDictionary<string, Tensor>, IEnumerable<(string, Tensor)>> change,
        Dictionary<string, string>? metadata = null)
    {
        using var scope = NewDisposeScope();
        using var file = CheckpointFile.Open(Demo);
        SafeTensors.Save(folder.Path(name), change(file.Tensors.Keys.ToDictionary(static key => key, key => file.Read(key))), metadata);
    }
}
