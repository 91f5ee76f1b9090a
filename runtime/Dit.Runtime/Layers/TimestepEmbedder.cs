using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Dit.Runtime;

/// <summary>Timesteps to vectors: sinusoidal features, then two linear layers with SiLU between them.</summary>
/// <remarks>State: <c>mlp.0</c> (256 to D) and <c>mlp.2</c> (D to D), weight and bias each.</remarks>
public sealed class TimestepEmbedder : nn.Module<Tensor, Tensor>
{
    private const int Features = 256;
    private const int OfficialIntervals = Features / 2;

    private readonly Sequential mlp;
    private readonly Linear first;
    private readonly Linear second;
    private readonly int intervals;

    /// <summary>A layer whose parameters are not set yet.</summary>
    /// <param name="width">D.</param>
    /// <param name="device">Where the parameters live.</param>
    /// <param name="dtype">Their type.</param>
    /// <param name="intervals">As for <see cref="Sinusoid"/>.</param>
    public TimestepEmbedder(int width, Device device, ScalarType dtype, int intervals = OfficialIntervals) : base(nameof(TimestepEmbedder))
    {
        this.intervals = intervals;
        first = Layer.Linear(Features, width, device, dtype);
        second = Layer.Linear(width, width, device, dtype);
        mlp = nn.Sequential(("0", first), ("1", nn.SiLU()), ("2", second));
        register_module(nameof(mlp), mlp);
    }

    /// <param name="t">Timesteps, whole or fractional, (N,).</param>
    /// <returns>(N, D).</returns>
    public override Tensor forward(Tensor t)
    {
        using var scope = NewDisposeScope();
        return mlp.call(Sinusoid(t, intervals).to(first.weight.dtype)).MoveToOuterDisposeScope();
    }

    /// <summary>Weights normal with standard deviation 0.02, biases zero.</summary>
    public void Initialize(Generator random)
    {
        Init.Normal(first, 0.02, random);
        Init.Normal(second, 0.02, random);
    }

    /// <summary>
    /// cos, then sin, of t times frequencies that fall from 1 towards 1/10000; in float32 whatever the parameters'
    /// type.
    /// </summary>
    /// <param name="t">(N,).</param>
    /// <param name="intervals">
    /// Equal steps, on a logarithmic scale, from 1 to 1/10000: 128 in the official code, whose last frequency is one
    /// step short of 1/10000, and 127 in diffusers, whose last frequency is 1/10000.
    /// </param>
    /// <param name="features">How many features, an even number.</param>
    /// <returns>(N, features).</returns>
    /// <remarks>
    /// The operations and their order are those of both implementations, so that on one libtorch the numbers are theirs
    /// to the bit.
    /// </remarks>
    public static Tensor Sinusoid(Tensor t, int intervals = OfficialIntervals, int features = Features)
    {
        using var scope = NewDisposeScope();
        var half = features / 2;
        using Scalar scale = -Math.Log(10000), steps = intervals; // kept until the calls are over, see Scalars
        var frequencies = arange(half, ScalarType.Float32, t.device).mul(scale).div(steps).exp(); // (F / 2,)
        var angles = t.to(ScalarType.Float32).unsqueeze(1) * frequencies;                         // (N, F / 2)
        return cat([angles.cos(), angles.sin()], dim: 1).MoveToOuterDisposeScope();               // (N, F)
    }

    /// <inheritdoc/>
    protected override void RegisterComponents() { } // done by name, without reflection
}
