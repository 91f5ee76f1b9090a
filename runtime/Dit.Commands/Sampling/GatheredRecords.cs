using System.Buffers.Binary;
using Dit.Runtime;

namespace Dit.Commands;

/// <summary>What the processes keep of their samples for the first one, which puts all of them together.</summary>
/// <param name="processes">The processes.</param>
internal sealed class GatheredRecords(ProcessGroup processes)
{
    private const int Round = 64 << 20; // bytes that a process gives at once

    private readonly List<(int N, byte[] Bytes)> kept = [];

    /// <summary>Keeps something of a sample; in the first process, which has it already, nothing.</summary>
    /// <param name="n">The sample.</param>
    /// <param name="bytes">Gives what is kept.</param>
    public void Keep(int n, Func<byte[]> bytes)
    {
        if (!processes.IsFirst) kept.Add((n, bytes()));
    }

    /// <summary>Brings everything to the first process; all call it at the same time.</summary>
    /// <param name="take">Receives, in the first process, what the others have kept.</param>
    public void Gather(Action<int, byte[]> take)
    {
        var at = 0;
        while (processes.Any(at < kept.Count))
        {
            var given = processes.Exchange(Next(ref at));
            if (!processes.IsFirst) continue;
            foreach (var bytes in given) Read(bytes, take);
        }
        kept.Clear();
    }

    // A record is its number and its length, 4 bytes each, and its bytes.
    private byte[] Next(ref int at)
    {
        using var stream = new MemoryStream();
        var head = new byte[2 * sizeof(int)];
        for (; at < kept.Count && (stream.Length == 0 || stream.Length + kept[at].Bytes.Length < Round); at++)
        {
            BinaryPrimitives.WriteInt32LittleEndian(head, kept[at].N);
            BinaryPrimitives.WriteInt32LittleEndian(head.AsSpan(sizeof(int)), kept[at].Bytes.Length);
            stream.Write(head);
            stream.Write(kept[at].Bytes);
        }
        return stream.ToArray();
    }

    private static void Read(ReadOnlySpan<byte> bytes, Action<int, byte[]> take)
    {
        while (bytes.Length > 0)
        {
            var (n, length) =
                (BinaryPrimitives.ReadInt32LittleEndian(bytes), BinaryPrimitives.ReadInt32LittleEndian(bytes[sizeof(int)..]));
            var record = bytes.Slice(2 * sizeof(int), length);
            take(n, record.ToArray());
            bytes = bytes[(2 * sizeof(int) + length)..];
        }
    }
}
