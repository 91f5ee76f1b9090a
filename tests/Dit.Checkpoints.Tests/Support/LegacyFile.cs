using System.Buffers.Binary;

namespace Dit.Checkpoints.Tests;

/// <summary>A file laid out as torch.save did before PyTorch 1.6, those that it never wrote included.</summary>
internal sealed record LegacyFile(Func<Pickle, Pickle> Root)
{
    private static readonly byte[] Magic = [0x80, 2, 0x8a, 10, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19, (byte)'.'];

    public Func<Pickle, Pickle> Protocol { get; init; } = static p => p.Int(1001);

    public Func<Pickle, Pickle> Machine { get; init; } = static p => p.Op('}').Text("little_endian").Op(0x88).Op('s');

    public Func<Pickle, Pickle>? Keys { get; init; }

    /// <summary>The object's pickle in place of that of <see cref="Root"/>, of any bytes.</summary>
    public byte[]? RootPickle { get; init; }

    private IReadOnlyList<(string Key, long Elements, byte[] Content)> Storages { get; init; } = [];

    public byte[] Bytes =>
    [
        .. Magic, .. Of(Protocol), .. Of(Machine), .. RootPickle ?? Of(Root),
        .. Of(Keys ?? (p => Storages.Aggregate(p.Op(']'), static (p, s) => p.Text(s.Key).Op('a')))),
        .. Storages.SelectMany(static s => Number(s.Elements).Concat(s.Content)),
    ];

    /// <summary>With one more storage, of as many elements as it claims or not.</summary>
    public LegacyFile With(string key, long elements, byte[] content) => this with { Storages = [.. Storages, (key, elements, content)] };

    private static byte[] Of(Func<Pickle, Pickle> write) => write(new Pickle()).Bytes;

    private static byte[] Number(long number)
    {
        var bytes = new byte[8];
        BinaryPrimitives.WriteInt64LittleEndian(bytes, number);
        return bytes;
    }
}
