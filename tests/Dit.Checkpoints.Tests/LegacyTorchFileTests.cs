using System.Runtime.InteropServices;

namespace Dit.Checkpoints.Tests;

public sealed class LegacyTorchFileTests : IDisposable
{
    private static readonly byte[] Six = MemoryMarshal.AsBytes<float>(new float[] { 0, 1, 2, 3, 4, 5 }).ToArray();

    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void Parts_of_a_storage_are_read_where_they_lie()
    {
        using var file = Open(new LegacyFile(p => p.Op('}').Op('(')
            .Text("part").View("0", 6, 2, 3, [3])
            .Text("whole").OldTensor("0", 6, [2, 3], [3, 1])
            .Op('u')).With("0", 6, Six));
        using var part = file.Read("part");
        Assert.Equal([2f, 3f, 4f], part.data<float>().ToArray());
        using var whole = file.Read("whole");
        Assert.Equal([2L, 3], whole.shape);
    }

    [Theory]
    [InlineData(-1, 3)]
    [InlineData(4, 3)]
    [InlineData(7, 0)]
    [InlineData(0, -1)]
    [InlineData(long.MaxValue, long.MaxValue)]
    public void A_part_outside_its_storage_is_refused(long first, long elements) =>
        AssertRefused(new LegacyFile(p => p.Op('}').Text("a").View("0", 6, first, elements, [1]).Op('s'))
            .With("0", 6, Six), "part of a storage");

    [Fact]
    public void A_view_that_is_no_view_is_refused()
    {
        var id = new LegacyFile(p =>
            p.Op('}').Text("a").Op('(').Text("storage").Global("torch", "FloatStorage").Text("0").Text("cpu").Int(6).Text("view").Op('t')
            .Op('Q').Op('s'));
        AssertRefused(id.With("0", 6, Six), "part of a storage");
    }

    [Fact]
    public void A_class_that_comes_with_its_source_is_only_a_name()
    {
        using var file = Open(new LegacyFile(p =>
            p.Op('}').Text("a").Op('(').Text("module").Global("nets", "Net").Text("x.py").Text("import os").Op('t').Op('Q').Op(')')
            .Op(0x81).Op('s')));
        Assert.Empty(file.Tensors);
    }

    [Fact]
    public void Storages_that_are_not_there_or_not_as_large_are_refused()
    {
        var good = new LegacyFile(p => p.Op('}').Text("a").Tensor(6, 0, [6], [1]).Op('s'));
        Open(good.With("0", 6, Six)).Dispose();
        AssertRefused(good, "lacks the elements of tensor 'a'");
        AssertRefused(good.With("0", 5, Six[..20]), "holds 5 elements for tensor 'a', but claims 6");
        AssertRefused(good.With("0", 7, Six), "claims 7 elements");
        AssertRefused(good.With("0", -1, Six), "claims -1 elements");
        AssertRefused(good.With("0", long.MaxValue, Six), "claims 9223372036854775807 elements");
        AssertRefused(good.With("0", 6, [.. Six, 0]), "1 bytes follow");
        AssertRefused(good.With("0", 6, Six).With("1", 0, []), "storage '1', which no tensor uses");
        AssertRefused(good.With("0", 6, Six).With("0", 6, Six), "lists a storage twice");
        var two = new LegacyFile(p =>
            p.Op('}').Op('(').Text("a").Tensor(6, 0, [6], [1]).Text("b").Tensor(6, 0, [6], [1], "IntStorage").Op('u'));
        AssertRefused(two.With("0", 6, Six), "is both Float32 and Int32");
    }

    [Fact]
    public void Headers_of_another_kind_are_refused()
    {
        var good = new LegacyFile(p => p.Op('}'));
        AssertRefused(good with { Protocol = p => p.Int(1002) }, "its protocol is 1002, and only 1001 is known");
        AssertRefused(good with { Protocol = p => p.Text("1001") }, "its protocol is not a number");
        AssertRefused(good with { Machine = p => p.Op('}').Text("little_endian").Op(0x89).Op('s') }, "big-endian");
        AssertRefused(good with { Machine = p => p.Op(']') }, "what machine");
        AssertRefused(good with { Keys = p => p.Op('}') }, "does not list its storages");
        AssertRefused(good with { Keys = p => p.Op(']').Int(1).Op('a') }, "has no name");
    }

    [Fact]
    public void A_file_cut_off_anywhere_is_refused()
    {
        var whole = GoldenFile.Bytes("torch/training.legacy.pt");
        for (var cut = 1; cut < whole.Length; cut += 3)
        {
            var e = Assert.Throws<DitException>(() => CheckpointFile.Open(folder.Write("a", whole[..cut])));
            Assert.DoesNotContain('\n', e.Message);
        }
    }

    [Fact]
    public void A_refused_file_is_closed()
    {
        AssertRefused(new LegacyFile(p => p.Op(']').Op('a')), "empty stack");
        using var alone = new FileStream(folder["a"], FileMode.Open, FileAccess.ReadWrite, FileShare.None);
        Assert.True(alone.CanWrite);
    }

    private ICheckpointFile Open(LegacyFile file) => CheckpointFile.Open(folder.Write("a", file.Bytes));

    private void AssertRefused(LegacyFile file, string reason)
    {
        var e = Assert.Throws<DitException>(() => Open(file).Dispose());
        Assert.Contains(reason, e.Message);
        Assert.Contains(folder["a"], e.Message);
        Assert.DoesNotContain('\n', e.Message);
    }
}
