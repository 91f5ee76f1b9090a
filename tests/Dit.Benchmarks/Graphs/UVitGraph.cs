using Dit.Runtime;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Dit.Benchmarks;

/// <summary>
/// A U-ViT as the paper draws it (arXiv 2209.12152, section 3.1 and figure 1): time and condition are tokens, long
/// skips are concatenated and go through a linear layer, and a 3 x 3 convolution ends it where the model has one. Under
/// classes, under texts or without a condition.
/// </summary>
/// <inheritdoc/>
internal sealed class UVitGraph(ModelCard card, IReadOnlyDictionary<string, Tensor> weights) : PlainGraph(card, weights)
{
    private const double Eps = 1e-5; // of PyTorch's LayerNorm

    /// <summary>Whether this is the graph of a model.</summary>
    public static bool Fits(ModelCard card) => card.Backbone == "u-vit";

    /// <inheritdoc/>
    public override Tensor Forward(BenchInput input)
    {
        using var scope = NewDisposeScope();
        var context = Context(input); // (N, M, D)
        var tokens = cat([context, Patches("patch_embed", input.X)], dim: 1) + Weight("pos_embed");
        var skips = new Stack<Tensor>();
        for (var i = 0; i < Card.Depth / 2; i++)
        {
            tokens = Block($"in_blocks.{i}", tokens);
            skips.Push(tokens);
        }
        tokens = Block("mid_block", tokens);
        for (var i = 0; i < Card.Depth / 2; i++)
        {
            using var skip = skips.Pop();
            var previous = tokens;
            tokens = OutBlock($"out_blocks.{i}", previous, skip);
            previous.Dispose();
        }
        var patches = Linear("decoder_pred", Norm("norm", tokens).narrow(1, context.shape[1], Card.Tokens));
        var image = Unpatchify(patches);
        return (WeightOrNull("final_layer.weight") is { } last
            ? functional.conv2d(image, last, Weight("final_layer.bias"), padding: [1, 1])
            : image).MoveToOuterDisposeScope();
    }

    // A class comes before the time, and a text behind it.
    private Tensor Context(BenchInput input)
    {
        using var scope = NewDisposeScope();
        var features = Sinusoid(input.T, Card.Width);
        var time = WeightOrNull("time_embed.0.weight") is null ? features
            : Linear("time_embed.2", functional.silu(Linear("time_embed.0", features)));
        Tensor[] parts = input switch
        {
            { Labels: { } labels } => [Weight("label_emb.weight").index_select(0, labels).unsqueeze(1), time.unsqueeze(1)],
            { Text: { } text } => [time.unsqueeze(1), Linear("context_embed", text.Values)],
            _ => [time.unsqueeze(1)],
        };
        return cat(parts, dim: 1).MoveToOuterDisposeScope();
    }

    private Tensor OutBlock(string name, Tensor x, Tensor skip)
    {
        using var scope = NewDisposeScope();
        return Block(name, Linear($"{name}.skip_linear", cat([x, skip], dim: -1))).MoveToOuterDisposeScope();
    }

    private Tensor Block(string name, Tensor x)
    {
        using var scope = NewDisposeScope();
        x = x + Attention($"{name}.attn", Norm($"{name}.norm1", x));
        return (x + Mlp($"{name}.mlp", Norm($"{name}.norm2", x))).MoveToOuterDisposeScope();
    }

    private Tensor Mlp(string name, Tensor x)
    {
        using var scope = NewDisposeScope();
        return Linear($"{name}.fc2", functional.gelu(Linear($"{name}.fc1", x))).MoveToOuterDisposeScope();
    }

    private Tensor Norm(string name, Tensor x) =>
        functional.layer_norm(x, [Card.Width], Weight($"{name}.weight"), Weight($"{name}.bias"), Eps);
}
