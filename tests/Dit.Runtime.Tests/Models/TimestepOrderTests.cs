using static TorchSharp.torch;

namespace Dit.Runtime.Tests;

/// <summary>Time features in the order of operations of each implementation, to the bit.</summary>
public class TimestepOrderTests
{
    // get_timestep_embedding(t, 256, flip_sin_to_cos=True, downscale_freq_shift=1) of diffusers.
    [Fact]
    public void Diffusers_features_are_equal_to_the_bit()
    {
        using var scope = NewDisposeScope();
        const int half = 128, shift = 1;
        var t = Timesteps();
        var exponent = -Math.Log(10000) * arange(0, half, ScalarType.Float32);
        exponent = exponent / (half - shift);
        var angles = t.unsqueeze(1).to(ScalarType.Float32) * exponent.exp().unsqueeze(0);
        var sines = cat([angles.sin(), angles.cos()], dim: -1);
        var expected = cat([sines.narrow(1, half, half), sines.narrow(1, 0, half)], dim: -1);

        Assert.True(expected.Equals(TimestepEmbedder.Sinusoid(t, intervals: half - shift)));
        // It does tell: scaled the other way round, some frequencies are rounded to others.
        Assert.False(exponent.Equals(arange(0, half, ScalarType.Float32) * (-Math.Log(10000) / (half - shift))));
    }

    // TimestepEmbedder.timestep_embedding(t, 256) of the official code.
    [Fact]
    public void Official_features_are_equal_to_the_bit()
    {
        using var scope = NewDisposeScope();
        const int half = 128;
        var t = Timesteps();
        var frequencies = (-Math.Log(10000) * arange(0, half, ScalarType.Float32) / half).exp();
        var angles = t.unsqueeze(1).to(ScalarType.Float32) * frequencies.unsqueeze(0);

        Assert.True(cat([angles.cos(), angles.sin()], dim: -1).Equals(TimestepEmbedder.Sinusoid(t)));
    }

    private static Tensor Timesteps() => cat([arange(1000, ScalarType.Float64), tensor(new[] { 0.25, 417.3, 998.75 })]);
}
