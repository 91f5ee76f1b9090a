using System.Buffers.Binary;
using System.Numerics;

namespace Dit.Runtime;

/// <summary>Writes the blocks of a GIF file with one palette, in their order.</summary>
internal sealed class GifWriter
{
    private const byte ImageFollows = 0x2c, ExtensionFollows = 0x21, GraphicControl = 0xf9, Application = 0xff, FileEnds = 0x3b;
    private const byte LeaveInPlace = 1 << 2; // what is done with a frame after its delay

    private readonly Stream stream;
    private readonly int width, height;
    private readonly int bits; // of a palette index

    /// <summary>Writes what comes before the first frame.</summary>
    /// <param name="stream">Where to.</param>
    /// <param name="width">X of every frame.</param>
    /// <param name="height">Y of every frame.</param>
    /// <param name="palette">1 to 256 colours.</param>
    public GifWriter(Stream stream, int width, int height, IReadOnlyList<(byte R, byte G, byte B)> palette)
    {
        (this.stream, this.width, this.height) = (stream, width, height);
        bits = Math.Max(1, BitOperations.Log2((uint)Math.Max(1, palette.Count - 1)) + 1);
        stream.Write("GIF89a"u8);
        Number(width);
        Number(height);
        stream.Write([(byte)(0b1111_0000 | (bits - 1)), 0, 0]); // a palette for all frames, of 8-bit colours; background 0; square pixels
        for (var i = 0; i < 1 << bits; i++)
        {
            var (r, g, b) = i < palette.Count ? palette[i] : default;
            stream.Write([r, g, b]);
        }
        stream.Write([ExtensionFollows, Application, 11, .. "NETSCAPE2.0"u8, 3, 1, 0, 0, 0]); // repeat, without a limit
    }

    /// <summary>Writes one frame.</summary>
    /// <param name="indices">The palette entry of each pixel, row by row.</param>
    /// <param name="delay">Hundredths of a second.</param>
    public void Frame(ReadOnlySpan<byte> indices, int delay)
    {
        stream.Write([ExtensionFollows, GraphicControl, 4, LeaveInPlace]);
        Number(delay);
        stream.Write([0, 0]); // nothing is transparent; the block ends
        stream.WriteByte(ImageFollows);
        Number(0);
        Number(0);
        Number(width);
        Number(height);
        stream.WriteByte(0); // no palette of its own, rows in order
        GifLzw.Compress(stream, indices, Math.Max(2, bits));
    }

    /// <summary>Writes what comes after the last frame.</summary>
    public void End() => stream.WriteByte(FileEnds);

    private void Number(int value)
    {
        Span<byte> two = stackalloc byte[2];
        BinaryPrimitives.WriteUInt16LittleEndian(two, (ushort)value);
        stream.Write(two);
    }
}
