using static TorchSharp.torch;

namespace Dit.Runtime;

/// <summary>
/// Non-overlapping patches to tokens: a convolution whose stride is its kernel (DiT paper, section 3.2, "Patchify").
/// </summary>
/// <remarks>State: <c>proj.weight</c> (D, C, P, P), <c>proj.bias</c> (D).</remarks>
public sealed class PatchEmbedding : nn.Module<Tensor, Tensor>
{
    private readonly Convolution proj;

    /// <summary>A layer whose parameters are not set yet.</summary>
    /// <param name="channels">C.</param>
    /// <param name="width">D.</param>
    /// <param name="patch">P.</param>
    /// <param name="device">Where the parameters live.</param>
    /// <param name="dtype">Their type.</param>
    public PatchEmbedding(int channels, int width, int patch, Device device, ScalarType dtype) : base(nameof(PatchEmbedding))
    {
        proj = new Convolution(channels, width, patch, device, dtype, stride: patch);
        register_module(nameof(proj), proj);
    }

    /// <summary>The kernel, (D, C, P, P), and its bias.</summary>
    internal Convolution Projection => proj;

    /// <param name="x">(N, C, Y P, X P).</param>
    /// <returns>(N, Y X, D).</returns>
    public override Tensor forward(Tensor x)
    {
        using var scope = NewDisposeScope();
        return proj.call(x).flatten(2).transpose(1, 2).MoveToOuterDisposeScope();
    }

    /// <summary>Xavier uniform over the kernel seen as a matrix (D, C P P), bias zero.</summary>
    public void Initialize(Generator random) => proj.Initialize(random);

    /// <inheritdoc/>
    protected override void RegisterComponents() { } // done by name, without reflection
}
