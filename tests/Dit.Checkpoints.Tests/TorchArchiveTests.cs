using System.IO.Compression;
using System.Runtime.InteropServices;
using static TorchSharp.torch;

namespace Dit.Checkpoints.Tests;

public sealed class TorchArchiveTests : IDisposable
{
    private static readonly byte[] Six = MemoryMarshal.AsBytes<float>(new float[] { 0, 1, 2, 3, 4, 5 }).ToArray();

    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void A_state_dict_of_PyTorch_holds_what_PyTorch_saved()
    {
        using var given = TorchArchive.Open(GoldenFile.Path("dit/dit-p2.state_dict.pt"));
        using var wanted = SafeTensorsFile.Open(GoldenFile.Path("dit/dit-p2.safetensors"));
        Assert.Equal(
            wanted.Tensors.Keys.Where(n => n.StartsWith("param.")).Select(n => n["param.".Length..]).Order(),
            given.Tensors.Keys.Order());
        Assert.Equal(["pos_embed", "x_embedder.proj.weight", "x_embedder.proj.bias"], given.Tensors.Keys.Take(3));
        foreach (var name in given.Tensors.Keys)
            AssertEqual(wanted, "param." + name, given, name);
    }

    [Fact]
    public void A_training_checkpoint_of_PyTorch_holds_what_PyTorch_saved()
    {
        using var given = TorchArchive.Open(GoldenFile.Path("dit/dit-p2.train_checkpoint.pt"));
        using var wanted = SafeTensorsFile.Open(GoldenFile.Path("dit/dit-p2.train_checkpoint.expected.safetensors"));
        Assert.Equal(wanted.Tensors.Keys.Order(), given.Tensors.Keys.Where(n => !n.StartsWith("opt.")).Order());
        foreach (var name in wanted.Tensors.Keys)
            AssertEqual(wanted, name, given, name);
        Assert.Equal(given.Tensors["model.x_embedder.proj.weight"].Shape, given.Tensors["opt.state.1.exp_avg"].Shape);
        Assert.Equal("DiT-custom", given.Metadata["args.model"]);
        Assert.Equal("0.0001", given.Metadata["opt.param_groups.0.lr"]);
    }

    [Fact]
    public void Strided_empty_scalar_and_offset_views_are_read()
    {
        using var scope = NewDisposeScope();
        var pickle = new Pickle().Op('}').Op('(')
            .Text("transposed").Tensor(6, 0, [3, 2], [1, 3])
            .Text("column").Tensor(6, 1, [2], [3])
            .Text("row").Tensor(6, 3, [3], [1])
            .Text("scalar").Tensor(6, 5, [], [])
            .Text("empty").Tensor(6, 0, [0, 4], [4, 1])
            .Text("odd stride").Tensor(6, 0, [1, 6], [999, 1])
            .Op('u').Bytes;
        using var file = Open(Pickle.Archive(pickle, ("data/0", Six)));
        var grid = arange(6f).view(2, 3);
        Assert.True(file.Read("transposed").equal(grid.t()).all().item<bool>());
        Assert.True(file.Read("column").equal(grid[.., 1]).all().item<bool>());
        Assert.True(file.Read("row", dtype: ScalarType.Float64).equal(arange(3.0, 6.0, dtype: ScalarType.Float64)).all().item<bool>());
        Assert.Equal(5f, file.Read("scalar").item<float>());
        Assert.Equal([0L, 4], file.Read("empty").shape);
        Assert.Equal([1L, 6], file.Read("odd stride").shape);
    }

    [Theory]
    [InlineData("DoubleStorage", ScalarType.Float64, 8)]
    [InlineData("HalfStorage", ScalarType.Float16, 2)]
    [InlineData("BFloat16Storage", ScalarType.BFloat16, 2)]
    [InlineData("LongStorage", ScalarType.Int64, 8)]
    [InlineData("IntStorage", ScalarType.Int32, 4)]
    [InlineData("ShortStorage", ScalarType.Int16, 2)]
    [InlineData("CharStorage", ScalarType.Int8, 1)]
    [InlineData("ByteStorage", ScalarType.Byte, 1)]
    [InlineData("BoolStorage", ScalarType.Bool, 1)]
    public void Storages_of_every_type_are_read(string storage, ScalarType type, int size)
    {
        using var scope = NewDisposeScope();
        var wanted = tensor(new[] { 1f, 0f, 1f }).to(type);
        var bytes = wanted.bytes.ToArray();
        Assert.Equal(3 * size, bytes.Length);
        using var file = Open(Pickle.Archive(Pickle.Entry(p => p.Tensor(3, 0, [3], [1], storage)), ("data/0", bytes)));
        var given = file.Read("x");
        Assert.Equal(type, given.dtype);
        Assert.True(given.equal(wanted).all().item<bool>());
    }

    [Fact]
    public void Parameters_shared_storages_and_a_memo_of_protocol_4_are_read()
    {
        // {"a": Parameter(tensor), "b": the same tensor}, with SHORT_BINUNICODE, MEMOIZE and STACK_GLOBAL.
        var pickle = new Pickle().Op('}').Op('(')
            .Text("a").Op(0x8c, 12).Op("torch._utils"u8).Op(0x8c, 18).Op("_rebuild_parameter"u8).Op(0x93)
            .Op('(').Tensor(6, 0, [6], [1]).Op(0x94).Op(0x88).Op('}').Op('t').Op('R')
            .Text("b").Op('h', 0)
            .Op('u').Bytes;
        using var file = Open(Pickle.Archive(pickle, ("data/0", Six)));
        Assert.Equal(["a", "b"], file.Tensors.Keys);
        using var b = file.Read("b");
        Assert.Equal(5f, b[5].item<float>());
    }

    [Fact]
    public void Objects_that_training_scripts_keep_are_plain_values()
    {
        var pickle = Pickle.Entry(p => p.Global("argparse", "Namespace").Op(')').Op(0x81)
            .Op('}').Text("path").Global("pathlib", "PosixPath").Text("results").Op(0x85).Op('R').Op('s').Op('b'));
        using var file = Open(Pickle.Archive(pickle));
        Assert.Empty(file.Tensors);

        var lr = Pickle.Entry(p => p.Global("argparse", "Namespace").Op(')').Op(0x81).Op('}').Text("lr").Int(3).Op('s').Op('b'));
        using var withValue = Open(Pickle.Archive(lr));
        Assert.Equal("3", withValue.Metadata["x.lr"]);
    }

    [Fact]
    public void What_Lightning_and_NumPy_leave_beside_the_weights_is_only_a_name()
    {
        // {ModelCheckpoint: {"best": numpy scalar}, "x": tensor}, as the published latent diffusion models have it.
        var pickle = new Pickle().Op('}').Op('(')
            .Global("pytorch_lightning.callbacks.model_checkpoint", "ModelCheckpoint")
            .Op('}').Text("best").Global("numpy.core.multiarray", "scalar").Global("numpy", "dtype").Text("f8").Op(0x85).Op('R')
                .Text("bytes").Op(0x86).Op('R').Op('s')
            .Text("x").Tensor(6, 0, [6], [1])
            .Op('u').Bytes;
        using var file = Open(Pickle.Archive(pickle, ("data/0", Six)));
        Assert.Equal(["x"], file.Tensors.Keys);
        Assert.Empty(file.Metadata);
    }

    [Fact]
    public void Archives_as_large_files_have_them_are_read()
    {
        var pickle = Pickle.Entry(p => p.Tensor(6, 0, [2, 3], [3, 1]));
        var zip = Pickle.AsZip64(Pickle.Archive(pickle, ("data/0", Six)));
        using var file = Open(zip);
        using var x = file.Read("x");
        Assert.Equal(Six, x.bytes.ToArray());
        for (var at = zip.Length - 98; at < zip.Length - 22; at += 7)
        {
            var damaged = (byte[])zip.Clone();
            damaged[at] ^= 0x80;
            folder.Write("b", damaged);
            try
            {
                using var opened = TorchArchive.Open(folder["b"]); // a byte that says nothing here, such as the version of the writer
                using var y = opened.Read("x");
                Assert.Equal(Six, y.bytes.ToArray());
            }
            catch (DitException e)
            {
                Assert.Contains(folder["b"], e.Message);
            }
        }
    }

    [Fact]
    public void Archives_that_are_no_state_dict_say_what_they_are()
    {
        AssertRefused(Pickle.Zip([("a/readme.txt", [1])]), "0 entries data.pkl");
        AssertRefused(Pickle.Zip([("a/data.pkl", new Pickle().Op('}').Bytes), ("b/data.pkl", new Pickle().Op('}').Bytes)]),
            "2 entries data.pkl");
        AssertRefused(Pickle.Zip([("a/data.pkl", new Pickle().Op('}').Bytes), ("a/constants.pkl", [1])]), "TorchScript");
        AssertRefused(Pickle.Archive(new Pickle().Op('}').Bytes, ("byteorder", "big"u8.ToArray())), "big-endian");
        AssertRefused(Pickle.Zip([("a/data.pkl", new byte[1000])], CompressionLevel.Optimal), "compressed");
    }

    [Fact]
    public void Entries_on_top_of_each_other_are_refused()
    {
        var zip = Pickle.Archive(new Pickle().Op('}').Bytes, ("data/0", Six), ("data/1", Six));
        var directory = zip.AsSpan().IndexOf("PK\x01\x02"u8);
        var second = directory + 46 + "archive/data.pkl".Length;
        var third = second + 46 + "archive/data/0".Length;
        Assert.True(zip.AsSpan(third).StartsWith("PK\x01\x02"u8));
        // The third entry lies where the second does.
        zip.AsSpan(second + 42, 4).CopyTo(zip.AsSpan(third + 42));
        AssertRefused(zip, "overlaps another one");

        // An entry that reaches into the directory.
        var reaching = Pickle.Archive(new Pickle().Op('}').Bytes, ("data/0", Six));
        directory = reaching.AsSpan().IndexOf("PK\x01\x02"u8);
        second = directory + 46 + "archive/data.pkl".Length;
        reaching[second + 20]++;
        reaching[second + 24]++;
        AssertRefused(reaching, "its directory overlaps an entry");
    }

    [Fact]
    public void A_compressed_entry_is_refused_whatever_it_would_grow_to()
    {
        var bomb = Pickle.Zip([("a/data.pkl", new Pickle().Op('}').Bytes), ("a/data/0", new byte[100 << 20])],
            CompressionLevel.SmallestSize);
        Assert.True(bomb.Length < 1 << 20);
        var before = GC.GetAllocatedBytesForCurrentThread();
        AssertRefused(bomb, "compressed");
        Assert.True(GC.GetAllocatedBytesForCurrentThread() - before < 2_000_000);
    }

    [Fact]
    public void Only_what_is_returned_outlives_a_read()
    {
        var before = LiveTensors.Count();
        using (var file = Open(Pickle.Archive(Pickle.Entry(p => p.Tensor(6, 0, [3, 2], [1, 3])), ("data/0", Six))))
        {
            using var x = file.Read("x", dtype: ScalarType.Float64);
            Assert.Equal(before + 1, LiveTensors.Count());
        }
        Assert.Equal(before, LiveTensors.Count());
    }

    private static void AssertEqual(ICheckpointFile wanted, string wantedName, ICheckpointFile given, string givenName)
    {
        using var a = wanted.Read(wantedName);
        using var b = given.Read(givenName);
        Assert.Equal(a.shape, b.shape);
        Assert.Equal(a.dtype, b.dtype);
        Assert.True(a.bytes.SequenceEqual(b.bytes), givenName);
    }

    private TorchArchive Open(byte[] bytes) => TorchArchive.Open(folder.Write("a", bytes));

    private void AssertRefused(byte[] bytes, string reason)
    {
        var e = Assert.Throws<DitException>(() => Open(bytes).Dispose());
        Assert.Contains(reason, e.Message);
    }
}
