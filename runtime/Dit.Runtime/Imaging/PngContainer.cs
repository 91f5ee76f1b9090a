using System.Buffers.Binary;
using System.IO.Compression;
using System.IO.Hashing;
using System.Text;

namespace Dit.Runtime;

/// <summary>The chunks of a PNG file (W3C PNG specification, third edition).</summary>
internal static class PngContainer
{
    private const int HeaderLength = 13;

    // Seven passes of Adam7: where each begins, and how far its pixels are apart.
    private static readonly (int X, int Y, int StepX, int StepY)[] Passes =
        [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)];

    /// <summary>The first bytes of every PNG file.</summary>
    public static ReadOnlySpan<byte> Signature => [0x89, (byte)'P', (byte)'N', (byte)'G', 13, 10, 26, 10];

    /// <summary>Reads the chunks to the end of the image; what follows it is left alone.</summary>
    public static (ImageContainer? Container, string Problem) Read(ReadOnlySpan<byte> file)
    {
        ReadOnlySpan<byte> header = [];
        var orientation = ExifOrientation.Upright;
        foreach (var chunk in new PngChunks(file))
        {
            if (chunk.Type.SequenceEqual("IHDR"u8)) header = chunk.Data;
            if (chunk.Type.SequenceEqual("eXIf"u8)) orientation = ExifOrientation.Of(chunk.Data);
            if (!chunk.Type.SequenceEqual("IEND"u8)) continue;
            if (header.Length != HeaderLength) return (null, "is damaged (a PNG file without a header)");
            var (width, height) = (BinaryPrimitives.ReadUInt32BigEndian(header), BinaryPrimitives.ReadUInt32BigEndian(header[4..]));
            return width > int.MaxValue || height > int.MaxValue
                ? (null, $"has {width} x {height} pixels, more than any picture")
                : (new("PNG", (int)width, (int)height, header[9] is 0 or 4, orientation), "");
        }
        return (null, ImageContainer.EndsEarly);
    }

    /// <summary>
    /// The file with what its pixels are made of, and nothing else; null where the pixels are not all there.
    /// </summary>
    /// <remarks>
    /// Texts and profiles are compressed without a bound on what they unfold to, and the library unfolds them.
    /// </remarks>
    public static byte[]? Pixels(byte[] file)
    {
        using var bare = new MemoryStream(file.Length);
        using var compressed = new MemoryStream(file.Length);
        bare.Write(Signature);
        ReadOnlySpan<byte> header = [];
        foreach (var chunk in new PngChunks(file))
        {
            if (chunk.Type.SequenceEqual("IHDR"u8)) header = chunk.Data;
            if (chunk.Type.SequenceEqual("IDAT"u8)) compressed.Write(chunk.Data);
            if (char.IsAsciiLetterUpper((char)chunk.Type[0]) || chunk.Type.SequenceEqual("tRNS"u8)) bare.Write(chunk.All);
            if (chunk.Type.SequenceEqual("IEND"u8)) break;
        }
        compressed.Position = 0;
        return Unfolds(compressed, ByteCount(header)) ? bare.ToArray() : null;
    }

    /// <summary>The texts of a file whose structure was read (tEXt, and iTXt that is not compressed).</summary>
    /// <returns>The texts, or the reason why they cannot be trusted, as the end of a sentence.</returns>
    public static (IReadOnlyDictionary<string, string>? Texts, string Problem) TextsOf(ReadOnlySpan<byte> file)
    {
        var texts = new OrderedDictionary<string, string>(StringComparer.Ordinal);
        foreach (var chunk in new PngChunks(file))
        {
            if (chunk.Type.SequenceEqual("IEND"u8)) break;
            if (TextOf(chunk) is not var (key, text)) continue;
            if (!chunk.IsIntact) return (null, "is damaged (a text in it does not match its checksum)");
            texts.TryAdd(key, text);
        }
        return (texts, "");
    }

    private static (string Key, string Text)? TextOf(PngChunks.Chunk chunk)
    {
        var data = chunk.Data;
        var isPlain = chunk.Type.SequenceEqual("tEXt"u8);
        var end = data.IndexOf((byte)0);
        if (end < 1 || !isPlain && !chunk.Type.SequenceEqual("iTXt"u8)) return null;
        var key = Encoding.Latin1.GetString(data[..end]);
        data = data[(end + 1)..];
        if (isPlain) return (key, Encoding.Latin1.GetString(data));
        // Whether it is compressed, and how; the language; the key in that language.
        if (data.Length < 2 || data[0] != 0) return null;
        data = data[2..];
        for (var skipped = 0; skipped < 2; skipped++)
        {
            var next = data.IndexOf((byte)0);
            if (next < 0) return null;
            data = data[(next + 1)..];
        }
        return (key, Encoding.UTF8.GetString(data));
    }

    /// <summary>Bytes of all rows, each with the number of its filter.</summary>
    private static long ByteCount(ReadOnlySpan<byte> header)
    {
        var (width, height) = (BinaryPrimitives.ReadInt32BigEndian(header), BinaryPrimitives.ReadInt32BigEndian(header[4..]));
        var bits = header[8] * header[9] switch { 2 => 3, 4 => 2, 6 => 4, _ => 1 }; // of a pixel
        return header[12] == 0
            ? Rows(width, height)
            : Passes.Sum(pass => Rows((width - pass.X + pass.StepX - 1) / pass.StepX, (height - pass.Y + pass.StepY - 1) / pass.StepY));

        long Rows(long across, long down) => across == 0 ? 0 : down * (1 + (across * bits + 7) / 8);
    }

    private static bool Unfolds(Stream compressed, long bytes)
    {
        var buffer = new byte[1 << 14];
        try
        {
            using var data = new ZLibStream(compressed, CompressionMode.Decompress);
            while (bytes > 0 && data.Read(buffer) is > 0 and var read) bytes -= read;
        }
        catch (InvalidDataException)
        {
            return false;
        }
        return bytes <= 0;
    }
}

/// <summary>Steps through the chunks of a PNG file, as far as they are whole.</summary>
internal ref struct PngChunks(ReadOnlySpan<byte> file)
{
    private readonly ReadOnlySpan<byte> file = file;
    private int at = PngContainer.Signature.Length, length = -1;

    /// <summary>The chunk at hand: its four letters, what it holds, and both with length and checksum.</summary>
    public readonly Chunk Current => new(file.Slice(at, length));

    /// <summary>Itself.</summary>
    public readonly PngChunks GetEnumerator() => this;

    /// <summary>Goes on; false where no whole chunk follows.</summary>
    public bool MoveNext()
    {
        if (length >= 0) at += length;
        if (file.Length - at < Chunk.Frame) return false;
        var data = BinaryPrimitives.ReadUInt32BigEndian(file[at..]);
        if (data > file.Length - at - Chunk.Frame) return false;
        length = Chunk.Frame + (int)data;
        return true;
    }

    /// <summary>One chunk.</summary>
    public readonly ref struct Chunk(ReadOnlySpan<byte> all)
    {
        /// <summary>Bytes of length, type and checksum.</summary>
        public const int Frame = 12;

        /// <summary>All bytes.</summary>
        public ReadOnlySpan<byte> All { get; } = all;

        /// <summary>Four letters.</summary>
        public ReadOnlySpan<byte> Type => All.Slice(4, 4);

        /// <summary>What it holds.</summary>
        public ReadOnlySpan<byte> Data => All[8..^4];

        /// <summary>Whether the checksum is that of the letters and of what it holds.</summary>
        public bool IsIntact => BinaryPrimitives.ReadUInt32BigEndian(All[^4..]) == Crc32.HashToUInt32(All[4..^4]);
    }
}
