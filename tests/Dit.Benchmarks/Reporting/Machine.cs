using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.Arm;
using System.Runtime.Intrinsics.X86;
using Dit.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace Dit.Benchmarks;

/// <summary>What a run was made on.</summary>
/// <param name="Cpu">Name of the processor.</param>
/// <param name="Cores">Processors that the program may use.</param>
/// <param name="Threads">Threads of libtorch.</param>
/// <param name="Simd">The widest vectors that .NET uses here.</param>
/// <param name="Os">The operating system.</param>
/// <param name="Dotnet">Version of .NET.</param>
/// <param name="Libtorch">Version of libtorch.</param>
internal sealed record Machine(string Cpu, int Cores, int Threads, string Simd, string Os, string Dotnet, string Libtorch)
{
    private const string CpuInfo = "/proc/cpuinfo";

    /// <summary>This machine.</summary>
    public static Machine Here() => new(
        CpuName(), Environment.ProcessorCount, get_num_threads(), SimdName(),
        RuntimeInformation.OSDescription, RuntimeInformation.FrameworkDescription, LibtorchVersion());

    // With a libtorch of one's own the version is not known: TorchSharp names the one that it was built for.
    private static string LibtorchVersion() =>
        Environment.GetEnvironmentVariable(LibTorch.Variable) is { Length: > 0 } ? $"of {LibTorch.Variable}" : torch.__version__;

    private static string CpuName()
    {
        var line = File.Exists(CpuInfo)
            ? File.ReadLines(CpuInfo).FirstOrDefault(static line => line.StartsWith("model name", StringComparison.Ordinal))
            : null;
        return line?.Split(':', 2)[1].Trim()
            ?? Environment.GetEnvironmentVariable("PROCESSOR_IDENTIFIER")
            ?? RuntimeInformation.ProcessArchitecture.ToString();
    }

    private static string SimdName() =>
        Vector512.IsHardwareAccelerated ? "AVX-512"
        : Avx2.IsSupported ? "AVX2"
        : AdvSimd.IsSupported ? "NEON"
        : $"{Vector128<float>.Count * 32}-bit";
}
