using BenchmarkDotNet.Attributes;
using Dit.Runtime;
using TorchSharp;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Dit.Benchmarks;

/// <summary>
/// The steps of a block of DiT-S/2, batch 8, by libtorch's operators. A kernel is added to the class of its step,
/// beside the operator.
/// </summary>
public abstract class BlockBenchmark
{
    private protected const long Tokens = 8 * 256, Width = 384, Hidden = 4 * Width;
    private readonly List<Tensor> tensors = [];
    private IDisposable? frozen;

    /// <summary>Makes the tensors.</summary>
    [GlobalSetup]
    public void Setup()
    {
        LibTorch.Load();
        frozen = no_grad();
        Make();
    }

    /// <summary>Lets them go.</summary>
    [GlobalCleanup]
    public void Cleanup()
    {
        foreach (var tensor in tensors) tensor.Dispose();
        tensors.Clear();
        frozen?.Dispose();
    }

    private protected abstract void Make();

    private protected Tensor Random(params long[] shape)
    {
        using var random = new torch.Generator((ulong)tensors.Count);
        tensors.Add(randn(shape, generator: random));
        return tensors[^1];
    }
}

/// <summary>LayerNorm, scale and shift of (8, 256, 384).</summary>
public class NormModulate : BlockBenchmark
{
    private static readonly Scalar One = 1;
    private Tensor x = zeros(0), shift = zeros(0), scale = zeros(0);

    private protected override void Make() => (x, shift, scale) = (Random(8, Tokens / 8, Width), Random(8, 1, Width), Random(8, 1, Width));

    /// <summary>An operator for each.</summary>
    [Benchmark(Baseline = true)]
    public void Operators()
    {
        using var scope = NewDisposeScope();
        _ = functional.layer_norm(x, [Width], eps: 1e-6) * (One + scale) + shift;
    }

    /// <summary>The last two in one.</summary>
    [Benchmark]
    public void Addcmul()
    {
        using var scope = NewDisposeScope();
        _ = addcmul(shift, functional.layer_norm(x, [Width], eps: 1e-6), One + scale, One);
    }
}

/// <summary>The tanh form of GELU of (2048, 1536).</summary>
public class Gelu : BlockBenchmark
{
    private Tensor x = zeros(0);

    private protected override void Make() => x = Random(Tokens, Hidden);

    /// <summary>libtorch's.</summary>
    [Benchmark(Baseline = true)]
    public void Operator() => functional.gelu(x, TorchSharp.Modules.GELU.Approximate.tanh).Dispose();
}

/// <summary>The linear layers of a block, without their biases.</summary>
public class Product : BlockBenchmark
{
    private Tensor x = zeros(0), weight = zeros(0);

    /// <summary>Features in and out.</summary>
    [Params("384 to 1152", "384 to 384", "384 to 1536", "1536 to 384")]
    public string Shape { get; set; } = "";

    private protected override void Make()
    {
        long[] sizes = [.. Shape.Split(" to ").Select(long.Parse)];
        (x, weight) = (Random(Tokens, sizes[0]), Random(sizes[1], sizes[0]).t());
    }

    /// <summary>libtorch's matrix product.</summary>
    [Benchmark(Baseline = true)]
    public void Mm() => mm(x, weight).Dispose();
}
