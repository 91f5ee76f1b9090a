using Dit.Runtime;
using TorchSharp;
using static TorchSharp.torch;
using F = TorchSharp.torch.nn.functional;

namespace Dit.Benchmarks;

/// <summary>The operator sequence of a class-conditional adaLN-Zero DiT, written plainly on the weights of a model: what is compared with.</summary>
/// <remarks>
/// One libtorch operator for each operation of the paper (arXiv 2212.09748, section 3), a temporary for each result, freed block by block, and attention by
/// scaled_dot_product_attention: what PyTorch runs for the official model in eager mode, on the same libtorch and in the same process. It has gradients.
/// </remarks>
internal sealed class OfficialGraph
{
    private readonly ModelCard card;
    private readonly Dictionary<string, Tensor> weights;

    public OfficialGraph(nn.Module model, ModelCard card) => (this.card, weights) = (card, model.state_dict());

    public Tensor Forward(Tensor x, Tensor t, Tensor labels)
    {
        using var scope = NewDisposeScope();
        var c = Linear(F.silu(Linear(Sinusoid(t), "t_embedder.mlp.0")), "t_embedder.mlp.2") + weights["y_embedder.embedding_table.weight"].index_select(0, labels); // (N, D)
        var tokens = F.conv2d(x, weights["x_embedder.proj.weight"], weights["x_embedder.proj.bias"], strides: [card.PatchSize, card.PatchSize]).flatten(2).transpose(1, 2) + weights["pos_embed"]; // (N, T, D)
        for (var i = 0; i < card.Depth; i++) tokens = Block(tokens, c, $"blocks.{i}");
        var m = Linear(F.silu(c), "final_layer.adaLN_modulation.1").chunk(2, dim: 1); // 2 x (N, D)
        var patches = Linear(Modulate(Norm(tokens), m[0], m[1]), "final_layer.linear");  // (N, T, P P C)
        return Unpatchify(patches).MoveToOuterDisposeScope();
    }

    /// <summary>Guidance as the official code does it: both halves in one batch, everything computed for each.</summary>
    public Tensor ForwardWithGuidance(Tensor x, Tensor t, Tensor labels, double scale)
    {
        using var scope = NewDisposeScope();
        var both = Forward(cat([x, x]), cat([t, t]), cat([labels, full_like(labels, card.NullClass)])); // (2 N, 2 C, Y, X)
        var (first, rest) = (both.narrow(1, 0, 3), both.narrow(1, 3, both.shape[1] - 3));
        var halves = first.chunk(2);
        var guided = halves[1] + scale * (halves[0] - halves[1]);
        return cat([guided, rest.chunk(2)[0]], dim: 1).MoveToOuterDisposeScope();
    }

    private Tensor Block(Tensor x, Tensor c, string name)
    {
        using var scope = NewDisposeScope();
        var (n, t, h) = (x.shape[0], card.Tokens, card.Heads);
        var m = Linear(F.silu(c), $"{name}.adaLN_modulation.1").chunk(6, dim: 1); // 6 x (N, D)
        var qkv = Linear(Modulate(Norm(x), m[0], m[1]), $"{name}.attn.qkv").reshape(n, t, 3, h, card.Width / h).permute(2, 0, 3, 1, 4).unbind(0); // 3 x (N, H, T, K)
        var attention = F.scaled_dot_product_attention(qkv[0], qkv[1], qkv[2]).transpose(1, 2).reshape(n, t, card.Width); // (N, T, D)
        var middle = x + m[2].unsqueeze(1) * Linear(attention, $"{name}.attn.proj");
        var hidden = F.gelu(Linear(Modulate(Norm(middle), m[3], m[4]), $"{name}.mlp.fc1"), TorchSharp.Modules.GELU.Approximate.tanh); // (N, T, 4 D)
        return (middle + m[5].unsqueeze(1) * Linear(hidden, $"{name}.mlp.fc2")).MoveToOuterDisposeScope();
    }

    private Tensor Linear(Tensor x, string name) => F.linear(x, weights[$"{name}.weight"], weights[$"{name}.bias"]);

    private Tensor Norm(Tensor x) => F.layer_norm(x, [card.Width], eps: 1e-6);

    private static Tensor Modulate(Tensor x, Tensor shift, Tensor scale) => x * (1 + scale.unsqueeze(1)) + shift.unsqueeze(1);

    private static Tensor Sinusoid(Tensor t)
    {
        var frequencies = exp(-Math.Log(10000) / 128 * arange(128, ScalarType.Float32, t.device));
        var angles = t.to(ScalarType.Float32).unsqueeze(1) * frequencies;
        return cat([cos(angles), sin(angles)], dim: 1);
    }

    private Tensor Unpatchify(Tensor patches)
    {
        var (p, rows, columns) = (card.PatchSize, card.Input.Height / card.PatchSize, card.Input.Width / card.PatchSize);
        return einsum("nhwpqc->nchpwq", patches.reshape(-1, rows, columns, p, p, card.OutputChannels)).reshape(-1, card.OutputChannels, card.Input.Height, card.Input.Width);
    }
}
