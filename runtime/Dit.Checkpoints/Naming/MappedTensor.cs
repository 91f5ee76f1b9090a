using static TorchSharp.torch;

namespace Dit.Checkpoints;

/// <summary>One tensor of a model, and what it is under another convention.</summary>
/// <remarks>A closed sum: <see cref="Stored"/> or <see cref="Computed"/>; <see cref="Match"/> is the way in.</remarks>
public abstract record MappedTensor
{
    private MappedTensor(CheckpointEntry own) => Own = own;

    /// <summary>The model's own tensor.</summary>
    public CheckpointEntry Own { get; }

    /// <summary>One function per case.</summary>
    public T Match<T>(Func<Stored, T> stored, Func<Computed, T> computed) => this switch
    {
        Stored tensor => stored(tensor),
        Computed tensor => computed(tensor),
        _ => throw new InvalidOperationException("MappedTensor is a closed sum."),
    };

    /// <summary>The same name, the same shape.</summary>
    public static MappedTensor Same(CheckpointEntry own) => Renamed(own, own.Name);

    /// <summary>Another name, the same shape; of several names each holds a copy of the same values.</summary>
    public static MappedTensor Renamed(CheckpointEntry own, params string[] names) =>
        new Stored(own, [new ForeignTensor(names, own.Shape)]);

    /// <summary>Another name, and the same elements in another shape: (64, 64) and (64, 64, 1, 1).</summary>
    public static MappedTensor Reshaped(CheckpointEntry own, string name, params long[] shape) =>
        new Stored(own, [new ForeignTensor([name], shape)]);

    /// <summary>
    /// As many equal parts as there are names, one above the other along dimension 0: qkv of to_q, to_k and to_v.
    /// </summary>
    public static MappedTensor Stacked(CheckpointEntry own, params string[] names) =>
        new Stored(own, [.. names.Select(name => new ForeignTensor([name], [own.Shape[0] / names.Length, .. own.Shape[1..]]))]);

    /// <summary>A tensor that the other convention stores.</summary>
    /// <param name="Own">The model's own tensor.</param>
    /// <param name="Parts">
    /// What it is made of: stacked along dimension 0 in this order, then seen in the model's own shape.
    /// </param>
    public sealed record Stored(CheckpointEntry Own, IReadOnlyList<ForeignTensor> Parts) : MappedTensor(Own);

    /// <summary>A tensor that the other convention does not store, because it follows from the model.</summary>
    /// <param name="Own">The model's own tensor.</param>
    /// <param name="Fill">Sets the elements of a tensor of its shape, of any type and device.</param>
    public sealed record Computed(CheckpointEntry Own, Action<Tensor> Fill) : MappedTensor(Own)
    {
        /// <summary>
        /// What a reader or writer of a file should know, as one sentence, where the tensor does not follow from the
        /// model: then a file may be written under the other convention although it holds other elements, which are
        /// lost. Null where it follows.
        /// </summary>
        public string? Loss { get; init; }
    }
}

/// <summary>A tensor of another convention.</summary>
/// <param name="Names">Its names; where there are several, each holds a copy of the same values.</param>
/// <param name="Shape">Its shape.</param>
public sealed record ForeignTensor(IReadOnlyList<string> Names, long[] Shape)
{
    /// <summary>Number of elements.</summary>
    public long Elements => Shape.Aggregate(1L, static (product, size) => product * size);
}
