using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Dit.Runtime;

/// <summary>
/// Text embeddings to tokens of the model's width: two linear layers with SiLU between them, and a learned null text.
/// </summary>
/// <remarks>
/// State: <c>null_text</c> (L, W) where the model has one, <c>mlp.0</c> (W to D) and <c>mlp.2</c> (D to D), weight and
/// bias each. The paper leaves text to future work (section 6); the layers are those of its timestep embedder.
/// </remarks>
public sealed class TextEmbedder : nn.Module<TextEmbeddings, Tensor>
{
    private readonly Parameter? null_text;
    private readonly Sequential mlp;
    private readonly Linear first;
    private readonly Linear second;

    /// <summary>A layer whose parameters are not set yet.</summary>
    /// <param name="tokens">L.</param>
    /// <param name="textWidth">W.</param>
    /// <param name="width">D.</param>
    /// <param name="hasNull">Whether there is a null text.</param>
    /// <param name="device">Where the parameters live.</param>
    /// <param name="dtype">Their type.</param>
    public TextEmbedder(int tokens, int textWidth, int width, bool hasNull, Device device, ScalarType dtype) : base(nameof(TextEmbedder))
    {
        if (hasNull)
        {
            null_text = Layer.Unset([tokens, textWidth], device, dtype);
            register_parameter(nameof(null_text), null_text);
        }
        first = Layer.Linear(textWidth, width, device, dtype);
        second = Layer.Linear(width, width, device, dtype);
        mlp = nn.Sequential(("0", first), ("1", nn.SiLU()), ("2", second));
        register_module(nameof(mlp), mlp);
    }

    /// <param name="text">(N, L, W).</param>
    /// <returns>(N, L, D).</returns>
    public override Tensor forward(TextEmbeddings text)
    {
        using var scope = NewDisposeScope();
        var seen = Functional.FillDropped(text, null_text, first.weight.dtype); // (N, L, W)
        return mlp.call(seen).MoveToOuterDisposeScope();
    }

    /// <summary>Weights and null text normal with standard deviation 0.02, biases zero.</summary>
    public void Initialize(Generator random)
    {
        if (null_text is not null) Init.Normal(null_text, 0.02, random);
        Init.Normal(first, 0.02, random);
        Init.Normal(second, 0.02, random);
    }

    /// <inheritdoc/>
    protected override void RegisterComponents() { } // done by name, without reflection
}
