using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Dit.Runtime;

/// <summary>A linear layer of a model.</summary>
/// <param name="Name">Its name, <c>blocks.0.attn.qkv</c>.</param>
/// <param name="Layer">The layer.</param>
/// <param name="Kind">Its kind, one flag.</param>
internal sealed record LoraLayer(string Name, Linear Layer, LoraTargets Kind)
{
    private const string MlpName = "mlp";

    /// <summary>Features that it takes, K.</summary>
    public long Input => Layer.weight.shape[1];

    /// <summary>Features that it gives, N.</summary>
    public long Output => Layer.weight.shape[0];

    /// <summary>The linear layers of a model, in the order of its state dict.</summary>
    public static IReadOnlyList<LoraLayer> Of(nn.Module model) => [.. Below(model, "", LoraTargets.Others)];

    // A block is a module with attention in it: an embedder has an MLP of the same name, and no attention beside it.
    private static IEnumerable<LoraLayer> Below(nn.Module module, string path, LoraTargets kind)
    {
        (string name, nn.Module module)[] children = [.. module.named_children()];
        var isBlock = children.Any(static child => IsAttention(child.name));
        foreach (var (name, child) in children)
        {
            var own = !isBlock ? kind : IsAttention(name) ? LoraTargets.Attention : name == MlpName ? LoraTargets.Mlp : kind;
            if (child is Linear layer) yield return new(path + name, layer, own);
            else foreach (var below in Below(child, $"{path}{name}.", own)) yield return below;
        }
    }

    private static bool IsAttention(string name) => name.Contains("attn", StringComparison.Ordinal);
}
