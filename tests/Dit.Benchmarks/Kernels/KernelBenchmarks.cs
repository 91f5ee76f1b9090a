using BenchmarkDotNet.Attributes;
using Dit.Kernels;
using Dit.Runtime;
using Dit.Runtime.Kernels;
using TorchSharp;
using static TorchSharp.torch;

namespace Dit.Benchmarks;

/// <summary>
/// The kernels of inference on one sample of DiT-S/2 (256 tokens of width 384), on one thread, beside libtorch's
/// operators.
/// </summary>
public unsafe class KernelBenchmarks
{
    private const int Tokens = 256;
    private const int Width = 384;
    private const int Hidden = 4 * Width;

    private static readonly StrassenLayout Strassen = new();

    private CpuKernels kernels = CpuKernels.All[0];
    private TokenLayout layout = TokenLayout.Of(Tokens, 16, 3, 2);
    private TokenLayout paired = TokenLayout.Of(Tokens, 16, 3, 1, alike: 2);
    private NativeBuffer x = new(1), y = new(1), parameters = new(1), sums = new(1);
    private PackedWeights? weights, halves;
    private Tensor? tensor, scale, matrix;

    /// <summary>Bits of a vector.</summary>
    [Params("512", "256", "128")]
    public string Vectors { get; set; } = "512";

    /// <summary>Allocates.</summary>
    [GlobalSetup]
    public void Setup()
    {
        LibTorch.Load();
        set_num_threads(1);
        kernels = KernelChoice.TryParse(Vectors)?.Inference ?? kernels;
        layout = TokenLayout.Of(Tokens, kernels.Lanes, kernels.PanelVectors, 2);
        (x, y, parameters) = (new((long)Hidden * Tokens), new((long)Hidden * Tokens), new(2 * Hidden));
        var random = new Random(1);
        foreach (ref var value in x.Span) value = random.NextSingle() - 0.5f;
        tensor = rand(1, Tokens, Width);
        scale = rand(1, 1, Width);
        matrix = rand(Hidden, Width);
        using var workers = WorkerPool.Shared.Lease(1);
        var rows = new RowPointer(TensorPointer.Of(matrix), Width);
        weights = WeightLayout.Whole.Pack(rows, [0..Hidden], kernels.TileRows, workers);
        halves = Strassen.Pack(rows, [0..Hidden], kernels.TileRows, workers);
        paired = TokenLayout.Of(Tokens, kernels.Lanes, kernels.PanelVectors, 1, alike: 2);
        sums = new(Strassen.SideLength(WeightLayout.DepthBlock, paired.PaddedTokens));
    }

    /// <summary>Frees.</summary>
    [GlobalCleanup]
    public void Cleanup()
    {
        foreach (var item in (IDisposable?[])[x, y, parameters, sums, weights, halves, tensor, scale, matrix]) item?.Dispose();
    }

    /// <summary>(256, 384) by (384, 1536), packed: 302 MFLOP.</summary>
    [Benchmark]
    public void Product()
    {
        if (weights is { } packed) kernels.Multiply(packed, 0..Width, layout.Panels, new(x.Start, Width), new(y.Start, Hidden), add: false);
    }

    /// <summary>The same by Strassen's scheme.</summary>
    [Benchmark]
    public void StrassenProduct()
    {
        if (halves is { } packed)
            kernels.Multiply(packed, 0..Width, paired.Panels, new(x.Start, Width, sums.Start), new(y.Start, Hidden), add: false);
    }

    /// <summary>The same by libtorch.</summary>
    [Benchmark]
    public void ProductOfLibTorch() => tensor?.matmul(matrix?.t() ?? tensor).Dispose();

    /// <summary>LayerNorm and modulation.</summary>
    [Benchmark]
    public void Norm()
    {
        foreach (var panel in layout.Panels)
            kernels.Norm(
                x.Start + (long)Width * panel.First, y.Start + (long)Width * panel.First, Width, panel.Width, parameters.Start, 1,
                parameters.Start + Width, 1e-6f);
    }

    /// <summary>The same by libtorch.</summary>
    [Benchmark]
    public void NormOfLibTorch()
    {
        if (tensor is { } tokens && scale is { } factor) Functional.Modulate(tokens, factor, factor).Dispose();
    }

    /// <summary>GELU of the hidden features.</summary>
    [Benchmark]
    public void Gelu()
    {
        foreach (var panel in layout.Panels) kernels.Gelu(x.Start + (long)Hidden * panel.First, Hidden, panel.Width, parameters.Start);
    }

    /// <summary>Softmax of the scores of a head, all queries.</summary>
    [Benchmark]
    public void Softmax()
    {
        foreach (var panel in layout.Panels) kernels.Softmax(x.Start + (long)Tokens * panel.First, Tokens, panel.Width, parameters.Start);
    }
}
