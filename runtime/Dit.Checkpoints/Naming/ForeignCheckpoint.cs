using static TorchSharp.torch;

namespace Dit.Checkpoints;

/// <summary>A file of a model, seen under the names of another convention.</summary>
internal sealed class ForeignCheckpoint : ICheckpointFile
{
    // The rounding of bfloat16 at values near 1, with room.
    private const double Tolerance = 0.02;

    private readonly ICheckpointFile file;
    private readonly OrderedDictionary<string, Part> parts;

    /// <param name="file">A file whose names and shapes are those of the model.</param>
    /// <param name="map">The map.</param>
    /// <exception cref="DitException">
    /// A tensor that the convention computes has other values, which would be lost.
    /// </exception>
    public ForeignCheckpoint(ICheckpointFile file, NameMap map)
    {
        this.file = file;
        foreach (var computed in map.Tensors.OfType<MappedTensor.Computed>().Where(static tensor => tensor.Loss is null))
            RequireComputed(computed, map);
        parts = new(map.Tensors.SelectMany(static tensor => tensor.Match(PartsOf, static _ => [])), StringComparer.Ordinal);
        Tensors = new OrderedDictionary<string, TensorInfo>(
            parts.Select(part => KeyValuePair.Create(part.Key, new TensorInfo(file.Tensors[part.Value.Own].DType, part.Value.Shape))),
                StringComparer.Ordinal);
    }

    public string Path => file.Path;

    public IReadOnlyList<string> Files => file.Files;

    public IReadOnlyDictionary<string, string> Metadata => file.Metadata;

    public IReadOnlyDictionary<string, TensorInfo> Tensors { get; }

    public Tensor Read(string name, Device? device = null, ScalarType? dtype = null)
    {
        using var scope = NewDisposeScope();
        var part = Find(name);
        return file.Read(part.Own, device, dtype).reshape(-1).narrow(0, part.Start, part.Elements).view(part.Shape)
            .MoveToOuterDisposeScope();
    }

    public void CopyInto(string name, Tensor destination)
    {
        var part = Find(name);
        if (!destination.shape.AsSpan().SequenceEqual(part.Shape))
            throw new DitException($"Tensor '{Printable.Of(name)}' of '{Path}' has shape {TensorInfo.ShapeText(part.Shape)}; "
                + $"the tensor to fill has {TensorInfo.ShapeText(destination.shape)}.");
        using var frozen = no_grad();
        using var tensor = Read(name);
        destination.copy_(tensor);
    }

    public void Dispose() => file.Dispose();

    private void RequireComputed(MappedTensor.Computed tensor, NameMap map)
    {
        using var scope = NewDisposeScope();
        var stored = file.Read(tensor.Own.Name, CPU, ScalarType.Float32);
        var computed = empty_like(stored);
        tensor.Fill(computed);
        if (!(stored - computed).abs().max().le(Tolerance).item<bool>())
            throw new DitException($"'{Path}' cannot be written under the names of {map.Convention}, where '{tensor.Own.Name}' is "
                + $"computed and not stored: it holds other values than those of {map.Model}.");
    }

    private Part Find(string name) => parts.TryGetValue(name, out var part)
        ? part
        : throw new DitException($"'{Path}' holds no tensor '{Printable.Of(name)}', under whatever name.");

    private static IEnumerable<KeyValuePair<string, Part>> PartsOf(MappedTensor.Stored tensor)
    {
        long start = 0;
        foreach (var part in tensor.Parts)
        {
            foreach (var name in part.Names)
                yield return KeyValuePair.Create(name, new Part(tensor.Own.Name, start, part.Elements, part.Shape));
            start += part.Elements;
        }
    }

    /// <summary>A part of a tensor: stacked along dimension 0 and row by row, it is one run of elements.</summary>
    private sealed record Part(string Own, long Start, long Elements, long[] Shape);
}
