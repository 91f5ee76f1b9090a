using Dit.Spec;

namespace Dit.Commands;

/// <summary>Like layers of a model: those that differ only in the number of their block.</summary>
/// <param name="Name">With <c>*</c> for the block's number.</param>
/// <param name="Times">How many there are.</param>
/// <param name="Output">Shape of one's output for one sample.</param>
/// <param name="Parameters">Parameters of all of them.</param>
/// <param name="Macs">Multiply-accumulates of all of them.</param>
/// <param name="Saved">Elements that training keeps for the backward pass of all of them, for one sample.</param>
internal sealed record LayerRow(string Name, int Times, string Output, long Parameters, long Macs, long Saved);

/// <summary>A layout short enough to read.</summary>
internal static class LayerTable
{
    /// <summary>
    /// Parameters without a layer, as the position table, then the layers in the order of the forward pass.
    /// </summary>
    public static IEnumerable<LayerRow> Of(ModelLayout layout)
    {
        var parameters = layout
            .Parameters.GroupBy(p => Repeats.Starred(Module(p.Name, layout)))
            .ToDictionary(like => like.Key, like => like.Sum(p => p.Count));
        var layers = layout.Layers.GroupBy(layer => Repeats.Starred(layer.Name)).ToArray();
        var alone = parameters.Where(p => layers.All(like => like.Key != p.Key)).Select(p => new LayerRow(p.Key, 1, "", p.Value, 0, 0));
        return alone.Concat(layers.Select(like => new LayerRow(
            like.Key,
            like.Count(),
            string.Join(" x ", like.First().Output),
            parameters.GetValueOrDefault(like.Key),
            like.Sum(layer => layer.Macs),
            like.Sum(layer => layer.Saved))));
    }

    /// <summary>The layer that a parameter belongs to: its name up to the last dot.</summary>
    private static string Module(string parameter, ModelLayout layout)
    {
        var owner = parameter.LastIndexOf('.') is var dot and > 0 ? parameter[..dot] : parameter;
        return layout.Layers.Any(layer => layer.Name == owner) ? owner : parameter;
    }
}
