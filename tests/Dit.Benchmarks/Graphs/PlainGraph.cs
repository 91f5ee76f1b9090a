using Dit.Runtime;
using TorchSharp;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Dit.Benchmarks;

/// <summary>
/// A baseline: a model as its paper draws it, operator by operator. What a straightforward port to TorchSharp does:
/// every operator makes a new tensor, and those of a branch live until it is over. Attention is the fused operator of
/// libtorch, since a port of today has it.
/// </summary>
/// <param name="card">The model's constants.</param>
/// <param name="weights">
/// The tensors of a model by the names of the official checkpoints; they stay the caller's.
/// </param>
internal abstract class PlainGraph(ModelCard card, IReadOnlyDictionary<string, Tensor> weights)
{
    private const double MaxPeriod = 10000; // of a timestep's features

    /// <summary>The graph of a model.</summary>
    /// <exception cref="DitException">There is none.</exception>
    public static PlainGraph Of(ModelCard card, IReadOnlyDictionary<string, Tensor> weights) =>
        OfficialGraph.Fits(card) ? new OfficialGraph(card, weights)
        : UVitGraph.Fits(card) ? new UVitGraph(card, weights)
        : PixArtGraph.Fits(card) ? new PixArtGraph(card, weights)
        : throw None(card);

    /// <summary>Refuses a model of which there is no graph.</summary>
    /// <exception cref="DitException">It is of a backbone or a block that no graph is of.</exception>
    public static void Require(ModelCard card)
    {
        if (!OfficialGraph.Fits(card) && !UVitGraph.Fits(card) && !PixArtGraph.Fits(card)) throw None(card);
    }

    private static DitException None(ModelCard card) => new(
        $"There is no baseline for {card.Name}: there are those of class-conditional DiTs with adaLN-Zero, of LightningDiT, of U-ViT and "
            + $"of "
            + "PixArt-alpha.");

    /// <summary>The prediction.</summary>
    /// <param name="input">Noised inputs, (N, C, Y, X), timesteps and conditions.</param>
    /// <returns>(N, C or 2 C, Y, X).</returns>
    public abstract Tensor Forward(BenchInput input);

    /// <summary>The model's constants.</summary>
    protected ModelCard Card { get; } = card;

    /// <summary>A tensor of the model.</summary>
    protected Tensor Weight(string name) => weights[name];

    /// <summary>A tensor of the model; null where it has none of this name.</summary>
    protected Tensor? WeightOrNull(string name) => weights.GetValueOrDefault(name);

    /// <summary>A linear layer, with a bias where it has one.</summary>
    protected Tensor Linear(string name, Tensor x) => functional.linear(x, Weight($"{name}.weight"), WeightOrNull($"{name}.bias"));

    /// <summary>Cosines, then sines, of a timestep, (N, features).</summary>
    protected Tensor Sinusoid(Tensor t, int features)
    {
        using var scope = NewDisposeScope();
        using Scalar frequency = -Math.Log(MaxPeriod) / (features / 2);
        var frequencies = exp(arange(features / 2, ScalarType.Float32, t.device) * frequency);
        var angles = t.to(ScalarType.Float32).unsqueeze(1) * frequencies;
        return cat([angles.cos(), angles.sin()], dim: 1).to(Weight("pos_embed").dtype).MoveToOuterDisposeScope();
    }

    /// <summary>Features of a number through two linear layers with SiLU between them, (N, D).</summary>
    protected Tensor Embedded(string name, Tensor t)
    {
        const int features = 256;
        using var scope = NewDisposeScope();
        return Linear($"{name}.mlp.2", functional.silu(Linear($"{name}.mlp.0", Sinusoid(t, features)))).MoveToOuterDisposeScope();
    }

    /// <summary>Image to tokens, (N, T, D).</summary>
    protected Tensor Patches(string name, Tensor x)
    {
        using var scope = NewDisposeScope();
        var grid = functional.conv2d(
            x, Weight($"{name}.proj.weight"), Weight($"{name}.proj.bias"), strides: [Card.PatchSize, Card.PatchSize]);
        return grid.flatten(2).transpose(1, 2).MoveToOuterDisposeScope();
    }

    /// <summary>Queries, keys and values side by side, (N, T, k D), as k heads, (N, H, T, K) each.</summary>
    protected Tensor[] Heads(Tensor x, int parts) =>
        x.reshape(x.shape[0], x.shape[1], parts, Card.Heads, Card.Width / Card.Heads).permute(2, 0, 3, 1, 4).unbind(0);

    /// <summary>What attention mixed, (N, H, T, K), as tokens, (N, T, D).</summary>
    protected Tensor Joined(Tensor mixed) => mixed.transpose(1, 2).reshape(mixed.shape[0], mixed.shape[2], Card.Width);

    /// <summary>Self-attention and its projection.</summary>
    protected virtual Tensor Attention(string name, Tensor x)
    {
        using var scope = NewDisposeScope();
        var heads = Heads(Linear($"{name}.qkv", x), 3);
        var mixed = functional.scaled_dot_product_attention(heads[0], heads[1], heads[2]);
        return Linear($"{name}.proj", Joined(mixed)).MoveToOuterDisposeScope();
    }

    /// <summary>Patches, (N, T, P P C), in their places.</summary>
    protected Tensor Unpatchify(Tensor patches)
    {
        using var scope = NewDisposeScope();
        var p = Card.PatchSize;
        var (rows, columns) = (Card.Input.Height / p, Card.Input.Width / p);
        return patches.reshape(-1, rows, columns, p, p, Card.OutputChannels).permute(0, 5, 1, 3, 2, 4)
            .reshape(-1, Card.OutputChannels, rows * p, columns * p).MoveToOuterDisposeScope();
    }
}
