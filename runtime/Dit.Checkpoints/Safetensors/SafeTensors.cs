using System.Buffers;
using System.Buffers.Binary;
using System.Text.Encodings.Web;
using System.Text.Json;
using static TorchSharp.torch;

namespace Dit.Checkpoints;

/// <summary>Writes safetensors files (github.com/huggingface/safetensors, "Format").</summary>
public static class SafeTensors
{
    /// <summary>The metadata key by which other libraries know what tensors are of.</summary>
    public const string FormatKey = "format";

    /// <summary>PyTorch: the layout of its parameters.</summary>
    public const string Format = "pt";

    private const int Alignment = 8;

    /// <summary>
    /// Writes tensors, on any device and of any strides; the same tensors in the same order give the same bytes.
    /// </summary>
    /// <param name="path">The file to create or replace; it is whole or it is not there.</param>
    /// <param name="tensors">Names and tensors in the order of the file. They stay the caller's.</param>
    /// <param name="metadata">Strings to keep beside the tensors; written in the order of their keys.</param>
    /// <param name="dtype">
    /// Type to convert tensors of real numbers to; the others, and all by default, keep theirs.
    /// </param>
    /// <exception cref="DitException">
    /// A name occurs twice, a type has no place in the format, or the file cannot be written.
    /// </exception>
    public static void Save(
        string path,
        IEnumerable<(string Name, Tensor Tensor)> tensors,
        IReadOnlyDictionary<string, string>? metadata = null,
        ScalarType? dtype = null)
    {
        TensorSource.RequireReal(path, dtype);
        Write(path, [.. tensors.Select(t => TensorSource.Of(t.Name, t.Tensor, dtype))], metadata);
    }

    /// <summary>
    /// Writes the tensors of another checkpoint, one after the other, so that it need not fit into memory.
    /// </summary>
    /// <param name="path">The file to create or replace; it is whole or it is not there.</param>
    /// <param name="source">The checkpoint, of any format; it stays the caller's.</param>
    /// <param name="metadata">Strings to keep beside the tensors; those of the checkpoint by default.</param>
    /// <param name="dtype">
    /// Type to convert tensors of real numbers to; the others, and all by default, keep theirs.
    /// </param>
    /// <exception cref="DitException">The checkpoint cannot be read or the file cannot be written.</exception>
    public static void Save(
        string path, ICheckpointFile source, IReadOnlyDictionary<string, string>? metadata = null, ScalarType? dtype = null)
    {
        TensorSource.RequireReal(path, dtype);
        Write(path, [.. TensorSource.All(source, dtype)], metadata ?? source.Metadata);
    }

    private static void Write(string path, TensorSource[] tensors, IReadOnlyDictionary<string, string>? metadata)
    {
        var header = Header(path, tensors, metadata);
        AtomicFile.Write(path, stream =>
        {
            stream.Write(header);
            foreach (var tensor in tensors)
                tensor.Write(stream.Write);
        });
    }

    private static byte[] Header(string path, TensorSource[] tensors, IReadOnlyDictionary<string, string>? metadata)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer, new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
        {
            json.WriteStartObject();
            if (metadata is { Count: > 0 })
                WriteMetadata(json, metadata);
            WriteEntries(json, path, tensors);
            json.WriteEndObject();
        }
        var length = (buffer.WrittenCount + Alignment - 1) / Alignment * Alignment;
        if (length > SafeTensorsHeader.MaxBytes)
            throw new DitException($"Cannot save '{path}': its header takes {length} bytes, and the format allows "
                + $"{SafeTensorsHeader.MaxBytes}.");
        var header = new byte[SafeTensorsHeader.LengthBytes + length];
        BinaryPrimitives.WriteUInt64LittleEndian(header, (ulong)length);
        header.AsSpan(SafeTensorsHeader.LengthBytes).Fill((byte)' ');
        buffer.WrittenSpan.CopyTo(header.AsSpan(SafeTensorsHeader.LengthBytes));
        return header;
    }

    private static void WriteMetadata(Utf8JsonWriter json, IReadOnlyDictionary<string, string> metadata)
    {
        json.WriteStartObject(SafeTensorsHeader.MetadataKey);
        foreach (var (key, value) in metadata.OrderBy(static m => m.Key, StringComparer.Ordinal))
            json.WriteString(key, value);
        json.WriteEndObject();
    }

    private static void WriteEntries(Utf8JsonWriter json, string path, TensorSource[] tensors)
    {
        var names = new HashSet<string>(StringComparer.Ordinal) { SafeTensorsHeader.MetadataKey };
        long begin = 0;
        foreach (var (name, info, _) in tensors)
        {
            if (!names.Add(name))
                throw new DitException($"Cannot save '{path}': the name '{name}' is taken already.");
            if (TensorTypes.SafeTensorsName(info.DType) is not { } type)
                throw new DitException($"Cannot save '{path}': tensor '{name}' is {info.DType}; "
                    + $"the format here holds {TensorTypes.SafeTensorsNames}.");
            var end = begin + info.Bytes;
            json.WriteStartObject(name);
            json.WriteString("dtype", type);
            WriteIntegers(json, "shape", info.Shape);
            WriteIntegers(json, "data_offsets", [begin, end]);
            json.WriteEndObject();
            begin = end;
        }
    }

    private static void WriteIntegers(Utf8JsonWriter json, string key, ReadOnlySpan<long> numbers)
    {
        json.WriteStartArray(key);
        foreach (var number in numbers)
            json.WriteNumberValue(number);
        json.WriteEndArray();
    }
}
