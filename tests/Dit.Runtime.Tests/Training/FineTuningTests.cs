using TorchSharp;
using static TorchSharp.torch;

namespace Dit.Runtime.Tests;

/// <summary>New models that start from checkpoints of others.</summary>
public sealed class FineTuningTests : IDisposable
{
    private const string Labels = "y_embedder.embedding_table.weight";

    private readonly TemporaryFolder folder = new();
    private readonly IDisposable scope = NewDisposeScope();

    public void Dispose()
    {
        scope.Dispose();
        folder.Dispose();
    }

    /// <summary>A checkpoint of a model with some of its tensors changed.</summary>
    private string Saved(nn.Module model, Func<string, Tensor, Tensor?>? change = null)
    {
        var tensors = model.state_dict().Select(t => (t.Key, Value: change is null ? t.Value : change(t.Key, t.Value)));
        SafeTensors.Save(folder["start"], tensors.SelectMany(t => t.Value is { } value ? new[] { (t.Key, value) } : []));
        return folder["start"];
    }

    private static void RequireSame(nn.Module expected, nn.Module actual, params string[] but)
    {
        var (all, own) = (expected.state_dict(), actual.state_dict());
        Assert.All(all.Keys.Except(but), name => Assert.True(all[name].equal(own[name]).all().item<bool>(), name));
    }

    [Fact]
    public void Another_number_of_classes_starts_the_class_table_anew()
    {
        using var given = Stirred.Create<Grid4x4>(seed: 3);
        using var model = Grid4x4.Create(seed: 4);
        using var untouched = Grid4x4.Create(seed: 4);
        var start = FineTuning.Load(model, Saved(given, (name, value) => name == Labels ? ones(11, 16) : value));
        RequireSame(given, model, Labels);
        Assert.True(untouched.state_dict()[Labels].equal(model.state_dict()[Labels]).all().item<bool>());
        Assert.Equal([Labels], start.Anew);
        Assert.Empty(start.Interpolated);
        Assert.Empty(start.NotInModel);
        Assert.Equal(Grid4x4.CheckpointMap.Count - 2, start.Loaded.Count); // the fixed positions are nobody's
        Assert.Equal(
            [$"Loaded {start.Loaded.Count} tensors of '{folder["start"]}'", $"Started anew: {Labels}"],
            start.Sentences());
        Assert.All(model.parameters().Where(static parameter => parameter.requires_grad), static parameter =>
            Assert.True(parameter.is_leaf));
    }

    [Fact]
    public void Fixed_positions_of_a_different_grid_are_the_models_own()
    {
        using var given = Stirred.Create<Grid4x4>(seed: 3);
        using var model = Grid3x8.Create();
        using var untouched = Grid3x8.Create();
        var start = FineTuning.Load(model, Saved(given));
        RequireSame(given, model, "pos_embed");
        Assert.True(untouched.state_dict()["pos_embed"].equal(model.state_dict()["pos_embed"]).all().item<bool>());
        Assert.Empty(start.Anew);
        Assert.Equal(1, start.LoadedShare);
    }

    [Fact]
    public void A_learned_table_of_a_different_grid_is_interpolated()
    {
        using var model = UClassConv.Create(); // 4 x 4 patches, and tokens of time and class before them
        using var given = UClassConv.Create(seed: 2);
        using var table = randn(1, 2 + 8 * 8, 32);
        var start = FineTuning.Load(model, Saved(given, (name, value) => name == "pos_embed" ? table : value));
        Assert.Equal(["pos_embed"], start.Interpolated);
        RequireSame(given, model, "pos_embed");
        using var expected = new PositionTable("pos_embed", 8, 8) { IsLearned = true, Before = 2 }.At(table, new PatchGrid(4, 4));
        Assert.True(expected.equal(model.state_dict()["pos_embed"]).all().item<bool>());
        Assert.Contains("Interpolated to 4 x 4 patches: pos_embed", start.Sentences());
    }

    [Theory, InlineData(2 + 3 * 8), InlineData(1), InlineData(17)]
    public void A_learned_table_whose_grid_is_not_clear_is_started_anew(int places)
    {
        using var model = UClassConv.Create();
        using var given = UClassConv.Create(seed: 2);
        var start = FineTuning.Load(model, Saved(given, (name, value) => name == "pos_embed" ? ones(1, places, 32) : value));
        Assert.Equal(["pos_embed"], start.Anew);
        Assert.Empty(start.Interpolated);
    }

    [Fact]
    public void A_different_depth_loads_the_blocks_that_both_have_and_names_the_others()
    {
        using var given = Stirred.Create<GoldenP2>();
        using var model = GoldenP2.Create();
        var start = FineTuning.Load(model, Saved(given, (name, value) =>
            name.StartsWith("blocks.1.", StringComparison.Ordinal) ? null : value));
        Assert.NotEmpty(start.Anew);
        Assert.All(start.Anew, static name => Assert.StartsWith("blocks.1.", name, StringComparison.Ordinal));
        RequireSame(given, model, [.. start.Anew]);
        SafeTensors.Save(folder["more"], [.. given.state_dict().Select(static t => (t.Key, t.Value)), ("blocks.2.attn.qkv.bias", ones(3))]);
        Assert.Equal(["blocks.2.attn.qkv.bias"], FineTuning.Load(model, folder["more"]).NotInModel);
    }

    [Fact]
    public void The_average_of_a_training_checkpoint_is_taken()
    {
        using var trained = Stirred.Create<Grid4x4>(seed: 3);
        using var average = Stirred.Create<Grid4x4>(seed: 5);
        SafeTensors.Save(folder["run"],
        [
            .. trained.state_dict().Select(static t => ($"model.{t.Key}", t.Value)),
            .. average.state_dict().Select(static t => ($"ema.{t.Key}", t.Key == Labels ? ones(9, 16) : t.Value)),
        ]);
        using var model = Grid3x8.Create();
        Assert.Equal([Labels], FineTuning.Load(model, folder["run"]).Anew);
        RequireSame(average, model, "pos_embed", Labels);
        Assert.Empty(FineTuning.Load(model, folder["run"], CheckpointWeights.Model).Anew);
        RequireSame(trained, model, "pos_embed");
    }

    [Fact]
    public void A_checkpoint_of_which_nothing_fits_is_refused_with_the_reason()
    {
        using var given = GoldenP2.Create();
        using var model = Grid4x4.Create();
        using var untouched = Grid4x4.Create();
        var message = Assert.Throws<CheckpointMismatchException>(() => FineTuning.Load(
            model, Saved(given, static (name, value) => name == Labels ? ones(4, 32) : value))).Summary;
        Assert.StartsWith(
            $"Nothing of '{folder["start"]}' fits Grid-4x4: tensors missing 0, unexpected ",
            message,
            StringComparison.Ordinal);
        Assert.EndsWith("The file is likely of another size: its width is 32, the model's 16, and it goes on to block 1.", message);
        RequireSame(untouched, model);
        SafeTensors.Save(folder["other"], [("a", ones(3))]);
        Assert.StartsWith(
            $"Nothing of '{folder["other"]}' fits Grid-4x4",
            Assert.Throws<CheckpointMismatchException>(() => FineTuning.Load(model, folder["other"])).Summary,
            StringComparison.Ordinal);
    }

    [Fact]
    public void Loading_leaves_no_tensor_behind()
    {
        using var given = UClassConv.Create(seed: 2);
        using var model = UClassConv.Create();
        var path = Saved(given, (name, value) => name == "pos_embed" ? ones(1, 2 + 8 * 8, 32) : value);
        FineTuning.Load(model, path);
        var before = LiveTensors.Count();
        FineTuning.Load(model, path);
        Assert.Equal(before, LiveTensors.Count());
    }
}
