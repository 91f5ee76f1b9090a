using System.Buffers;
using System.Buffers.Binary;
using System.Text;

namespace Dit.Runtime;

/// <summary>
/// Writes a message in the wire format of Protocol Buffers, field by field. Each method returns the writer.
/// </summary>
internal sealed class ProtobufWriter
{
    private const int Varint = 0, Fixed64 = 1, Delimited = 2, Fixed32 = 5; // types of the wire format

    private readonly ArrayBufferWriter<byte> buffer = new();

    /// <summary>The message so far.</summary>
    public ReadOnlySpan<byte> Written => buffer.WrittenSpan;

    /// <summary>A whole number that is not negative: <c>int32</c>, <c>int64</c> or an enum.</summary>
    public ProtobufWriter Integer(int field, int value)
    {
        Key(field, Varint);
        return Number((ulong)value);
    }

    /// <summary>A <c>double</c>.</summary>
    public ProtobufWriter Double(int field, double value)
    {
        Key(field, Fixed64);
        BinaryPrimitives.WriteDoubleLittleEndian(buffer.GetSpan(sizeof(double)), value);
        buffer.Advance(sizeof(double));
        return this;
    }

    /// <summary>A <c>float</c>.</summary>
    public ProtobufWriter Float(int field, float value)
    {
        Key(field, Fixed32);
        BinaryPrimitives.WriteSingleLittleEndian(buffer.GetSpan(sizeof(float)), value);
        buffer.Advance(sizeof(float));
        return this;
    }

    /// <summary>A <c>string</c>.</summary>
    public ProtobufWriter Text(int field, string value) => Bytes(field, Encoding.UTF8.GetBytes(value));

    /// <summary>A message inside this one.</summary>
    public ProtobufWriter Message(int field, ProtobufWriter value) => Bytes(field, value.Written);

    /// <summary><c>bytes</c>.</summary>
    public ProtobufWriter Bytes(int field, ReadOnlySpan<byte> value)
    {
        Key(field, Delimited);
        Number((ulong)value.Length);
        buffer.Write(value);
        return this;
    }

    private void Key(int field, int type) => Number((ulong)(field << 3 | type));

    // Seven bits in a byte, the lowest first; the highest bit says that more follow.
    private ProtobufWriter Number(ulong value)
    {
        for (; value >= 0x80; value >>= 7) buffer.Write([(byte)(value | 0x80)]);
        buffer.Write([(byte)value]);
        return this;
    }
}
