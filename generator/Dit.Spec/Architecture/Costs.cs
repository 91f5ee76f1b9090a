namespace Dit.Spec;

/// <summary>One layer of the forward pass.</summary>
/// <param name="Name">The module it belongs to: <c>blocks.0.attn.qkv</c>.</param>
/// <param name="Output">Shape of its output for one sample.</param>
/// <param name="Macs">Multiply-accumulates for one sample.</param>
/// <param name="Saved">
/// Elements of one sample that automatic differentiation keeps for this layer's backward pass.
/// </param>
public sealed record ModelLayer(string Name, EquatableArray<long> Output, long Macs, long Saved);

/// <summary>
/// The reading of a description that counts: work, and memory of training and sampling, for one sample.
/// </summary>
/// <param name="Layers">
/// Every layer, in the order of the network's members, and within a member in the order of its forward pass.
/// </param>
/// <param name="SamplingActivations">
/// Elements alive at once in a forward pass without gradients, the parameters not counted.
/// </param>
public sealed record Costs(EquatableArray<ModelLayer> Layers, long SamplingActivations)
{
    /// <summary>The costs of an evaluated network.</summary>
    public static Costs Of(Evaluation network)
    {
        var meter = new CostMeter();
        meter.Run(network);
        var members = network.Module.Members.Select(static member => member.Name).ToList();
        EquatableArray<ModelLayer> layers = meter.Layers.OrderBy(layer => members.IndexOf(layer.Name.Split('.')[0])).ToEquatableArray();
        return new(layers, meter.Peak) { Kept = KeptActivations.Of(network, layers) };
    }

    /// <summary>What training keeps of one sample for the backward pass.</summary>
    public KeptActivations Kept { get; init; } = new(0, 0, 0);
}
