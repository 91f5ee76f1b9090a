using TorchSharp;
using static TorchSharp.torch;

namespace Dit.Checkpoints.Tests;

/// <summary>
/// The mechanism, on a model of four tensors: one of three parts, one of another shape, one kept in two copies, one
/// computed.
/// </summary>
public sealed class NameMapTests : IDisposable
{
    private static readonly CheckpointEntry[] Own = [new("qkv", 6, 3), new("conv", 4, 4, 1, 1), new("table", 5), new("positions", 2, 2)];

    private static readonly NameMap Map = new("Small", "elsewhere",
    [
        MappedTensor.Stacked(Own[0], "to_q", "to_k", "to_v"),
        MappedTensor.Reshaped(Own[1], "linear", 4, 4),
        MappedTensor.Renamed(Own[2], "a.table", "b.table"),
        new MappedTensor.Computed(Own[3], static tensor => tensor.fill_(7)),
    ], Ignored: ["num_batches"]);

    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void Parts_shapes_copies_and_what_is_computed_come_out_under_the_models_own_names()
    {
        using var scope = NewDisposeScope();
        using var own = Map.Read(Foreign());
        Assert.Equal(Own.Select(static e => e.Name), own.Tensors.Keys);
        Assert.All(Own, entry => Assert.Equal(entry.Shape, own.Tensors[entry.Name].Shape));
        AssertEqual(arange(18, ScalarType.Float32).view(6, 3), own.Read("qkv"));
        AssertEqual(arange(16, ScalarType.Float32).view(4, 4, 1, 1), own.Read("conv"));
        AssertEqual(arange(5, ScalarType.Float32), own.Read("table"));
        AssertEqual(full(2, 2, 7), own.Read("positions"));
        AssertEqual(arange(18, ScalarType.Float64).view(6, 3), own.Read("qkv", dtype: ScalarType.Float64));
    }

    [Fact]
    public void A_tensor_that_exists_is_filled_in_place_whatever_its_strides_and_whether_it_is_trained()
    {
        using var scope = NewDisposeScope();
        using var own = Map.Read(Foreign());
        using var transposed = zeros(3, 6).t(); // (6, 3)
        own.CopyInto("qkv", transposed);
        AssertEqual(arange(18, ScalarType.Float32).view(6, 3), transposed);
        using var trained = zeros(6, 3, requires_grad: true);
        own.CopyInto("qkv", trained);
        AssertEqual(transposed, trained.detach());
        Assert.True(trained.requires_grad);
        Assert.Contains("has shape (6, 3); the tensor to fill has (3, 6)",
            Assert.Throws<DitException>(() => own.CopyInto("qkv", zeros(3, 6))).Message);
        Assert.Contains("no tensor 'to_q'", Assert.Throws<DitException>(() => own.Read("to_q")).Message);
    }

    [Fact]
    public void Writing_is_reading_backwards_bit_for_bit_and_leaves_no_tensor_alive()
    {
        var path = Foreign().Path;
        var before = LiveTensors.Count();
        using (var own = Map.Read(SafeTensorsFile.Open(path)))
            SafeTensors.Save(folder["own"], own);
        using (var own = SafeTensorsFile.Open(folder["own"]))
            SafeTensors.Save(folder["again"], Map.Write(own));
        Assert.Equal(before, LiveTensors.Count());

        using var first = SafeTensorsFile.Open(path);
        using var again = SafeTensorsFile.Open(folder["again"]);
        Assert.Equal(first.Tensors.Keys.Except(Map.Ignored).Order(), again.Tensors.Keys.Order());
        Assert.Equal(Map.Foreign.Select(static e => e.Name), again.Tensors.Keys);
        using var scope = NewDisposeScope();
        foreach (var name in again.Tensors.Keys)
            AssertEqual(first.Read(name), again.Read(name));
    }

    [Fact]
    public void Everything_that_a_file_lacks_or_has_too_much_is_listed_in_its_own_names()
    {
        using var file = Foreign(tensors =>
        {
            tensors.Remove("to_k");
            tensors.Remove("b.table");
            tensors["to_qkv"] = ones(2);
            tensors["linear"] = ones(4, 5);
        });
        var e = Assert.Throws<CheckpointMismatchException>(() => Map.Read(file));
        Assert.Equal(["to_k", "b.table"], e.Missing);
        Assert.Equal(["to_qkv"], e.Unexpected);
        Assert.Equal(["linear"], e.Misshaped.Select(static m => m.Name));
        Assert.Equal($"'{file.Path}' has the names of elsewhere, but is not a checkpoint of Small: tensors missing 2, unexpected 1, of "
            + "another shape 1.", e.Summary);
        Assert.Contains("linear (wanted (4, 4), given (4, 5))", e.Message);
    }

    [Fact]
    public void Copies_must_be_equal_to_the_last_bit()
    {
        using (var equal = Foreign(static tensors => tensors["a.table"] = tensors["b.table"] = full(5, -0.0)))
            Map.Read(equal).Dispose();
        // 0 becomes -0, the others change
        using var other = Foreign(static tensors => tensors["b.table"] = tensors["a.table"].clone().neg());
        Assert.Equal(
            $"'{other.Path}' cannot be read as one model: 'a.table' and 'b.table' must hold the same values, and they differ.",
            Assert.Throws<DitException>(() => Map.Read(other)).Message);
        using var zero = Foreign(static tensors => (tensors["a.table"], tensors["b.table"]) = (zeros(5), zeros(5).neg()));
        Assert.Throws<DitException>(() => Map.Read(zero));
        using var types = Foreign(static tensors => tensors["to_v"] = tensors["to_v"].to(ScalarType.Float16));
        Assert.Contains("'to_q' is Float32 and 'to_v' is Float16", Assert.Throws<DitException>(() => Map.Read(types)).Message);
    }

    [Fact]
    public void A_file_looks_like_the_convention_that_more_of_its_names_are_of()
    {
        using var foreign = Foreign();
        Assert.True(Map.Fits(foreign));
        Assert.True(Map.Fits(["to_q", "linear", "other"]));
        Assert.False(Map.Fits(["qkv", "conv", "table", "positions"]));
        Assert.False(Map.Fits(["other"]));
        Assert.True(NameMap.Identity("Small", "official", Own).Fits(["qkv"]));
    }

    [Fact]
    public void A_source_that_is_not_the_model_is_refused_before_anything_is_written()
    {
        using var file = Foreign();
        Assert.Equal(["qkv", "conv", "table", "positions"], Assert.Throws<CheckpointMismatchException>(() => Map.Write(file)).Missing);
        using var module = nn.Linear(2, 2);
        using (var own = Map.Read(Foreign()))
            SafeTensors.Save(folder["own"], own);
        using (var scope = NewDisposeScope())
        using (var own = SafeTensorsFile.Open(folder["own"]))
            SafeTensors.Save(folder["other"], Own.Select(e => (e.Name, e.Name == "positions" ? zeros(2, 2) : own.Read(e.Name))));
        using var other = SafeTensorsFile.Open(folder["other"]);
        Assert.Contains("it holds other values than those of Small", Assert.Throws<DitException>(() => Map.Write(other)).Message);
        Assert.Equal(["weight", "bias"], Assert.Throws<CheckpointMismatchException>(() => Map.Write(module)).Unexpected);
    }

    [Fact]
    public void A_map_that_is_not_one_to_one_says_where()
    {
        Assert.Empty(Map.Problems(Own));
        Assert.Empty(NameMap.Identity("Small", "official", Own).Problems(Own));
        Assert.Equal(["The map leaves out 'more'."], Map.Problems([.. Own, new("more", 1)]));
        Assert.Equal(["The map has 'positions', and the model has not."], Map.Problems(Own[..3]));
        Assert.Equal(["The map has 'table' as (5,), the model as (6,)."], Map.Problems([Own[0], Own[1], new("table", 6), Own[3]]));
        Assert.Equal(["The name 'x' of c stands for two tensors."],
            Faults(MappedTensor.Renamed(Own[1], "x"), MappedTensor.Renamed(Own[2], "x")));
        Assert.Equal(["The map has 'table' twice."], Faults(MappedTensor.Renamed(Own[2], "x"), MappedTensor.Renamed(Own[2], "y")));
        Assert.Equal(["The parts of 'conv' have 15 elements; it has 16."], Faults(MappedTensor.Reshaped(Own[1], "x", 15)));
        Assert.Equal(
            ["The parts of 'qkv' cannot be stacked: they differ in more than dimension 0."],
            Faults(new MappedTensor.Stored(Own[0], [new ForeignTensor(["x"], [3, 3]), new ForeignTensor(["y"], [9])])));
        Assert.Equal(["'conv' has no name."], Faults(new MappedTensor.Stored(Own[1], [new ForeignTensor([], Own[1].Shape)])));

        static IReadOnlyList<string> Faults(params MappedTensor[] tensors) =>
            new NameMap("Small", "c", tensors).Problems([.. tensors.Select(static t => t.Own).DistinctBy(static e => e.Name)]);
    }

    private SafeTensorsFile Foreign(Action<Dictionary<string, Tensor>>? change = null)
    {
        using var scope = NewDisposeScope();
        var parts = arange(18, ScalarType.Float32).view(6, 3).chunk(3);
        var tensors = new Dictionary<string, Tensor>
        {
            ["b.table"] = arange(5, ScalarType.Float32),
            ["to_v"] = parts[2],
            ["to_q"] = parts[0],
            ["to_k"] = parts[1],
            ["linear"] = arange(16, ScalarType.Float32).view(4, 4),
            ["num_batches"] = tensor(3L),
            ["a.table"] = arange(5, ScalarType.Float32),
        };
        change?.Invoke(tensors);
        var path = folder[$"{Guid.NewGuid():N}"];
        SafeTensors.Save(path, tensors.Select(static t => (t.Key, t.Value)));
        return SafeTensorsFile.Open(path);
    }

    private static void AssertEqual(Tensor expected, Tensor actual)
    {
        Assert.Equal(expected.shape, actual.shape);
        Assert.True(expected.equal(actual).all().item<bool>(), $"{expected.str()} is not {actual.str()}");
    }
}
