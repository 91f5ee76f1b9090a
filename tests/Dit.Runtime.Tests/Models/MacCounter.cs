using TorchSharp;
using static TorchSharp.torch;

namespace Dit.Runtime.Tests;

/// <summary>
/// Counts multiply-accumulates from the layers that really run and from their shapes, independently of the session.
/// </summary>
internal sealed class MacCounter(ModelCard card)
{
    public long Macs { get; private set; }

    private readonly HashSet<string> names = [];

    public void Watch(nn.Module model)
    {
        names.UnionWith(model.named_modules().Select(static module => module.name));
        foreach (var (name, module) in model.named_modules())
            if (
                module is nn.Module<Tensor, Tensor> layer
                && module.named_parameters(recurse: false).Any()
                && module is not EmbeddingTable)
                layer.register_forward_hook((_, _, output) => { Count(name, module, output); return output; });
    }

    private void Count(string name, nn.Module module, Tensor output)
    {
        var weight = module.named_parameters(recurse: false).Single(static p => p.name == "weight").parameter;
        Macs += weight.dim() == 1
            ? output.numel() // a norm: one for each element
            : output.numel() / weight.shape[0] * weight.numel();
        if (name.EndsWith("attn.qkv", StringComparison.Ordinal)) Macs += Attention(output, keys: output.shape[1]);
        if (name.EndsWith("cross_attn.kv", StringComparison.Ordinal) || name.EndsWith("cross_attn.kv_linear", StringComparison.Ordinal))
            Macs += 2 * output.shape[0] * card.Tokens * output.shape[1] * card.Width;
        // Adaptive norms without a weight have no module: two stand in each block and one in the final layer, beside
        // the layers that regress them, or where all blocks share one, beside these.
        if (names.Contains("t_block") && name.EndsWith(".attn.qkv", StringComparison.Ordinal) && !HasNorms(name[..^"attn.qkv".Length]))
            Macs += 2 * output.shape[0] * card.Tokens * card.Width;
        if (names.Contains("t_block") && name == "final_layer.linear" && !HasNorms("final_layer."))
            Macs += output.shape[0] * card.Tokens * card.Width;
        if (
            name.EndsWith("adaLN_modulation.1", StringComparison.Ordinal)
            && !HasNorms(name[..name.IndexOf("adaLN", StringComparison.Ordinal)]))
            Macs += output.shape[0] * card.Tokens * card.Width * (name.StartsWith("final_layer", StringComparison.Ordinal) ? 1 : 2);
    }

    private bool HasNorms(string module) => names.Contains($"{module}norm1") || names.Contains($"{module}norm_final");

    private long Attention(Tensor qkv, long keys) => 2 * qkv.shape[0] * qkv.shape[1] * keys * card.Width;
}
