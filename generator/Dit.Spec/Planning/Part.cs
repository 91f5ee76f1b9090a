namespace Dit.Spec;

/// <summary>Parameters in the order of the state dict, and layers in the order of the forward pass.</summary>
internal sealed record Part(IReadOnlyList<PlannedParameter> Parameters, IReadOnlyList<PlannedLayer> Layers)
{
    /// <summary>Parts one after the other.</summary>
    public static Part Of(params Part[] parts) => new([.. parts.SelectMany(static p => p.Parameters)], [.. parts.SelectMany(static p => p.Layers)]);

    /// <summary>A linear layer over some rows; its bias starts from zero.</summary>
    public static Part Linear(string name, int rows, int input, int output, Initialization weight) => new(
        [new($"{name}.weight", Shape(output, input), weight), new($"{name}.bias", Shape(output), new Initialization.Zero())],
        [new(name, rows == 1 ? Shape(output) : Shape(rows, output), (long)rows * input * output, Saved: (long)rows * input)]);

    /// <summary>An adaptive LayerNorm: it keeps its input, the normalized tokens that are then scaled, and each token's mean and deviation.</summary>
    public static PlannedLayer AdaptiveNorm(string name, int rows, int width) =>
        new(name, Shape(rows, width), (long)rows * width, Saved: 2L * rows * width + 2L * rows);

    /// <summary>A LayerNorm with a scale and a shift of its own.</summary>
    public static Part AffineLayerNorm(string name, int rows, int width) => new(
        [new($"{name}.weight", Shape(width), new Initialization.One()), new($"{name}.bias", Shape(width), new Initialization.Zero())],
        [new(name, Shape(rows, width), (long)rows * width, Saved: (long)rows * width + 2L * rows)]);

    public static EquatableArray<long> Shape(params long[] sides) => EquatableArray.Of(sides);
}
