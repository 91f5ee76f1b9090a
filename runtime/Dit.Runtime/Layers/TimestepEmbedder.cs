using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Dit.Runtime;

/// <summary>Timesteps to vectors: sinusoidal features, then two linear layers with SiLU between them.</summary>
/// <remarks>State: <c>mlp.0</c> (256 to D) and <c>mlp.2</c> (D to D), weight and bias each.</remarks>
public sealed class TimestepEmbedder : nn.Module<Tensor, Tensor>
{
    private const int Features = 256;

    private readonly Sequential mlp;
    private readonly Linear first;
    private readonly Linear second;

    /// <summary>A layer whose parameters are not set yet.</summary>
    /// <param name="width">D.</param>
    /// <param name="device">Where the parameters live.</param>
    /// <param name="dtype">Their type.</param>
    public TimestepEmbedder(int width, Device device, ScalarType dtype) : base(nameof(TimestepEmbedder))
    {
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
        return mlp.call(Sinusoid(t).to(first.weight.dtype)).MoveToOuterDisposeScope();
    }

    /// <summary>Weights normal with standard deviation 0.02, biases zero.</summary>
    public void Initialize(Generator random)
    {
        Initialise.Normal(first, 0.02, random);
        Initialise.Normal(second, 0.02, random);
    }

    /// <summary>cos, then sin, of t times frequencies that fall from 1 to 1/10000; in float32 whatever the parameters' type.</summary>
    /// <param name="t">(N,).</param>
    /// <returns>(N, 256).</returns>
    public static Tensor Sinusoid(Tensor t)
    {
        using var scope = NewDisposeScope();
        const int half = Features / 2;
        var frequencies = exp(arange(half, ScalarType.Float32, t.device) * (-Math.Log(10000) / half)); // (128,)
        var angles = t.to(ScalarType.Float32).unsqueeze(1) * frequencies;                             // (N, 128)
        return cat([angles.cos(), angles.sin()], dim: 1).MoveToOuterDisposeScope();                   // (N, 256)
    }

    /// <inheritdoc/>
    protected override void RegisterComponents() { } // done by name, without reflection
}
