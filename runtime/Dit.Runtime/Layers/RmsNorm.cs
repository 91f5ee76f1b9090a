using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Dit.Runtime;

/// <summary>Root mean square norm over the last dimension with a learned scale (arXiv 1910.07467).</summary>
/// <remarks>State: <c>weight</c> (D).</remarks>
public sealed class RmsNorm : nn.Module<Tensor, Tensor>
{
    internal readonly Parameter weight; // a field: Module.to sets it

    /// <summary>A layer whose parameter is not set yet.</summary>
    /// <param name="width">D.</param>
    /// <param name="device">Where the parameter lives.</param>
    /// <param name="dtype">Its type.</param>
    /// <param name="eps">Added to the mean square.</param>
    public RmsNorm(int width, Device device, ScalarType dtype, double eps = Functional.OfficialEps) : base(nameof(RmsNorm))
    {
        Eps = eps;
        weight = Layer.Unset([width], device, dtype);
        register_parameter(nameof(weight), weight);
    }

    /// <summary>Added to the mean square.</summary>
    internal double Eps { get; }

    /// <param name="x">(..., D).</param>
    /// <returns>(..., D).</returns>
    public override Tensor forward(Tensor x)
    {
        using var scope = NewDisposeScope();
        return (Functional.RmsNorm(x, Eps) * weight).MoveToOuterDisposeScope();
    }

    /// <summary>Scale one.</summary>
    public void Initialize() => Init.One(weight);

    /// <inheritdoc/>
    protected override void RegisterComponents() { } // done by name, without reflection
}
