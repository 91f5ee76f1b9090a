using Dit.Runtime;
using TorchSharp;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Dit.Benchmarks;

/// <summary>
/// PixArt-alpha as the paper draws it (arXiv 2310.00426, section 2.3 and figure 4): adaLN-single, and cross-attention
/// to the masked text between self-attention and MLP; with micro-conditions where the model has them.
/// </summary>
/// <inheritdoc/>
internal sealed class PixArtGraph(ModelCard card, IReadOnlyDictionary<string, Tensor> weights) : PlainGraph(card, weights)
{
    private const double Eps = 1e-6;
    private const string Block = "{ norm: layer, mlp: gelu-tanh, qk_norm: none, position: none, shift: true, modulation: shared }";
    private static readonly Scalar One = 1; // kept, see Scalars of the runtime

    /// <summary>Whether this is the graph of a model.</summary>
    public static bool Fits(ModelCard card) => card is { Backbone: "dit", Conditioning: "adaln-zero+cross-attention", Block: Block };

    /// <inheritdoc/>
    public override Tensor Forward(BenchInput input)
    {
        using var scope = NewDisposeScope();
        var text = input.Text ?? throw new InvalidOperationException($"{Card.Name} is conditioned on text.");
        var time = Embedded("t_embedder", input.T);
        var c = input.Sized is { } sized ? time + Sizes(sized) : time;                            // (N, D)
        var shared = Linear("t_block.1", functional.silu(c)).view(-1, 6, Card.Width);             // (N, 6, D)
        var context = Caption(text.Values);                                                       // (N, M, D)
        var mask = text.Mask?.view(-1, 1, 1, context.shape[1]);                                   // (N, 1, 1, M)
        var tokens = Patches("x_embedder", input.X) + Weight("pos_embed");                        // (N, T, D)
        for (var i = 0; i < Card.Depth; i++)
        {
            var previous = tokens;
            tokens = Blocks($"blocks.{i}", previous, shared, context, mask);
            previous.Dispose();
        }
        return Unpatchify(Final(tokens, c)).MoveToOuterDisposeScope();
    }

    private Tensor Sizes(SizedText sized)
    {
        using var scope = NewDisposeScope();
        Tensor[] parts =
        [
            Embedded("csize_embedder", sized.Height), Embedded("csize_embedder", sized.Width), Embedded("ar_embedder", sized.AspectRatio),
        ];
        return cat(parts, dim: 1).MoveToOuterDisposeScope();
    }

    private Tensor Caption(Tensor text)
    {
        using var scope = NewDisposeScope();
        return Linear(
                "y_embedder.y_proj.fc2",
                functional.gelu(Linear("y_embedder.y_proj.fc1", text), TorchSharp.Modules.GELU.Approximate.tanh))
            .MoveToOuterDisposeScope();
    }

    private Tensor Blocks(string name, Tensor x, Tensor shared, Tensor context, Tensor? mask)
    {
        using var scope = NewDisposeScope();
        var m = (shared + Weight($"{name}.scale_shift_table")).chunk(6, dim: 1); // shift, scale, gate of both branches, (N, 1, D)
        x = x + m[2] * Attention($"{name}.attn", Modulate(x, m[0], m[1]));
        x = x + CrossAttention($"{name}.cross_attn", x, context, mask);
        return (x + m[5] * Mlp($"{name}.mlp", Modulate(x, m[3], m[4]))).MoveToOuterDisposeScope();
    }

    private Tensor CrossAttention(string name, Tensor x, Tensor context, Tensor? mask)
    {
        using var scope = NewDisposeScope();
        var queries = Heads(Linear($"{name}.q_linear", x), 1)[0];
        var pairs = Heads(Linear($"{name}.kv_linear", context), 2);
        var mixed = functional.scaled_dot_product_attention(queries, pairs[0], pairs[1], mask);
        return Linear($"{name}.proj", Joined(mixed)).MoveToOuterDisposeScope();
    }

    private Tensor Mlp(string name, Tensor x)
    {
        using var scope = NewDisposeScope();
        return Linear($"{name}.fc2", functional.gelu(Linear($"{name}.fc1", x), TorchSharp.Modules.GELU.Approximate.tanh))
            .MoveToOuterDisposeScope();
    }

    private Tensor Final(Tensor x, Tensor c)
    {
        using var scope = NewDisposeScope();
        var m = (c.unsqueeze(1) + Weight("final_layer.scale_shift_table")).chunk(2, dim: 1); // shift, scale
        return Linear("final_layer.linear", Modulate(x, m[0], m[1])).MoveToOuterDisposeScope();
    }

    private Tensor Modulate(Tensor x, Tensor shift, Tensor scale)
    {
        using var scope = NewDisposeScope();
        return (functional.layer_norm(x, [Card.Width], eps: Eps) * (One + scale) + shift).MoveToOuterDisposeScope();
    }
}
