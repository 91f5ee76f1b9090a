using static TorchSharp.torch;

namespace Dit.Checkpoints;

/// <summary>A file of another convention, seen under a model's own names.</summary>
internal sealed class RenamedCheckpoint : ICheckpointFile
{
    // Bounds what comparing copies holds beside them.
    private const long PieceElements = 1 << 24;

    private readonly ICheckpointFile file;
    private readonly Dictionary<string, MappedTensor> mapped;
    private readonly OrderedDictionary<string, TensorInfo> tensors;

    /// <param name="file">A file whose names and shapes are those of the map.</param>
    /// <param name="map">The map.</param>
    /// <exception cref="DitException">Copies or parts of one tensor do not agree.</exception>
    public RenamedCheckpoint(ICheckpointFile file, NameMap map)
    {
        this.file = file;
        mapped = map.Tensors.ToDictionary(static tensor => tensor.Own.Name, StringComparer.Ordinal);
        // What is computed has the type of what is stored: a model in float16 keeps its tables so.
        var computed = map.Foreign.Select(entry => file.Tensors[entry.Name].DType).DefaultIfEmpty(ScalarType.Float32).First();
        tensors = new(map.Tensors.Select(tensor =>
            KeyValuePair.Create(tensor.Own.Name, new TensorInfo(TypeOf(tensor, computed), tensor.Own.Shape))), StringComparer.Ordinal);
        foreach (var part in map.Tensors.SelectMany(static tensor => tensor.Match(static stored => stored.Parts, static _ => [])))
            RequireEqualCopies(part);
    }

    public string Path => file.Path;

    public IReadOnlyList<string> Files => file.Files;

    public IReadOnlyDictionary<string, string> Metadata => file.Metadata;

    public IReadOnlyDictionary<string, TensorInfo> Tensors => tensors;

    public Tensor Read(string name, Device? device = null, ScalarType? dtype = null)
    {
        using var scope = NewDisposeScope();
        var own = Find(name).Own;
        var tensor = empty(own.Shape, dtype ?? tensors[name].DType, device ?? CPU);
        CopyInto(name, tensor);
        return tensor.MoveToOuterDisposeScope();
    }

    public void CopyInto(string name, Tensor destination)
    {
        var tensor = Find(name);
        if (!destination.shape.AsSpan().SequenceEqual(tensor.Own.Shape))
            throw new DitException($"Tensor '{Printable.Of(name)}' of '{Path}' has shape {TensorInfo.ShapeText(tensor.Own.Shape)}; "
                + $"the tensor to fill has {TensorInfo.ShapeText(destination.shape)}.");
        using var frozen = no_grad();
        using var scope = NewDisposeScope();
        if (destination.is_contiguous())
            Fill(tensor, destination.detach());
        else
            destination.copy_(Read(name, destination.device, destination.dtype));
    }

    public void Dispose() => file.Dispose();

    private MappedTensor Find(string name) => mapped.TryGetValue(name, out var tensor)
        ? tensor
        : throw new DitException($"'{Path}' holds no tensor '{Printable.Of(name)}', under whatever name.");

    // destination: contiguous. Each part is one run of its elements, so a part is read where it belongs.
    private void Fill(MappedTensor tensor, Tensor destination)
    {
        if (tensor is MappedTensor.Computed computed)
            computed.Fill(destination);
        var flat = destination.view(-1);
        long start = 0;
        foreach (var part in PartsOf(tensor))
        {
            file.CopyInto(part.Names[0], flat.narrow(0, start, part.Elements).view(part.Shape));
            start += part.Elements;
        }
    }

    private static IReadOnlyList<ForeignTensor> PartsOf(MappedTensor tensor) => tensor.Match(static stored => stored.Parts, static _ => []);

    /// <summary>The type of all parts and copies.</summary>
    private ScalarType TypeOf(MappedTensor tensor, ScalarType computed)
    {
        string[] names = [.. PartsOf(tensor).SelectMany(static part => part.Names)];
        if (names.Length == 0)
            return computed;
        var type = file.Tensors[names[0]].DType;
        return names.FirstOrDefault(name => file.Tensors[name].DType != type) is not { } other
            ? type
            : throw new DitException($"'{Path}' is damaged: '{names[0]}' is {type} and '{other}' is {file.Tensors[other].DType}; "
                + $"both belong to the tensor '{tensor.Own.Name}' and must be of one type.");
    }

    private void RequireEqualCopies(ForeignTensor part)
    {
        if (part.Names.Count < 2)
            return;
        using var scope = NewDisposeScope();
        var first = file.Read(part.Names[0]);
        foreach (var name in part.Names.Skip(1))
        {
            using var copy = file.Read(name);
            if (!SameBits(first.view(-1), copy.view(-1)))
                throw new DitException($"'{Path}' cannot be read as one model: '{part.Names[0]}' and '{name}' must hold the same values, "
                    + "and they differ.");
        }
    }

    // Bits and not numbers: a NaN is equal to itself, and -0 is not 0.
    private static bool SameBits(Tensor a, Tensor b)
    {
        for (long start = 0; start < a.NumberOfElements; start += PieceElements)
        {
            var count = Math.Min(PieceElements, a.NumberOfElements - start);
            using var left = a.narrow(0, start, count);
            using var right = b.narrow(0, start, count);
            if (!left.bytes.SequenceEqual(right.bytes))
                return false;
        }
        return true;
    }
}
