using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Dit.Kernels;
using TorchSharp;
using static TorchSharp.torch;

namespace Dit.Benchmarks;

/// <summary>What the machine can do at most, measured in the same run.</summary>
/// <param name="FmaGflops">
/// Multiply-adds in registers alone, on as many threads as libtorch uses: the processor's limit; null elsewhere.
/// </param>
/// <param name="MmGflops">libtorch's product of two large matrices: what its library reaches.</param>
internal sealed record MatrixPeak(double? FmaGflops, double MmGflops)
{
    private const int Tries = 25;
    private const int Sums = 12; // more than latency times units, fewer than registers
    private const int Steps = 4_000_000;

    private static float sink; // keeps the loops from being left out

    /// <summary>Measures both; the best of some tries each, since another program can only slow them.</summary>
    public static MatrixPeak Measure(Bench bench)
    {
        bench.Status.Show("peak of this machine");
        return new(bench.Device.type == DeviceType.CPU ? Fma(bench) : null, Mm(bench));
    }

    /// <summary>The better of two: a machine that was held up for a moment is no slower for that.</summary>
    public MatrixPeak Or(MatrixPeak other) =>
        new(FmaGflops is { } one && other.FmaGflops is { } two ? Math.Max(one, two) : FmaGflops, Math.Max(MmGflops, other.MmGflops));

    /// <summary>The limit that shares are given of, in GFLOP/s.</summary>
    public double Limit => FmaGflops ?? MmGflops;

    private static double Fma(Bench bench)
    {
        var threads = get_num_threads();
        var lanes =
            Vector512.IsHardwareAccelerated ? Vector512<float>.Count
            : Vector256.IsHardwareAccelerated ? Vector256<float>.Count
            : Vector128<float>.Count;
        var flops = 2.0 * lanes * Sums * Steps * threads;
        return Enumerable.Range(0, Tries).Max(_ => flops / bench.Time(() => OnThreads(threads)) / 1e6);
    }

    private static void OnThreads(int count)
    {
        Thread[] threads = [.. Enumerable.Range(0, count).Select(_ => new Thread(Loop))];
        foreach (var thread in threads) thread.Start();
        foreach (var thread in threads) thread.Join();
    }

    private static void Loop() => sink =
        Vector512.IsHardwareAccelerated ? Sum<Vector512<float>, Simd512>(1e-9f)
        : Vector256.IsHardwareAccelerated ? Sum<Vector256<float>, Simd256>(1e-9f)
        : Sum<Vector128<float>, Simd128>(1e-9f);

    // Written out: local variables stay in registers, elements of an array do not.
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    private static float Sum<V, S>(float step)
        where V : struct
        where S : struct, ISimd<V>
    {
        var (a, b) = (S.Fill(step), S.Fill(0.5f));
        V s0 = a, s1 = a, s2 = a, s3 = a, s4 = a, s5 = a, s6 = a, s7 = a, s8 = a, s9 = a, s10 = a, s11 = a;
        for (var i = 0; i < Steps; i++)
        {
            s0 = S.MultiplyAdd(s0, b, a); s1 = S.MultiplyAdd(s1, b, a); s2 = S.MultiplyAdd(s2, b, a); s3 = S.MultiplyAdd(s3, b, a);
            s4 = S.MultiplyAdd(s4, b, a); s5 = S.MultiplyAdd(s5, b, a); s6 = S.MultiplyAdd(s6, b, a); s7 = S.MultiplyAdd(s7, b, a);
            s8 = S.MultiplyAdd(s8, b, a); s9 = S.MultiplyAdd(s9, b, a); s10 = S.MultiplyAdd(s10, b, a); s11 = S.MultiplyAdd(s11, b, a);
        }
        return S.Sum(s0)
            + S.Sum(s1)
            + S.Sum(s2)
            + S.Sum(s3)
            + S.Sum(s4)
            + S.Sum(s5)
            + S.Sum(s6)
            + S.Sum(s7)
            + S.Sum(s8)
            + S.Sum(s9)
            + S.Sum(s10)
            + S.Sum(s11);
    }

    private static double Mm(Bench bench)
    {
        var n = bench.Device.type == DeviceType.CPU ? 1536L : 8192L;
        using var scope = NewDisposeScope();
        using var random = new torch.Generator(0);
        var (a, b) = (Random(), Random());
        bench.Time(Product);
        return Enumerable.Range(0, Tries).Max(_ => 2.0 * n * n * n / bench.Time(Product) / 1e6);

        Tensor Random() => randn([n, n], generator: random).to(bench.Options.Type, bench.Device);
        void Product() => mm(a, b).Dispose();
    }
}
