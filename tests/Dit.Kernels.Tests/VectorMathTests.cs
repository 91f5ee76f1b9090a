using System.Runtime.Intrinsics;

namespace Dit.Kernels.Tests;

/// <summary>The functions of every lane, over all the floats there are, against double precision.</summary>
public class VectorMathTests
{
    private const double Eps = 1.0 / (1 << 23);
    private const double Denormal = 1.4e-45;

    private static readonly float[] Special =
    [
        0, -0f, float.Epsilon, -float.Epsilon, 1.1754942e-38f, -1.1754942e-38f, 1.17549435e-38f, 1e-30f, -1e-30f, 0.5f, -0.5f, 1, -1, 10,
            -10, 13.5f, -13.5f,
        87.3f, -87.3f, -87.4f, 88.3f, 88.37f, 88.38f, 88.7f, 89, 100, -100, 1e4f, -1e4f, 1e18f, -1e18f, 1e20f, -1e20f, 1e38f, -1e38f,
            float.MaxValue, float.MinValue,
    ];

    /// <summary>
    /// Every 2,053rd float from all bit patterns (a prime: all kinds of mantissas), and those where something changes.
    /// </summary>
    private static IEnumerable<float> Floats()
    {
        foreach (var value in Special) yield return value;
        for (long bits = 0; bits <= uint.MaxValue; bits += 2053) yield return BitConverter.UInt32BitsToSingle((uint)bits);
        for (var x = -95f; x < 95; x += 0.003f) yield return x; // where they are more than their limits
    }

    public static TheoryData<int> Bits => [512, 256, 128];

    [Theory, MemberData(nameof(Bits))]
    public void Exp_is_exact_to_two_units_in_the_last_place(int bits) => Check(VectorFunctions.Of(bits).Exp, static (x, y) =>
    {
        if (float.IsNaN(x)) return float.IsNaN(y);
        if (x > 88.723) return y == float.PositiveInfinity;
        if (x < -87.3f) return y is > 1.17e-38f and < 1.3e-38f; // never less than the smallest normal number: no denormals, no zero
        var expected = Math.Exp(x);
        var isTooLarge = x > 88.375 && y == float.PositiveInfinity; // the power of two alone is more than the largest float there
        return isTooLarge || Math.Abs(y - expected) <= 2 * Eps * expected;
    });

    // The exponent z has a rounding or two of its own, and the result as many times more of them as z is large.
    [Theory, MemberData(nameof(Bits))]
    public void Gelu_is_exact_to_the_roundings_of_its_exponent(int bits) => Check(VectorFunctions.Of(bits).Gelu, static (x, y) =>
    {
        if (float.IsNaN(x) || float.IsNegativeInfinity(x)) return float.IsNaN(y); // as in libtorch: 0 times infinity
        if (float.IsPositiveInfinity(x)) return float.IsPositiveInfinity(y);
        var expected = ScalarKernels.Gelu((double)x);
        var z = Math.Min(90, 2 * Math.Sqrt(2 / Math.PI) * Math.Abs(x + 0.044715 * x * x * x));
        return Math.Abs(y - expected) <= Eps * (3 + 3 * z) * Math.Abs(expected) + (x < -9 ? 1e-36 : Denormal);
    });

    // The denominator is infinite where e^-x is, and the result is zero there.
    [Theory, MemberData(nameof(Bits))]
    public void Silu_is_exact_to_a_few_units_in_the_last_place(int bits) => Check(VectorFunctions.Of(bits).Silu, static (x, y) =>
    {
        if (float.IsNaN(x) || float.IsNegativeInfinity(x)) return float.IsNaN(y);
        if (float.IsPositiveInfinity(x)) return float.IsPositiveInfinity(y);
        var expected = ScalarKernels.Silu((double)x);
        return Math.Abs(y - expected) <= 6 * Eps * Math.Abs(expected) + (x < -85 ? 1e-35 : Denormal);
    });

    // The tail is erfc: the error of its polynomial, and the roundings of its exponent, as many as that is large.
    [Theory, MemberData(nameof(Bits))]
    public void Exact_Gelu_has_a_tail_that_is_exact_to_a_millionth(int bits) => Check(VectorFunctions.Of(bits).ExactGelu, static (x, y) =>
    {
        if (!float.IsFinite(x)) return float.IsNaN(y);
        var expected = ScalarKernels.ExactGelu((double)x);
        var tail = Math.Abs(Math.Max((double)x, 0) - expected);
        return Math.Abs(y - expected) <= tail * (1.2e-6 + Eps * (8 + Math.Min(90, (double)x * x))) + 2 * Eps * Math.Abs(expected) + 1e-36;
    });

    [Theory]
    [InlineData(0, 0)]
    [InlineData(1, 0.84134474606854293)]
    [InlineData(-1, -0.15865525393145707)]
    [InlineData(4.5, 4.4999847104709385)]
    [InlineData(-4.5, -1.5289529061285276e-05)]
    public void Exact_Gelu_is_the_number_times_the_normal_distribution(double x, double expected) =>
        Assert.Equal(expected, ScalarKernels.ExactGelu(x), 1e-13);

    [Theory, MemberData(nameof(Bits))]
    public void Zero_keeps_its_sign_and_far_from_it_Gelu_is_the_identity_or_zero(int bits)
    {
        var values = VectorFunctions.Of(bits).Gelu([0, -0f, 1e30f, -1e30f, 7e37f]);

        Assert.Equal([0, -0f, 1e30f, -0f, 7e37f], values);
        Assert.Equal([false, true, false, true, false], values.Select(float.IsNegative));
    }

    [Theory, MemberData(nameof(Bits))]
    public void One_lane_does_not_see_another(int bits)
    {
        var functions = VectorFunctions.Of(bits);
        float[] values = [.. Special[..8], float.NaN, .. Special[8..]];

        Assert.Equal(values.Select(value => functions.Exp([value])[0]), functions.Exp(values));
    }

    [Theory, MemberData(nameof(Bits))]
    public void Instructions_do_what_they_say(int bits) => VectorFunctions.Of(bits).CheckInstructions();

    private static void Check(Func<float[], float[]> function, Func<float, float, bool> holds)
    {
        foreach (var values in Floats().Chunk(1 << 16))
        {
            var results = function(values);
            for (var i = 0; i < values.Length; i++)
                if (!holds(values[i], results[i])) Assert.Fail($"Of {values[i]:g9} it is {results[i]:g9}.");
        }
    }
}

/// <summary>The functions of vectors of some width, for arrays.</summary>
internal abstract class VectorFunctions
{
    public static VectorFunctions Of(int bits) => bits switch
    {
        512 => new VectorFunctions<Vector512<float>, Simd512>(),
        256 => new VectorFunctions<Vector256<float>, Simd256>(),
        _ => new VectorFunctions<Vector128<float>, Simd128>(),
    };

    public abstract float[] Exp(float[] values);

    public abstract float[] Gelu(float[] values);

    public abstract float[] ExactGelu(float[] values);

    public abstract float[] Silu(float[] values);

    public abstract void CheckInstructions();
}

/// <inheritdoc/>
internal sealed unsafe class VectorFunctions<V, S> : VectorFunctions
    where V : struct
    where S : struct, ISimd<V>
{
    public override float[] Exp(float[] values) => Map(static x => VectorMath<V, S>.Exp(x), values);

    public override float[] Gelu(float[] values) => Map(static x => VectorMath<V, S>.Gelu(x), values);

    public override float[] ExactGelu(float[] values) => Map(static x => VectorMath<V, S>.ExactGelu(x), values);

    public override float[] Silu(float[] values) => Map(static x => VectorMath<V, S>.Silu(x), values);

    public override void CheckInstructions()
    {
        float[] a = [.. Enumerable.Range(0, S.Lanes).Select(static i => i - 2.5f)], b =
            [.. Enumerable.Range(0, S.Lanes).Select(static i => 3f - i * 0.75f)];
        fixed (float* from = a, other = b)
        {
            V x = S.Load(from), y = S.Load(other);
            Assert.Equal(a.Zip(b, static (x, y) => x + y), Lanes(S.Add(x, y)));
            Assert.Equal(a.Zip(b, static (x, y) => x - y), Lanes(S.Subtract(x, y)));
            Assert.Equal(a.Zip(b, static (x, y) => x * y), Lanes(S.Multiply(x, y)));
            Assert.Equal(a.Zip(b, static (x, y) => x / y), Lanes(S.Divide(x, y)));
            Assert.Equal(a.Zip(b, Math.Max), Lanes(S.Max(x, y)));
            Assert.Equal(a.Zip(b, Math.Min), Lanes(S.Min(x, y)));
            Assert.Equal(a.Zip(b, static (x, y) => x * y + 2), Lanes(S.MultiplyAdd(x, y, S.Fill(2)))); // quarters: exact either way
            Assert.Equal(a.Select(static x => MathF.Round(x)), Lanes(S.Round(x)));
            Assert.Equal(a.Select(static x => MathF.Sqrt(x + 4)), Lanes(S.Sqrt(S.Add(x, S.Fill(4)))));
            Assert.Equal(a.Sum(), S.Sum(x));
            foreach (var power in (int[])[-126, -1, 0, 1, 127]) Assert.Equal(a.Select(x => x * MathF.Pow(2, power)),
                Lanes(S.TimesPowerOfTwo(x, S.Fill(power))));
            Assert.All(Lanes(S.TimesPowerOfTwo(S.Fill(0.75f), S.Fill(128))), static value =>
                Assert.True(value is 0.75f * 2 * 1.7014118e38f or float.PositiveInfinity));
        }
    }

    private static float[] Map(Func<V, V> function, float[] values)
    {
        var lanes = S.Lanes;
        var results = new float[(values.Length + lanes - 1) / lanes * lanes];
        values.CopyTo(results, 0);
        fixed (float* at = results)
            for (var i = 0; i < results.Length; i += lanes) S.Store(function(S.Load(at + i)), at + i);
        return results[..values.Length];
    }

    private static float[] Lanes(V vector)
    {
        var values = new float[S.Lanes];
        fixed (float* to = values) S.Store(vector, to);
        return values;
    }
}
