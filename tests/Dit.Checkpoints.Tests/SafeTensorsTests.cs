using System.Buffers.Binary;
using System.Text;
using static TorchSharp.torch;

namespace Dit.Checkpoints.Tests;

public sealed class SafeTensorsTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    public static TheoryData<ScalarType> AllTypes =>
    [
        ScalarType.Float64, ScalarType.Float32, ScalarType.Float16, ScalarType.BFloat16, ScalarType.Int64,
        ScalarType.Int32, ScalarType.Int16, ScalarType.Int8, ScalarType.Byte, ScalarType.Bool,
    ];

    [Theory, MemberData(nameof(AllTypes))]
    public void Every_type_comes_back_exactly(ScalarType type)
    {
        using var scope = NewDisposeScope();
        var values = (randn(3, 4, 5) * 30).to(type);
        SafeTensors.Save(folder["a"], [("values", values)]);

        using var file = SafeTensorsFile.Open(folder["a"]);
        Assert.Equal(type, file.Tensors["values"].DType);
        Assert.Equal([3L, 4, 5], file.Tensors["values"].Shape);
        var back = file.Read("values");
        Assert.Equal(type, back.dtype);
        Assert.True(back.equal(values).all().item<bool>());
    }

    [Fact]
    public void A_tensor_of_many_pieces_is_read_whole()
    {
        using var scope = NewDisposeScope();
        var wanted = arange(3_000_001, dtype: ScalarType.Int32); // 12 MB
        SafeTensors.Save(folder["large"], [("x", wanted)]);
        var before = LiveTensors.Count();
        using var file = SafeTensorsFile.Open(folder["large"]);
        using (NewDisposeScope())
        {
            Assert.True(file.Read("x").equal(wanted).all().item<bool>());
            Assert.Equal(3_000_000, file.Read("x", dtype: ScalarType.Int64)[^1].item<long>());
        }
        Assert.Equal(before, LiveTensors.Count());
    }

    [UnixFact("A file that is open for reading cannot be cut on Windows.")]
    public void A_tensor_of_many_pieces_that_is_cut_off_is_reported()
    {
        using var scope = NewDisposeScope();
        SafeTensors.Save(folder["large"], [("x", arange(3_000_001, dtype: ScalarType.Int32))]); // 12 MB
        using var file = SafeTensorsFile.Open(folder["large"]);
        using (var handle = new FileStream(folder["large"], FileMode.Open, FileAccess.Write, FileShare.ReadWrite))
            handle.SetLength(1 << 20);
        Assert.Contains("ended at byte", Assert.Throws<DitException>(() => file.Read("x")).Message);
    }

    [Fact]
    public void Scalars_empty_and_strided_tensors_come_back()
    {
        using var scope = NewDisposeScope();
        var grid = arange(24).reshape(4, 6);
        (string, Tensor)[] tensors =
        [
            ("scalar", tensor(3.5)), ("empty", zeros(0, 7)), ("transposed", grid.t()), ("sliced", grid[.., 1..4]),
            ("expanded", tensor(2f).expand(2, 3)),
            ("permuted", randn(2, 3, 4, 5).permute(0, 3, 1, 2)), ("also empty", zeros(0)),
        ];
        SafeTensors.Save(folder["a"], tensors);

        using var file = SafeTensorsFile.Open(folder["a"]);
        Assert.Equal(tensors.Select(t => t.Item1), file.Tensors.Keys);
        foreach (var (name, wanted) in tensors)
        {
            var back = file.Read(name);
            Assert.Equal(wanted.shape, back.shape);
            Assert.True(back.equal(wanted).all().item<bool>(), name);
        }
    }

    [Fact]
    public void The_same_tensors_give_the_same_aligned_bytes()
    {
        using var scope = NewDisposeScope();
        var a = arange(10f);
        SafeTensors.Save(folder["1"], [("a", a), ("größe \"x\"", a)], new Dictionary<string, string> { ["k"] = "v", ["b"] = "w" });
        SafeTensors.Save(folder["2"], [("a", a.clone()), ("größe \"x\"", a)],
            new Dictionary<string, string> { ["b"] = "w", ["k"] = "v" });
        var bytes = File.ReadAllBytes(folder["1"]);
        Assert.Equal(bytes, File.ReadAllBytes(folder["2"]));
        var length = BinaryPrimitives.ReadInt64LittleEndian(bytes);
        Assert.Equal(0, length % 8);
        Assert.Equal("""{"__metadata__":{"b":"w","k":"v"},"a":{"dtype":"F32","shape":[10],"data_offsets":[0,40]},"größe \"x\"":"""
            + """{"dtype":"F32","shape":[10],"data_offsets":[40,80]}}""", Encoding.UTF8.GetString(bytes, 8, (int)length).TrimEnd(' '));
        Assert.Equal(8 + length + 80, bytes.Length);
        using var file = SafeTensorsFile.Open(folder["1"]);
        Assert.Equal("v", file.Metadata["k"]);
    }

    [Fact]
    public void Files_of_the_reference_implementation_are_read()
    {
        using var file = SafeTensorsFile.Open(GoldenFile.Path("dit/dit-p2.safetensors"));
        Assert.Equal("32", file.Metadata["hidden_size"]);
        Assert.Equal([1L, 16, 32], file.Tensors["param.pos_embed"].Shape);
        using var table = file.Read("param.pos_embed");
        Assert.Equal(0, table[0, 0, 0].item<float>()); // sin 0
        Assert.Equal(1, table[0, 0, 8].item<float>()); // cos 0
    }

    [Fact]
    public void Reading_converts_type_and_fills_tensors_of_any_layout()
    {
        using var scope = NewDisposeScope();
        var values = randn(4, 6);
        SafeTensors.Save(folder["a"], [("values", values), ("flags", values > 0)]);
        using var file = SafeTensorsFile.Open(folder["a"]);

        Assert.True(file.Read("values", dtype: ScalarType.BFloat16).equal(values.to(ScalarType.BFloat16)).all().item<bool>());
        Assert.True(file.Read("flags", dtype: ScalarType.Float32).equal((values > 0).to(ScalarType.Float32)).all().item<bool>());
        var transposed = zeros(6, 4).t();
        file.CopyInto("values", transposed);
        Assert.True(transposed.equal(values).all().item<bool>());
        var parameter = new TorchSharp.Modules.Parameter(zeros(4, 6, ScalarType.Float64));
        file.CopyInto("values", parameter);
        Assert.True(parameter.equal(values.to(ScalarType.Float64)).all().item<bool>());
        Assert.True(parameter.requires_grad);
    }

    [Fact]
    public void Tensors_of_more_than_one_piece_come_back()
    {
        using var scope = NewDisposeScope();
        var values = arange((1 << 24) + 1000, dtype: ScalarType.Int32).to(ScalarType.Int16);
        SafeTensors.Save(folder["a"], [("values", values)]);
        using var file = SafeTensorsFile.Open(folder["a"]);
        Assert.True(file.Read("values").equal(values).all().item<bool>());
        Assert.True(file.Read("values", dtype: ScalarType.Int32).equal(values.to(ScalarType.Int32)).all().item<bool>());
        SafeTensors.Save(folder["b"], [("values", values.to(ScalarType.Float32))], dtype: ScalarType.BFloat16);
        using var half = SafeTensorsFile.Open(folder["b"]);
        Assert.True(half.Read("values").equal(values.to(ScalarType.Float32).to(ScalarType.BFloat16)).all().item<bool>());
    }

    [Fact]
    public void Saving_as_another_type_converts_real_numbers_only()
    {
        using var scope = NewDisposeScope();
        var values = randn(8);
        SafeTensors.Save(folder["a"], [("values", values), ("steps", tensor(70_000L))], dtype: ScalarType.Float16);
        using var file = SafeTensorsFile.Open(folder["a"]);
        Assert.True(file.Read("values").equal(values.to(ScalarType.Float16)).all().item<bool>());
        Assert.Equal(70_000L, file.Read("steps").item<long>());
        Assert.Throws<DitException>(() => SafeTensors.Save(folder["b"], [("values", values)], dtype: ScalarType.Int32));
    }

    [Fact]
    public void Names_and_types_that_cannot_be_written_are_named_and_nothing_is_written()
    {
        using var scope = NewDisposeScope();
        var one = ones(1);
        Assert.Contains("'x'", Assert.Throws<DitException>(() => SafeTensors.Save(folder["a"], [("x", one), ("x", one)])).Message);
        Assert.Contains("'__metadata__'",
            Assert.Throws<DitException>(() => SafeTensors.Save(folder["a"], [("__metadata__", one)])).Message);
        Assert.Contains("ComplexFloat32", Assert.Throws<DitException>(
            () => SafeTensors.Save(folder["a"], [("x", zeros(1, ScalarType.ComplexFloat32))])).Message);
        Assert.Empty(folder.Files);
    }

    [Fact]
    public void A_save_that_fails_leaves_the_old_file_and_no_other()
    {
        using var scope = NewDisposeScope();
        SafeTensors.Save(folder["a"], [("x", ones(3))]);
        var old = File.ReadAllBytes(folder["a"]);
        // A tensor without elements to copy: libtorch refuses in the middle of the file.
        Assert.ThrowsAny<Exception>(() => SafeTensors.Save(folder["a"], [("x", zeros(3)), ("y", zeros(3, device: META))]));
        Assert.Equal(old, File.ReadAllBytes(folder["a"]));
        Assert.Equal(["a"], folder.Files);
    }

    [Fact]
    public void Unknown_names_and_other_shapes_are_named()
    {
        using var scope = NewDisposeScope();
        SafeTensors.Save(folder["a"], [("x", ones(3)), ("\u001b[2J", ones(1))]);
        using var file = SafeTensorsFile.Open(folder["a"]);
        Assert.Equal($"'{folder["a"]}' holds no tensor 'y'; it holds x,  [2J.", Assert.Throws<DitException>(() => file.Read("y")).Message);
        Assert.Contains("has shape (3,); the tensor to fill has (2, 2)",
            Assert.Throws<DitException>(() => file.CopyInto("x", zeros(2, 2))).Message);
    }

    [Fact]
    public void Only_what_is_returned_outlives_a_read_or_a_save()
    {
        using var values = randn(5, 5);
        SafeTensors.Save(folder["a"], [("x", values)]);
        var before = LiveTensors.Count();
        SafeTensors.Save(folder["a"], [("x", values)], dtype: ScalarType.Float16);
        using (var file = SafeTensorsFile.Open(folder["a"]))
        {
            using var back = file.Read("x", dtype: ScalarType.Float64);
            file.CopyInto("x", values);
            Assert.Equal(before + 1, LiveTensors.Count());
        }
        Assert.Equal(before, LiveTensors.Count());
    }
}
