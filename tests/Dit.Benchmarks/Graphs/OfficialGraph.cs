using Dit.Runtime;
using TorchSharp;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Dit.Benchmarks;

/// <summary>
/// A class-conditional adaLN-Zero DiT as the paper draws it (arXiv 2212.09748, section 3.2 and figure 3),
/// operator by operator, or with the RMS norm, SwiGLU and rotary positions of LightningDiT (arXiv 2501.01423).
/// </summary>
/// <inheritdoc/>
internal sealed class OfficialGraph(ModelCard card, IReadOnlyDictionary<string, Tensor> weights) : PlainGraph(card, weights)
{
    private const double Eps = 1e-6;
    private const string Lightning = "{ norm: rms, mlp: swiglu, qk_norm: none, position: rope-2d, shift: true }";
    private static readonly Scalar One = 1; // kept, see Scalars of the runtime
    private static readonly Scalar Small = Eps;
    private readonly bool isLightning = card.Block is not null;

    /// <summary>Whether this is the graph of a model.</summary>
    public static bool Fits(ModelCard card) =>
        card is { Backbone: "dit", Conditioning: "adaln-zero", Classes: > 0, Block: null or Lightning };

    /// <inheritdoc/>
    public override Tensor Forward(BenchInput input) => Forward(
        input.X, input.T, input.Labels ?? throw new InvalidOperationException($"{Card.Name} is conditioned on classes."));

    /// <summary>The prediction.</summary>
    /// <param name="x">Noised inputs, (N, C, Y, X).</param>
    /// <param name="t">Timesteps, (N,).</param>
    /// <param name="labels">Classes, (N,).</param>
    /// <returns>(N, C or 2 C, Y, X).</returns>
    public Tensor Forward(Tensor x, Tensor t, Tensor labels)
    {
        using var scope = NewDisposeScope();
        var c = Embedded("t_embedder", t) + Weight("y_embedder.embedding_table.weight").index_select(0, labels); // (N, D)
        var tokens = Patches("x_embedder", x) + Weight("pos_embed");                                             // (N, T, D)
        for (var i = 0; i < Card.Depth; i++)
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
        var guided = Math.Min(3, Card.Input.Channels);
        var halves = output.narrow(1, 0, guided).chunk(2); // conditional, unconditional
        var noise = halves[1] + scale * (halves[0] - halves[1]);
        return cat([cat([noise, noise]), output.narrow(1, guided, output.shape[1] - guided)], dim: 1).MoveToOuterDisposeScope();
    }

    private Tensor Block(string name, Tensor x, Tensor c)
    {
        using var scope = NewDisposeScope();
        var m = Linear($"{name}.adaLN_modulation.1", functional.silu(c)).chunk(6, dim: 1); // shift, scale, gate of both branches, (N, D)
        x = x + m[2].unsqueeze(1) * Attention($"{name}.attn", Modulate($"{name}.norm1", x, m[0], m[1]));
        return (x + m[5].unsqueeze(1) * Mlp($"{name}.mlp", Modulate($"{name}.norm2", x, m[3], m[4]))).MoveToOuterDisposeScope();
    }

    /// <inheritdoc/>
    protected override Tensor Attention(string name, Tensor x)
    {
        if (!isLightning) return base.Attention(name, x);
        using var scope = NewDisposeScope();
        var heads = Heads(Linear($"{name}.qkv", x), 3);
        var mixed = functional.scaled_dot_product_attention(Turned(heads[0]), Turned(heads[1]), heads[2]);
        return Linear($"{name}.proj", Joined(mixed)).MoveToOuterDisposeScope();
    }

    // Pairs of neighboring channels, (a, b), by the angles of their tokens.
    private Tensor Turned(Tensor x)
    {
        using var scope = NewDisposeScope();
        var pairs = x.reshape(x.shape[0], x.shape[1], x.shape[2], -1, 2).unbind(-1); // 2 x (N, H, T, K / 2)
        var turned = stack([-pairs[1], pairs[0]], dim: -1).flatten(-2);
        return (x * Weight("feat_rope.freqs_cos") + turned * Weight("feat_rope.freqs_sin")).MoveToOuterDisposeScope();
    }

    private Tensor Mlp(string name, Tensor x)
    {
        using var scope = NewDisposeScope();
        if (isLightning)
        {
            var halves = Linear($"{name}.w12", x).chunk(2, dim: -1);
            return Linear($"{name}.w3", functional.silu(halves[0]) * halves[1]).MoveToOuterDisposeScope();
        }
        return Linear($"{name}.fc2", functional.gelu(Linear($"{name}.fc1", x), TorchSharp.Modules.GELU.Approximate.tanh))
            .MoveToOuterDisposeScope();
    }

    private Tensor Final(Tensor x, Tensor c)
    {
        using var scope = NewDisposeScope();
        var m = Linear("final_layer.adaLN_modulation.1", functional.silu(c)).chunk(2, dim: 1); // shift, scale
        return Linear("final_layer.linear", Modulate("final_layer.norm_final", x, m[0], m[1])).MoveToOuterDisposeScope();
    }

    private Tensor Modulate(string name, Tensor x, Tensor shift, Tensor scale)
    {
        using var scope = NewDisposeScope();
        var norm = isLightning ? RootMeanSquare(name, x) : functional.layer_norm(x, [Card.Width], eps: Eps);
        return (norm * (One + scale.unsqueeze(1)) + shift.unsqueeze(1)).MoveToOuterDisposeScope();
    }

    private Tensor RootMeanSquare(string name, Tensor x)
    {
        using var scope = NewDisposeScope();
        var values = x.to(ScalarType.Float32);
        var normal = values * rsqrt((values * values).mean([-1], keepdim: true) + Small);
        return (normal.to(x.dtype) * Weight($"{name}.weight")).MoveToOuterDisposeScope();
    }
}
