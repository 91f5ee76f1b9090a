using System.Text;

namespace Dit.Checkpoints.Tests;

/// <summary>
/// Pickles that were made to harm, in either format of torch.save: each is refused with one line and without running,
/// allocating or looping.
/// </summary>
public sealed class HostilePickleTests : IDisposable
{
    private const string NoElements = "lacks the elements";

    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Theory]
    [InlineData("os", "system")]
    [InlineData("posix", "system")]
    [InlineData("nt", "startfile")]
    [InlineData("builtins", "eval")]
    [InlineData("__builtin__", "exec")]
    [InlineData("builtins", "__import__")]
    [InlineData("subprocess", "Popen")]
    [InlineData("runpy", "run_path")]
    public void A_name_that_runs_what_it_is_given_is_refused_by_name(string module, string name)
    {
        AssertRefused(p => p.Global(module, name).Text("touch /tmp/x").Op(0x85).Op('R'), $"'{module}.{name}'");
        AssertRefused(p => p.Text(module).Text(name).Op(0x93).Text("touch /tmp/x").Op(0x85).Op('R'), $"'{module}.{name}'");
        AssertRefused(p => p.Op('(').Text("touch /tmp/x").Op('i').Op(Encoding.ASCII.GetBytes($"{module}\n{name}\n")), $"'{module}.{name}'");
        AssertRefused(p => p.Op('(').Global(module, name).Text("touch /tmp/x").Op('o'), $"'{module}.{name}'");
        AssertRefused(p =>
            p.Global("a", "B").Op(')').Op(0x81).Op('}').Text("__setstate__").Global(module, name).Op('s').Op('b'), $"'{module}.{name}'");
    }

    // Whatever the name, and whatever is done with it: the value is a name, and no tensor comes of it.
    [Theory]
    [InlineData("builtins", "getattr")]
    [InlineData("torch", "load")]
    [InlineData("torch", "FloatStorage.__init__")]
    [InlineData("collections", "OrderedDict.__class__")]
    [InlineData("System.Diagnostics", "Process")]
    [InlineData("torch.nn.modules.linear", "Linear")]
    public void Any_other_name_is_never_looked_up_and_makes_no_tensor(string module, string name)
    {
        Func<Pickle, Pickle>[] uses =
        [
            p => p.Global(module, name).Text("touch /tmp/x").Op(0x85).Op('R'),
            p => p.Global(module, name).Text("touch /tmp/x").Op(0x85).Op('R').Op(')').Op('R'),
            p => p.Text(module).Text(name).Op(0x93).Op(')').Op(0x81).Op('}').Text("__setstate__").Text("x").Op('s').Op('b'),
        ];
        foreach (var use in uses)
        {
            using var file = CheckpointFile.Open(folder.Write("a", Pickle.Archive(Pickle.Entry(use))));
            Assert.Empty(file.Tensors);
        }
        var tensor = Pickle.Entry(p => p.Global(module, name).Op('(').Storage("FloatStorage", "0", 6).Op('t').Op('R'));
        using var opaque = CheckpointFile.Open(folder.Write("a", Pickle.Archive(tensor, ("data/0", new byte[24]))));
        Assert.Contains($"'{module}.{name}'", Assert.Throws<DitException>(() => opaque.Read("x")).Message);
    }

    [Fact]
    public void Names_of_any_length_and_line_ends_are_shown_in_one_line()
    {
        var pickle = Pickle.Entry(p =>
            p.Text("evil\r\n").Text(new string('x', 100_000)).Op(0x93).Op('(').Storage("FloatStorage", "0", 6).Op('t').Op('R'));
        using var file = CheckpointFile.Open(folder.Write("b", Pickle.Archive(pickle, ("data/0", new byte[24]))));
        var message = Assert.Throws<DitException>(() => file.Read("x")).Message;
        Assert.Contains("is made by 'evil  .xxx", message);
        Assert.DoesNotContain('\n', message);
        Assert.True(message.Length < 600, message);
        AssertRefused(p => p.Tensor(6, 0, [6], [1], key: new string('\n', 5000)), NoElements);
    }

    [Fact]
    public void Wrong_arguments_to_an_allowed_name_are_refused()
    {
        const string Tensor = "'torch._utils._rebuild_tensor_v2' to the wrong arguments";
        AssertRefused(p => p.Global("torch._utils", "_rebuild_tensor_v2").Op(')').Op('R'), Tensor);
        AssertRefused(p => p.Global("torch._utils", "_rebuild_tensor_v2").Text("a").Op(0x85).Op('R'), Tensor);
        AssertRefused(p => p.Tensor(6, 0, [6], [1, 1]), Tensor);
        AssertRefused(p => p.Tensor(6, -1, [6], [1]), Tensor);
        AssertRefused(p => p.Global("torch._utils", "_rebuild_parameter").Text("a").Op(0x85).Op('R'), "wrong arguments");
        AssertRefused(p => p.Global("collections", "OrderedDict").Text("a").Op(0x85).Op('R'), "wrong arguments");
        AssertRefused(p => p.Global("collections", "OrderedDict").Op(']').Text("a").Op('a').Op(0x85).Op('R'), "wrong arguments");
        AssertRefused(p => p.Global("torch", "FloatStorage").Text("a").Op('R'), "not a name");
        AssertRefused(p => p.Text("os.system").Op(')').Op('R'), "not a name");
        AssertRefused(p => p.Text("a").Op('}').Op('b'), "attributes");
        AssertRefused(p => p.Text("elsewhere").Op('Q'), "outside it");
        AssertRefused(p => p.Storage("DataFrame", "0", 6), "'torch.DataFrame'");
        AssertRefused(p => p.Storage("FloatStorage", "0", -6), "outside it");
    }

    [Fact]
    public void Sizes_beyond_the_storage_or_the_file_are_refused_before_anything_is_allocated()
    {
        var before = GC.GetAllocatedBytesForCurrentThread();
        AssertRefused(p => p.Tensor(6, 0, [10_995_116_277_760], [1]), "save expanded tensors with .contiguous()");
        AssertRefused(p => p.Tensor(6, 0, [10_995_116_277_760], [0]), "save expanded tensors with .contiguous()");
        AssertRefused(p =>
            p.Tensor(10_995_116_277_760, 0, [10_995_116_277_760], [1]), "holds 24 bytes for tensor 'x'", "holds 6 elements for tensor 'x'");
        AssertRefused(p => p.Tensor(7, 0, [7], [1]), "but claims 7");
        AssertRefused(p => p.Tensor(6, 1, [6], [1]), "ends at element 6 of a storage of 6");
        AssertRefused(p => p.Tensor(6, 0, [2, 2], [5, 1]), "ends at element 6");
        AssertRefused(p => p.Tensor(6, long.MaxValue, [2], [1]), "ends at element");
        AssertRefused(p => p.Tensor(6, 0, [2], [long.MaxValue]), "ends at element");
        AssertRefused(p => p.Tensor(6, 0, [2], [-1]), "impossible shape");
        AssertRefused(p => p.Tensor(6, 0, [-2], [1]), "impossible shape");
        AssertRefused(p => p.Tensor(6, 0, [long.MaxValue, long.MaxValue], [1, 1]), "impossible shape");
        AssertRefused(p => p.Tensor(6, 0, [.. Enumerable.Repeat(1L, 65)], [.. Enumerable.Repeat(1L, 65)]), "impossible shape");
        Assert.True(GC.GetAllocatedBytesForCurrentThread() - before < 10_000_000);
    }

    [Fact]
    public void Attributes_are_given_to_nothing_that_could_use_them()
    {
        AssertRefused(p => p.Tensor(6, 0, [6], [1]).Op('}').Text("__setstate__").Text("x").Op('s').Op('b'), "attributes");
        AssertRefused(p => p.Global("collections", "OrderedDict").Op('}').Text("__setstate__").Text("x").Op('s').Op('b'), "attributes");
        AssertRefused(p => p.Storage("FloatStorage", "0", 6).Op('}').Op('b'), "attributes");
        AssertRefused(
            p => p.Global("argparse", "Namespace").Op(')').Op(0x81).Op('}').Text("__setstate__").Global("os", "system").Op('s')
                .Op('b'), "'os.system'");
    }

    [Theory]
    [InlineData("(S'touch x'\nios\nsystem\n", "'os.system'")] // INST
    [InlineData("(cos\nsystem\no", "'os.system'")]            // OBJ
    [InlineData("cos\nsystem\n)\u0081", "'os.system'")]       // NEWOBJ
    [InlineData("cos\nsystem\n)}\u0092", "'os.system'")]      // NEWOBJ_EX
    [InlineData("Pos.system\n", "opcode 0x50")]               // PERSID
    [InlineData("\u0097", "opcode 0x97")]                      // NEXT_BUFFER
    [InlineData("\u0098", "opcode 0x98")]                      // READONLY_BUFFER
    [InlineData("g1\n", "never kept")]
    [InlineData("gx\n", "no number")]
    [InlineData("Ix\n", "none")]
    [InlineData("Fx\n", "none")]
    [InlineData("Sx\n", "no quotes")]
    [InlineData("2", "empty stack")]
    [InlineData("1", "never opened")]
    [InlineData("(o", "no class")]
    [InlineData("\u008b\u00ff\u00ff\u0000\u0000", "too many digits", "cut off")]
    public void Opcodes_that_no_state_dict_needs_are_refused(string opcodes, params string[] anyReason) =>
        AssertRefusedPickle([0x80, 2, .. Encoding.Latin1.GetBytes(opcodes), .. "."u8], anyReason);

    [Fact]
    public void A_place_in_the_memo_takes_no_more_memory_than_the_bytes_that_name_it()
    {
        var before = GC.GetAllocatedBytesForCurrentThread();
        AssertRefused(p => p.Op(']').Op((byte)'r', 0xff, 0xff, 0xff, 0xff).Op((byte)'j', 0xfe, 0xff, 0xff, 0xff), "never kept");
        Assert.True(GC.GetAllocatedBytesForCurrentThread() - before < 1_000_000);
    }

    [Fact]
    public void Calls_that_copy_what_was_kept_are_counted()
    {
        // OrderedDict(l) of a list of 100,000 pairs, again and again: a few bytes a dict.
        AssertRefused(p =>
        {
            p.Global("collections", "OrderedDict").Op('q', 0).Op('0').Int(1).Op('q', 1).Op('h', 1).Op(0x86).Op('q', 2).Op('0').Op(']')
                .Op('(');
            for (var i = 0; i < 100_000; i++)
                p.Op('h', 2);
            p.Op('e').Op(0x85).Op('q', 3).Op('0');
            for (var i = 0; i < 100_000; i++)
                p.Op('h', 0).Op('h', 3).Op('R').Op('0');
            return p;
        }, "its calls repeat too much");
        // A tensor of 64 dimensions, again and again.
        AssertRefused(p =>
        {
            p.Global("torch._utils", "_rebuild_tensor_v2").Op('q', 0).Op('0').Op('(').Storage("FloatStorage", "0", 6).Int(0);
            p.Ints([.. Enumerable.Repeat(1L, 64)]).Ints([.. Enumerable.Repeat(1L, 64)]).Op(0x89).Op('}').Op('t').Op('q', 1).Op('0');
            for (var i = 0; i < 100_000; i++)
                p.Op('h', 0).Op('h', 1).Op('R').Op('0');
            return p;
        }, "its calls repeat too much");
    }

    [Fact]
    public void Objects_and_opaque_tensors_are_counted_like_copies()
    {
        // Each takes three bytes of the file and some two hundred of memory.
        foreach (var argument in new Func<Pickle, Pickle>[] { p => p.Op(')'), p => p.Op('(').Storage("FloatStorage", "0", 6).Op('t') })
            AssertRefused(p =>
            {
                argument(p.Global("a", "B").Op('q', 0).Op('0')).Op('q', 1).Op('0').Op(']').Op('(');
                for (var i = 0; i < 1_100_000 / 2; i++)
                    p.Op('h', 0).Op('h', 1).Op('R');
                return p.Op('e');
            }, "its calls repeat too much", "more than 2000000 steps");
    }

    [Fact]
    public void A_list_of_many_numbers_that_is_given_again_and_again_takes_no_long_time()
    {
        var clock = System.Diagnostics.Stopwatch.StartNew();
        var pickle = Pickle.Entry(p =>
        {
            p.Global("torch._utils", "_rebuild_sparse_tensor").Op('q', 0).Op('0').Op('(');
            for (var i = 0; i < 500_000; i++)
                p.Op('K', 1);
            p.Op('t').Op(0x85).Op('q', 1).Op('0');
            for (var i = 0; i < 200_000; i++)
                p.Op('h', 0).Op('h', 1).Op('R').Op('0');
            return p.Op('N');
        });
        CheckpointFile.Open(folder.Write("a", Pickle.Archive(pickle))).Dispose();
        Assert.True(clock.Elapsed < TimeSpan.FromSeconds(20), $"{clock.Elapsed}");
    }

    [Fact]
    public void A_tensor_in_many_wrappers_is_refused() =>
        AssertRefused(p =>
        {
            for (var i = 0; i < 10_000; i++)
                p.Global("torch._tensor", "_rebuild_from_type_v2").Op('(').Global("torch._tensor", "_rebuild_from_type_v2")
                    .Global("a", "B");
            p.Op(')');
            for (var i = 0; i < 1000; i++)
                p.Op('}').Op('t');
            return p;
        }, "nests deeper", "wraps a tensor", "wrong arguments", "values left over");

    [Fact]
    public void A_dict_that_holds_itself_is_refused()
    {
        AssertRefused(p => p.Op('}').Op('q', 0).Text("a").Op('h', 0).Op('s'), "nested too deep");
        AssertRefused(p =>
            p.Op('}').Op('q', 0).Op('h', 0).Int(1).Op('s').Op('h', 0).Op('0').Op('h', 0).Op('0').Op('0').Op(']').Op('q', 1).Op('h', 1)
            .Op(0x85).Op('a'), "nested too deep");
    }

    [Theory]
    [InlineData("../../../../etc/passwd")]
    [InlineData("/etc/passwd")]
    [InlineData("..\\0")]
    public void A_storage_key_is_never_a_path(string key) => AssertRefused(p => p.Tensor(6, 0, [6], [1], key: key), NoElements);

    [Fact]
    public void An_entry_that_climbs_out_of_the_archive_is_only_a_key()
    {
        var pickle = Pickle.Entry(p => p.Tensor(6, 0, [6], [1], key: "../../x"));
        using var file = TorchArchive.Open(folder.Write("a", Pickle.Archive(pickle, ("data/../../x", new byte[24]))));
        Assert.Equal(["x"], file.Tensors.Keys);
        Assert.Equal(["a"], folder.Files);
    }

    [Fact]
    public void Lists_that_hold_each_other_without_end_are_refused()
    {
        // {"x": l60} where l(i+1) = [l(i), l(i)]: 2^60 values when written out.
        AssertRefused(p =>
        {
            p.Op(']');
            for (var i = 0; i < 60; i++)
                p.Op('q', 0).Op('0').Op(']').Op('(').Op('h', 0).Op('h', 0).Op('e');
            return p;
        }, "repeated too often");
        AssertRefused(p => p.Op(']').Op('q', 0).Op('h', 0).Op('a'), "nested too deep");
    }

    [Fact]
    public void A_tuple_of_tuples_is_refused_when_it_is_written_out_too_often()
    {
        // {"x": t60} where t(i+1) = (t(i), t(i)).
        AssertRefused(p =>
        {
            p.Op(')');
            for (var i = 0; i < 60; i++)
                p.Op('q', 0).Op('h', 0).Op(0x86);
            return p;
        }, "repeated too often");
    }

    [Fact]
    public void Long_keys_that_repeat_are_refused()
    {
        // A key of 100 kB in a dict that a list holds again and again.
        AssertRefused(p =>
        {
            p.Op('}').Text(new string('k', 100_000)).Op('}').Op('s').Op('q', 0).Op('0').Op(']').Op('(');
            for (var i = 0; i < 10_000; i++)
                p.Op('h', 0);
            return p.Op('e');
        }, "repeated too often");
    }

    [Fact]
    public void Deep_nesting_is_refused()
    {
        AssertRefused(p => Repeat(p, 100_000, '('), "nests deeper");
        AssertRefused(p =>
        {
            p.Op(']');
            for (var i = 0; i < 200_000; i++)
                p.Op(0x85);
            return p;
        }, "nested too deep");
        AssertRefused(p => Repeat(p, 2_000_000, 'N'), "more than 2000000 steps");
    }

    [Theory]
    [InlineData("")]
    [InlineData("}")]
    [InlineData("s")]
    [InlineData("u")]
    [InlineData("t")]
    [InlineData("a")]
    [InlineData("R")]
    [InlineData("b")]
    [InlineData("0")]
    [InlineData("h\u0007")]
    [InlineData("q\u0000")]
    [InlineData("(s")]
    [InlineData("}(Nu")]
    [InlineData(")(Ne")]
    [InlineData("cos")]
    [InlineData("X\u0010\u0000\u0000\u0000ab")]
    [InlineData("i")]
    [InlineData("P1\n")]
    [InlineData("o")]
    [InlineData("L\n")]
    [InlineData("}(d")]
    public void A_pickle_that_is_damaged_is_refused(string opcodes) =>
        AssertRefusedPickle([0x80, 2, .. Encoding.Latin1.GetBytes(opcodes), .. opcodes == "}" ? "N."u8 : "."u8],
            "damaged or of another kind");

    private static Pickle Repeat(Pickle pickle, int count, char opcode)
    {
        for (var i = 0; i < count; i++)
            pickle.Op(opcode);
        return pickle;
    }

    private void AssertRefused(Func<Pickle, Pickle> value, params string[] anyReason) =>
        AssertRefusedPickle(Pickle.Entry(value), anyReason);

    private void AssertRefusedPickle(byte[] pickle, params string[] anyReason)
    {
        AssertRefusedFile(Pickle.Archive(pickle, ("data/0", new byte[24])), anyReason);
        // A storage that no tensor uses is refused as well: where none is wanted, none is there.
        var legacy = new LegacyFile(static p => p) { RootPickle = pickle };
        AssertRefusedFile((anyReason.Contains(NoElements) ? legacy : legacy.With("0", 6, new byte[24])).Bytes, anyReason);
    }

    private void AssertRefusedFile(byte[] bytes, string[] anyReason)
    {
        var path = folder.Write("a", bytes);
        var e = Assert.Throws<DitException>(() => CheckpointFile.Open(path).Dispose());
        Assert.True(anyReason.Any(reason => e.Message.Contains(reason, StringComparison.Ordinal)), e.Message);
        Assert.Contains(path, e.Message);
        Assert.DoesNotContain('\n', e.Message);
        Assert.True(e.Message.Length < 600, e.Message);
    }
}
