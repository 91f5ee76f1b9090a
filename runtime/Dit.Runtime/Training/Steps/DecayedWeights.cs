using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Dit.Runtime;

/// <summary>Which parameters weight decay is for, where it is not for all.</summary>
internal static class DecayedWeights
{
    /// <summary>
    /// The names of matrices and convolutions: not of biases, of scales and shifts of norms, and of tables of
    /// embeddings and positions.
    /// </summary>
    /// <param name="model">The model.</param>
    public static IReadOnlySet<string> Of(nn.Module model)
    {
        var tables = model.named_modules()
            .Where(static named => named.module is EmbeddingTable or Embedding)
            .SelectMany(static named => named.module.named_parameters(recurse: false).Select(own => $"{named.name}.{own.name}"))
            .ToHashSet(StringComparer.Ordinal);
        return model.named_parameters()
            .Where(own => own.parameter.dim() > 1 && !tables.Contains(own.name) && !IsOfPositions(own.name))
            .Select(static own => own.name)
            .ToHashSet(StringComparer.Ordinal);
    }

    private static bool IsOfPositions(string name) => name[(name.LastIndexOf('.') + 1)..] == "pos_embed";
}
