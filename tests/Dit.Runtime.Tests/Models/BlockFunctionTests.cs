using TorchSharp;
using static TorchSharp.torch;

namespace Dit.Runtime.Tests;

/// <summary>The operations of blocks that differ from the paper's.</summary>
public class BlockFunctionTests
{
    private static Tensor Random(params long[] shape)
    {
        using var random = new Generator(7);
        return randn(shape, generator: random);
    }

    [Fact]
    public void Rotation_turns_neighboring_channels_by_row_and_by_column()
    {
        using var scope = NewDisposeScope();
        var angles = Positions.RotaryAngles(8, rows: 2, columns: 3);

        // The fifth patch is in row 1 and column 1, the third in row 0 and column 2.
        Assert.Equal([1, 1, 0.01, 0.01, 1, 1, 0.01, 0.01], angles[4].data<double>().ToArray());
        Assert.Equal([0, 0, 0, 0, 2, 2, 0.02, 0.02], angles[2].data<double>().ToArray());
        var turned = Functional.Rotate(ones(1, 1, 6, 8, ScalarType.Float64), cat([angles.cos(), angles.sin()], dim: -1));
        for (var channel = 0; channel < 8; channel++)
        {
            var angle = angles[4, channel].item<double>();
            var expected = channel % 2 == 0 ? Math.Cos(angle) - Math.Sin(angle) : Math.Cos(angle) + Math.Sin(angle);
            Assert.Equal(expected, turned[0, 0, 4, channel].item<double>(), 1e-12);
        }
    }

    [Fact]
    public void Rotation_keeps_lengths_and_the_product_of_two_patches_depends_on_their_distance_alone()
    {
        using var scope = NewDisposeScope();
        var angles = Positions.RotaryAngles(8, rows: 4, columns: 4);
        var rotary = cat([angles.cos(), angles.sin()], dim: -1);
        var (q, k) = (Random(1, 1, 1, 8).to(ScalarType.Float64), Random(2, 1, 1, 8)[1..].to(ScalarType.Float64));
        var (turnedQ, turnedK) = (Functional.Rotate(q.expand(1, 1, 16, 8), rotary), Functional.Rotate(k.expand(1, 1, 16, 8), rotary));

        Assert.All(turnedQ[0, 0].norm(dim: -1).data<double>(), length => Assert.Equal(q.norm().item<double>(), length, 1e-12));
        var scores = turnedQ[0, 0].matmul(turnedK[0, 0].transpose(0, 1)); // (16, 16)
        double Score(int from, int to) => scores[from, to].item<double>();
        Assert.Equal(Score(0, 6), Score(5, 11), 1e-12);            // one row and two columns on
        Assert.True(Math.Abs(Score(0, 6) - Score(0, 9)) > 1e-3);   // two rows and one column on
    }

    [Fact]
    public void Attention_with_nothing_besides_is_plain_attention()
    {
        using var scope = NewDisposeScope();
        var qkv = Random(2, 6, 48);

        Close.To(Functional.Attention(qkv, 4), Functional.Attention(qkv, 4, queryNorm: null), 1e-6);
        Close.To(Functional.Attention(qkv, 4), Functional.Attention(qkv, 4, rotary: cat([ones(6, 4), zeros(6, 4)], dim: -1)), 1e-6);
    }

    [Fact]
    public void A_gate_is_the_first_half_through_SiLU_times_the_second()
    {
        using var scope = NewDisposeScope();
        var x = tensor(new[] { 1f, -2f, 3f, 4f }).view(1, 4);

        var y = Functional.SwiGlu(x);

        Close.To(tensor(new[] { 3f / (1 + MathF.Exp(-1)), -8f / (1 + MathF.Exp(2)) }).view(1, 2), y, 1e-6);
    }

    [Fact]
    public void Scaling_with_a_shift_and_without()
    {
        using var scope = NewDisposeScope();
        var (x, shift, scale) = (Random(2, 3, 4), Random(2, 1, 4), Random(2, 1, 4) * 2);

        Close.To(x * (1 + scale) + shift, Functional.ScaleShift(x, shift, scale), 1e-6);
        Close.To(x * (1 + scale), Functional.Scale(x, scale), 1e-6);
        Close.To(
            Functional.Modulate(x, shift, scale), Functional.ScaleShift(Functional.LayerNorm(x, 4), shift, scale), 1e-6);
    }
}
