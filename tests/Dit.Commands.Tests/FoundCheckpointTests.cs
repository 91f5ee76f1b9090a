using System.Text.Json;
using Dit.Definitions;
using Dit.Runtime;
using static TorchSharp.torch;

namespace Dit.Commands.Tests;

/// <summary>
/// Checkpoints as they are found: below a prefix, with scalars left over, of another program's model, with values that
/// are not finite.
/// </summary>
public sealed class FoundCheckpointTests : IDisposable
{
    private static readonly string Demo = Path.Combine(AppContext.BaseDirectory, "weights", "shapes.safetensors");

    private readonly TestFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Theory]
    [InlineData("module._orig_mod.")]
    [InlineData("state_dict.net.")]
    public void A_prefix_over_all_names_is_taken_and_said_by_every_command(string prefix)
    {
        Rewrite("a.safetensors", tensors =>
            [.. tensors.Select(t => (prefix + t.Key, t.Value)), (prefix + "num_batches_tracked", tensor(3L))]);
        string[] notes =
        [
            $"'{At("a.safetensors")}' has the weights of Shapes below '{prefix}', and they are taken from there.",
            $"'{At("a.safetensors")}' has 1 scalar that Shapes does not have, passed over: num_batches_tracked.",
        ];
        Assert.Contains(
            $"It is a checkpoint of Shapes.\n{notes[0]}\n{notes[1]}\n", Cli.Run("inspect", At("a.safetensors")).Succeeds(),
            StringComparison.Ordinal);
        var converted = Cli.Run("convert", At("a.safetensors"), At("b.safetensors"), "--to", "official");
        Assert.Equal((0, $"dit: note: {notes[0]}\ndit: note: {notes[1]}\n"), (converted.Code, converted.Error));
        var sampled = Cli.Run("sample", "-c", At("a.safetensors"), "--steps", "2", "--count", "1", "--classes", "3", "--out", At("a.png"));
        Assert.Equal((0, converted.Error), (sampled.Code, sampled.Error));
        using var wanted = CheckpointFile.Open(Demo);
        using var given = CheckpointFile.Open(At("b.safetensors"));
        Assert.Equal(wanted.Tensors.Keys, given.Tensors.Keys);
    }

    [Fact]
    public void Averaged_and_trained_weights_are_asked_for_whatever_they_are_called()
    {
        Rewrite("a.safetensors", static tensors =>
            [
                .. tensors.Select(static t => ("online_model." + t.Key, t.Value)),
                .. tensors.Select(static t => ("ema_model." + t.Key, t.Value)),
            ]);
        foreach (var (weights, prefix) in new[] { ("auto", "ema_model."), ("ema", "ema_model."), ("model", "online_model.") })
        {
            var converted = Cli.Run("convert", At("a.safetensors"), At("b.safetensors"), "--to", "official", "--weights", weights);
            Assert.Equal((0, true), (converted.Code, converted.Error.Contains($"below '{prefix}'", StringComparison.Ordinal)));
        }
        Assert.Contains(
            "holds no tensors named ema.*",
            Cli.Run("convert", Demo, At("b.safetensors"), "--to", "official", "--weights", "ema").Mistake(),
            StringComparison.Ordinal);
        Rewrite("c.safetensors", static tensors =>
            [.. tensors.Select(static t => ("a." + t.Key, t.Value)), .. tensors.Select(static t => ("b." + t.Key, t.Value))]);
        Assert.Contains(
            "below 'a.', 'b.', and nothing says which are meant",
            Cli.Run("convert", At("c.safetensors"), At("b.safetensors"), "--to", "official").Mistake(),
            StringComparison.Ordinal);
        Assert.Contains(
            "below 'a.', 'b.', and nothing says which are meant", Cli.Run("inspect", At("c.safetensors")).Succeeds(),
            StringComparison.Ordinal);
    }

    [Fact]
    public void Names_of_diffusers_below_a_prefix_are_converted()
    {
        Cli.Run("convert", Demo, At("folder"), "--to", "diffusers").Succeeds();
        using (var scope = NewDisposeScope())
        using (var file = CheckpointFile.Open(At("folder")))
            SafeTensors.Save(At("a.safetensors"), file.Tensors.Keys.Select(name => ("module." + name, file.Read(name))), Demos.Named);
        var converted = Cli.Run("convert", At("a.safetensors"), At("b.safetensors"), "--to", "official");
        Assert.Equal(0, converted.Code);
        Assert.Contains("below 'module.'", converted.Error, StringComparison.Ordinal);
        Assert.Contains(
            "Its names are those of diffusers.\nIt is a checkpoint of Shapes.",
            Cli.Run("inspect", At("a.safetensors")).Succeeds(),
            StringComparison.Ordinal);
    }

    [Fact]
    public void A_model_that_is_not_known_here_is_called_by_the_name_in_its_card()
    {
        var card = new Dictionary<string, string>(Shapes.Card.ToMetadata()) { ["dit.model"] = "Digits", ["dit.input"] = "1 x 28 x 28" };
        Rewrite(
            "a.safetensors",
            static tensors =>
                tensors.Where(static t => !t.Key.StartsWith("blocks.3.", StringComparison.Ordinal)).Select(static t => (t.Key, t.Value)),
            card);
        const string Said =
            "a checkpoint of Digits, a model that is not known here (its card says: backbone dit, adaln-zero, 10 classes, input 1 x 28 x "
                + "28, patch size 8, depth 4, ";
        Assert.Contains($"It is {Said}", Cli.Run("inspect", At("a.safetensors")).Succeeds(), StringComparison.Ordinal);
        Assert.Contains(
            $" is {Said}",
            Cli.Run("sample", "-c", At("a.safetensors"), "--out", At("a.png")).Mistake(),
            StringComparison.Ordinal);
        Assert.Contains(
            $" is {Said}",
            Cli.Run("convert", At("a.safetensors"), At("b.pt"), "--to", "official").Mistake(),
            StringComparison.Ordinal);
        using var json = JsonDocument.Parse(Cli.Run("inspect", At("a.safetensors"), "--json").Succeeds());
        Assert.StartsWith(Said, json.RootElement.GetProperty("otherModel").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public void What_differs_is_named_in_one_line_and_without_a_false_reason()
    {
        Rewrite("a.safetensors", static tensors =>
            [
                .. tensors.Select(static t => (t.Key, t.Value)),
                .. Enumerable.Range(0, 4).Select(static i => ($"blocks.{i}.attn.q_norm.weight", ones(32))),
            ]);
        Assert.Equal(
            $"'{At("a.safetensors")}' is not a checkpoint of Shapes: tensors missing 0, "
                + "unexpected 4 (blocks.0.attn.q_norm.weight, blocks.1.attn.q_norm.weight, blocks.2.attn.q_norm.weight and 1 more), of "
                + "another shape 0.",
            Cli.Run("sample", "--model", "Shapes", "-c", At("a.safetensors"), "--out", At("a.png")).Mistake());
        Rewrite("b.safetensors", static tensors =>
            tensors.Where(static t => !t.Key.EndsWith("qkv.bias", StringComparison.Ordinal)).Select(static t => (t.Key, t.Value)));
        Assert.EndsWith(
            "of another shape 0.",
            Cli.Run("sample", "--model", "Shapes", "-c", At("b.safetensors"), "--out", At("a.png")).Mistake(),
            StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("official", "out.pt")]
    [InlineData("official", "out.safetensors")]
    [InlineData("dit", "out.safetensors")]
    [InlineData("diffusers", "out")]
    public void Convert_writes_nothing_that_is_not_finite(string form, string name)
    {
        Rewrite("big.safetensors", static tensors =>
            tensors.Select(static t => (t.Key, t.Key == "blocks.1.mlp.fc1.weight" ? full(t.Value.shape, 1e6f) : t.Value)));
        var message = Cli.Run("convert", At("big.safetensors"), At(name), "--to", form, "--dtype", "f16").Mistake();
        Assert.Contains("blocks.1", message, StringComparison.Ordinal);
        Assert.Contains(" holds 1000000, and Float16 ends at 65504: keep f32 or bf16.", message, StringComparison.Ordinal);
        Cli.Run("convert", At("big.safetensors"), At("kept.safetensors"), "--to", "dit", "--dtype", "bf16").Succeeds();
        Broken("nan.safetensors", float.NaN, "x_embedder.proj.bias", 7);
        Assert.Contains(
            "holds values that are not finite (1 NaN, at [",
            Cli.Run("convert", At("nan.safetensors"), At(name), "--to", form).Mistake(),
            StringComparison.Ordinal);
        Assert.False(Path.Exists(At(name)));
        Assert.Equal(
            ["big.safetensors", "kept.safetensors", "nan.safetensors"],
            Directory.GetFileSystemEntries(folder.Root).Select(Path.GetFileName).Order(StringComparer.Ordinal));
    }

    [Theory]
    [InlineData(float.NaN, "1 +0 +0")]
    [InlineData(float.PositiveInfinity, "0 +1 +0")]
    [InlineData(float.NegativeInfinity, "0 +0 +1")]
    public void Check_reads_every_tensor_and_names_those_that_are_not_finite(float value, string counts)
    {
        Broken("a.safetensors", value, "pos_embed", 3 * 160 + 7);
        var checking = Cli.Run("inspect", "--check", At("a.safetensors"));
        Assert.Equal((2, ""), (checking.Code, checking.Error));
        Assert.Contains(": of 52 tensors, 1 has values that are not finite.\n", checking.Out, StringComparison.Ordinal);
        Assert.Matches($@"pos_embed +{counts} +\[0, 3, 7\]", checking.Out);
        using var json = JsonDocument.Parse(Cli.Run("inspect", "--check", "--json", At("a.safetensors")).Out);
        Assert.Equal("pos_embed", json.RootElement.GetProperty("notFinite")[0].GetProperty("name").GetString());
        Assert.Contains("every value of 52 tensors is finite", Cli.Run("inspect", "--check", Demo).Succeeds(), StringComparison.Ordinal);
    }

    [Fact]
    public void Check_says_that_a_file_is_damaged_and_reads_folders()
    {
        Cli.Run("convert", Demo, At("folder"), "--to", "diffusers").Succeeds();
        Assert.Contains(
            "every value of 82 tensors is finite", Cli.Run("inspect", "--check", At("folder")).Succeeds(), StringComparison.Ordinal);
        File.WriteAllBytes(At("cut.safetensors"), File.ReadAllBytes(Demo)[..100_000]);
        Assert.Contains(
            "is the download complete?",
            Cli.Run("inspect", "--check", At("cut.safetensors")).Mistake(),
            StringComparison.Ordinal);
    }

    [Fact]
    public void The_demo_models_weights_say_all_that_todays_writer_says()
    {
        using var model = Shapes.Load(Demo);
        Checkpoint.Save(model, At("new.safetensors"), dtype: ScalarType.Float16);
        using var shipped = CheckpointFile.Open(Demo);
        using var written = CheckpointFile.Open(At("new.safetensors"));
        foreach (var (key, value) in written.Metadata) Assert.Equal(value, shipped.Metadata[key]);
        Assert.Equal(
            ["dit.classes", "dit.recipe", "dit.step"],
            shipped.Metadata.Keys.Except(written.Metadata.Keys).Order(StringComparer.Ordinal));
    }

    // A value, which no writer here would write: the bytes of the file are changed.
    private void Broken(string name, float value, string tensor, int element)
    {
        Rewrite(name, static tensors => tensors.Select(static t => (t.Key, t.Value.to(ScalarType.Float32))));
        var bytes = File.ReadAllBytes(At(name));
        using var header = JsonDocument.Parse(bytes.AsMemory(8, (int)BitConverter.ToInt64(bytes)));
        var begin = header.RootElement.GetProperty(tensor).GetProperty("data_offsets")[0].GetInt32();
        BitConverter.GetBytes(value).CopyTo(bytes, 8 + (int)BitConverter.ToInt64(bytes) + begin + 4 * element);
        File.WriteAllBytes(At(name), bytes);
    }

    private void Rewrite(
        string name,
        Func<IReadOnlyDictionary<string, Tensor>, IEnumerable<(string, Tensor)>> change,
        Dictionary<string, string>? metadata = null)
    {
        using var scope = NewDisposeScope();
        using var file = CheckpointFile.Open(Demo);
        var tensors = file.Tensors.Keys.ToDictionary(static key => key, key => file.Read(key));
        SafeTensors.Save(At(name), change(tensors), metadata ?? Demos.Named);
    }

    private string At(string name) => folder.Path(name);
}
