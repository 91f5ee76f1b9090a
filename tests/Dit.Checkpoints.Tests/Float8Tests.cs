using static TorchSharp.torch;

namespace Dit.Checkpoints.Tests;

/// <summary>Numbers of 8 bits are read exactly, from either format and into any type.</summary>
public sealed class Float8Tests : IDisposable
{
    private static readonly byte[] AllBytes = [.. Enumerable.Range(0, 256).Select(static i => (byte)i)];

    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    // Sign, exponent and fraction by the definition, with what is not a number or infinite as the papers have it.
    public static TheoryData<string, string, int, int> Types => new()
    {
        { "F8_E4M3", "float8_e4m3fn", 4, 7 },
        { "F8_E5M2", "float8_e5m2", 5, 15 },
        { "F8_E4M3FNUZ", "float8_e4m3fnuz", 4, 8 },
        { "F8_E5M2FNUZ", "float8_e5m2fnuz", 5, 16 },
    };

    [Theory, MemberData(nameof(Types))]
    public void Every_byte_has_its_value(string type, string torchType, int exponentBits, int bias)
    {
        using var safe = CheckpointFile.Open(SafeTensorsOf(type));
        using var archive = CheckpointFile.Open(folder.Write("a.pt",
            Pickle.Archive(Pickle.Entry(p => Typed(p, torchType, 256, [256], [1])), ("data/0", AllBytes))));
        foreach (var file in new[] { safe, archive })
        {
            Assert.Equal(ScalarType.Float32, file.Tensors["x"].DType);
            Assert.Equal(256, file.Tensors["x"].Bytes);
            Assert.StartsWith("Float8_", file.Tensors["x"].TypeName);
            using var x = file.Read("x");
            var values = x.data<float>().ToArray();
            for (var bits = 0; bits < 256; bits++)
                Assert.Equal(BitConverter.SingleToInt32Bits(Wanted((byte)bits, type, exponentBits, bias)),
                    BitConverter.SingleToInt32Bits(values[bits]));
        }
    }

    [Theory]
    [InlineData("F8_E4M3", 0x7e, 448)]
    [InlineData("F8_E4M3", 0x01, 0.001953125)]
    [InlineData("F8_E4M3", 0x7f, double.NaN)]
    [InlineData("F8_E4M3", 0xff, double.NaN)]
    [InlineData("F8_E4M3", 0x38, 1)]
    [InlineData("F8_E5M2", 0x7b, 57344)]
    [InlineData("F8_E5M2", 0x01, 0.0000152587890625)]
    [InlineData("F8_E5M2", 0x7c, double.PositiveInfinity)]
    [InlineData("F8_E5M2", 0xfc, double.NegativeInfinity)]
    [InlineData("F8_E5M2", 0x7d, double.NaN)]
    [InlineData("F8_E4M3FNUZ", 0x80, double.NaN)]
    [InlineData("F8_E4M3FNUZ", 0x7f, 240)]
    [InlineData("F8_E5M2FNUZ", 0x7f, 57344)]
    public void The_extremes_are_those_of_the_papers(string type, int bits, double value)
    {
        using var file = CheckpointFile.Open(SafeTensorsOf(type));
        using var x = file.Read("x", dtype: ScalarType.Float64);
        Assert.Equal(value, x.data<double>()[bits]);
    }

    [Fact]
    public void A_model_of_any_type_is_filled_from_strided_and_plain_tensors()
    {
        using var scope = NewDisposeScope();
        using var file = CheckpointFile.Open(folder.Write("a.pt", Pickle.Archive(
            Pickle.Entry(p => Typed(p, "float8_e4m3fn", 256, [4, 8], [1, 4])), ("data/0", AllBytes))));
        foreach (var type in new[] { ScalarType.Float64, ScalarType.Float32, ScalarType.Float16, ScalarType.BFloat16 })
        {
            var filled = zeros(4, 8, type);
            file.CopyInto("x", filled);
            Assert.Equal(file.Read("x").to(type).bytes.ToArray(), filled.bytes.ToArray());
        }
        Assert.Equal(Wanted(9, "F8_E4M3", 4, 7), file.Read("x")[1, 2].item<float>());
    }

    [Fact]
    public void Written_again_it_is_float32()
    {
        SafeTensors.Save(folder["b"], Finite());
        using var file = CheckpointFile.Open(folder["b"]);
        Assert.Equal("Float32 (3,)", file.Tensors["x"].ToString());

        ICheckpointFile Finite() =>
            CheckpointFile.Open(folder.Write("c", Header("""{"x":{"dtype":"F8_E5M2","shape":[3],"data_offsets":[0,3]}}""", [1, 2, 3])));
    }

    [Theory]
    [InlineData("""{"x":{"dtype":"F4","shape":[2,4],"data_offsets":[0,4]}}""", "Float4_e2m1fn (2, 4)", 4)]
    [InlineData("""{"x":{"dtype":"F8_E8M0","shape":[4],"data_offsets":[0,4]}}""", "Float8_e8m0fnu (4,)", 4)]
    [InlineData("""{"x":{"dtype":"F6_E2M3","shape":[4],"data_offsets":[0,3]}}""", "Float6_e2m3 (4,)", 3)]
    [InlineData("""{"x":{"dtype":"U16","shape":[2],"data_offsets":[0,4]}}""", "UInt16 (2,)", 4)]
    [InlineData("""{"x":{"dtype":"U32","shape":[1],"data_offsets":[0,4]}}""", "UInt32 (1,)", 4)]
    [InlineData("""{"x":{"dtype":"U64","shape":[],"data_offsets":[0,8]}}""", "UInt64 ()", 8)]
    [InlineData("""{"x":{"dtype":"C64","shape":[1],"data_offsets":[0,8]}}""", "ComplexFloat32 (1,)", 8)]
    [InlineData("""{"x":{"dtype":"NVFP4_2030","shape":[7],"data_offsets":[0,5]}}""", "NVFP4_2030 (7,)", 5)]
    public void Types_that_are_not_read_are_listed_and_refused_by_name(string header, string listed, int bytes)
    {
        using var file = CheckpointFile.Open(folder.Write("a", Header(header, new byte[bytes])));
        Assert.Equal(listed, file.Tensors["x"].ToString());
        Assert.Equal(bytes, file.Tensors["x"].Bytes);
        Assert.StartsWith($"Tensor 'x' of '{folder["a"]}', {listed}, cannot be read: ",
            Assert.Throws<DitException>(() => file.Read("x")).Message);
        Assert.Throws<DitException>(() => SafeTensors.Save(folder["b"], file));
        Assert.Equal(["a"], folder.Files);
    }

    private static float Wanted(byte bits, string type, int exponentBits, int bias)
    {
        var fractionBits = 7 - exponentBits;
        var (negative, exponent, fraction) = (bits >= 128, (bits & 127) >> fractionBits, bits & ((1 << fractionBits) - 1));
        var (last, full) = (exponent == (1 << exponentBits) - 1, fraction == (1 << fractionBits) - 1);
        if (type.EndsWith("FNUZ") ? bits == 128 : type == "F8_E5M2" ? last && fraction > 0 : last && full) return float.NaN;
        if (type == "F8_E5M2" && last) return negative ? float.NegativeInfinity : float.PositiveInfinity;
        var value = exponent == 0
            ? fraction * Math.Pow(2, 1 - bias - fractionBits)
            : (1 + fraction * Math.Pow(2, -fractionBits)) * Math.Pow(2, exponent - bias);
        return (float)(negative ? -value : value);
    }

    // As PyTorch since 2.1 writes types that have no class of storages.
    private static Pickle Typed(Pickle p, string type, long bytes, long[] shape, long[] strides) =>
        p.Global("torch._utils", "_rebuild_tensor_v3").Op('(')
            .Op('(').Text("storage").Global("torch.storage", "UntypedStorage").Text("0").Text("cpu").Int(bytes).Op('t').Op('Q')
            .Int(0).Ints(shape).Ints(strides).Op(0x89).Global("collections", "OrderedDict").Op(')').Op('R').Global("torch", type).Op('t')
                .Op('R');

    private string SafeTensorsOf(string type) =>
        folder.Write("a", Header($$$"""{"x":{"dtype":"{{{type}}}","shape":[256],"data_offsets":[0,256]}}""", AllBytes));

    private static byte[] Header(string json, byte[] data) =>
        [.. BitConverter.GetBytes((long)json.Length), .. System.Text.Encoding.ASCII.GetBytes(json), .. data];
}
