using System.Runtime.InteropServices;
using System.Text;
using static TorchSharp.torch;

namespace Dit.Checkpoints.Tests;

/// <summary>
/// Whatever lies beside the weights is a name and plain values; the weights are read, and only a tensor that cannot be
/// made is refused.
/// </summary>
public sealed class PickleSettingsTests : IDisposable
{
    private static readonly byte[] Six = MemoryMarshal.AsBytes<float>(new float[] { 0, 1, 2, 3, 4, 5 }).ToArray();

    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Theory]
    [InlineData("settings.pt")]
    [InlineData("settings.legacy.protocol1.pt")]
    [InlineData("settings.protocol5.pt")]
    public void Settings_of_every_class_that_Python_pickles_keep_nobody_from_the_weights(string name)
    {
        using var scope = NewDisposeScope();
        using var file = CheckpointFile.Open(GoldenFile.Path($"torch/{name}"));
        Assert.Equal(arange(6f).view(2, 3).bytes.ToArray(), file.Read("state_dict.a").bytes.ToArray());
        Assert.Equal(ones(3, ScalarType.Float16).bytes.ToArray(), file.Read("state_dict.b").bytes.ToArray());
        Assert.Equal("DiT-XL/2", file.Metadata["settings.ns.model"]);
        Assert.Equal("0.1", file.Metadata["settings.cfg.inner.lr"]);
        Assert.Equal("1000000000000000000000000000000", file.Metadata["settings.big"]);
        Assert.Equal("é\n\\", file.Metadata["settings.u"]);
        Assert.Equal(2f, file.Read("settings.node.value").sum().item<float>());
    }

    [Fact]
    public void Tensors_of_other_kinds_are_listed_and_refused_by_name_when_they_are_read()
    {
        using var scope = NewDisposeScope();
        using var file = CheckpointFile.Open(GoldenFile.Path("torch/kinds.pt"));
        Assert.Equal([0f, 1, 2], file.Read("p").data<float>());
        Assert.Equal([0f, 1, 2, 3], file.Read("sub").data<float>());
        Assert.Equal([1f, 1], file.Read("a").data<float>());
        Assert.Equal("Float32 (3, 3)", file.Tensors["sparse"].ToString());
        foreach (var (name, type, why) in new[]
        {
            ("sparse", "Float32 (3, 3)", "it is sparse"), ("csr", "Float32 (3, 3)", "it is sparse"),
            ("complex", "ComplexFloat32 (2,)", "no real numbers"),
            ("double", "ComplexFloat64 (2,)", "no real numbers"), ("quantised", "QInt8 (4,)", "it is quantized"),
            ("meta", "unknown (2,)", "device meta"),
        })
        {
            Assert.Equal(type, file.Tensors[name].ToString());
            Assert.NotNull(file.Tensors[name].Refusal);
            var message = Assert.Throws<DitException>(() => file.Read(name)).Message;
            Assert.Contains($"Tensor '{name}' of ", message);
            Assert.Contains(why, message);
            Assert.Contains(why, Assert.Throws<DitException>(() => file.CopyInto(name, zeros(3, 3))).Message);
        }
    }

    [Fact]
    public void Objects_of_any_class_made_in_any_way_are_inert()
    {
        var random = new Random(7);
        for (var run = 0; run < 300; run++)
        {
            var pickle = new Pickle().Op('}').Op('(').Text("config");
            Value(pickle, random, depth: 0);
            pickle.Text("weight").Tensor(6, 0, [2, 3], [3, 1]).Op('u');
            using var file = CheckpointFile.Open(folder.Write("a", Pickle.Archive(pickle.Bytes, ("data/0", Six))));
            Assert.Equal(["weight"], file.Tensors.Keys);
            using var weight = file.Read("weight");
            Assert.Equal(Six, weight.bytes.ToArray());
        }
    }

    [Fact]
    public void Tensors_inside_objects_have_the_names_of_their_attributes_and_keys()
    {
        var pickle = new Pickle().Op('}').Op('(')
            .Text("a").Global("trainer", "State").Op(')').Op(0x81).Op('}').Text("net").Op('}').Text("w").Tensor(6, 0, [6], [1]).Op('s')
                .Op('s').Op('b')
            .Text("b").Global("easydict", "EasyDict").Op(')').Op(0x81).Text("w").Tensor(6, 0, [6], [1]).Op('s')
            .Text("c").Global("collections", "deque").Op(')').Op('R').Tensor(6, 0, [6], [1]).Op('a')
            .Text("d").Global("frozendict", "frozendict").Op('}').Text("w").Tensor(6, 0, [6], [1]).Op('s').Op(0x85).Op('R')
            .Op('u').Bytes;
        using var file = CheckpointFile.Open(folder.Write("a", Pickle.Archive(pickle, ("data/0", Six))));
        Assert.Equal(["a.net.w", "b.w", "c.0", "d.w"], file.Tensors.Keys);
        Assert.All(file.Tensors.Values, static info => Assert.Null(info.Refusal));
    }

    [Fact]
    public void Objects_that_hold_each_other_as_the_nodes_of_a_configuration_do_have_an_end()
    {
        // root = Node(); root.parent = root; root.child = Node(parent=root), hundreds deep.
        var pickle = new Pickle().Op('}').Op('(').Text("w").Tensor(6, 0, [6], [1]).Text("config")
            .Global("omegaconf.dictconfig", "DictConfig").Op(')').Op(0x81).Op('q', 0)
            .Op('}').Op('(').Text("parent").Op('h', 0);
        for (var i = 0; i < 400; i++)
            pickle.Text("child").Global("omegaconf.dictconfig", "DictConfig").Op(')').Op(0x81).Op('}').Op('(').Text("parent").Op('h', 0);
        for (var i = 0; i < 400; i++)
            pickle.Op('u').Op('b');
        using var file = CheckpointFile.Open(folder.Write("a", Pickle.Archive(pickle.Op('u').Op('b').Op('u').Bytes, ("data/0", Six))));
        Assert.Equal(["w"], file.Tensors.Keys);
    }

    [Theory]
    [InlineData("bitsandbytes.nn.modules", "Params4bit")]
    [InlineData("torchao.dtypes", "AffineQuantizedTensor.__new__")]
    [InlineData("torch._utils", "_rebuild_something_new")]
    public void A_tensor_that_an_unknown_name_makes_is_listed_and_refused_by_that_name(string module, string name)
    {
        var pickle = new Pickle().Op('}').Op('(')
            .Text("q").Global(module, name).Op('(').Tensor(6, 0, [2, 3], [3, 1]).Op(0x88).Op('t').Op('R')
            .Text("p").Global("torch._utils", "_rebuild_parameter").Op('(').Global(module, name).Op('(').Storage("FloatStorage", "0", 6)
                .Int(0).Ints(3, 2).Op('t').Op('R').Op(0x88).Op('}').Op('t').Op('R')
            .Text("w").Tensor(6, 0, [6], [1]).Op('u').Bytes;
        using var file = CheckpointFile.Open(folder.Write("a", Pickle.Archive(pickle, ("data/0", Six))));
        Assert.Equal(["q", "p", "w"], file.Tensors.Keys);
        Assert.Equal("Float32 (2, 3)", file.Tensors["q"].ToString());
        Assert.Equal("Float32 (3, 2)", file.Tensors["p"].ToString());
        foreach (var unknown in new[] { "q", "p" })
            Assert.Contains($"is made by '{module}.{name}'", Assert.Throws<DitException>(() => file.Read(unknown)).Message);
        file.Read("w").Dispose();
    }

    [Fact]
    public void Parameters_with_state_and_subclasses_of_tensors_are_the_tensor_inside()
    {
        Pickle Wrapped(Pickle p) => p.Global("torch._tensor", "_rebuild_from_type_v2").Op('(')
            .Global("torch._utils", "_rebuild_parameter_with_state").Global("my.layers", "Weight").Op('(').Tensor(6, 0, [6], [1]).Op(0x88)
                .Op('}').Op('}').Text("scale").Int(2).Op('s').Op('t')
            .Op('}').Text("tag").Text("x").Op('s').Op('t').Op('R');
        using var file = CheckpointFile.Open(folder.Write("a", Pickle.Archive(Pickle.Entry(Wrapped), ("data/0", Six))));
        using var x = file.Read("x");
        Assert.Equal(Six, x.bytes.ToArray());
    }

    [Fact]
    public void The_tensors_of_a_pickled_module_are_listed()
    {
        using var file = CheckpointFile.Open(GoldenFile.Path("torch/module.pt"));
        Assert.Contains("_modules.0._parameters.weight", file.Tensors.Keys);
        using var weight = file.Read("_modules.0._parameters.weight");
        Assert.Equal([3L, 2], weight.shape);
    }

    // A value of random kind, with the opcodes of any protocol.
    private static void Value(Pickle p, Random random, int depth)
    {
        void Inner() => Value(p, random, depth + 1);
        void Name() => p.Global(Word(random), Word(random) + "." + Word(random));
        switch (depth > 4 ? random.Next(6) : random.Next(19))
        {
            case 0: p.Op('N'); break;
            case 1: p.Int(random.Next()); break;
            case 2: p.Text(Word(random)); break;
            case 3: p.Op('I').Op("01\n"u8).Op('0').Op('L').Op("12345678901234567890L\n"u8); break;
            case 4: p.Op('F').Op("1.5e3\n"u8).Op('0').Op('S').Op("'a\\x41'\n"u8).Op('0').Op('V').Op("\\u00e9\n"u8); break;
            case 5:
                p.Op(0x8e).Op(BitConverter.GetBytes(2L)).Op(1, 2).Op('0').Op(0x96).Op(BitConverter.GetBytes(1L)).Op(1).Op('2').Op('0');
                break;
            case 6: Name(); p.Op(')').Op('R'); break;
            case 7: Name(); Inner(); p.Op(0x85).Op('R'); break;
            case 8: Name(); Inner(); Inner(); p.Op(0x86).Op(0x81).Op('}').Text(Word(random)); Inner(); p.Op('s').Op('b'); break;
            case 9: Name(); Inner(); p.Op(0x85).Op('}').Text(Word(random)); Inner(); p.Op('s').Op(0x92); break;
            case 10: p.Op('('); Inner(); p.Op('i').Op(Encoding.UTF8.GetBytes($"{Word(random)}\n{Word(random)}\n")); break;
            case 11: p.Op('('); Name(); Inner(); p.Op('o'); break;
            case 12: Name(); p.Op(')').Op('R').Op('('); Inner(); Inner(); p.Op('e').Op('('); Inner(); Inner(); p.Op('u'); break;
            case 13: p.Op('('); Inner(); Inner(); p.Op(0x91); break;
            case 14: p.Op('('); Inner(); Inner(); p.Op('d'); break;
            case 15: p.Op('('); Inner(); p.Op('l').Op('p').Op("7\n"u8).Op('0').Op('g').Op("7\n"u8); break;
            case 16: p.Op(0x82, 1); Inner(); p.Op(0x85).Op('R'); break;
            case 17: p.Op('('); Inner(); Inner(); p.Op('1'); Inner(); break;
            default: p.Text(Word(random)).Text(Word(random)).Op(0x93); Inner(); p.Op(0x85).Op('R').Op(')').Op('R').Op('N').Op('b'); break;
        }
    }

    private static string Word(Random random) =>
        string.Concat(Enumerable.Range(0, random.Next(1, 9)).Select(_ => "abcdefgXYZ_0189éß"[random.Next(17)]));
}
