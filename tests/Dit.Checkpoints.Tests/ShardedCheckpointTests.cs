using System.Text;
using static TorchSharp.torch;

namespace Dit.Checkpoints.Tests;

public sealed class ShardedCheckpointTests : IDisposable
{
    private const string Index = "m.safetensors.index.json";
    private const string Whole =
        """{"metadata":{"total_size":36},"weight_map":{"b":"m-2.safetensors","a":"m-1.safetensors","c":"m-2.safetensors"}}""";

    private readonly TemporaryFolder folder = new();

    public ShardedCheckpointTests()
    {
        using var scope = NewDisposeScope();
        SafeTensors.Save(folder["m-1.safetensors"], [("a", arange(6f).view(2, 3))], new Dictionary<string, string> { ["format"] = "pt" });
        SafeTensors.Save(folder["m-2.safetensors"], [("b", ones(1)), ("c", full([1], 7L, ScalarType.Int64))]);
    }

    public void Dispose() => folder.Dispose();

    [Theory]
    [InlineData(Whole)]
    [InlineData("""{"metadata":{"total_size":36.0},"weight_map":{"b":"m-2.safetensors","a":"m-1.safetensors","c":"m-2.safetensors"}}""")]
    [InlineData("""  {"weight_map":{"b":"m-2.safetensors","a":"m-1.safetensors","c":"m-2.safetensors"}}""")]
    public void Shards_are_one_checkpoint_whose_order_is_that_of_the_index(string index)
    {
        using var scope = NewDisposeScope();
        using var file = Open(index);
        Assert.IsType<ShardedCheckpoint>(file);
        Assert.Equal(["b", "a", "c"], file.Tensors.Keys);
        Assert.Equal([2L, 3], file.Tensors["a"].Shape);
        Assert.Equal(5f, file.Read("a")[1, 2].item<float>());
        var c = zeros(1);
        file.CopyInto("c", c);
        Assert.Equal(7f, c.item<float>());
        Assert.Equal("pt", file.Metadata["format"]);
        Assert.Equal(folder[Index], file.Path);
        Assert.Contains("holds no tensor 'x'; it holds b, a, c", Assert.Throws<DitException>(() => file.Read("x")).Message);
    }

    [Fact]
    public void A_folder_with_one_index_is_opened_by_it()
    {
        folder.Write(Index, Encoding.UTF8.GetBytes(Whole));
        using (var file = CheckpointFile.Open(folder.Root))
            Assert.Equal("36", file.Metadata["total_size"]);
        folder.Write("n.safetensors.index.json", Encoding.UTF8.GetBytes(Whole));
        Assert.Contains("several checkpoints, m.safetensors.index.json, n.safetensors.index.json",
            Refusal(() => CheckpointFile.Open(folder.Root)));
    }

    [Fact]
    public void Shards_of_PyTorch_are_read()
    {
        folder.Write("m-1.bin", Pickle.Archive(Pickle.Entry(p => p.Tensor(6, 0, [6], [1])), ("data/0", new byte[24])));
        folder.Write(
            "m.bin.index.json", """{"metadata":{"total_size":24},"weight_map":{"x":"m-1.bin","a":"m-1.safetensors"}}"""u8.ToArray());
        using var file = CheckpointFile.Open(folder["m.bin.index.json"]);
        Assert.Equal(["x", "a"], file.Tensors.Keys);
    }

    [Theory]
    [InlineData("""{"weight_map":{"a":"m-1.safetensors","b":"m-2.safetensors"}}""", "holds tensor 'c', which")]
    [InlineData("""{"weight_map":{"a":"m-1.safetensors","x":"m-1.safetensors"}}""",
        "places tensor 'x' in 'm-1.safetensors', which does not hold it")]
    [InlineData("""{"weight_map":{"a":"m-2.safetensors"}}""", "places tensor 'a' in 'm-2.safetensors'")]
    [InlineData("""{"weight_map":{"a":"m-1.safetensors","b":"m-3.safetensors"}}""",
        "names the shard 'm-3.safetensors', which is not beside it")]
    [InlineData("""{"metadata":{"total_size":25},"weight_map":{"a":"m-1.safetensors"}}""", "is 25 bytes, but its shards hold 24")]
    [InlineData("""{"metadata":{"total_size":23},"weight_map":{"a":"m-1.safetensors"}}""", "is 23 bytes, but its shards hold 24")]
    [InlineData("""{"metadata":{"total_size":-1},"weight_map":{"a":"m-1.safetensors"}}""", "not a number of bytes")]
    [InlineData("""{"metadata":{"total_size":1e300},"weight_map":{"a":"m-1.safetensors"}}""", "not a number of bytes")]
    [InlineData("""{"metadata":{"total_size":"24"},"weight_map":{"a":"m-1.safetensors"}}""", "not a number of bytes")]
    [InlineData("""{"weight_map":{"a":"../m-1.safetensors"}}""", "not a plain name")]
    [InlineData("""{"weight_map":{"a":"/etc/passwd"}}""", "not a plain name")]
    [InlineData("""{"weight_map":{"a":"C:m-1.safetensors"}}""", "not a plain name")]
    [InlineData("""{"weight_map":{"a":"x\\m-1.safetensors"}}""", "not a plain name")]
    [InlineData("""{"weight_map":{"a":".."}}""", "not a plain name")]
    [InlineData("""{"weight_map":{"a":""}}""", "not a plain name")]
    [InlineData("""{"weight_map":{"a":"m\u0000"}}""", "not a plain name")]
    [InlineData("""{"weight_map":{"a":"m\n-1"}}""", "not a plain name")]
    [InlineData("""{"weight_map":{"a":"m.safetensors.index.json"}}""", "as no checkpoint does")]
    [InlineData("""{"weight_map":{"a":1}}""", "not a file name")]
    [InlineData("""{"weight_map":[]}""", "no weight_map")]
    [InlineData("""{"_class_name":"DiTTransformer2DModel"}""", "no weight_map")]
    [InlineData("""{"weight_map":{"a":"m-1.safetensors","a":"m-1.safetensors"}}""", "not JSON")]
    [InlineData("""{"weight_map":{"\ud800":"m-1.safetensors"}}""", "not text")]
    [InlineData("""{"weight_map":{"a":""", "not JSON")]
    public void An_index_that_lies_is_refused_with_the_reason_and_closes_its_shards(string index, string reason)
    {
        var message = Refusal(() => Open(index));
        Assert.Contains(reason, message);
        Assert.DoesNotContain('\n', message);
        using var alone = new FileStream(folder["m-1.safetensors"], FileMode.Open, FileAccess.ReadWrite, FileShare.None);
        Assert.True(alone.CanWrite);
    }

    [Fact]
    public void An_index_of_too_many_shards_or_bytes_is_refused()
    {
        var many = string.Join(",", Enumerable.Range(0, 1001).Select(i => $"\"{i}\":\"{i}\""));
        Assert.Contains("more than 1000 shards", Refusal(() => Open($$$"""{"weight_map":{{{{many}}}}}""")));
        Assert.Contains("more than any needs", Refusal(() => Open("{" + new string(' ', 33 << 20) + "}")));
        Assert.Contains("not UTF-8", Refusal(() => CheckpointFile.Open(folder.Write(Index, [(byte)'{', 0xc3, 0x28]))));
    }

    [Fact]
    public void A_damaged_shard_is_named()
    {
        var whole = File.ReadAllBytes(folder["m-2.safetensors"]);
        folder.Write("m-2.safetensors", whole[..^1]);
        Assert.Contains("m-2.safetensors' is not a valid safetensors file", Refusal(() => Open(Whole)));
    }

    [Fact]
    public void Closing_it_closes_every_shard_and_leaves_no_tensor()
    {
        var before = LiveTensors.Count();
        using (var file = Open(Whole))
            file.Read("a").Dispose();
        Assert.Equal(before, LiveTensors.Count());
        foreach (var shard in new[] { "m-1.safetensors", "m-2.safetensors" })
            new FileStream(folder[shard], FileMode.Open, FileAccess.ReadWrite, FileShare.None).Dispose();
    }

    private static string Refusal(Func<ICheckpointFile> open) => Assert.Throws<DitException>(() => open().Dispose()).Message;

    private ICheckpointFile Open(string index) => CheckpointFile.Open(folder.Write(Index, Encoding.UTF8.GetBytes(index)));
}
