using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Dit.Runtime;

/// <summary>
/// Embedded captions to tokens of the model's width: two linear layers with the tanh form of GELU between them, and a
/// fixed null caption (PixArt-alpha, arXiv 2310.00426).
/// </summary>
/// <remarks>
/// State: the buffer <c>y_embedding</c> (L, W) where the model has a null caption, <c>y_proj.fc1</c> (W to D) and
/// <c>y_proj.fc2</c> (D to D), weight and bias each. The released weights hold an embedded empty text as the null
/// caption; it is not trained.
/// </remarks>
public sealed class CaptionEmbedder : nn.Module<TextEmbeddings, Tensor>
{
    private readonly Tensor? y_embedding; // a field: Module.to sets it
    private readonly Projection y_proj;

    /// <summary>A layer whose parameters are not set yet.</summary>
    /// <param name="tokens">L.</param>
    /// <param name="textWidth">W.</param>
    /// <param name="width">D.</param>
    /// <param name="hasNull">Whether there is a null caption.</param>
    /// <param name="device">Where the parameters live.</param>
    /// <param name="dtype">Their type.</param>
    public CaptionEmbedder(int tokens, int textWidth, int width, bool hasNull, Device device, ScalarType dtype)
        : base(nameof(CaptionEmbedder))
    {
        if (hasNull)
        {
            y_embedding = Layer.Buffer([tokens, textWidth], device, dtype);
            register_buffer(nameof(y_embedding), y_embedding);
        }
        y_proj = new Projection(textWidth, width, device, dtype);
        register_module(nameof(y_proj), y_proj);
    }

    /// <param name="text">(N, L, W).</param>
    /// <returns>(N, L, D).</returns>
    public override Tensor forward(TextEmbeddings text)
    {
        using var scope = NewDisposeScope();
        var values = text.Values.to(y_proj.Type); // (N, L, W)
        var seen = text.DropMask is { } dropped && y_embedding is { } none ? where(dropped.view(-1, 1, 1), none, values) : values;
        return y_proj.call(seen).MoveToOuterDisposeScope();
    }

    /// <summary>
    /// Weights normal with standard deviation 0.02, biases zero; the null caption normal, its rows of norm 1.
    /// </summary>
    public void Initialize(Generator random)
    {
        if (y_embedding is not null) Init.Normal(y_embedding, 1 / Math.Sqrt(y_embedding.shape[1]), random);
        y_proj.Initialize(random);
    }

    /// <inheritdoc/>
    protected override void RegisterComponents() { } // done by name, without reflection

    private sealed class Projection : nn.Module<Tensor, Tensor>
    {
        private readonly Linear fc1;
        private readonly Linear fc2;

        public Projection(int textWidth, int width, Device device, ScalarType dtype) : base(nameof(Projection))
        {
            fc1 = Layer.Linear(textWidth, width, device, dtype);
            fc2 = Layer.Linear(width, width, device, dtype);
            register_module(nameof(fc1), fc1);
            register_module(nameof(fc2), fc2);
        }

        public ScalarType Type => fc1.weight.dtype;

        public override Tensor forward(Tensor text)
        {
            using var scope = NewDisposeScope();
            return Functional.Linear(fc2, Functional.Gelu(Functional.Linear(fc1, text))).MoveToOuterDisposeScope();
        }

        public void Initialize(Generator random)
        {
            Init.Normal(fc1, 0.02, random);
            Init.Normal(fc2, 0.02, random);
        }

        protected override void RegisterComponents() { }
    }
}
