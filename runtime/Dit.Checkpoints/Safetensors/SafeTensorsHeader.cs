using System.Buffers.Binary;
using System.Text.Json;
using System.Text.Unicode;

namespace Dit.Checkpoints;

/// <summary>Reads and checks the header of a safetensors file (github.com/huggingface/safetensors, "Format").</summary>
/// <remarks>
/// Nothing is allocated by a size that the file claims before that size was held against the file's own.
/// </remarks>
internal static class SafeTensorsHeader
{
    /// <summary>The length field, u64 little-endian.</summary>
    public const int LengthBytes = 8;

    /// <summary>The format's own limit on the header.</summary>
    public const long MaxBytes = 100_000_000;

    /// <summary>The key that is no tensor.</summary>
    public const string MetadataKey = "__metadata__";

    // libtorch's iterators stop at 64.
    private const int MaxRank = 64;

    public static TensorTable Read(SourceFile file)
    {
        var json = ReadJson(file);
        var data = LengthBytes + (long)json.Length;
        try
        {
            using var document = JsonDocument.Parse(json, new JsonDocumentOptions { AllowDuplicateProperties = false, MaxDepth = 8 });
            return Table(document.RootElement, file, data);
        }
        catch (JsonException e)
        {
            throw Bad(file, $"its header is not JSON ({OneLine(e.Message)})", e);
        }
        catch (InvalidOperationException e)
        {
            // What System.Text.Json throws for an escape that is no character, such as half of a surrogate pair.
            throw Bad(file, $"its header holds a string that is not text ({OneLine(e.Message)})", e);
        }
    }

    private static byte[] ReadJson(SourceFile file)
    {
        if (file.Length < LengthBytes)
            throw Bad(file, $"{file.Length} bytes are too few for the length of a header");
        var length = BinaryPrimitives.ReadUInt64LittleEndian(file.Read(0, LengthBytes));
        if (length > MaxBytes)
            throw Bad(file, $"its header claims {length} bytes, and the format allows {MaxBytes}");
        if (length > (ulong)(file.Length - LengthBytes))
            throw Bad(file, $"its header claims {length} bytes, but only {file.Length - LengthBytes} follow; is the download complete?");
        var json = file.Read(LengthBytes, (int)length);
        if (!Utf8.IsValid(json))
            throw Bad(file, "its header is not UTF-8");
        return json;
    }

    private static TensorTable Table(JsonElement root, SourceFile file, long data)
    {
        if (root.ValueKind != JsonValueKind.Object)
            throw Bad(file, "its header is not a JSON object");
        var tensors = new OrderedDictionary<string, StoredTensor>(StringComparer.Ordinal);
        IReadOnlyDictionary<string, string> metadata = new OrderedDictionary<string, string>(StringComparer.Ordinal);
        foreach (var property in root.EnumerateObject())
            if (property.Name == MetadataKey)
                metadata = Metadata(property.Value, file);
            else
                tensors.Add(property.Name, Entry(property.Name, property.Value, file, data));
        CheckCover(tensors, file, data);
        return new TensorTable(tensors, metadata);
    }

    private static OrderedDictionary<string, string> Metadata(JsonElement value, SourceFile file)
    {
        if (value.ValueKind != JsonValueKind.Object)
            throw Bad(file, $"its {MetadataKey} is not an object");
        var metadata = new OrderedDictionary<string, string>(StringComparer.Ordinal);
        foreach (var property in value.EnumerateObject())
            metadata.Add(property.Name, property.Value.ValueKind == JsonValueKind.String
                ? property.Value.GetString() ?? ""
                : throw Bad(file, $"its {MetadataKey} maps '{Printable.Of(property.Name)}' to something that is not a string"));
        return metadata;
    }

    private static StoredTensor Entry(string name, JsonElement value, SourceFile file, long data)
    {
        if (value.ValueKind != JsonValueKind.Object)
            throw Bad(file, $"tensor '{Printable.Of(name)}' is not described by an object");
        var type = DType(name, value, file);
        var shape = Integers(name, value, "shape", file);
        if (TensorInfo.ByteCount(type, shape) is not { } bytes)
            throw Bad(file, $"tensor '{Printable.Of(name)}' has an impossible shape {Printable.Of(TensorInfo.ShapeText(shape))}");
        var offsets = Integers(name, value, "data_offsets", file);
        if (offsets is not [var begin, var end] || begin < 0 || end < begin || end > file.Length - data)
            throw Bad(file, $"tensor '{Printable.Of(name)}' lies at [{string.Join(", ", offsets.Take(3))}], "
                + $"outside the {file.Length - data} bytes of data; is the download complete?");
        if (end - begin != bytes && type.Bits > 0)
            throw Bad(file, $"tensor '{Printable.Of(name)}' has {end - begin} bytes, but {type.Name} {TensorInfo.ShapeText(shape)} "
                + $"takes {bytes}");
        return new StoredTensor(TensorInfo.Of(type, shape) with { InFile = end - begin }, data + begin);
    }

    private static ElementType DType(string name, JsonElement value, SourceFile file)
    {
        if (!value.TryGetProperty("dtype", out var dtype) || dtype.ValueKind != JsonValueKind.String)
            throw Bad(file, $"tensor '{Printable.Of(name)}' has no dtype");
        var text = dtype.GetString() ?? "";
        return ElementType.OfSafeTensors(text)
            ?? throw Bad(file, $"tensor '{Printable.Of(name)}' has dtype '{Printable.Of(text)}', which is the name of no type");
    }

    private static long[] Integers(string name, JsonElement value, string key, SourceFile file)
    {
        if (!value.TryGetProperty(key, out var list) || list.ValueKind != JsonValueKind.Array)
            throw Bad(file, $"tensor '{Printable.Of(name)}' has no {key}");
        if (list.GetArrayLength() > MaxRank)
            throw Bad(file, $"tensor '{Printable.Of(name)}' has a {key} of {list.GetArrayLength()} numbers, more than {MaxRank}");
        return [.. list.EnumerateArray().Select(item => item.ValueKind == JsonValueKind.Number && item.TryGetInt64(out var number)
            ? number
            : throw Bad(file, $"tensor '{Printable.Of(name)}' has a {key} that is not a list of integers"))];
    }

    // The tensors, taken by position, must follow on each other from the first byte of the data to the last.
    private static void CheckCover(OrderedDictionary<string, StoredTensor> tensors, SourceFile file, long data)
    {
        var next = data;
        foreach (var (name, stored) in tensors.OrderBy(static t => t.Value.Offset).ThenBy(static t => t.Value.Info.Elements))
        {
            if (stored.Offset < next)
                throw Bad(file, $"tensor '{Printable.Of(name)}' overlaps another one at byte {stored.Offset - data} of the data");
            if (stored.Offset > next)
                throw Bad(file, $"no tensor covers bytes {next - data} to {stored.Offset - data} of the data");
            next += stored.Info.Bytes;
        }
        if (next != file.Length)
            throw Bad(file, $"{file.Length - next} bytes follow the last tensor");
    }

    private static string OneLine(string message) => message.ReplaceLineEndings(" ").TrimEnd('.');

    private static DitException Bad(SourceFile file, string why, Exception? inner = null)
    {
        var message = $"'{file.Path}' is not a valid safetensors file: {why}.".Replace("?.", "?", StringComparison.Ordinal);
        return inner is null ? new DitException(message) : new DitException(message, inner);
    }
}
