using static TorchSharp.torch;

namespace Dit.Runtime;

/// <summary>The element types that checkpoints hold, under the names of each format.</summary>
internal static class TensorTypes
{
    private static readonly (ScalarType Type, string SafeTensors, string TorchStorage, int Size)[] All =
    [
        (ScalarType.Float64, "F64", "DoubleStorage", 8),
        (ScalarType.Float32, "F32", "FloatStorage", 4),
        (ScalarType.Float16, "F16", "HalfStorage", 2),
        (ScalarType.BFloat16, "BF16", "BFloat16Storage", 2),
        (ScalarType.Int64, "I64", "LongStorage", 8),
        (ScalarType.Int32, "I32", "IntStorage", 4),
        (ScalarType.Int16, "I16", "ShortStorage", 2),
        (ScalarType.Int8, "I8", "CharStorage", 1),
        (ScalarType.Byte, "U8", "ByteStorage", 1),
        (ScalarType.Bool, "BOOL", "BoolStorage", 1),
    ];

    /// <summary>Bytes of one element.</summary>
    public static int Size(ScalarType type) => All.First(t => t.Type == type).Size;

    /// <summary>The name in a safetensors header, or null for a type that the format or this library does not have.</summary>
    public static string? SafeTensorsName(ScalarType type) => All.FirstOrDefault(t => t.Type == type).SafeTensors;

    /// <summary>The storage class of the module <c>torch</c>, or null for a type that this library does not have.</summary>
    public static string? TorchStorage(ScalarType type) => All.FirstOrDefault(t => t.Type == type).TorchStorage;

    /// <summary>The type of a name in a safetensors header, or null when unknown.</summary>
    public static ScalarType? OfSafeTensors(string name) => Find(t => t.SafeTensors == name);

    /// <summary>The type of a storage class of the module <c>torch</c>, or null when unknown.</summary>
    public static ScalarType? OfTorchStorage(string name) => Find(t => t.TorchStorage == name);

    /// <summary>All names of a safetensors header, for messages.</summary>
    public static string SafeTensorsNames => string.Join(", ", All.Select(t => t.SafeTensors));

    /// <summary>All types, for messages.</summary>
    public static string Names => string.Join(", ", All.Select(t => t.Type));

    /// <summary>Whether values of the type are real numbers: only between such types does a conversion keep the meaning.</summary>
    public static bool IsFloatingPoint(ScalarType type) =>
        type is ScalarType.Float64 or ScalarType.Float32 or ScalarType.Float16 or ScalarType.BFloat16;

    /// <summary>The type to read elements as: a bool of any other bit pattern than 0 and 1 is undefined, a byte is not.</summary>
    public static ScalarType Raw(ScalarType type) => type == ScalarType.Bool ? ScalarType.Byte : type;

    private static ScalarType? Find(Func<(ScalarType Type, string SafeTensors, string TorchStorage, int Size), bool> which)
    {
        foreach (var type in All)
            if (which(type))
                return type.Type;
        return null;
    }
}
