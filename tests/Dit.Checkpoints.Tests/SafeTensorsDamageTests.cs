using System.Buffers.Binary;
using System.Text;

namespace Dit.Checkpoints.Tests;

public sealed class SafeTensorsDamageTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Theory]
    [InlineData("""{"a":{"dtype":"F32","shape":[-2],"data_offsets":[0,8]}}""", "impossible shape (-2,)")]
    [InlineData("""{"a":{"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,8]}}""", "impossible shape")]
    [InlineData("""{"a":{"dtype":"F32","shape":[9223372036854775807,9223372036854775807,0],"data_offsets":[0,0]}}""", "impossible shape")]
    [InlineData("""{"a":{"dtype":"F32","shape":[1099511627776],"data_offsets":[0,8]}}""", "has 8 bytes, but")]
    [InlineData("""{"a":{"dtype":"F32","shape":[3],"data_offsets":[0,8]}}""", "has 8 bytes, but")]
    [InlineData("""{"a":{"dtype":"F64","shape":[2],"data_offsets":[0,8]}}""", "has 8 bytes, but")]
    [InlineData("""{"a":{"dtype":"F8_E4M3","shape":[7],"data_offsets":[0,8]}}""", "has 8 bytes, but Float8_e4m3fn (7,) takes 7")]
    [InlineData("""{"a":{"dtype":"F4","shape":[3],"data_offsets":[0,8]}}""", "impossible shape")]
    [InlineData("""{"a":{"dtype":"f 32","shape":[2],"data_offsets":[0,8]}}""", "dtype 'f 32', which is the name of no type")]
    [InlineData("""{"a":{"dtype":1,"shape":[2],"data_offsets":[0,8]}}""", "has no dtype")]
    [InlineData("""{"a":{"shape":[2],"data_offsets":[0,8]}}""", "has no dtype")]
    [InlineData("""{"a":{"dtype":"F32","data_offsets":[0,8]}}""", "has no shape")]
    [InlineData("""{"a":{"dtype":"F32","shape":[2]}}""", "has no data_offsets")]
    [InlineData("""{"a":{"dtype":"F32","shape":[2.5],"data_offsets":[0,8]}}""", "shape that is not a list of integers")]
    [InlineData("""{"a":{"dtype":"F32","shape":["2"],"data_offsets":[0,8]}}""", "shape that is not a list of integers")]
    [InlineData("""{"a":{"dtype":"F32","shape":[99999999999999999999],"data_offsets":[0,8]}}""", "shape that is not a list of integers")]
    [InlineData("""{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8,16]}}""", "lies at [0, 8, 16]")]
    [InlineData("""{"a":{"dtype":"F32","shape":[2],"data_offsets":[-8,0]}}""", "lies at [-8, 0]")]
    [InlineData("""{"a":{"dtype":"F32","shape":[2],"data_offsets":[8,0]}}""", "lies at [8, 0]")]
    [InlineData("""{"a":{"dtype":"F32","shape":[2],"data_offsets":[8,16]}}""", "outside the 8 bytes")]
    [InlineData("""{"a":{"dtype":"F32","shape":[2],"data_offsets":[9223372036854775800,9223372036854775807]}}""", "outside the 8 bytes")]
    [InlineData("""{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}""", "4 bytes follow the last tensor")]
    [InlineData("""{"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}""", "no tensor covers bytes 0 to 4")]
    [InlineData("""{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"b":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}""",
        "overlaps")]
    [InlineData("""{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"b":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}""",
        "overlaps")]
    [InlineData("""{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}""",
        "not JSON")]
    [InlineData("""{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"\u0061":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}""",
        "not JSON")]
    [InlineData("""{"\ud800":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}""", "")]
    [InlineData("""{"a":{"dtype":"\ud800","shape":[2],"data_offsets":[0,8]}}""", "not text")]
    [InlineData("""{"a":[]}""", "not described by an object")]
    [InlineData("""{"__metadata__":{"a":1}}""", "not a string")]
    [InlineData("""{"__metadata__":"a"}""", "not an object")]
    [InlineData("""[]""", "not a JSON object")]
    [InlineData("""{"a":""", "not JSON")]
    [InlineData("""{} {}""", "not JSON")]
    [InlineData("", "not JSON")]
    [InlineData("""{"a":{"dtype":{"dtype":{"dtype":{"dtype":{"dtype":{"dtype":{"dtype":{"dtype":{}}}}}}}}}}""", "not JSON")]
    public void A_header_that_lies_is_refused_with_the_reason(string header, string reason) =>
        AssertRefused(File(Encoding.UTF8.GetBytes(header), new byte[8]), reason);

    [Fact]
    public void A_header_of_65_dimensions_is_refused()
    {
        var shape = string.Join(",", Enumerable.Repeat("1", 65));
        AssertRefused(File(Encoding.UTF8.GetBytes($$$"""{"a":{"dtype":"I64","shape":[{{{shape}}}],"data_offsets":[0,8]}}"""), new byte[8]),
            "a shape of 65 numbers");
    }

    [Fact]
    public void A_header_that_is_not_UTF8_is_refused() =>
        AssertRefused(File([.. "{\""u8, 0xc3, 0x28, .. "\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}"u8], new byte[8]),
            "not UTF-8");

    [Theory]
    [InlineData(9L)]
    [InlineData(100_000_001L)]
    [InlineData(long.MaxValue)]
    [InlineData(-1L)]
    public void A_header_length_beyond_the_file_or_the_limit_is_refused_before_anything_is_allocated(long length)
    {
        var bytes = new byte[16];
        BinaryPrimitives.WriteInt64LittleEndian(bytes, length);
        var before = GC.GetAllocatedBytesForCurrentThread();
        AssertRefused(bytes, "its header claims");
        Assert.True(GC.GetAllocatedBytesForCurrentThread() - before < 1_000_000);
    }

    [Fact]
    public void A_file_cut_off_anywhere_is_refused()
    {
        var whole = GoldenFile.Bytes("diffusion/model.safetensors");
        var headerEnd = 8 + (int)BinaryPrimitives.ReadInt64LittleEndian(whole);
        var cuts = Enumerable.Range(1, 300).Concat(Enumerable.Range(headerEnd - 20, 40)).Append(whole.Length / 2).Append(whole.Length - 1);
        foreach (var cut in cuts)
            AssertRefused(whole[..cut], "");
        AssertRefused([.. whole, 0], "follow the last tensor");
    }

    [Fact]
    public void Empty_tensors_may_share_a_place_and_a_file_may_hold_nothing()
    {
        using (var file = Open(File(
            """{"b":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"a":{"dtype":"F32","shape":[0],"data_offsets":[0,0]}}"""u8.ToArray(),
            new byte[8])))
            Assert.Equal(["b", "a"], file.Tensors.Keys);
        using (var file = Open(File("{}    "u8.ToArray(), [])))
            Assert.Empty(file.Tensors);
    }

    [UnixFact("A file that is open for reading cannot be cut on Windows.")]
    public void A_file_that_shrinks_while_it_is_open_is_reported()
    {
        var whole = GoldenFile.Bytes("dit/pos-embed-1152x16.safetensors");
        using var file = Open(whole);
        using (var handle = new FileStream(folder["a"], FileMode.Open, FileAccess.Write, FileShare.ReadWrite))
            handle.SetLength(whole.Length - 100);
        Assert.Contains("ended at byte", Assert.Throws<DitException>(() => file.Read("sum")).Message);
    }

    private static byte[] File(byte[] header, byte[] data)
    {
        var length = new byte[8];
        BinaryPrimitives.WriteInt64LittleEndian(length, header.Length);
        return [.. length, .. header, .. data];
    }

    private SafeTensorsFile Open(byte[] bytes) => SafeTensorsFile.Open(folder.Write("a", bytes));

    private void AssertRefused(byte[] bytes, string reason)
    {
        var e = Assert.Throws<DitException>(() => Open(bytes).Dispose());
        Assert.Contains(reason, e.Message);
        Assert.Contains(folder["a"], e.Message);
        Assert.DoesNotContain('\n', e.Message);
    }
}
