using static TorchSharp.torch;

namespace Dit.Runtime;

/// <summary>The operations of <see cref="OperatorEngine"/> that more than one library can do.</summary>
/// <remarks>Shifts, scales and gates are (N, 1, D); null is no gate.</remarks>
internal interface IFusedOperations
{
    /// <summary>What they are, in a few words.</summary>
    string Name { get; }

    /// <summary>LayerNorm(x) (1 + scale) + shift.</summary>
    /// <param name="x">(N, T, D).</param>
    /// <param name="shift">(N, 1, D).</param>
    /// <param name="scale">(N, 1, D).</param>
    /// <param name="eps">Added to the variance.</param>
    /// <returns>A new tensor, (N, T, D).</returns>
    Tensor Modulate(Tensor x, Tensor shift, Tensor scale, double eps);

    /// <summary>x = x + gate y in place, and then <see cref="Modulate"/> of it.</summary>
    Tensor AddAndModulate(Tensor x, Tensor y, Tensor? gate, Tensor shift, Tensor scale, double eps);

    /// <summary>x = x + gate y in place.</summary>
    void Add(Tensor x, Tensor y, Tensor? gate);
}

/// <summary>By libtorch's operators, on every device and in every type.</summary>
/// <remarks>libtorch's layer_norm takes its mean and variance in float32 when the numbers are bfloat16 or float16, so no copy of them is needed.</remarks>
internal sealed class TorchOperations(string name = "libtorch") : IFusedOperations
{
    public string Name => name;

    public Tensor Modulate(Tensor x, Tensor shift, Tensor scale, double eps) => Functional.Modulate(x, shift, scale, eps);

    public Tensor AddAndModulate(Tensor x, Tensor y, Tensor? gate, Tensor shift, Tensor scale, double eps)
    {
        Add(x, y, gate);
        return Modulate(x, shift, scale, eps);
    }

    public void Add(Tensor x, Tensor y, Tensor? gate)
    {
        using var scope = NewDisposeScope();
        if (gate is null) x.add_(y, Scalars.One);
        else x.addcmul_(gate, y, Scalars.One);
    }
}
