using System.Buffers.Binary;
using System.Globalization;
using System.Numerics;

namespace Dit.Checkpoints;

/// <summary>
/// A file as <c>torch.save</c> wrote it before PyTorch 1.6, and still does on request: five pickles, then the storages
/// one after the other.
/// </summary>
/// <remarks>
/// The pickles are a magic number, the protocol, the machine that wrote it, the object, and the keys of the storages in
/// their order. Names and values show as those of a <see cref="TorchArchive"/>, and the same closed interpreter reads
/// them.
/// </remarks>
public sealed class LegacyTorchFile : TensorFile
{
    private const int MaxPickleBytes = 32 << 20;
    private const int MagicWithin = 32;
    private const long Protocol = 1001;
    private const int CountBytes = sizeof(long);

    // As protocols 0 and 1 write the number.
    private static readonly byte[] MagicLine = "L119547037146038801333356L\n"u8.ToArray();

    private static readonly BigInteger Magic = BigInteger.Parse("1950a86a20f9469cfc6c", NumberStyles.HexNumber,
        CultureInfo.InvariantCulture);

    private LegacyTorchFile(SourceFile file, TensorTable table) : base(file, table) { }

    /// <summary>Opens a file and checks everything it says of its tensors; none is read yet.</summary>
    /// <param name="path">The file; its name does not matter.</param>
    /// <exception cref="DitException">
    /// There is no such file, it is no file of torch.save, or it holds more than tensors and plain values.
    /// </exception>
    public static LegacyTorchFile Open(string path) => Open(SourceFile.Open(path));

    internal static LegacyTorchFile Open(SourceFile file)
    {
        try
        {
            return new LegacyTorchFile(file, Table(file));
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>Whether a file begins with a pickle, of any protocol, of the magic number.</summary>
    internal static bool IsStart(ReadOnlySpan<byte> start) => start.StartsWith(MagicLine)
        || (start.StartsWith([(byte)0x80]) && start[..Math.Min(start.Length, MagicWithin)].IndexOf(Magic.ToByteArray()) >= 0);

    private static TensorTable Table(SourceFile file)
    {
        var bytes = file.Read(0, (int)Math.Min(file.Length, MaxPickleBytes));
        var (at, storages) = (0, new List<PickleValue.Storage>());
        PickleValue Next() => PickleReader.Read(file.Path, bytes, ref at, storages);
        CheckMagic(file, Next());
        CheckProtocol(file, Next());
        CheckMachine(file, Next());
        var flat = PickleFlattening.Flatten(file.Path, Next());
        var keys = Keys(file, Next());
        var offsets = Offsets(file, keys, Types(file, storages), at);
        var tensors = new OrderedDictionary<string, StoredTensor>(StringComparer.Ordinal);
        foreach (var (name, tensor) in flat.Tensors)
            tensors.Add(name, tensor is PickleValue.Tensor view ? Locate(file, name, view, offsets) : Unreadable(tensor));
        return new TensorTable(tensors, flat.Values);
    }

    private static void CheckMagic(SourceFile file, PickleValue value)
    {
        if (value is not PickleValue.Scalar { Value: BigInteger number } || number != Magic)
            throw Bad(file, "it does not begin with the magic number");
    }

    private static void CheckProtocol(SourceFile file, PickleValue value)
    {
        if (value is not PickleValue.Scalar { Integer: { } protocol })
            throw Bad(file, "its protocol is not a number");
        if (protocol != Protocol)
            throw Bad(file, $"its protocol is {protocol}, and only {Protocol} is known");
    }

    private static void CheckMachine(SourceFile file, PickleValue value)
    {
        if (value is not PickleValue.Map machine)
            throw Bad(file, "it does not say what machine wrote it");
        if (machine.Items.Any(static item =>
            item is { Key: PickleValue.Scalar { Text: "little_endian" }, Value: PickleValue.Scalar { Value: false } }))
            throw new DitException($"'{file.Path}' was written on a big-endian machine; save it again on a little-endian one.");
    }

    private static string[] Keys(SourceFile file, PickleValue value)
    {
        if (value is not PickleValue.Sequence list)
            throw Bad(file, "it does not list its storages");
        string[] keys = [.. list.Items.Select(item =>
            item is PickleValue.Scalar { Text: { } key } ? key : throw Bad(file, "a storage in its list has no name"))];
        return keys.Length == keys.Distinct(StringComparer.Ordinal).Count() ? keys : throw Bad(file, "it lists a storage twice");
    }

    private static Dictionary<string, ElementType> Types(SourceFile file, List<PickleValue.Storage> storages)
    {
        var types = new Dictionary<string, ElementType>(StringComparer.Ordinal);
        foreach (var storage in storages)
            if (!types.TryAdd(storage.Key, storage.Type) && types[storage.Key] != storage.Type)
                throw Bad(file, $"storage '{Printable.Of(storage.Key)}' is both {types[storage.Key].Name} and {storage.Type.Name}");
        return types;
    }

    // Each storage is its number of elements and then these, without gaps.
    private static Dictionary<string, (long Offset, long Elements)> Offsets(
        SourceFile file, string[] keys, Dictionary<string, ElementType> types, long at)
    {
        var offsets = new Dictionary<string, (long Offset, long Elements)>(StringComparer.Ordinal);
        foreach (var key in keys)
        {
            if (!types.TryGetValue(key, out var type))
                throw Bad(file, $"it lists storage '{Printable.Of(key)}', which no tensor uses");
            if (file.Length - at < CountBytes)
                throw Bad(file, $"it ends before storage '{Printable.Of(key)}'; is the download complete?");
            if (type.Size == 0)
                throw Bad(file, $"storage '{Printable.Of(key)}' is of the type '{type.Name}', whose size is not known");
            var elements = BinaryPrimitives.ReadInt64LittleEndian(file.Read(at, CountBytes));
            at += CountBytes;
            if (elements < 0 || elements > (file.Length - at) / type.Size)
                throw Bad(file, $"storage '{Printable.Of(key)}' claims {elements} elements of {type.Size} bytes, "
                    + $"but only {file.Length - at} bytes follow; is the download complete?");
            offsets.Add(key, (at, elements));
            at += elements * type.Size;
        }
        return at == file.Length ? offsets : throw Bad(file, $"{file.Length - at} bytes follow the last storage");
    }

    private static StoredTensor Locate(
        SourceFile file, string name, PickleValue.Tensor tensor, Dictionary<string, (long Offset, long Elements)> offsets)
    {
        var storage = tensor.Source;
        if (!offsets.TryGetValue(storage.Key, out var place))
            throw new DitException($"'{file.Path}' lacks the elements of tensor '{Printable.Of(name)}' (storage "
                + $"{Printable.Of(storage.Key)}).");
        return storage.First + storage.Elements <= place.Elements
            ? tensor.At(place.Offset)
            : throw new DitException($"'{file.Path}' holds {place.Elements} elements for tensor '{Printable.Of(name)}', but claims "
                + $"{storage.First + storage.Elements}.");
    }

    private static DitException Bad(SourceFile file, string why) =>
        new($"'{file.Path}' is not a valid file of torch.save before PyTorch 1.6: {why}{(why.EndsWith('?') ? "" : ".")}");
}
