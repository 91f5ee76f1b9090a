using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Dit.Runtime.Tests;

/// <summary>The denoiser behind the reference values: input 4 x 8 x 8, patch 2, width 32, depth 2, heads 4, 10 classes.</summary>
internal sealed class GoldenModel : IDisposable
{
    private const int Depth = 2, Heads = 4, Width = 32, Patch = 2, Grid = 4, Channels = 4;
    public const int NullClass = 10;

    private readonly Dictionary<string, Parameter> parameters = [];

    private GoldenModel(GoldenFile file, string prefix)
    {
        foreach (var (name, value) in file.Under(prefix))
            parameters.Add(name, new Parameter(value.clone(), requires_grad: name != "pos_embed"));
    }

    /// <summary>The parameters that follow <paramref name="prefix"/> in a file.</summary>
    public static GoldenModel From(GoldenFile file, string prefix) => new(file, prefix);

    public static GoldenModel Load()
    {
        using var file = new GoldenFile("model");
        return new(file, "param.");
    }

    public IReadOnlyDictionary<string, Parameter> Parameters => parameters;

    /// <summary>The network with its labels bound.</summary>
    public Denoiser For(Tensor labels) => (x, t) => Forward(x, t, labels);

    /// <summary>
    /// Guidance in the official layout: the second half of the batch repeats the first under the null class, the first three channels of
    /// both halves are the guided ones, and each half keeps its other channels.
    /// </summary>
    public Denoiser Guided(Tensor labels, double scale) => (x, t) =>
    {
        using var scope = NewDisposeScope();
        var half = x.chunk(2)[0];
        var output = Forward(cat([half, half]), t, labels).chunk(2);
        var guided = Guidance.Combine(output[0], output[1], scale, GuidanceChannels.FirstThree, Channels);
        var mirrored = cat([guided.narrow(1, 0, 3), output[1].narrow(1, 3, 2 * Channels - 3)], dim: 1);
        return cat([guided, mirrored]).MoveToOuterDisposeScope();
    };

    public Tensor Forward(Tensor x, Tensor t, Tensor labels)
    {
        using var scope = NewDisposeScope();
        var h = functional.conv2d(x, P("x_embedder.proj.weight"), P("x_embedder.proj.bias"), [Patch, Patch]).flatten(2).transpose(1, 2) + P("pos_embed");
        var c = TimeEmbedding(t) + P("y_embedder.embedding_table.weight").index_select(0, labels);
        for (var i = 0; i < Depth; i++) h = Block($"blocks.{i}", h, c);
        var mod = Linear("final_layer.adaLN_modulation.1", functional.silu(c)).unsqueeze(1).chunk(2, dim: -1);
        h = Linear("final_layer.linear", Norm(h) * (1 + mod[1]) + mod[0]);
        var n = x.shape[0];
        return h.view(n, Grid, Grid, Patch, Patch, 2 * Channels).permute(0, 5, 1, 3, 2, 4)
            .reshape(n, 2 * Channels, Grid * Patch, Grid * Patch).MoveToOuterDisposeScope();
    }

    public void Dispose()
    {
        foreach (var parameter in parameters.Values) parameter.Dispose();
    }

    private Tensor TimeEmbedding(Tensor t)
    {
        var frequencies = (arange(128, dtype: ScalarType.Float32) * (-Math.Log(10000) / 128)).exp();
        var angles = t.to(ScalarType.Float32).unsqueeze(1) * frequencies;
        return Linear("t_embedder.mlp.2", functional.silu(Linear("t_embedder.mlp.0", cat([angles.cos(), angles.sin()], dim: -1))));
    }

    private Tensor Block(string name, Tensor h, Tensor c)
    {
        var mod = Linear($"{name}.adaLN_modulation.1", functional.silu(c)).unsqueeze(1).chunk(6, dim: -1);
        h = h + mod[2] * Attend(name, Norm(h) * (1 + mod[1]) + mod[0]);
        var inner = functional.gelu(Linear($"{name}.mlp.fc1", Norm(h) * (1 + mod[4]) + mod[3]), TorchSharp.Modules.GELU.Approximate.tanh);
        return h + mod[5] * Linear($"{name}.mlp.fc2", inner);
    }

    private Tensor Attend(string name, Tensor h)
    {
        var (n, tokens) = (h.shape[0], h.shape[1]);
        var qkv = Linear($"{name}.attn.qkv", h).view(n, tokens, 3, Heads, Width / Heads).permute(2, 0, 3, 1, 4).unbind(0);
        var mixed = functional.scaled_dot_product_attention(qkv[0], qkv[1], qkv[2]);
        return Linear($"{name}.attn.proj", mixed.transpose(1, 2).flatten(-2));
    }

    private static Tensor Norm(Tensor h) => functional.layer_norm(h, [Width], eps: 1e-6);

    private Tensor Linear(string name, Tensor x) => functional.linear(x, P($"{name}.weight"), P($"{name}.bias"));

    private Parameter P(string name) => parameters[name];
}
