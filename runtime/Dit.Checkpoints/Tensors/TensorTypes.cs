using static TorchSharp.torch;

namespace Dit.Checkpoints;

/// <summary>The types that tensors have here, under the names of each format.</summary>
internal static class TensorTypes
{
    private static readonly ElementType[] Native = [.. ElementType.All.Where(static type => type.Refusal is null && type.Decoding is null)];

    /// <summary>Bytes of one element.</summary>
    public static int Size(ScalarType type) => ElementType.Of(type).Size;

    /// <summary>
    /// The name in a safetensors header, or null for a type that the format or this library does not have.
    /// </summary>
    public static string? SafeTensorsName(ScalarType type) => Find(type)?.SafeTensors;

    /// <summary>
    /// The storage class of the module <c>torch</c>, or null for a type that this library does not have.
    /// </summary>
    public static string? TorchStorage(ScalarType type) => Find(type)?.Storage;

    /// <summary>All names of a safetensors header, for messages.</summary>
    public static string SafeTensorsNames => string.Join(", ", Native.Select(static type => type.SafeTensors));

    /// <summary>All types, for messages.</summary>
    public static string Names => string.Join(", ", Native.Select(static type => type.Name));

    /// <summary>
    /// Whether values of the type are real numbers: only between such types does a conversion keep the meaning.
    /// </summary>
    public static bool IsFloatingPoint(ScalarType type) =>
        type is ScalarType.Float64 or ScalarType.Float32 or ScalarType.Float16 or ScalarType.BFloat16;

    private static ElementType? Find(ScalarType type) => Native.FirstOrDefault(known => known.DType == type);
}
