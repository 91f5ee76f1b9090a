using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using static TorchSharp.torch;

namespace Dit.Benchmarks;

/// <summary>What the machine can do at most, and what the process takes of it.</summary>
internal static class Machine
{
    /// <summary>Multiply-adds in registers and nothing else, on as many threads as libtorch has, in GFLOP/s: no program is faster.</summary>
    public static double RegisterPeak(int threads)
    {
        const int rounds = 40_000_000;
        var best = double.MaxValue;
        for (var i = 0; i < 3; i++)
            best = Math.Min(best, Paired.Seconds(() => Parallel.For(0, threads, new ParallelOptions { MaxDegreeOfParallelism = threads }, _ => MultiplyAdds(rounds))));
        var lanes = Vector512.IsHardwareAccelerated ? 16 : Vector256.IsHardwareAccelerated ? 8 : 4;
        return 2.0 * 12 * lanes * rounds * threads / best / 1e9;
    }

    /// <summary>libtorch's own product of two large matrices, in GFLOP/s.</summary>
    public static double MatrixPeak()
    {
        const int size = 2048;
        using var a = randn(size, size);
        using var b = randn(size, size);
        var best = double.MaxValue;
        for (var i = 0; i < 4; i++) best = Math.Min(best, Paired.Seconds(() => a.mm(b).Dispose()));
        return 2.0 * size * size * size / best / 1e9;
    }

    private static void MultiplyAdds(int rounds)
    {
        if (Vector512.IsHardwareAccelerated) Wide(rounds);
        else if (Vector256.IsHardwareAccelerated) Middle(rounds);
        else Narrow(rounds);
    }

    // Twelve sums that do not wait for each other, in the widest registers.
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    private static Vector512<float> Wide(int rounds)
    {
        Vector512<float> x = Vector512.Create(0.5f), y = Vector512.Create(0.3f), a = x, b = x, c = x, d = x, e = x, f = x, g = x, h = x, i = x, j = x, k = x, l = x;
        for (; rounds > 0; rounds--)
        {
            a = Vector512.MultiplyAddEstimate(a, x, y); b = Vector512.MultiplyAddEstimate(b, x, y); c = Vector512.MultiplyAddEstimate(c, x, y);
            d = Vector512.MultiplyAddEstimate(d, x, y); e = Vector512.MultiplyAddEstimate(e, x, y); f = Vector512.MultiplyAddEstimate(f, x, y);
            g = Vector512.MultiplyAddEstimate(g, x, y); h = Vector512.MultiplyAddEstimate(h, x, y); i = Vector512.MultiplyAddEstimate(i, x, y);
            j = Vector512.MultiplyAddEstimate(j, x, y); k = Vector512.MultiplyAddEstimate(k, x, y); l = Vector512.MultiplyAddEstimate(l, x, y);
        }
        return a + b + c + d + e + f + g + h + i + j + k + l;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    private static Vector256<float> Middle(int rounds)
    {
        Vector256<float> x = Vector256.Create(0.5f), y = Vector256.Create(0.3f), a = x, b = x, c = x, d = x, e = x, f = x, g = x, h = x, i = x, j = x, k = x, l = x;
        for (; rounds > 0; rounds--)
        {
            a = Vector256.MultiplyAddEstimate(a, x, y); b = Vector256.MultiplyAddEstimate(b, x, y); c = Vector256.MultiplyAddEstimate(c, x, y);
            d = Vector256.MultiplyAddEstimate(d, x, y); e = Vector256.MultiplyAddEstimate(e, x, y); f = Vector256.MultiplyAddEstimate(f, x, y);
            g = Vector256.MultiplyAddEstimate(g, x, y); h = Vector256.MultiplyAddEstimate(h, x, y); i = Vector256.MultiplyAddEstimate(i, x, y);
            j = Vector256.MultiplyAddEstimate(j, x, y); k = Vector256.MultiplyAddEstimate(k, x, y); l = Vector256.MultiplyAddEstimate(l, x, y);
        }
        return a + b + c + d + e + f + g + h + i + j + k + l;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    private static Vector128<float> Narrow(int rounds)
    {
        Vector128<float> x = Vector128.Create(0.5f), y = Vector128.Create(0.3f), a = x, b = x, c = x, d = x, e = x, f = x, g = x, h = x, i = x, j = x, k = x, l = x;
        for (; rounds > 0; rounds--)
        {
            a = Vector128.MultiplyAddEstimate(a, x, y); b = Vector128.MultiplyAddEstimate(b, x, y); c = Vector128.MultiplyAddEstimate(c, x, y);
            d = Vector128.MultiplyAddEstimate(d, x, y); e = Vector128.MultiplyAddEstimate(e, x, y); f = Vector128.MultiplyAddEstimate(f, x, y);
            g = Vector128.MultiplyAddEstimate(g, x, y); h = Vector128.MultiplyAddEstimate(h, x, y); i = Vector128.MultiplyAddEstimate(i, x, y);
            j = Vector128.MultiplyAddEstimate(j, x, y); k = Vector128.MultiplyAddEstimate(k, x, y); l = Vector128.MultiplyAddEstimate(l, x, y);
        }
        return a + b + c + d + e + f + g + h + i + j + k + l;
    }

    /// <summary>The processor's name, where the system tells it.</summary>
    public static string Processor()
    {
        if (!OperatingSystem.IsLinux() || !File.Exists("/proc/cpuinfo")) return RuntimeInformation.ProcessArchitecture.ToString();
        return File.ReadLines("/proc/cpuinfo").FirstOrDefault(static line => line.StartsWith("model name", StringComparison.Ordinal))?.Split(':')[1].Trim()
            ?? RuntimeInformation.ProcessArchitecture.ToString();
    }

    /// <summary>Begins to count the largest resident memory anew, where the system can.</summary>
    public static void ForgetPeakMemory()
    {
        GC.Collect();
        GC.WaitForPendingFinalizers();
        if (!OperatingSystem.IsLinux()) return;
        try
        {
            File.WriteAllText("/proc/self/clear_refs", "5");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // then the largest of all parts is reported
        }
    }

    /// <summary>The largest resident memory since then, in MiB.</summary>
    public static double PeakMemory()
    {
        if (!OperatingSystem.IsLinux()) return Environment.WorkingSet / 1048576.0;
        var line = File.ReadLines("/proc/self/status").First(static line => line.StartsWith("VmHWM", StringComparison.Ordinal));
        return double.Parse(new string([.. line.Where(char.IsDigit)]), System.Globalization.CultureInfo.InvariantCulture) / 1024;
    }

    /// <summary>Has glibc keep freed memory, so that large tensors do not cost a page fault for every 4 KiB, in the baseline as in ours.</summary>
    /// <returns>Whether it could.</returns>
    public static bool TuneAllocator()
    {
        const int trimThreshold = -1, topPad = -2, mmapThreshold = -3;
        if (!OperatingSystem.IsLinux()) return false;
        try
        {
            return MallocOption(mmapThreshold, 32 << 20) != 0 & MallocOption(trimThreshold, int.MaxValue) != 0 & MallocOption(topPad, 128 << 20) != 0;
        }
        catch (EntryPointNotFoundException)
        {
            return false; // another C library
        }
    }

    [DllImport("libc", EntryPoint = "mallopt")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int MallocOption(int option, int value);
}
