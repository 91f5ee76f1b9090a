using System.Runtime.InteropServices;
using static TorchSharp.torch;

namespace Dit.Checkpoints;

/// <summary>
/// What the checkpoint formats have in common once their headers are read: elements that lie somewhere in a file.
/// </summary>
public abstract class TensorFile : ICheckpointFile
{
    // Bounds what a conversion holds beside the tensor itself, and fits a span's length in bytes.
    private const long PieceElements = 1 << 24;

    // One read of one thread.
    private const long ReadBytes = 4 << 20;

    private readonly SourceFile _file;
    private readonly OrderedDictionary<string, StoredTensor> _stored;
    private readonly OrderedDictionary<string, TensorInfo> _tensors;

    private protected TensorFile(SourceFile file, TensorTable table)
    {
        _file = file;
        _stored = table.Tensors;
        _tensors = new(_stored.Select(static t => KeyValuePair.Create(t.Key, t.Value.Info)), StringComparer.Ordinal);
        Metadata = table.Metadata;
    }

    /// <inheritdoc/>
    public string Path => _file.Path;

    /// <inheritdoc/>
    public IReadOnlyDictionary<string, string> Metadata { get; }

    /// <inheritdoc/>
    public IReadOnlyDictionary<string, TensorInfo> Tensors => _tensors;

    /// <inheritdoc/>
    public Tensor Read(string name, Device? device = null, ScalarType? dtype = null)
    {
        using var scope = NewDisposeScope();
        var stored = Readable(name);
        var tensor = empty(stored.Info.Shape, dtype ?? stored.Info.DType, device ?? CPU);
        Copy(stored, tensor);
        return tensor.MoveToOuterDisposeScope();
    }

    /// <inheritdoc/>
    public void CopyInto(string name, Tensor destination)
    {
        var stored = Readable(name);
        if (!destination.shape.AsSpan().SequenceEqual(stored.Info.Shape))
            throw new DitException($"Tensor '{Printable.Of(name)}' of '{Path}' has shape {TensorInfo.ShapeText(stored.Info.Shape)}; "
                + $"the tensor to fill has {TensorInfo.ShapeText(destination.shape)}.");
        Copy(stored, destination);
    }

    /// <summary>
    /// Reads one tensor for the values in it that are not finite, by pieces where its elements lie in order.
    /// </summary>
    /// <inheritdoc/>
    public NonFinite? FindNonFinite(string name)
    {
        var stored = Readable(name);
        var type = stored.Info.Element;
        if (!TensorTypes.IsFloatingPoint(stored.Info.DType))
            return null;
        using var scope = NewDisposeScope();
        if (stored.Strides is not null)
            return NonFinite.In(Read(name));
        var scan = new NonFiniteScan(stored.Info.DType);
        var (count, buffer) = (stored.Info.Elements, empty(Math.Min(stored.Info.Elements, PieceElements), type.Raw));
        for (long start = 0; start < count; start += PieceElements)
        {
            using var pieces = NewDisposeScope();
            var piece = buffer.narrow(0, 0, Math.Min(PieceElements, count - start));
            Fill(piece, stored.Offset + start * type.Size);
            scan.Add(Decoded(piece, type).bytes);
        }
        return scan.Result(stored.Info.Shape);
    }

    /// <summary>
    /// Reads one row of a tensor, that is what lies at one index of its first dimension, into another tensor that
    /// exists.
    /// </summary>
    /// <param name="name">Its name; its elements must lie in order, as in every safetensors file.</param>
    /// <param name="row">The index, which must exist.</param>
    /// <param name="destination">A tensor of the shape of a row.</param>
    /// <exception cref="DitException">There is no such tensor, or the file cannot be read.</exception>
    internal void CopyRowInto(string name, long row, Tensor destination)
    {
        var whole = Readable(name);
        var info = TensorInfo.Of(whole.Info.Element, whole.Info.Shape[1..]);
        Copy(new StoredTensor(info, whole.Offset + row * info.Bytes), destination);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _file.Dispose();
        GC.SuppressFinalize(this);
    }

    /// <summary>A tensor of a pickle that can be described but not read.</summary>
    private protected static StoredTensor Unreadable(PickleValue tensor) => tensor is PickleValue.Opaque { Info: var info }
        ? new(info, 0)
        : throw new InvalidOperationException("A tensor of a pickle is a view of a storage or opaque.");

    private StoredTensor Readable(string name) => Find(name) is { Info: { Refusal: { } why } info }
        ? throw new DitException($"Tensor '{Printable.Of(name)}' of '{Path}', {info.TypeName} {TensorInfo.ShapeText(info.Shape)}, cannot "
            + $"be read: {why}.")
        : Find(name);

    private StoredTensor Find(string name) => _stored.TryGetValue(name, out var stored)
        ? stored
        : throw new DitException($"'{Path}' holds no tensor '{Printable.Of(name)}'; it holds {Printable.Some(_stored.Keys)}.");

    private void Copy(StoredTensor stored, Tensor destination)
    {
        using var frozen = no_grad();
        using var scope = NewDisposeScope();
        if (stored.Info.Elements == 0)
            return;
        if (stored.Strides is not null || !destination.is_contiguous())
            CopyWhole(stored, destination);
        else if (destination.device_type == TorchSharp.DeviceType.CPU && destination.dtype == stored.Info.Element.Raw
            && stored.Info.Element.Decoding is null)
            Fill(destination.view(-1), stored.Offset);
        else
            CopyPieces(stored, destination.view(-1));
    }

    // Elements that lie apart, in the file or in memory, are read as they lie and then put in place by libtorch.
    private void CopyWhole(StoredTensor stored, Tensor destination)
    {
        var raw = empty(stored.Span, stored.Info.Element.Raw);
        Fill(raw, stored.Offset);
        var elements = Decoded(raw, stored.Info.Element);
        destination.copy_(stored.Strides is { } strides
            ? elements.as_strided(stored.Info.Shape, strides)
            : elements.view(stored.Info.Shape));
    }

    // Another type or device: by pieces, so that no second copy of the whole tensor exists.
    private void CopyPieces(StoredTensor stored, Tensor flat)
    {
        var type = stored.Info.Element;
        var count = flat.NumberOfElements;
        var buffer = empty(Math.Min(count, PieceElements), type.Raw);
        for (long start = 0; start < count; start += PieceElements)
        {
            using var scope = NewDisposeScope();
            var length = Math.Min(PieceElements, count - start);
            var piece = buffer.narrow(0, 0, length);
            Fill(piece, stored.Offset + start * type.Size);
            flat.narrow(0, start, length).copy_(Decoded(piece, type));
        }
    }

    // raw: (elements,), as they lie in the file. What is read as a wider type is looked up, byte by byte.
    private static Tensor Decoded(Tensor raw, ElementType type)
    {
        if (type.Decoding is not { } values)
            return raw;
        var decoded = empty(raw.NumberOfElements, type.DType);
        for (long start = 0; start < raw.NumberOfElements; start += PieceElements)
        {
            var length = Math.Min(PieceElements, raw.NumberOfElements - start);
            using var source = raw.narrow(0, start, length);
            using var target = decoded.narrow(0, start, length);
            var from = source.bytes;
            var to = MemoryMarshal.Cast<byte, float>(target.bytes);
            for (var i = 0; i < from.Length; i++)
                to[i] = values[from[i]];
        }
        return decoded;
    }

    // flat: (elements,), contiguous, on the CPU, of the type in the file. The bytes go straight into its memory, by
    // several threads where they are many: a core alone is slower at filling fresh memory than the system is at handing
    // out the bytes.
    private void Fill(Tensor flat, long offset)
    {
        var (count, size) = (flat.NumberOfElements, flat.ElementSize);
        var length = ReadBytes / size;
        ParallelFor.Run((count + length - 1) / length, i =>
        {
            using var frozen = no_grad(); // a setting of the thread
            using var piece = flat.narrow(0, i * length, Math.Min(length, count - i * length));
            FreshMemory.Populate(piece.bytes);
            _file.Read(offset + i * length * size, piece.bytes);
        });
    }
}

/// <summary>What the header of a checkpoint comes to.</summary>
/// <param name="Tensors">Every tensor, in the order of the file.</param>
/// <param name="Metadata">What the file says besides.</param>
internal sealed record TensorTable(OrderedDictionary<string, StoredTensor> Tensors, IReadOnlyDictionary<string, string> Metadata);
