using TorchSharp;
using static TorchSharp.torch;

namespace Dit.Checkpoints.Tests;

/// <summary>
/// No writer of checkpoints writes a value that is not finite, whether it was there or a conversion made it.
/// </summary>
public sealed class NotFiniteWriteTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    public static TheoryData<string> Writers => [.. Writing.Keys];

    private static readonly Dictionary<string, Action<string, IEnumerable<(string, Tensor)>, ScalarType?>> Writing = new()
    {
        ["safetensors"] = static (path, tensors, type) => SafeTensors.Save(path, tensors, null, type),
        ["torch"] = static (path, tensors, type) => TorchArchive.Save(path, tensors, type),
        ["torch, nested"] = static (path, tensors, type) => TorchArchive.SaveNested(path, [("model", tensors)], type),
    };

    [Theory, MemberData(nameof(Writers))]
    public void A_tensor_with_values_that_are_not_finite_is_refused_by_name(string writer)
    {
        var random = new Random(3);
        foreach (var bad in new[] { float.NaN, float.PositiveInfinity, float.NegativeInfinity })
            foreach (var type in new ScalarType?[] { null, ScalarType.Float16, ScalarType.BFloat16, ScalarType.Float64 })
            {
                using var scope = NewDisposeScope();
                var tensor = ones(3, 5, 7);
                int[] at = [random.Next(3), random.Next(5), random.Next(7)];
                tensor[at[0]][at[1]].narrow(0, at[2], 1).fill_(bad);
                File.WriteAllText(folder["kept"], "before");
                var message = Refused(writer, [("good", ones(2)), ("blocks.0.bad", tensor), ("later", ones(2))], type);
                Assert.Contains("Tensor 'blocks.0.bad' holds values that are not finite (1 ", message);
                Assert.Contains($"at [{string.Join(", ", at)}]", message);
            }
    }

    [Theory, MemberData(nameof(Writers))]
    public void A_value_beyond_the_range_of_the_type_is_refused_with_the_value(string writer)
    {
        using var scope = NewDisposeScope();
        Assert.Contains("Tensor 'w' holds 1000000, and Float16 ends at 65504: keep f32 or bf16.",
            Refused(writer, [("w", tensor(new[] { 1f, -1e6f }))], ScalarType.Float16));
        Assert.Contains("holds 65520, and Float16", Refused(writer, [("w", tensor(new[] { 65520f }))], ScalarType.Float16));
        Assert.Contains("is beyond the range of BFloat16: keep Float32",
            Refused(writer, [("w", tensor(new[] { float.MaxValue }))], ScalarType.BFloat16));
        Assert.Contains("is beyond the range of Float32: keep Float64",
            Refused(writer, [("w", tensor(new[] { 1e300 }))], ScalarType.Float32));
        // The largest number that rounds to a finite one is written, as integers and bytes are.
        Writing[writer](folder["kept"], [("w", tensor(new[] { 65519f })), ("n", tensor(new[] { long.MaxValue })), ("e", empty(0))],
            ScalarType.Float16);
    }

    [Fact]
    public void A_checkpoint_that_is_copied_is_looked_at_as_well()
    {
        byte[] header = [.. System.Text.Encoding.ASCII.GetBytes("""{"w":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}""")];
        var path = folder.Write("bad",
            [.. BitConverter.GetBytes((long)header.Length), .. header, .. BitConverter.GetBytes(1f), .. BitConverter.GetBytes(float.NaN)]);
        using var file = CheckpointFile.Open(path);
        Assert.Contains("'w' holds values that are not finite (1 NaN, at [1])",
            Assert.Throws<DitException>(() => SafeTensors.Save(folder["out"], file)).Message);
        Assert.Throws<DitException>(() => TorchArchive.Save(folder["out"], file));
        Assert.Equal(["bad"], folder.Files);
    }

    private string Refused(string writer, IEnumerable<(string, Tensor)> tensors, ScalarType? type)
    {
        File.WriteAllText(folder["kept"], "before");
        var e = Assert.Throws<DitException>(() => Writing[writer](folder["kept"], tensors, type));
        Assert.Equal(["kept"], folder.Files);
        Assert.Equal("before", File.ReadAllText(folder["kept"]));
        return e.Message;
    }
}
