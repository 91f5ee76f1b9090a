using CsCheck;

namespace Dit.Kernels.Tests;

/// <summary>Memory for one run of a kernel, and how its result is compared with the definition.</summary>
internal sealed unsafe class KernelCase : IDisposable
{
    private const int Fence = 64; // floats behind every buffer that nobody may touch
    private const float Mark = 12345.678f;

    private readonly List<NativeBuffer> buffers = [];
    private readonly Random random;

    public KernelCase(int seed) => random = new(seed);

    /// <summary>Every width of vectors.</summary>
    public static TheoryData<string> Kernels => [.. CpuKernels.All.Select(static kernels => kernels.Name)];

    /// <summary>A seed for the numbers.</summary>
    public static Gen<int> Seed { get; } = Gen.Int[0, int.MaxValue - 1];

    public static CpuKernels Of(string name) => CpuKernels.All.Single(kernels => kernels.Name == name);

    /// <summary>Features: small ones of all kinds, and sometimes many.</summary>
    public static Gen<int> Features { get; } = Gen.Frequency((3, Gen.Int[1, 40]), (1, Gen.Int[41, 200]));

    /// <summary>Normal numbers.</summary>
    public float[] Numbers(int count, double scale = 1, double mean = 0) =>
        [.. Enumerable.Range(0, count).Select(_ => (float)(mean + scale * Normal()))];

    /// <summary>Numbers where a kernel can read and write them.</summary>
    public NativeBuffer Hold(float[] values)
    {
        var buffer = new NativeBuffer(values.Length + Fence);
        values.CopyTo(buffer.Span);
        buffer.Span[values.Length..].Fill(Mark);
        buffers.Add(buffer);
        return buffer;
    }

    /// <summary>What is there now; it must end where it ended before.</summary>
    public static float[] Read(NativeBuffer buffer)
    {
        Assert.All(buffer.Span[^Fence..].ToArray(), static value => Assert.Equal(Mark, value));
        return buffer.Span[..^Fence].ToArray();
    }

    /// <summary>Each number within its own tolerance.</summary>
    public static void Near(double[] expected, float[] actual, Func<int, double> tolerance)
    {
        Assert.Equal(expected.Length, actual.Length);
        for (var i = 0; i < expected.Length; i++)
            Assert.True(Math.Abs(expected[i] - actual[i]) <= tolerance(i),
                $"Number {i} of {expected.Length} is {actual[i]:g9}, expected {expected[i]:g9} to {tolerance(i):g2}.");
    }

    private double Normal() => Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble());

    public void Dispose()
    {
        foreach (var buffer in buffers) buffer.Dispose();
    }
}
