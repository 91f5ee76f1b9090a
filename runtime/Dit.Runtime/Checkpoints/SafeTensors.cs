using System.Buffers;
using System.Buffers.Binary;
using System.Text.Encodings.Web;
using System.Text.Json;
using static TorchSharp.torch;

namespace Dit.Runtime;

/// <summary>Writes safetensors files (github.com/huggingface/safetensors, "Format").</summary>
public static class SafeTensors
{
    private const int Alignment = 8;
    private const long PieceElements = 1 << 24;

    /// <summary>Writes tensors, on any device and of any strides; the same tensors in the same order give the same bytes.</summary>
    /// <param name="path">The file to create or replace; it is whole or it is not there.</param>
    /// <param name="tensors">Names and tensors in the order of the file. They stay the caller's.</param>
    /// <param name="metadata">Strings to keep beside the tensors; written in the order of their keys.</param>
    /// <param name="dtype">Type to convert tensors of real numbers to; the others, and all by default, keep theirs.</param>
    /// <exception cref="DitException">A name occurs twice, a type has no place in the format, or the file cannot be written.</exception>
    public static void Save(
        string path,
        IEnumerable<(string Name, Tensor Tensor)> tensors,
        IReadOnlyDictionary<string, string>? metadata = null,
        ScalarType? dtype = null) => SaveDeferred(path, tensors.Select(static t => DeferredTensor.Of(t.Name, t.Tensor)), metadata, dtype);

    /// <summary>Writes tensors that are made one after the other; no more than one of them is held at a time.</summary>
    /// <param name="path">The file to create or replace; it is whole or it is not there.</param>
    /// <param name="tensors">The tensors, in the order of the file.</param>
    /// <param name="metadata">Strings to keep beside the tensors; written in the order of their keys.</param>
    /// <param name="dtype">Type to convert tensors of real numbers to; the others, and all by default, keep theirs.</param>
    /// <exception cref="DitException">A name occurs twice, a type has no place in the format, or the file cannot be written.</exception>
    public static void SaveDeferred(
        string path,
        IEnumerable<DeferredTensor> tensors,
        IReadOnlyDictionary<string, string>? metadata = null,
        ScalarType? dtype = null)
    {
        if (dtype is { } wanted && !TensorTypes.IsFloatingPoint(wanted))
            throw new DitException($"Cannot save '{path}' as {wanted}; the type must be Float64, Float32, Float16 or BFloat16.");
        var entries = tensors.Select(t => (t.Name, t.Read, Info: t.Info with { DType = TypeInFile(t.Info.DType, dtype) })).ToList();
        var header = Header(path, [.. entries.Select(static e => (e.Name, e.Info))], metadata);
        AtomicFile.Write(path, stream =>
        {
            stream.Write(header);
            foreach (var (name, read, info) in entries)
            {
                using var tensor = read();
                if (!tensor.shape.AsSpan().SequenceEqual(info.Shape))
                    throw new InvalidOperationException($"Tensor '{name}' was announced as {info}, and came as {TensorInfo.ShapeText(tensor.shape)}.");
                WriteElements(stream, tensor, info.DType);
            }
        });
    }

    private static ScalarType TypeInFile(ScalarType type, ScalarType? wanted) => TensorTypes.IsFloatingPoint(type) ? wanted ?? type : type;

    private static byte[] Header(string path, List<(string Name, TensorInfo Info)> entries, IReadOnlyDictionary<string, string>? metadata)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer, new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
        {
            json.WriteStartObject();
            if (metadata is { Count: > 0 })
                WriteMetadata(json, metadata);
            WriteEntries(json, path, entries);
            json.WriteEndObject();
        }
        var length = (buffer.WrittenCount + Alignment - 1) / Alignment * Alignment;
        if (length > SafeTensorsHeader.MaxBytes)
            throw new DitException($"Cannot save '{path}': its header takes {length} bytes, and the format allows {SafeTensorsHeader.MaxBytes}.");
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

    private static void WriteEntries(Utf8JsonWriter json, string path, List<(string Name, TensorInfo Info)> entries)
    {
        var names = new HashSet<string>(StringComparer.Ordinal) { SafeTensorsHeader.MetadataKey };
        long begin = 0;
        foreach (var (name, info) in entries)
        {
            if (!names.Add(name))
                throw new DitException($"Cannot save '{path}': the name '{name}' is taken already.");
            if (TensorTypes.SafeTensorsName(info.DType) is not { } type)
                throw new DitException($"Cannot save '{path}': tensor '{name}' is {info.DType}; "
                    + $"the format here holds {TensorTypes.SafeTensorsNames}.");
            var end = begin + info.Elements * TensorTypes.Size(info.DType);
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

    private static void WriteElements(Stream stream, Tensor tensor, ScalarType type)
    {
        if (tensor.NumberOfElements == 0)
            return;
        using var frozen = no_grad();
        using var scope = NewDisposeScope();
        var flat = tensor.contiguous().view(-1); // (elements,)
        for (long start = 0; start < flat.NumberOfElements; start += PieceElements)
        {
            using var pieces = NewDisposeScope();
            var piece = flat.narrow(0, start, Math.Min(PieceElements, flat.NumberOfElements - start));
            stream.Write(piece.to(type, CPU).bytes);
        }
    }
}
