using static TorchSharp.torch;

namespace Dit.Checkpoints.Tests;

public class NonFiniteTests
{
    private static readonly ScalarType[] Types = [ScalarType.Float64, ScalarType.Float32, ScalarType.Float16, ScalarType.BFloat16];

    [Fact]
    public void Counts_and_first_place_are_those_of_a_plain_loop()
    {
        var random = new Random(13);
        double[] odd = [double.NaN, double.PositiveInfinity, double.NegativeInfinity];
        for (var run = 0; run < 400; run++)
        {
            using var scope = NewDisposeScope();
            var (rows, columns, chance) = (random.Next(1, 7), random.Next(1, 40), random.NextDouble() * 0.05);
            double[] values = [.. Enumerable.Range(0, rows * columns)
                .Select(i => random.NextDouble() < chance ? odd[random.Next(3)] : i * 0.25)];
            var matrix = tensor(values).view(rows, columns).to(Types[random.Next(Types.Length)]);
            int[] bad = [.. Enumerable.Range(0, values.Length).Where(i => !double.IsFinite(values[i]))];
            var found = NonFinite.In(matrix);
            Assert.Equal(bad.Length, found?.Count ?? 0);
            Assert.Equal(values.Count(double.IsNaN), found?.NaNs ?? 0);
            Assert.Equal(values.Count(double.IsPositiveInfinity), found?.PositiveInfinities ?? 0);
            Assert.Equal(values.Count(double.IsNegativeInfinity), found?.NegativeInfinities ?? 0);
            Assert.Equal(bad is [var first, ..] ? [first / columns, first % columns] : null, found?.First);
            // The same of a tensor whose elements do not lie in order.
            Assert.Equal(found?.ToString(), NonFinite.In(matrix.t().contiguous().t())?.ToString());
        }
    }

    [Fact]
    public void Every_bit_pattern_of_half_precision_is_told_right()
    {
        using var scope = NewDisposeScope();
        foreach (var type in new[] { ScalarType.Float16, ScalarType.BFloat16 })
        {
            var halves = empty(65536, type);
            Enumerable.Range(0, 65536).SelectMany(static bits => BitConverter.GetBytes((ushort)bits)).ToArray().CopyTo(halves.bytes);
            var found = NonFinite.In(halves);
            Assert.NotNull(found);
            Assert.Equal(halves.isnan().sum().item<long>(), found.NaNs);
            Assert.Equal((1, 1), (found.PositiveInfinities, found.NegativeInfinities));
        }
    }

    [Theory]
    [InlineData(new[] { float.NaN }, "1 NaN, at [0]")]
    [InlineData(new[] { 0, float.PositiveInfinity, float.NaN }, "1 NaN and 1 +infinity, the first at [1]")]
    [InlineData(new[] { float.NegativeInfinity, float.PositiveInfinity, float.NaN, float.NaN },
        "2 NaN, 1 +infinity and 1 -infinity, the first at [0]")]
    public void What_was_found_is_said_in_a_few_words(float[] values, string expected)
    {
        using var vector = tensor(values);
        Assert.Equal(expected, NonFinite.In(vector)?.ToString());
    }

    [Fact]
    public void A_scalar_has_no_place_and_integers_are_always_finite()
    {
        using var scope = NewDisposeScope();
        Assert.Equal("1 NaN", NonFinite.In(tensor(float.NaN))?.ToString());
        Assert.Null(NonFinite.In(tensor(long.MaxValue)));
        Assert.Null(NonFinite.In(tensor(new[] { true, false })));
        Assert.Null(NonFinite.In(empty(0)));
        Assert.Null(NonFinite.In(tensor(float.MaxValue)));
    }

    [Fact]
    public void A_value_beyond_the_first_piece_of_a_large_tensor_is_found()
    {
        using var scope = NewDisposeScope();
        var large = zeros(3, 1 << 21);
        large[2].narrow(0, (1 << 21) - 1, 1).fill_(float.NegativeInfinity);
        var turned = large.t();
        var before = LiveTensors.Count();
        Assert.Equal($"1 -infinity, at [2, {(1 << 21) - 1}]", NonFinite.In(large)?.ToString());
        Assert.Equal($"1 -infinity, at [{(1 << 21) - 1}, 2]", NonFinite.In(turned)?.ToString());
        Assert.Equal(before, LiveTensors.Count());
    }

    [Fact]
    public void A_checkpoint_is_looked_through_in_every_format_and_layout()
    {
        using var folder = new TemporaryFolder();
        var before = LiveTensors.Count();
        // (2, 3) and its transpose on one storage, with NaN at element 4; 8-bit floats with infinity at element 2.
        byte[] floats = [.. new[] { 0f, 1, 2, 3, float.NaN, 5 }.SelectMany(BitConverter.GetBytes)];
        var pickle = new Pickle().Op('}').Op('(').Text("rows").Tensor(6, 0, [2, 3], [3, 1]).Text("columns").Tensor(6, 0, [3, 2], [1, 3])
            .Text("good").Tensor(6, 0, [4], [1]).Op('u').Bytes;
        using (var file = CheckpointFile.Open(folder.Write("a.pt", Pickle.Archive(pickle, ("data/0", floats)))))
        {
            Assert.Equal("1 NaN, at [1, 1]", file.FindNonFinite("rows")?.ToString());
            Assert.Equal("1 NaN, at [1, 1]", file.FindNonFinite("columns")?.ToString());
            Assert.Null(file.FindNonFinite("good"));
            Assert.Contains("holds no tensor 'x'", Assert.Throws<DitException>(() => file.FindNonFinite("x")).Message);
        }
        var header = """{"x":{"dtype":"F8_E5M2","shape":[2,2],"data_offsets":[0,4]}}""";
        using (var file = CheckpointFile.Open(folder.Write("b",
            [.. BitConverter.GetBytes((long)header.Length), .. System.Text.Encoding.ASCII.GetBytes(header), 1, 2, 0x7c, 4])).Below(""))
            Assert.Equal("1 +infinity, at [1, 0]", file.FindNonFinite("x")?.ToString());
        Assert.Equal(before, LiveTensors.Count());
    }
}
