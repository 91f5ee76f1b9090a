using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Dit.Runtime;

/// <summary>
/// LayerNorm over the last dimension with a learned scale and shift: the norm of plain ViT blocks.
/// </summary>
/// <remarks>State: <c>weight</c> (D) and <c>bias</c> (D).</remarks>
public sealed class AffineLayerNorm : nn.Module<Tensor, Tensor>
{
    internal readonly Parameter weight, bias; // fields: Module.to sets them

    /// <summary>A layer whose parameters are not set yet.</summary>
    /// <param name="width">D.</param>
    /// <param name="device">Where the parameters live.</param>
    /// <param name="dtype">Their type.</param>
    /// <param name="eps">Added to the variance.</param>
    public AffineLayerNorm(int width, Device device, ScalarType dtype, double eps = Functional.OfficialEps) : base(nameof(AffineLayerNorm))
    {
        Eps = eps;
        weight = Layer.Unset([width], device, dtype);
        bias = Layer.Unset([width], device, dtype);
        register_parameter(nameof(weight), weight);
        register_parameter(nameof(bias), bias);
    }

    /// <summary>Added to the variance.</summary>
    internal double Eps { get; }

    /// <param name="x">(..., D).</param>
    /// <returns>(..., D), of the type of the parameters.</returns>
    public override Tensor forward(Tensor x)
    {
        using var scope = NewDisposeScope();
        return nn.functional.layer_norm(x.to(weight.dtype), weight.shape, weight, bias, eps: Eps).MoveToOuterDisposeScope();
    }

    /// <summary>Scale one, shift zero.</summary>
    public void Initialize()
    {
        Init.One(weight);
        Init.Zero(bias);
    }

    /// <inheritdoc/>
    protected override void RegisterComponents() { } // done by name, without reflection
}
