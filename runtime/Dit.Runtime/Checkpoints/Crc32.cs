using System.Buffers.Binary;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Dit.Runtime;

/// <summary>The checksum of zip archives: CRC-32 of ISO 3309, the reflected polynomial 0xEDB88320.</summary>
/// <remarks>
/// A model is gigabytes. Where the processor multiplies without carry, 64 bytes are folded into the next 64 (Gopal et al., "Fast CRC Computation for
/// Generic Polynomials Using PCLMULQDQ Instruction", Intel, 2009); elsewhere eight tables take eight bytes a step ("slicing-by-8", Kounavis and Berry, 2005).
/// </remarks>
internal struct Crc32
{
    private const uint Polynomial = 0xEDB88320;
    private const int Slices = 8;
    private const int Lane = 16;
    private const int Lanes = 4 * Lane;

    // x^(8 k + 32) and x^(8 k - 32) modulo the polynomial, reflected, for a step over k bytes.
    private static readonly Vector128<ulong> Over64 = Vector128.Create(0x154442bd4UL, 0x1c6e41596UL);
    private static readonly Vector128<ulong> Over16 = Vector128.Create(0x1751997d0UL, 0x0ccaa009eUL);

    private static readonly uint[][] Tables = MakeTables();

    private uint _state;

    /// <summary>The checksum of all bytes so far; 0 of none.</summary>
    public readonly uint Value => _state;

    public void Append(ReadOnlySpan<byte> bytes)
    {
        var crc = ~_state;
        if (Pclmulqdq.IsSupported && bytes.Length >= Lanes)
            crc = Fold(crc, ref bytes);
        _state = ~Slice(crc, bytes);
    }

    // What is left in the last lane has the remainder of all that was folded into it.
    private static uint Fold(uint crc, ref ReadOnlySpan<byte> bytes)
    {
        var (a, b, c, d) = (Load(bytes) ^ Vector128.CreateScalar((ulong)crc), Load(bytes[Lane..]), Load(bytes[(2 * Lane)..]), Load(bytes[(3 * Lane)..]));
        for (bytes = bytes[Lanes..]; bytes.Length >= Lanes; bytes = bytes[Lanes..])
        {
            a = Step(a, Over64) ^ Load(bytes);
            b = Step(b, Over64) ^ Load(bytes[Lane..]);
            c = Step(c, Over64) ^ Load(bytes[(2 * Lane)..]);
            d = Step(d, Over64) ^ Load(bytes[(3 * Lane)..]);
        }
        a = Step(Step(Step(a, Over16) ^ b, Over16) ^ c, Over16) ^ d;
        for (; bytes.Length >= Lane; bytes = bytes[Lane..])
            a = Step(a, Over16) ^ Load(bytes);
        Span<byte> last = stackalloc byte[Lane];
        a.AsByte().CopyTo(last);
        return Slice(0, last);
    }

    private static Vector128<ulong> Load(ReadOnlySpan<byte> bytes) => Vector128.Create(bytes).AsUInt64();

    private static Vector128<ulong> Step(Vector128<ulong> lane, Vector128<ulong> over) =>
        Pclmulqdq.CarrylessMultiply(lane, over, 0x00) ^ Pclmulqdq.CarrylessMultiply(lane, over, 0x11);

    private static uint Slice(uint crc, ReadOnlySpan<byte> bytes)
    {
        var (t0, t1, t2, t3, t4, t5, t6, t7) = (Tables[0], Tables[1], Tables[2], Tables[3], Tables[4], Tables[5], Tables[6], Tables[7]);
        for (; bytes.Length >= Slices; bytes = bytes[Slices..])
        {
            var low = BinaryPrimitives.ReadUInt32LittleEndian(bytes) ^ crc;
            var high = BinaryPrimitives.ReadUInt32LittleEndian(bytes[4..]);
            crc = t7[(byte)low] ^ t6[(byte)(low >> 8)] ^ t5[(byte)(low >> 16)] ^ t4[low >> 24]
                ^ t3[(byte)high] ^ t2[(byte)(high >> 8)] ^ t1[(byte)(high >> 16)] ^ t0[high >> 24];
        }
        foreach (var value in bytes)
            crc = t0[(byte)(crc ^ value)] ^ (crc >> 8);
        return crc;
    }

    // Table k takes a byte k places before the end of the eight.
    private static uint[][] MakeTables()
    {
        var tables = new uint[Slices][];
        for (var k = 0; k < Slices; k++)
        {
            tables[k] = new uint[256];
            for (uint i = 0; i < 256; i++)
                tables[k][i] = k == 0 ? OneByte(i) : tables[0][(byte)tables[k - 1][i]] ^ (tables[k - 1][i] >> 8);
        }
        return tables;
    }

    private static uint OneByte(uint value)
    {
        for (var bit = 0; bit < 8; bit++)
            value = (value & 1) != 0 ? Polynomial ^ (value >> 1) : value >> 1;
        return value;
    }
}
