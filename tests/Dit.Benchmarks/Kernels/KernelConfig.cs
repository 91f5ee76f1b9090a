using BenchmarkDotNet.Configs;
using BenchmarkDotNet.Jobs;
using BenchmarkDotNet.Toolchains.InProcess.NoEmit;

namespace Dit.Benchmarks;

/// <summary>How kernels are measured.</summary>
internal static class KernelConfig
{
    /// <summary>
    /// In this process: a project that BenchmarkDotNet makes would not have the repository's libtorch.
    /// </summary>
    public static IConfig Create() => DefaultConfig.Instance
        .AddJob(Job.ShortRun.WithToolchain(new InProcessNoEmitToolchain(timeout: TimeSpan.FromMinutes(10), logOutput: false)))
        .WithArtifactsPath(Path.Combine(Path.GetTempPath(), "dit-benchmarks"))
        .WithOptions(ConfigOptions.DisableLogFile);
}
