using TorchSharp;
using static TorchSharp.torch;

namespace Dit.Runtime.Tests;

/// <summary>Checkpoints of one grid of patches in models of another.</summary>
public sealed class CheckpointGridTests : IDisposable
{
    private readonly TemporaryFolder folder = new();
    private readonly IDisposable scope = NewDisposeScope();
    private readonly List<string> notices = [];

    public void Dispose()
    {
        scope.Dispose();
        folder.Dispose();
    }

    private CheckpointGrid Recompute => CheckpointGrid.Recompute(notices.Add);

    /// <summary>A checkpoint of the model of 4 x 4 patches, with some of its tensors changed.</summary>
    private string Square(Func<string, Tensor, Tensor?>? change = null)
    {
        using var model = Grid4x4.Create(seed: 3);
        var tensors = model.state_dict().Select(t => (t.Key, Value: change is null ? t.Value : change(t.Key, t.Value)));
        SafeTensors.Save(folder["square"], tensors.SelectMany(t => t.Value is { } value ? new[] { (t.Key, value) } : []));
        return folder["square"];
    }

    private static void AssertIsSquareBut(nn.Module loaded, PositionTable grid)
    {
        using var wanted = Grid4x4.Create(seed: 3);
        var state = loaded.state_dict();
        foreach (var (name, tensor) in wanted.state_dict().Where(t => t.Key != "pos_embed"))
            Assert.True(tensor.equal(state[name]).all().item<bool>(), name);
        var positions = Positions.SinCos2D(16, grid.Rows, grid.Columns).to(state["pos_embed"].dtype);
        Assert.True(positions.equal(state["pos_embed"][0]).all().item<bool>());
        Assert.False(state["pos_embed"].requires_grad);
    }

    [Fact]
    public void A_checkpoint_of_another_number_of_patches_is_refused_with_the_way_to_load_it()
    {
        var error = Assert.Throws<CheckpointMismatchException>(() => Grid3x8.Load(Square()));
        Assert.Equal(
            $"'{folder["square"]}' is not a checkpoint of Grid-3x8: tensors missing 0, unexpected 0, of another shape 1. "
            + "It was made for another grid of patches: it holds 16 positions, and Grid-3x8 has 3 x 8. "
            + "To load it with the positions computed anew, pass grid: CheckpointGrid.Recompute(...), or --recompute-positions on the "
                + "command line.",
            error.Summary);
        Assert.Equal("pos_embed", Assert.Single(error.Misshaped).Name);
        Assert.Throws<CheckpointMismatchException>(() => Grid3x8.Load(Square(), grid: CheckpointGrid.MustMatch));
    }

    [Fact]
    public void The_way_to_load_it_is_not_told_where_it_would_not_help()
    {
        var error = Assert.Throws<CheckpointMismatchException>(() =>
            Grid3x8.Load(Square((name, value) => name == "final_layer.linear.bias" ? ones(3) : value)));
        Assert.DoesNotContain("CheckpointGrid", error.Message);
        Assert.Equal(2, error.Misshaped.Count);
        error = Assert.Throws<CheckpointMismatchException>(() =>
            Grid3x8.Load(Square((name, value) => name == "final_layer.linear.bias" ? null : value)));
        Assert.DoesNotContain("CheckpointGrid", error.Message);
    }

    [Fact]
    public void Recomputing_takes_everything_but_the_positions_and_says_so_once()
    {
        using var model = Grid3x8.Load(Square(), grid: Recompute);
        AssertIsSquareBut(model, new("pos_embed", 3, 8));
        Assert.Equal(
            $"'{folder["square"]}' was made for a grid of 4 x 4 patches; the positions of Grid-3x8 were computed for its own, 3 x 8.",
            Assert.Single(notices));
        Assert.Equal([1, 8, 6, 16], model.call(zeros(1, 4, 6, 16), zeros(1), zeros(1, ScalarType.Int64)).shape);
    }

    [Theory]
    [InlineData(ScalarType.Float32)]
    [InlineData(ScalarType.BFloat16)]
    [InlineData(ScalarType.Float16)]
    public void A_grid_of_as_many_patches_in_another_shape_is_told_by_its_values(ScalarType type)
    {
        using var model = Grid2x8.Load(Square((_, value) => value.to(type)), grid: Recompute);
        Assert.Equal(
            $"'{folder["square"]}' was made for a grid of 4 x 4 patches; the positions of Grid-2x8 were computed for its own, 2 x 8.",
            Assert.Single(notices));
        Assert.True(Positions.SinCos2D(16, 2, 8).to(ScalarType.Float32).equal(model.state_dict()["pos_embed"][0]).all().item<bool>());
    }

    [Theory]
    [InlineData(ScalarType.Float32)]
    [InlineData(ScalarType.BFloat16)]
    public void A_checkpoint_of_the_same_grid_is_loaded_in_silence(ScalarType type)
    {
        using var model = Grid4x4.Load(Square((name, value) => name == "pos_embed" ? value.to(type) : value), grid: Recompute);
        Assert.Empty(notices);
        AssertIsSquareBut(model, new("pos_embed", 4, 4));
    }

    [Fact]
    public void A_table_that_is_of_no_grid_is_described()
    {
        using var model = Grid4x4.Load(Square((name, value) => name == "pos_embed" ? ones(1, 7, 16) : value), grid: Recompute);
        Assert.Equal(
            $"'{folder["square"]}' was made for another grid of patches (its position table, (1, 7, 16), is no sin-cos table); "
            + "the positions of Grid-4x4 were computed for its own, 4 x 4.", Assert.Single(notices));
        AssertIsSquareBut(model, new("pos_embed", 4, 4));
    }

    [Theory]
    [InlineData(1, 6)]
    [InlineData(6, 1)]
    [InlineData(5, 3)]
    public void The_grid_of_a_table_is_found_in_it(int rows, int columns)
    {
        using var model = Grid4x4.Load(Square((name, value) =>
            name == "pos_embed" ? Positions.SinCos2D(16, rows, columns).unsqueeze(0) : value), grid: Recompute);
        Assert.Contains($"was made for a grid of {rows} x {columns} patches;", Assert.Single(notices));
    }

    [Fact]
    public void A_checkpoint_without_positions_is_refused_unless_they_are_recomputed()
    {
        var path = Square((name, value) => name == "pos_embed" ? null : value);
        Assert.Equal(["pos_embed"], Assert.Throws<CheckpointMismatchException>(() => Grid4x4.Load(path)).Missing);
        using var model = Grid2x8.Load(path, grid: Recompute);
        AssertIsSquareBut(model, new("pos_embed", 2, 8));
        Assert.Empty(notices);
    }

    [Fact]
    public void Recomputing_is_strict_in_everything_else_and_says_nothing_of_a_file_that_does_not_fit()
    {
        var path = Square((name, value) => name == "final_layer.linear.bias" ? null : value);
        Assert.Equal(["final_layer.linear.bias"],
            Assert.Throws<CheckpointMismatchException>(() => Grid3x8.Load(path, grid: Recompute)).Missing);
        Assert.Empty(notices);
    }

    [Fact]
    public void A_model_that_exists_is_filled_likewise_and_in_its_own_type()
    {
        using var model = Grid3x8.Create(dtype: ScalarType.Float64);
        var table = PositionTable.Of(Grid3x8.Card);
        Assert.Throws<CheckpointMismatchException>(() =>
            Checkpoint.LoadInto(model, "Grid-3x8", Grid3x8.CheckpointMap, Square(), positions: table));
        Checkpoint.LoadInto(model, "Grid-3x8", Grid3x8.CheckpointMap, Square(), positions: table, grid: Recompute);
        var positions = model.state_dict()["pos_embed"];
        Assert.Equal(ScalarType.Float64, positions.dtype);
        Assert.True(Positions.SinCos2D(16, 3, 8).equal(positions[0]).all().item<bool>());
        AssertIsSquareBut(model.to(ScalarType.Float32), new("pos_embed", 3, 8));
        Assert.Single(notices);
    }

    [Fact]
    public void The_weights_of_a_training_checkpoint_are_chosen_as_ever()
    {
        using var trained = Grid4x4.Create(seed: 3);
        using var averaged = Grid4x4.Create(seed: 4);
        SafeTensors.Save(folder["both"], [
            .. trained.state_dict().Select(t => ("model." + t.Key, t.Value)),
            .. averaged.state_dict().Select(t => ("ema." + t.Key, t.Value))]);
        using var model = Checkpoint.Load(
            folder["both"], Grid2x8.Card, Grid2x8.CheckpointMap, PositionTable.Of(Grid2x8.Card), Recompute,
            () => Grid2x8.Create(), CheckpointWeights.Model);
        AssertIsSquareBut(model, new("pos_embed", 2, 8));
        Assert.Single(notices);
    }

    [Fact]
    public void Loading_leaves_nothing_but_the_model()
    {
        var path = Square();
        var start = LiveTensors.Count();
        using (Grid3x8.Create()) { }
        var drift = LiveTensors.Count() - start; // what making and disposing a model leaves in this TorchSharp

        var before = LiveTensors.Count();
        using (Grid3x8.Load(path, grid: Recompute)) { }
        Assert.Equal(before + drift, LiveTensors.Count());
    }

    [Fact]
    public void The_position_table_of_a_card_is_that_of_its_model()
    {
        Assert.Equal(new PositionTable("pos_embed", 3, 8), PositionTable.Of(Grid3x8.Card));
        Assert.Equal([1, 24, 16], Grid3x8.CheckpointMap.Single(entry => entry.Name == "pos_embed").Shape);
    }
}
