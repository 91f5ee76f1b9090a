using Dit.Runtime;
using TorchSharp;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Dit.Benchmarks;

/// <summary>
/// The baseline: a class-conditional adaLN-Zero DiT as the paper draws it (arXiv 2212.09748, section 3.2 and figure 3),
/// operator by operator.
/// </summary>
/// <remarks>
/// What a straightforward port of the model to TorchSharp does: every operator makes a new tensor, and those of a
/// branch live until it is over. Attention is the fused operator of libtorch, since a port of today has it. The weights
/// are another model's, by the names of the official checkpoints.
/// </remarks>
/// <param name="card">The model's constants.</param>
/// <param name="weights">Its tensors by name; they stay the caller's.</param>
internal sealed class OfficialGraph(ModelCard card, IReadOnlyDictionary<string, Tensor> weights)
{
    private const int Features = 256; // of a timestep
    private const double Eps = 1e-6;
    private static readonly Scalar One = 1; // kept, see Scalars of the runtime
    private static readonly Scalar Frequency = -Math.Log(10000) / (Features / 2);

    /// <summary>Refuses a model of which this is not the graph.</summary>
    /// <exception cref="DitException">It has another backbone, condition or variant.</exception>
    public static void Require(ModelCard card)
    {
        if (card is not { Backbone: "dit", Conditioning: "adaln-zero", Classes: > 0 })
            throw new DitException($"There is no baseline for {card.Name}: it is of the class-conditional DiTs with adaLN-Zero.");
    }

    /// <summary>The prediction.</summary>
    /// <param name="x">Noised inputs, (N, C, Y, X).</param>
    /// <param name="t">Timesteps, (N,).</param>
    /// <param name="labels">Classes, (N,).</param>
    /// <returns>(N, C or 2 C, Y, X).</returns>
    public Tensor Forward(Tensor x, Tensor t, Tensor labels)
    {
        using var scope = NewDisposeScope();
        var c = Timestep(t) + weights["y_embedder.embedding_table.weight"].index_select(0, labels); // (N, D)
        var tokens = Patches(x) + weights["pos_embed"];                                             // (N, T, D)
        for (var i = 0; i < card.Depth; i++)
        {
            var previous = tokens;
            tokens = Block($"blocks.{i}", previous, c); // (N, T, D)
            previous.Dispose();
        }
        return Unpatchify(Final(tokens, c)).MoveToOuterDisposeScope();
    }

    /// <summary>
    /// The prediction under classifier-free guidance of the first three channels, both halves in one batch (paper,
    /// section 3.3).
    /// </summary>
    /// <param name="x">Noised inputs of which the second half is not read, (2 N, C, Y, X).</param>
    /// <param name="t">Timesteps, (2 N,).</param>
    /// <param name="labels">N classes, then N times the null class.</param>
    /// <param name="scale">Guidance scale.</param>
    /// <returns>(2 N, C or 2 C, Y, X): both halves guided alike.</returns>
    public Tensor ForwardWithGuidance(Tensor x, Tensor t, Tensor labels, Scalar scale)
    {
        using var scope = NewDisposeScope();
        var half = x.narrow(0, 0, x.shape[0] / 2);
        var output = Forward(cat([half, half]), t, labels);
        var guided = Math.Min(3, card.Input.Channels);
        var halves = output.narrow(1, 0, guided).chunk(2); // conditional, unconditional
        var noise = halves[1] + scale * (halves[0] - halves[1]);
        return cat([cat([noise, noise]), output.narrow(1, guided, output.shape[1] - guided)], dim: 1).MoveToOuterDisposeScope();
    }

    private Tensor Timestep(Tensor t)
    {
        using var scope = NewDisposeScope();
        var frequencies = exp(arange(Features / 2, ScalarType.Float32, t.device) * Frequency);
        var angles = t.to(ScalarType.Float32).unsqueeze(1) * frequencies;
        var features = cat([angles.cos(), angles.sin()], dim: 1).to(weights["pos_embed"].dtype); // (N, 256)
        return Linear("t_embedder.mlp.2", functional.silu(Linear("t_embedder.mlp.0", features))).MoveToOuterDisposeScope();
    }

    private Tensor Patches(Tensor x)
    {
        using var scope = NewDisposeScope();
        var grid = functional.conv2d(
            x, weights["x_embedder.proj.weight"], weights["x_embedder.proj.bias"], strides: [card.PatchSize, card.PatchSize]);
        return grid.flatten(2).transpose(1, 2).MoveToOuterDisposeScope(); // (N, T, D)
    }

    private Tensor Block(string name, Tensor x, Tensor c)
    {
        using var scope = NewDisposeScope();
        var m = Linear($"{name}.adaLN_modulation.1", functional.silu(c)).chunk(6, dim: 1); // shift, scale, gate of both branches, (N, D)
        x = x + m[2].unsqueeze(1) * Attention($"{name}.attn", Modulate(x, m[0], m[1]));
        return (x + m[5].unsqueeze(1) * Mlp($"{name}.mlp", Modulate(x, m[3], m[4]))).MoveToOuterDisposeScope();
    }

    private Tensor Attention(string name, Tensor x)
    {
        using var scope = NewDisposeScope();
        var (n, tokens) = (x.shape[0], x.shape[1]);
        // 3 x (N, H, T, K)
        var heads = Linear($"{name}.qkv", x).reshape(n, tokens, 3, card.Heads, card.Width / card.Heads).permute(2, 0, 3, 1, 4).unbind(0);
        var mixed = functional.scaled_dot_product_attention(heads[0], heads[1], heads[2]);
        return Linear($"{name}.proj", mixed.transpose(1, 2).reshape(n, tokens, card.Width)).MoveToOuterDisposeScope();
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
        var m = Linear("final_layer.adaLN_modulation.1", functional.silu(c)).chunk(2, dim: 1); // shift, scale
        return Linear("final_layer.linear", Modulate(x, m[0], m[1])).MoveToOuterDisposeScope();
    }

    private Tensor Modulate(Tensor x, Tensor shift, Tensor scale)
    {
        using var scope = NewDisposeScope();
        var norm = functional.layer_norm(x, [card.Width], eps: Eps);
        return (norm * (One + scale.unsqueeze(1)) + shift.unsqueeze(1)).MoveToOuterDisposeScope();
    }

    private Tensor Unpatchify(Tensor patches)
    {
        using var scope = NewDisposeScope();
        var p = card.PatchSize;
        var (rows, columns) = (card.Input.Height / p, card.Input.Width / p);
        return patches.reshape(-1, rows, columns, p, p, card.OutputChannels).permute(0, 5, 1, 3, 2, 4)
            .reshape(-1, card.OutputChannels, rows * p, columns * p).MoveToOuterDisposeScope();
    }

    private Tensor Linear(string name, Tensor x) => functional.linear(x, weights[$"{name}.weight"], weights[$"{name}.bias"]);
}
