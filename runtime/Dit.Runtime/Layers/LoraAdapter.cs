using System.Runtime.CompilerServices;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Dit.Runtime;

/// <summary>
/// A low-rank adapter on a linear layer, which then computes <c>x W^T + b + s (x A^T) B^T</c> (LoRA, arXiv 2106.09685,
/// section 4.1).
/// </summary>
/// <remarks>
/// It is a forward hook, so whoever calls the layer gets the sum. Code that reads the layer's weight instead, such as
/// the packing of a session, asks <see cref="WeightOf"/>.
/// </remarks>
internal sealed class LoraAdapter : IDisposable
{
    private static readonly ConditionalWeakTable<Linear, LoraAdapter> Attached = new();

    private readonly Linear layer;
    private readonly Parameter a; // (R, K)
    private readonly Parameter b; // (N, R)
    private readonly Func<double> scale;
    private readonly Action removeHook;

    /// <summary>Attaches an adapter.</summary>
    /// <param name="layer">The layer, from K to N features; it has no adapter yet.</param>
    /// <param name="a">A, (R, K), of the type and on the device of the layer's weight; it stays the caller's.</param>
    /// <param name="b">B, (N, R); it stays the caller's.</param>
    /// <param name="scale">s, asked for in each call.</param>
    public LoraAdapter(Linear layer, Parameter a, Parameter b, Func<double> scale)
    {
        (this.layer, this.a, this.b, this.scale) = (layer, a, b, scale);
        Attached.Add(layer, this);
        removeHook = layer.register_forward_hook((_, x, y) => Added(y, x)).remove;
    }

    /// <summary>The adapter of a layer; null where it has none.</summary>
    public static LoraAdapter? Of(Linear layer) => Attached.TryGetValue(layer, out var adapter) ? adapter : null;

    /// <summary>The weight that a layer computes with: its own, or <c>W + s B A</c> where it has an adapter.</summary>
    /// <returns>(N, K): the layer's own tensor, or a new one in the ambient dispose scope.</returns>
    public static Tensor WeightOf(Linear layer) => Of(layer) is { } adapter ? adapter.Sum() : layer.weight;

    /// <summary><c>W + s B A</c>, computed in float32 where the weight is of fewer digits.</summary>
    /// <param name="weight">W, (N, K).</param>
    /// <param name="a">A, (R, K).</param>
    /// <param name="b">B, (N, R).</param>
    /// <param name="scale">s.</param>
    /// <returns>(N, K), float32 or float64.</returns>
    public static Tensor Sum(Tensor weight, Tensor a, Tensor b, double scale)
    {
        using var scope = NewDisposeScope();
        using Scalar factor = scale; // kept until the call is over, see Scalars
        var type = weight.dtype == ScalarType.Float64 ? ScalarType.Float64 : ScalarType.Float32;
        return weight.to(type).add(b.to(type).matmul(a.to(type)), factor).MoveToOuterDisposeScope();
    }

    /// <summary>What the layer gives with the adapter, in a new tensor.</summary>
    /// <param name="y">What the layer gives without it, (..., N).</param>
    /// <param name="x">What it was given, (..., K), of the type of <paramref name="y"/>.</param>
    public Tensor Added(Tensor y, Tensor x)
    {
        using var scope = NewDisposeScope();
        return y.add(Product(x), Scalars.One).MoveToOuterDisposeScope();
    }

    /// <summary>The same, written into <paramref name="y"/>, which is the caller's own and no view.</summary>
    public Tensor AddedInPlace(Tensor y, Tensor x)
    {
        using var scope = NewDisposeScope();
        y.add_(Product(x), Scalars.One);
        return y;
    }

    /// <summary>Adds the adapter to the layer's weight, in place.</summary>
    public void Fuse()
    {
        using var scope = NewDisposeScope();
        using var noGradient = no_grad();
        layer.weight.copy_(Sum());
    }

    /// <summary>Detaches it: the layer is as it was before.</summary>
    public void Dispose()
    {
        removeHook();
        Attached.Remove(layer);
    }

    // The scale is for the smaller of the two products: a number for each of R features, and not of N.
    private Tensor Product(Tensor x)
    {
        using Scalar factor = scale();
        var low = nn.functional.linear(x, a.to(x.dtype)).mul(factor); // (..., R)
        return nn.functional.linear(low, b.to(x.dtype));              // (..., N)
    }

    private Tensor Sum()
    {
        using var scope = NewDisposeScope();
        return Sum(layer.weight, a, b, scale()).to(layer.weight.dtype).MoveToOuterDisposeScope();
    }
}
