using System.Collections.Immutable;
using TorchSharp;
using static TorchSharp.torch;

namespace Dit.Runtime;

/// <summary>One number per sample, ready to meet a (N, C, Y, X) tensor.</summary>
/// <remarks>
/// While sampling every sample is at the same timestep: the number then stays on the host and costs neither a copy nor
/// a wait. While training it is a (N, 1, 1, 1) tensor on the device. Tables are float64; a number is rounded to float32
/// as it is read.
/// </remarks>
internal readonly struct Coefficient
{
    private readonly float shared;
    private readonly Tensor? perSample;

    private Coefficient(float shared, Tensor? perSample) => (this.shared, this.perSample) = (shared, perSample);

    /// <summary>The table's entry for each sample's timestep, to be used with <paramref name="like"/>.</summary>
    public static Coefficient At(ImmutableArray<double> table, ReadOnlySpan<int> t, Tensor like) =>
        At(i => (float)table[i], t, like);

    /// <summary>A function of each sample's timestep, to be used with <paramref name="like"/>.</summary>
    public static Coefficient At(Func<int, float> value, ReadOnlySpan<int> t, Tensor like)
    {
        if (AllEqual(t)) return new(value(t[0]), null);
        var values = new float[t.Length];
        for (var i = 0; i < values.Length; i++) values[i] = value(t[i]);
        return PerSample(values, like);
    }

    /// <summary>A number for each sample, rounded to float32, to be used with <paramref name="like"/>.</summary>
    public static Coefficient Of(ReadOnlySpan<double> numbers, Tensor like)
    {
        if (AllEqual(numbers)) return new((float)numbers[0], null);
        var values = new float[numbers.Length];
        for (var i = 0; i < values.Length; i++) values[i] = (float)numbers[i];
        return PerSample(values, like);
    }

    /// <summary>Whether all samples are at one timestep.</summary>
    public static bool AllEqual<T>(ReadOnlySpan<T> t) where T : struct, IEquatable<T> => t.IndexOfAnyExcept(t[0]) < 0;

    private static Coefficient PerSample(float[] values, Tensor like)
    {
        var shape = new long[like.dim()];
        Array.Fill(shape, 1);
        shape[0] = values.Length;
        using var host = tensor(values, shape);
        return new(0, host.to(like.device));
    }

    /// <summary>The number of each sample in every element, (N, C, Y, X).</summary>
    public Tensor ExpandAs(Tensor like)
    {
        using var scope = NewDisposeScope();
        var value = perSample ?? full([1], shared, dtype: like.dtype, device: like.device);
        return value.to(like.dtype).expand(like.shape).MoveToOuterDisposeScope();
    }

    public static Tensor operator *(Coefficient c, Tensor x)
    {
        if (c.perSample is { } each) return x * each;
        using Scalar number = c.shared; // kept until the call is over, see Scalars
        return x * number;
    }

    public static Tensor operator /(Tensor x, Coefficient c)
    {
        if (c.perSample is { } each) return x / each;
        using Scalar number = c.shared;
        return x / number;
    }
}
