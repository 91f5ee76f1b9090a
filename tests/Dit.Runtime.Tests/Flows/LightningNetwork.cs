using TorchSharp;
using static TorchSharp.torch;

namespace Dit.Runtime.Tests;

/// <summary>
/// The network of tests/golden/lightningdit, patch 1 and no query-key norm, written by hand: specs do not declare
/// SwiGLU, rotary positions and RMS norm yet (LightningDiT, arXiv 2501.01423, section 4).
/// </summary>
internal sealed class LightningNetwork(GoldenFile file)
{
    private const int Depth = 2, Heads = 4, NullClass = 10;

    private readonly Dictionary<string, Tensor> weights = file.Under("param.").ToDictionary(static w => w.Name, static w => w.Value);

    /// <summary>The network with its labels bound.</summary>
    public Denoiser For(Tensor labels) => (x, t) => Forward(x, full(x.shape[0], t), labels);

    /// <summary>
    /// Guidance in the published layout: the second half of the batch repeats the first under the null class, the first
    /// three channels of both halves are the guided ones, and each half keeps its other channels.
    /// </summary>
    /// <param name="labels">Classes of one half.</param>
    /// <param name="scale">The guidance scale.</param>
    /// <param name="from">The time before which the prediction is conditional.</param>
    public Denoiser Guided(Tensor labels, double scale, double from) => (x, t) =>
    {
        using var scope = NewDisposeScope();
        var half = x.chunk(2)[0];
        var (conditional, unconditional) = (For(labels)(half, t), For(full_like(labels, NullClass))(half, t));
        var guided = Guidance.Combine(
            conditional, unconditional, t < from ? 1 : scale, GuidanceChannels.FirstThree, (int)x.shape[1]);
        var mirrored = cat([guided.narrow(1, 0, 3), unconditional.narrow(1, 3, x.shape[1] - 3)], dim: 1);
        return cat([guided, mirrored]).MoveToOuterDisposeScope();
    };

    /// <summary>The prediction.</summary>
    /// <param name="x">(N, C, Y, X).</param>
    /// <param name="t">Times from 0 to 1, (N,).</param>
    /// <param name="labels">Classes, (N,).</param>
    /// <returns>(N, C, Y, X).</returns>
    public Tensor Forward(Tensor x, Tensor t, Tensor labels)
    {
        using var scope = NewDisposeScope();
        var c = Condition(t, labels);
        var patches = nn.functional.conv2d(x, weights["x_embedder.proj.weight"], weights["x_embedder.proj.bias"]);
        var h = patches.flatten(2).transpose(1, 2) + weights["pos_embed"]; // (N, T, D)
        for (var i = 0; i < Depth; i++) h = Block($"blocks.{i}", h, c);
        var mod = Modulation("final_layer", c, 2);
        var patched = Linear("final_layer.linear", Modulated("final_layer.norm_final", h, mod[0], mod[1])); // (N, T, C)
        return patched.transpose(1, 2).reshape(x.shape).MoveToOuterDisposeScope();
    }

    private Tensor Condition(Tensor t, Tensor labels)
    {
        var frequencies = (arange(128, ScalarType.Float32) * (-Math.Log(10000) / 128)).exp();
        var angles = t.to(ScalarType.Float32).unsqueeze(1) * frequencies;
        var embedded = Linear("t_embedder.mlp.0", cat([angles.cos(), angles.sin()], dim: 1));
        return Linear("t_embedder.mlp.2", nn.functional.silu(embedded)) + weights["y_embedder.embedding_table.weight"][labels];
    }

    private Tensor Block(string name, Tensor h, Tensor c)
    {
        var mod = Modulation(name, c, 6);
        h = h + mod[2] * Attention($"{name}.attn", Modulated($"{name}.norm1", h, mod[0], mod[1]));
        var halves = Linear($"{name}.mlp.w12", Modulated($"{name}.norm2", h, mod[3], mod[4])).chunk(2, dim: -1);
        return h + mod[5] * Linear($"{name}.mlp.w3", nn.functional.silu(halves[0]) * halves[1]);
    }

    private Tensor Attention(string name, Tensor h)
    {
        var (n, t, d) = (h.shape[0], h.shape[1], h.shape[2]);
        var qkv = Linear($"{name}.qkv", h).view(n, t, 3, Heads, d / Heads).permute(2, 0, 3, 1, 4).unbind(0); // 3 x (N, H, T, K)
        var mixed = nn.functional.scaled_dot_product_attention(Rotated(qkv[0]), Rotated(qkv[1]), qkv[2]);
        return Linear($"{name}.proj", mixed.transpose(1, 2).flatten(2));
    }

    // Interleaved pairs are turned: (a, b) becomes (a cos - b sin, b cos + a sin).
    private Tensor Rotated(Tensor heads)
    {
        var pairs = heads.unflatten(3, [-1, 2]).unbind(-1);
        var turned = stack([-pairs[1], pairs[0]], dim: -1).flatten(-2);
        return heads * weights["feat_rope.freqs_cos"] + turned * weights["feat_rope.freqs_sin"];
    }

    private Tensor Modulated(string norm, Tensor h, Tensor shift, Tensor scale)
    {
        var normed = h * (h.square().mean([-1], keepdim: true) + 1e-6).rsqrt() * weights[$"{norm}.weight"];
        return normed * (1 + scale) + shift;
    }

    private Tensor[] Modulation(string name, Tensor c, int parts) =>
        Linear($"{name}.adaLN_modulation.1", nn.functional.silu(c)).unsqueeze(1).chunk(parts, dim: -1);

    private Tensor Linear(string name, Tensor x) => nn.functional.linear(x, weights[$"{name}.weight"], weights[$"{name}.bias"]);
}
