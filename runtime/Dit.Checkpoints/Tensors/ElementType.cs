using System.Text.RegularExpressions;
using static TorchSharp.torch;

namespace Dit.Checkpoints;

/// <summary>
/// A type that elements have in a file. More types are known than are read: a tensor of any of them can be listed.
/// </summary>
/// <param name="Name">What the type is called, as PyTorch does: <c>Float8_e4m3fn</c>.</param>
/// <param name="Bits">Bits of an element; 0 where they are not known.</param>
/// <param name="DType">
/// The type of a tensor once it is read; where <paramref name="Refusal"/> says that it is not, the nearest, or
/// <c>Byte</c>.
/// </param>
/// <param name="SafeTensors">Its name in a safetensors header, or null.</param>
/// <param name="Storage">Its storage class of the module <c>torch</c>, or null.</param>
/// <param name="Torch">Its dtype of the module <c>torch</c>, or null.</param>
/// <param name="Refusal">Why tensors of it are not read, for the end of a sentence; null where they are.</param>
internal sealed partial record ElementType(
    string Name, int Bits, ScalarType DType, string? SafeTensors, string? Storage, string? Torch, string? Refusal = null)
{
    private const string NoReal = "its values are no real numbers", NoType = "no tensor here has that type", Quantized = "it is quantized";

    /// <summary>Every type that is known.</summary>
    public static IReadOnlyList<ElementType> All { get; } =
    [
        new("Float64", 64, ScalarType.Float64, "F64", "DoubleStorage", "float64"),
        new("Float32", 32, ScalarType.Float32, "F32", "FloatStorage", "float32"),
        new("Float16", 16, ScalarType.Float16, "F16", "HalfStorage", "float16"),
        new("BFloat16", 16, ScalarType.BFloat16, "BF16", "BFloat16Storage", "bfloat16"),
        new("Int64", 64, ScalarType.Int64, "I64", "LongStorage", "int64"),
        new("Int32", 32, ScalarType.Int32, "I32", "IntStorage", "int32"),
        new("Int16", 16, ScalarType.Int16, "I16", "ShortStorage", "int16"),
        new("Int8", 8, ScalarType.Int8, "I8", "CharStorage", "int8"),
        new("Byte", 8, ScalarType.Byte, "U8", "ByteStorage", "uint8"),
        new("Bool", 8, ScalarType.Bool, "BOOL", "BoolStorage", "bool"),
        new("Float8_e4m3fn", 8, ScalarType.Float32, "F8_E4M3", null, "float8_e4m3fn"),
        new("Float8_e5m2", 8, ScalarType.Float32, "F8_E5M2", null, "float8_e5m2"),
        new("Float8_e4m3fnuz", 8, ScalarType.Float32, "F8_E4M3FNUZ", null, "float8_e4m3fnuz"),
        new("Float8_e5m2fnuz", 8, ScalarType.Float32, "F8_E5M2FNUZ", null, "float8_e5m2fnuz"),
        new("Float8_e8m0fnu", 8, ScalarType.Float32, "F8_E8M0", null, "float8_e8m0fnu", "its values are scales of other tensors"),
        new("Float4_e2m1fn", 4, ScalarType.Float32, "F4", null, null, NoType),
        new("Float4_e2m1fn_x2", 8, ScalarType.Float32, null, null, "float4_e2m1fn_x2", NoType),
        new("Float6_e2m3", 6, ScalarType.Float32, "F6_E2M3", null, null, NoType),
        new("Float6_e3m2", 6, ScalarType.Float32, "F6_E3M2", null, null, NoType),
        new("UInt16", 16, ScalarType.Byte, "U16", "UInt16Storage", "uint16", NoType),
        new("UInt32", 32, ScalarType.Byte, "U32", "UInt32Storage", "uint32", NoType),
        new("UInt64", 64, ScalarType.Byte, "U64", "UInt64Storage", "uint64", NoType),
        new("ComplexFloat16", 32, ScalarType.Byte, null, "ComplexHalfStorage", "complex32", NoReal),
        new("ComplexFloat32", 64, ScalarType.ComplexFloat32, "C64", "ComplexFloatStorage", "complex64", NoReal),
        new("ComplexFloat64", 128, ScalarType.ComplexFloat64, "C128", "ComplexDoubleStorage", "complex128", NoReal),
        new("QInt8", 8, ScalarType.Byte, null, "QInt8Storage", "qint8", Quantized),
        new("QUInt8", 8, ScalarType.Byte, null, "QUInt8Storage", "quint8", Quantized),
        new("QInt32", 32, ScalarType.Byte, null, "QInt32Storage", "qint32", Quantized),
        new("QUInt4x2", 8, ScalarType.Byte, null, "QUInt4x2Storage", "quint4x2", Quantized),
        new("QUInt2x4", 8, ScalarType.Byte, null, "QUInt2x4Storage", "quint2x4", Quantized),
        new("Bits8", 8, ScalarType.Byte, null, null, "bits8", NoType),
        new("Bits16", 16, ScalarType.Byte, null, null, "bits16", NoType),
        new("Bits1x8", 8, ScalarType.Byte, null, null, "bits1x8", NoType),
        new("Bits2x4", 8, ScalarType.Byte, null, null, "bits2x4", NoType),
        new("Bits4x2", 8, ScalarType.Byte, null, null, "bits4x2", NoType),
    ];

    /// <summary>Bytes of which a type is to be chosen, as files of newer types name them.</summary>
    public static ElementType Untyped { get; } = new("bytes", 8, ScalarType.Byte, null, "UntypedStorage", null);

    private static readonly float[] E4M3 = Float8.Table(exponentBits: 4, bias: 7, Float8.Specials.OnlyNaN);
    private static readonly float[] E5M2 = Float8.Table(exponentBits: 5, bias: 15, Float8.Specials.AsIeee);
    private static readonly float[] E4M3Unsigned0 = Float8.Table(exponentBits: 4, bias: 8, Float8.Specials.NaNForNegativeZero);
    private static readonly float[] E5M2Unsigned0 = Float8.Table(exponentBits: 5, bias: 16, Float8.Specials.NaNForNegativeZero);

    /// <summary>Bytes of an element that takes whole bytes.</summary>
    public int Size => Bits / 8;

    /// <summary>
    /// The value of every byte, of a type of 8 bits that is read as a wider one; null for types that are read as they
    /// are.
    /// </summary>
    public float[]? Decoding => Name switch
    {
        "Float8_e4m3fn" => E4M3,
        "Float8_e5m2" => E5M2,
        "Float8_e4m3fnuz" => E4M3Unsigned0,
        "Float8_e5m2fnuz" => E5M2Unsigned0,
        _ => null,
    };

    /// <summary>
    /// The type to read elements as: a bool of any other bit pattern than 0 and 1 is undefined, a byte is not.
    /// </summary>
    public ScalarType Raw => Decoding is not null || DType == ScalarType.Bool ? ScalarType.Byte : DType;

    /// <summary>The type that a tensor of a type of libtorch has in a file.</summary>
    public static ElementType Of(ScalarType type) =>
        All.FirstOrDefault(known => known.DType == type && known.Decoding is null) ?? Unknown($"{type}");

    /// <summary>The type of a name in a safetensors header; null for what can be none.</summary>
    public static ElementType? OfSafeTensors(string name) =>
        All.FirstOrDefault(type => type.SafeTensors == name) ?? (TypeName().IsMatch(name) ? Unknown(name) : null);

    /// <summary>The type of a storage class of the module <c>torch</c>; null for what can be none.</summary>
    public static ElementType? OfStorage(string name) =>
        name == Untyped.Storage ? Untyped
        : All.FirstOrDefault(type => type.Storage == name) ?? (StorageName().IsMatch(name) ? Unknown(name[..^"Storage".Length]) : null);

    /// <summary>The type of a dtype of the module <c>torch</c>; null when unknown.</summary>
    public static ElementType? OfTorch(string name) => All.FirstOrDefault(type => type.Torch == name);

    /// <summary>A type of which no more than the name is known.</summary>
    public static ElementType Unknown(string name) => new(name, 0, ScalarType.Byte, null, null, null, "that type is not known here");

    /// <summary>
    /// Bytes of so many elements, or null where they do not fill whole bytes or are too many to count.
    /// </summary>
    public long? Bytes(Int128 elements) =>
        elements * Bits is var bits && bits % 8 == 0 && bits / 8 <= long.MaxValue ? (long)(bits / 8) : null;

    [GeneratedRegex("^[A-Z][A-Z0-9_]{0,23}$")]
    private static partial Regex TypeName();

    [GeneratedRegex("^[A-Z][A-Za-z0-9_]{0,23}Storage$")]
    private static partial Regex StorageName();
}
