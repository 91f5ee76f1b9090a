using Dit.Runtime.Kernels.Cuda;
using static TorchSharp.torch;

namespace Dit.Runtime.Tests;

/// <summary>
/// The kernels of CUDA as far as a machine without a device can test them: their text, what is launched, and what
/// happens without them.
/// </summary>
public sealed class CudaKernelTests
{
    [Theory]
    [InlineData(384, 4, 8, 96, 64)]
    [InlineData(1152, 4, 8, 256, 160)]
    [InlineData(100, 4, 4, 32, 32)]
    [InlineData(99, 1, 1, 128, 128)]
    public void Constants_are_literals_and_threads_cover_a_row(int width, int vector32, int vector16, int threads32, int threads16)
    {
        foreach (var storage in Enum.GetValues<CudaStorage>())
        {
            foreach (var branch in Enum.GetValues<NormBranch>())
            {
                var kernel = new NormKernel(width, 1e-6, storage, branch);
                Assert.Equal(
                    storage == CudaStorage.Float32 ? (vector32, threads32) : (vector16, threads16),
                    (kernel.Vector, kernel.Threads));
                Assert.True(kernel.Threads * kernel.Items >= kernel.Vectors && kernel.Vectors * kernel.Vector == width);
                Assert.Contains($"LayerNorm over {width} numbers", kernel.Source, StringComparison.Ordinal);
                Assert.Contains("9.99999997E-007f", kernel.Source, StringComparison.Ordinal);
                Assert.DoesNotContain("{{", kernel.Source, StringComparison.Ordinal);
                Assert.Equal(branch == NormBranch.Gated, kernel.Source.Contains("gate_in", StringComparison.Ordinal));
            }
        }
    }

    [Fact]
    public void Without_libraries_there_is_a_reason_and_no_error()
    {
        Assert.Null(CudaLibraries.TryLoad(new NoLibraries(), out var reason));
        Assert.Equal("no NVRTC", reason);
    }

    [Fact]
    public void A_launch_has_a_block_for_each_row_and_the_addresses_in_order()
    {
        using var scope = NewDisposeScope();
        var launcher = new Recorder();
        var operations = CudaOperations.For(Steps(), launcher, ScalarType.Float32);
        Tensor x = randn(2, 3, 8), y = randn(2, 3, 8), modulation = randn(2, 32);
        var parts = Enumerable.Range(0, 3).Select(i => modulation.narrow(1, 8 * i, 8).unsqueeze(1)).ToArray();

        operations.AddAndModulate(x, y, parts[0], parts[1], parts[2], 1e-6);

        var (kernel, blocks, arguments) = Assert.Single(launcher.Launches);
        Assert.Equal((NormBranch.Gated, 6u), (kernel.Branch, blocks));
        // x, y, gate, shift, scale, out (asked for in another order), tokens, stride
        Assert.Equal([16, 80, 96, 32, 48, 64, 3, 32], arguments);
    }

    [Theory]
    [InlineData(false, true)]
    [InlineData(true, false)]
    public void A_kernel_that_is_refused_leaves_the_work_to_libtorch(bool compiles, bool launches)
    {
        using var scope = NewDisposeScope();
        var launcher = new Recorder { Compiles = compiles, Accepts = launches };
        var operations = CudaOperations.For(Steps(), launcher, ScalarType.Float32);
        Tensor x = randn(2, 3, 8), y = randn(2, 3, 8), gate = randn(2, 1, 8), shift = randn(2, 1, 8), scale = randn(2, 1, 8);
        var expected = Functional.Modulate(x + gate * y, shift, scale, 1e-6);

        Close.To(expected, operations.AddAndModulate(x, y, gate, shift, scale, 1e-6), 1e-6);
        Assert.Equal(compiles, !operations.Name.Contains("do not compile", StringComparison.Ordinal));
    }

    private static SessionSteps Steps()
    {
        var card = DitModels.All.First(static m => m.Card.Name == "V-AdaLNZero-None").Card with { Width = 8 };
        return new(card, new PatchEmbedding(3, 8, 2, CPU, ScalarType.Float32), zeros(1, 24, 8), [], 0, false,
            [new SessionStep.Residual(0), new SessionStep.AdaptiveNorm(1, 2, 1e-6)]);
    }

    private sealed class NoLibraries : ILibraryLoader
    {
        public bool TryLoad(string name, out nint library) => (library = 0) != 0;
    }

    private sealed class Recorder : ICudaLauncher
    {
        private ulong next;

        public bool Compiles { get; init; } = true;

        public bool Accepts { get; init; } = true;

        public List<(NormKernel Kernel, uint Blocks, ulong[] Arguments)> Launches { get; } = [];

        public bool TryPrepare(NormKernel kernel) => Compiles;

        public ulong Address(Tensor tensor) => next += 16;

        public bool TryLaunch(NormKernel kernel, uint blocks, ReadOnlySpan<ulong> arguments)
        {
            if (Accepts) Launches.Add((kernel, blocks, arguments.ToArray()));
            return Accepts;
        }
    }
}
