using System.Buffers.Binary;
using System.Text;

namespace Dit.Checkpoints;

/// <summary>
/// Where the uncompressed entries of a zip archive lie in its file (PKWARE APPNOTE 6.3.10, sections 4.3 and 4.5.3).
/// </summary>
/// <remarks>
/// PyTorch stores entries as they are, so that a tensor's bytes can be read in place. <c>System.IO.Compression</c> does
/// not say where an entry starts, and reads what is compressed as well; here anything that is not plainly stored is
/// refused.
/// </remarks>
internal static class StoredZip
{
    private const uint LocalSignature = 0x04034b50;
    private const uint CentralSignature = 0x02014b50;
    private const uint EndSignature = 0x06054b50;
    private const uint End64Signature = 0x06064b50;
    private const uint End64LocatorSignature = 0x07064b50;
    private const int LocalBytes = 30;
    private const int CentralBytes = 46;
    private const int EndBytes = 22;
    private const int End64Bytes = 56;
    private const int End64LocatorBytes = 20;
    private const int MaxDirectoryBytes = 64 << 20;

    /// <summary>
    /// One entry: its content is the bytes [<paramref name="Offset"/>, <paramref name="Offset"/> + <paramref
    /// name="Length"/>) of the file.
    /// </summary>
    /// <param name="Header">Where its header lies, before the content.</param>
    /// <param name="Offset">The first byte of the content.</param>
    /// <param name="Length">Bytes of the content.</param>
    public readonly record struct Entry(long Header, long Offset, long Length);

    /// <summary>
    /// Reads the central directory. Names are keys and nothing else: no entry is ever written to a path.
    /// </summary>
    /// <exception cref="DitException">
    /// The archive is cut off or inconsistent, or an entry is compressed or encrypted.
    /// </exception>
    public static Dictionary<string, Entry> Read(SourceFile file)
    {
        var (start, length, count) = Directory(file);
        if (start < 0 || length < 0 || length > file.Length || start > file.Length - length)
            throw Bad(file, "its directory lies outside the file");
        if (length > MaxDirectoryBytes || count < 0 || count > length / CentralBytes)
            throw Bad(file, $"its directory claims {count} entries in {length} bytes");
        var directory = file.Read(start, (int)length).AsSpan();
        var entries = new Dictionary<string, Entry>(StringComparer.Ordinal);
        for (long i = 0; i < count; i++)
        {
            var (name, header, size, next) = CentralEntry(file, directory);
            if (!entries.TryAdd(name, Locate(file, name, header, size)))
                throw Bad(file, $"it holds two entries '{Printable.Of(name)}'");
            directory = directory[next..];
        }
        CheckApart(file, entries, start);
        return entries;
    }

    // Entries on top of each other would have a small file hold much more than it is.
    private static void CheckApart(SourceFile file, Dictionary<string, Entry> entries, long directory)
    {
        long end = 0;
        foreach (var (name, entry) in entries.OrderBy(static entry => entry.Value.Header))
        {
            if (entry.Header < end)
                throw Bad(file, $"entry '{Printable.Of(name)}' overlaps another one");
            end = entry.Offset + entry.Length;
        }
        if (end > directory)
            throw Bad(file, "its directory overlaps an entry");
    }

    private static (long Start, long Length, long Count) Directory(SourceFile file)
    {
        if (file.Length < EndBytes)
            throw Bad(file, "it is too short");
        var tailBytes = (int)Math.Min(file.Length, EndBytes + ushort.MaxValue); // the end record and the longest comment
        var tail = file.Read(file.Length - tailBytes, tailBytes);
        for (var i = tailBytes - EndBytes; i >= 0; i--)
        {
            var end = tail.AsSpan(i);
            if (U32(end, 0) != EndSignature || U16(end, 20) != end.Length - EndBytes)
                continue;
            if (U16(end, 10) == ushort.MaxValue || U32(end, 12) == uint.MaxValue || U32(end, 16) == uint.MaxValue)
                return Directory64(file, file.Length - tailBytes + i - End64LocatorBytes);
            return (U32(end, 16), U32(end, 12), U16(end, 10));
        }
        throw Bad(file, "it has no directory; is the download complete?");
    }

    private static (long Start, long Length, long Count) Directory64(SourceFile file, long locatorAt)
    {
        if (locatorAt < 0)
            throw Bad(file, "it has no zip64 directory");
        var locator = file.Read(locatorAt, End64LocatorBytes);
        var endAt = I64(locator, 8);
        if (U32(locator, 0) != End64LocatorSignature || endAt < 0 || endAt > file.Length - End64Bytes)
            throw Bad(file, "it has no zip64 directory");
        var end = file.Read(endAt, End64Bytes);
        if (U32(end, 0) != End64Signature)
            throw Bad(file, "it has no zip64 directory");
        return (I64(end, 48), I64(end, 40), I64(end, 32));
    }

    private static (string Name, long Header, long Size, int Next) CentralEntry(SourceFile file, ReadOnlySpan<byte> at)
    {
        if (at.Length < CentralBytes || U32(at, 0) != CentralSignature)
            throw Bad(file, "its directory is cut off");
        var (nameBytes, extraBytes, commentBytes) = (U16(at, 28), U16(at, 30), U16(at, 32));
        var next = CentralBytes + nameBytes + extraBytes + commentBytes;
        if (next > at.Length)
            throw Bad(file, "its directory is cut off");
        var name = Encoding.UTF8.GetString(at.Slice(CentralBytes, nameBytes));
        if ((U16(at, 8) & 1) != 0 || U16(at, 10) != 0)
            throw Bad(file, $"entry '{Printable.Of(name)}' is compressed or encrypted, and torch.save stores entries as they are");
        var (size, stored, header) = Sizes64(file, at, name, at.Slice(CentralBytes + nameBytes, extraBytes));
        if (size != stored)
            throw Bad(file, $"entry '{Printable.Of(name)}' is stored in {stored} bytes but claims {size}");
        return (name, header, size, next);
    }

    // Fields of all ones are found, in this order, in the zip64 extra field instead.
    private static (long Size, long Stored, long Header) Sizes64(
        SourceFile file, ReadOnlySpan<byte> at, string name, ReadOnlySpan<byte> extra)
    {
        var fields = Zip64Field(extra);
        long[] values = [U32(at, 24), U32(at, 20), U32(at, 42)];
        for (var i = 0; i < values.Length; i++)
        {
            if (values[i] != uint.MaxValue)
                continue;
            if (fields.Length < 8)
                throw Bad(file, $"entry '{Printable.Of(name)}' lacks its zip64 sizes");
            values[i] = I64(fields, 0);
            fields = fields[8..];
        }
        return (values[0], values[1], values[2]);
    }

    private static ReadOnlySpan<byte> Zip64Field(ReadOnlySpan<byte> extra)
    {
        while (extra.Length >= 4 && U16(extra, 2) <= extra.Length - 4)
        {
            if (U16(extra, 0) == 1)
                return extra.Slice(4, U16(extra, 2));
            extra = extra[(4 + U16(extra, 2))..];
        }
        return [];
    }

    private static Entry Locate(SourceFile file, string name, long header, long size)
    {
        if (header < 0 || header > file.Length - LocalBytes)
            throw Bad(file, $"entry '{Printable.Of(name)}' lies outside the file");
        var local = file.Read(header, LocalBytes);
        if (U32(local, 0) != LocalSignature || U16(local, 8) != 0)
            throw Bad(file, $"entry '{Printable.Of(name)}' is not where the directory says");
        var offset = header + LocalBytes + U16(local, 26) + U16(local, 28);
        if (size < 0 || offset > file.Length || size > file.Length - offset)
            throw Bad(file, $"entry '{Printable.Of(name)}' claims {size} bytes, more than the file holds; is the download complete?");
        return new Entry(header, offset, size);
    }

    private static int U16(ReadOnlySpan<byte> bytes, int at) => BinaryPrimitives.ReadUInt16LittleEndian(bytes[at..]);

    private static uint U32(ReadOnlySpan<byte> bytes, int at) => BinaryPrimitives.ReadUInt32LittleEndian(bytes[at..]);

    private static long I64(ReadOnlySpan<byte> bytes, int at) => BinaryPrimitives.ReadInt64LittleEndian(bytes[at..]);

    private static DitException Bad(SourceFile file, string why) =>
        new($"'{file.Path}' is not a valid PyTorch archive: {why}{(why.EndsWith('?') ? "" : ".")}");
}
