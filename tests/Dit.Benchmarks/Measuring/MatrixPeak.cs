using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using TorchSharp;
using static TorchSharp.torch;

namespace Dit.Benchmarks;

/// <summary>What the machine can do at most, measured in the same run.</summary>
/// <param name="FmaGflops">Multiply-adds in registers alone, on as many threads as libtorch uses: the processor's limit; null elsewhere.</param>
/// <param name="MmGflops">libtorch's product of two large matrices: what its library reaches.</param>
internal sealed record MatrixPeak(double? FmaGflops, double MmGflops)
{
    private const int Tries = 5;
    private const int Sums = 12; // more than latency times units, fewer than registers
    private const int Steps = 4_000_000;

    private static float sink; // keeps the loops from being left out

    /// <summary>Measures both; the best of some tries each, since another program can only slow them.</summary>
    public static MatrixPeak Measure(Bench bench)
    {
        bench.Status.Show("peak of this machine");
        return new(bench.Device.type == DeviceType.CPU ? Fma(bench) : null, Mm(bench));
    }

    /// <summary>The limit that shares are given of, in GFLOP/s.</summary>
    public double Limit => FmaGflops ?? MmGflops;

    private static double Fma(Bench bench)
    {
        var threads = get_num_threads();
        var lanes = Vector512.IsHardwareAccelerated ? Vector512<float>.Count : Vector256.IsHardwareAccelerated ? Vector256<float>.Count : Vector128<float>.Count;
        var flops = 2.0 * lanes * Sums * Steps * threads;
        return Enumerable.Range(0, Tries).Max(_ => flops / bench.Time(() => OnThreads(threads)) / 1e6);
    }

    private static void OnThreads(int count)
    {
        Thread[] threads = [.. Enumerable.Range(0, count).Select(_ => new Thread(Loop))];
        foreach (var thread in threads) thread.Start();
        foreach (var thread in threads) thread.Join();
    }

    private static void Loop() =>
        sink = Vector512.IsHardwareAccelerated ? Sum512(1e-9f) : Vector256.IsHardwareAccelerated ? Sum256(1e-9f) : Sum128(1e-9f);

    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    private static float Sum512(float step)
    {
        var (a, b) = (Vector512.Create(step), Vector512.Create(0.5f));
        Vector512<float> s0 = a, s1 = a, s2 = a, s3 = a, s4 = a, s5 = a, s6 = a, s7 = a, s8 = a, s9 = a, s10 = a, s11 = a;
        for (var i = 0; i < Steps; i++)
        {
            s0 = Vector512.MultiplyAddEstimate(s0, b, a); s1 = Vector512.MultiplyAddEstimate(s1, b, a); s2 = Vector512.MultiplyAddEstimate(s2, b, a);
            s3 = Vector512.MultiplyAddEstimate(s3, b, a); s4 = Vector512.MultiplyAddEstimate(s4, b, a); s5 = Vector512.MultiplyAddEstimate(s5, b, a);
            s6 = Vector512.MultiplyAddEstimate(s6, b, a); s7 = Vector512.MultiplyAddEstimate(s7, b, a); s8 = Vector512.MultiplyAddEstimate(s8, b, a);
            s9 = Vector512.MultiplyAddEstimate(s9, b, a); s10 = Vector512.MultiplyAddEstimate(s10, b, a); s11 = Vector512.MultiplyAddEstimate(s11, b, a);
        }
        return Vector512.Sum(s0 + s1 + s2 + s3 + s4 + s5 + s6 + s7 + s8 + s9 + s10 + s11);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    private static float Sum256(float step)
    {
        var (a, b) = (Vector256.Create(step), Vector256.Create(0.5f));
        Vector256<float> s0 = a, s1 = a, s2 = a, s3 = a, s4 = a, s5 = a, s6 = a, s7 = a, s8 = a, s9 = a, s10 = a, s11 = a;
        for (var i = 0; i < Steps; i++)
        {
            s0 = Vector256.MultiplyAddEstimate(s0, b, a); s1 = Vector256.MultiplyAddEstimate(s1, b, a); s2 = Vector256.MultiplyAddEstimate(s2, b, a);
            s3 = Vector256.MultiplyAddEstimate(s3, b, a); s4 = Vector256.MultiplyAddEstimate(s4, b, a); s5 = Vector256.MultiplyAddEstimate(s5, b, a);
            s6 = Vector256.MultiplyAddEstimate(s6, b, a); s7 = Vector256.MultiplyAddEstimate(s7, b, a); s8 = Vector256.MultiplyAddEstimate(s8, b, a);
            s9 = Vector256.MultiplyAddEstimate(s9, b, a); s10 = Vector256.MultiplyAddEstimate(s10, b, a); s11 = Vector256.MultiplyAddEstimate(s11, b, a);
        }
        return Vector256.Sum(s0 + s1 + s2 + s3 + s4 + s5 + s6 + s7 + s8 + s9 + s10 + s11);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    private static float Sum128(float step)
    {
        var (a, b) = (Vector128.Create(step), Vector128.Create(0.5f));
        Vector128<float> s0 = a, s1 = a, s2 = a, s3 = a, s4 = a, s5 = a, s6 = a, s7 = a, s8 = a, s9 = a, s10 = a, s11 = a;
        for (var i = 0; i < Steps; i++)
        {
            s0 = Vector128.MultiplyAddEstimate(s0, b, a); s1 = Vector128.MultiplyAddEstimate(s1, b, a); s2 = Vector128.MultiplyAddEstimate(s2, b, a);
            s3 = Vector128.MultiplyAddEstimate(s3, b, a); s4 = Vector128.MultiplyAddEstimate(s4, b, a); s5 = Vector128.MultiplyAddEstimate(s5, b, a);
            s6 = Vector128.MultiplyAddEstimate(s6, b, a); s7 = Vector128.MultiplyAddEstimate(s7, b, a); s8 = Vector128.MultiplyAddEstimate(s8, b, a);
            s9 = Vector128.MultiplyAddEstimate(s9, b, a); s10 = Vector128.MultiplyAddEstimate(s10, b, a); s11 = Vector128.MultiplyAddEstimate(s11, b, a);
        }
        return Vector128.Sum(s0 + s1 + s2 + s3 + s4 + s5 + s6 + s7 + s8 + s9 + s10 + s11);
    }

    private static double Mm(Bench bench)
    {
        var n = bench.Device.type == DeviceType.CPU ? 1536L : 8192L;
        using var scope = NewDisposeScope();
        using var random = new torch.Generator(0);
        var (a, b) = (randn([n, n], generator: random).to(bench.Device), randn([n, n], generator: random).to(bench.Device));
        bench.Time(Product);
        return Enumerable.Range(0, Tries).Max(_ => 2.0 * n * n * n / bench.Time(Product) / 1e6);

        void Product() => mm(a, b).Dispose();
    }
}
