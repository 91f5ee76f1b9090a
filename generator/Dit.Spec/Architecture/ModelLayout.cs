namespace Dit.Spec;

/// <summary>
/// Everything that follows from a spec: each parameter, each layer's output shape and its multiply-accumulates.
/// </summary>
/// <param name="Parameters">Every tensor of the state dict, in its order.</param>
/// <param name="Layers">
/// Every layer, in the order of the network's members, and within a member in the order of its forward pass.
/// </param>
/// <param name="SamplingActivations">
/// Elements alive at once in a forward pass of one sample without gradients, the parameters not counted.
/// </param>
public sealed record ModelLayout(EquatableArray<ModelParameter> Parameters, EquatableArray<ModelLayer> Layers, long SamplingActivations)
{
    /// <summary>All parameters, the fixed position table included, as the official code counts; no buffers.</summary>
    public long ParameterCount => Parameters.Where(static p => !p.IsBuffer).Sum(static p => p.Count);

    /// <summary>Parameters that training changes.</summary>
    public long TrainableCount => Parameters.Where(static p => p.IsTrained).Sum(static p => p.Count);

    /// <summary>
    /// Multiply-accumulates of one forward pass of one sample, counted as for the paper: one for each element of a
    /// LayerNorm too.
    /// </summary>
    public long Macs => Layers.Sum(static l => l.Macs);

    /// <summary>
    /// Elements that automatic differentiation keeps of one sample between forward and backward pass.
    /// </summary>
    public long TrainingActivations => Layers.Sum(static l => l.Saved);

    /// <summary>The same, and what is kept with activation checkpointing.</summary>
    public KeptActivations Kept { get; init; } = new(0, 0, 0);

    /// <summary>
    /// Elements that training keeps besides the activations: weights, gradients, AdamW's two moments and the moving
    /// average.
    /// </summary>
    public long TrainingState => 2 * Parameters.Sum(static p => p.Count) + 3 * TrainableCount;

    /// <summary>The layout of a spec's model.</summary>
    public static ModelLayout Of(ModelSpec spec) => Of(Description.Of(spec).Network);

    /// <summary>The layout of a network.</summary>
    /// <exception cref="InvalidOperationException">
    /// A shape does not fit: the description is wrong, whatever the spec.
    /// </exception>
    public static ModelLayout Of(Module network) => Of(Evaluation.Fitting(network));

    /// <summary>The layout of a network that was evaluated without errors.</summary>
    public static ModelLayout Of(Evaluation network)
    {
        var costs = Costs.Of(network);
        return new(Spec.Parameters.Of(network.Module).ToEquatableArray(), costs.Layers, costs.SamplingActivations) { Kept = costs.Kept };
    }
}
