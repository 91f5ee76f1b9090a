using System.Buffers.Binary;
using System.IO.Hashing;
using System.Text;

namespace Dit.Checkpoints;

/// <summary>
/// Writes a zip archive of uncompressed entries from the first byte to the last (PKWARE APPNOTE 6.3.10, sections 4.3
/// and 4.5.3).
/// </summary>
/// <remarks>
/// The content of every entry begins at a multiple of 64 bytes, as PyTorch lays it out to map tensors into memory; an
/// extra field makes up the difference. A checksum is known only behind the content, so it follows there in a data
/// descriptor. Fields of 64 bits are used where one does not fit 32, and nowhere else.
/// </remarks>
internal sealed class StoredZipWriter(Stream stream)
{
    private const uint LocalSignature = 0x04034b50;
    private const uint DescriptorSignature = 0x08074b50;
    private const uint CentralSignature = 0x02014b50;
    private const uint EndSignature = 0x06054b50;
    private const uint End64Signature = 0x06064b50;
    private const uint End64LocatorSignature = 0x07064b50;
    private const ushort DescriptorFollowsAndUtf8 = 0x0808;
    private const ushort FirstOfJanuary1980 = 0x0021;
    private const ushort Version64 = 45;
    private const ushort Zip64Field = 0x0001;
    private const ushort PaddingField = 0x4246; // "FB", as PyTorch names it
    private const int FieldHeaderBytes = 4;
    private const int LocalBytes = 30;
    private const int Alignment = 64;

    private readonly List<Entry> _entries = [];
    private long _at;

    private sealed record Entry(byte[] Name, long Header, long Length, uint Checksum);

    /// <summary>Appends an entry.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="length">Bytes of its content.</param>
    /// <param name="write">Writes the content, exactly so many bytes.</param>
    public void Add(string name, long length, Action<ByteSink> write)
    {
        var (utf8, header) = (Encoding.UTF8.GetBytes(name), _at);
        Put(Local(utf8, length));
        var (begin, checksum) = (_at, new Crc32());
        write(bytes =>
        {
            checksum.Append(bytes);
            Put(bytes);
        });
        if (_at - begin != length)
            throw new InvalidOperationException($"Entry '{name}' was announced with {length} bytes and has {_at - begin}.");
        Put(Descriptor(length, checksum.GetCurrentHashAsUInt32()));
        _entries.Add(new Entry(utf8, header, length, checksum.GetCurrentHashAsUInt32()));
    }

    /// <summary>Appends an entry that is at hand.</summary>
    public void Add(string name, byte[] content) => Add(name, content.Length, sink => sink(content));

    /// <summary>Writes the directory, after which nothing may follow.</summary>
    public void Finish()
    {
        var start = _at;
        foreach (var entry in _entries)
            Put(Central(entry));
        var length = _at - start;
        if (_entries.Count >= ushort.MaxValue || Is64(start) || Is64(length))
            Put(End64(start, length));
        Put(new Record().U32(EndSignature).U16(0).U16(0).U16(Count16).U16(Count16).U32(Low(length)).U32(Low(start)).U16(0).Bytes);
    }

    private ushort Count16 => (ushort)Math.Min(_entries.Count, ushort.MaxValue);

    private static bool Is64(long value) => value >= uint.MaxValue;

    // A field of all ones sends the reader to its wide form.
    private static uint Low(long value) => Is64(value) ? uint.MaxValue : (uint)value;

    private void Put(ReadOnlySpan<byte> bytes)
    {
        stream.Write(bytes);
        _at += bytes.Length;
    }

    private byte[] Local(byte[] name, long length)
    {
        var wide = Is64(length) ? new Record().U16(Zip64Field).U16(16).U64(0).U64(0).Bytes : [];
        var unpadded = _at + LocalBytes + name.Length + wide.Length + FieldHeaderBytes;
        var padding = (int)((Alignment - unpadded % Alignment) % Alignment);
        var extra = new Record().Raw(wide).U16(PaddingField).U16((ushort)padding).Raw(new byte[padding]).Bytes;
        var size = Is64(length) ? uint.MaxValue : 0;
        return new Record().U32(LocalSignature).U16(Version64).U16(DescriptorFollowsAndUtf8).U16(0).U16(0).U16(FirstOfJanuary1980)
            .U32(0).U32(size).U32(size).U16((ushort)name.Length).U16((ushort)extra.Length).Raw(name).Raw(extra).Bytes;
    }

    private static byte[] Descriptor(long length, uint checksum)
    {
        var record = new Record().U32(DescriptorSignature).U32(checksum);
        return (Is64(length) ? record.U64(length).U64(length) : record.U32((uint)length).U32((uint)length)).Bytes;
    }

    private static byte[] Central(Entry entry)
    {
        var fields = new Record();
        if (Is64(entry.Length))
            fields.U64(entry.Length).U64(entry.Length);
        if (Is64(entry.Header))
            fields.U64(entry.Header);
        var extra = fields.Bytes.Length == 0 ? [] : new Record().U16(Zip64Field).U16((ushort)fields.Bytes.Length).Raw(fields.Bytes).Bytes;
        return new Record().U32(CentralSignature).U16(Version64).U16(Version64).U16(DescriptorFollowsAndUtf8).U16(0).U16(0)
            .U16(FirstOfJanuary1980)
            .U32(entry.Checksum).U32(Low(entry.Length)).U32(Low(entry.Length)).U16((ushort)entry.Name.Length).U16((ushort)extra.Length)
            .U16(0).U16(0).U16(0).U32(0).U32(Low(entry.Header)).Raw(entry.Name).Raw(extra).Bytes;
    }

    private byte[] End64(long start, long length) => new Record()
        .U32(End64Signature).U64(44).U16(Version64).U16(Version64).U32(0).U32(0).U64(_entries.Count).U64(_entries.Count).U64(length)
            .U64(start)
        .U32(End64LocatorSignature).U32(0).U64(start + length).U32(1).Bytes;

    /// <summary>A record of the archive, number by number.</summary>
    private sealed class Record
    {
        private readonly List<byte> _bytes = [];

        public byte[] Bytes => [.. _bytes];

        public Record U16(ushort value) => Raw([(byte)value, (byte)(value >> 8)]);

        public Record U32(uint value) => U16((ushort)value).U16((ushort)(value >> 16));

        public Record U64(long value)
        {
            Span<byte> bytes = stackalloc byte[sizeof(long)];
            BinaryPrimitives.WriteInt64LittleEndian(bytes, value);
            return Raw(bytes);
        }

        public Record Raw(ReadOnlySpan<byte> bytes)
        {
            _bytes.AddRange(bytes);
            return this;
        }
    }
}
