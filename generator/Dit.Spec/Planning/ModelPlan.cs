namespace Dit.Spec;

/// <summary>Everything that follows from a spec: each parameter, each layer's output shape and its multiply-accumulates.</summary>
/// <param name="Parameters">Every tensor of the state dict, in its order.</param>
/// <param name="Layers">Every layer, in the order of the forward pass.</param>
/// <param name="SamplingActivations">Elements alive at once in a forward pass of one sample without gradients, the parameters not counted.</param>
public sealed record ModelPlan(EquatableArray<PlannedParameter> Parameters, EquatableArray<PlannedLayer> Layers, long SamplingActivations)
{
    /// <summary>All parameters, the fixed position table included, as the official code counts.</summary>
    public long ParameterCount => Parameters.Sum(static p => p.Count);

    /// <summary>Parameters that training changes.</summary>
    public long TrainableCount => Parameters.Where(static p => p.Initialization is not Initialization.SinCosTable).Sum(static p => p.Count);

    /// <summary>Multiply-accumulates of one forward pass of one sample, counted as for the paper: one for each element of a LayerNorm too.</summary>
    public long Macs => Layers.Sum(static l => l.Macs);

    /// <summary>Elements that automatic differentiation keeps of one sample between forward and backward pass.</summary>
    public long TrainingActivations => Layers.Sum(static l => l.Saved);

    /// <summary>Elements that training keeps besides the activations: weights, gradients, AdamW's two moments and the moving average.</summary>
    public long TrainingState => 2 * ParameterCount + 3 * TrainableCount;

    /// <summary>The plan of a spec.</summary>
    public static ModelPlan Of(ModelSpec spec) => DitPlanner.Plan(spec);
}

/// <summary>One tensor of the state dict.</summary>
/// <param name="Name">Its name, which is the official checkpoint's.</param>
/// <param name="Shape">Its shape.</param>
/// <param name="Initialization">What a new model starts from.</param>
public sealed record PlannedParameter(string Name, EquatableArray<long> Shape, Initialization Initialization)
{
    /// <summary>Number of elements.</summary>
    public long Count => Shape.Aggregate(1L, static (count, side) => count * side);
}

/// <summary>What a parameter starts from (DiT paper, section 4, and the official code's rules).</summary>
public abstract record Initialization
{
    private Initialization() { }

    /// <summary>Zeros.</summary>
    public sealed record Zero : Initialization;

    /// <summary>Ones.</summary>
    public sealed record One : Initialization;

    /// <summary>Xavier uniform over the tensor seen as a matrix of its first side by the rest.</summary>
    public sealed record XavierUniform : Initialization;

    /// <summary>Normal with mean 0.</summary>
    /// <param name="Std">Standard deviation.</param>
    public sealed record Normal(double Std) : Initialization;

    /// <summary>The fixed 2-D sin-cos position table; not trained.</summary>
    public sealed record SinCosTable : Initialization;
}

/// <summary>One layer of the forward pass.</summary>
/// <param name="Name">The module it belongs to: <c>blocks.0.attn.qkv</c>.</param>
/// <param name="Output">Shape of its output for one sample.</param>
/// <param name="Macs">Multiply-accumulates for one sample.</param>
/// <param name="Saved">Elements of one sample that automatic differentiation keeps for this layer's backward pass.</param>
public sealed record PlannedLayer(string Name, EquatableArray<long> Output, long Macs, long Saved);
