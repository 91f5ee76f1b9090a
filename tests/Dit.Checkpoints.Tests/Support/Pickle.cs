using System.Buffers.Binary;
using System.IO.Compression;
using System.Text;

namespace Dit.Checkpoints.Tests;

/// <summary>Writes pickles opcode by opcode, those that no honest program writes included.</summary>
internal sealed class Pickle
{
    private readonly List<byte> _bytes = [0x80, 2];

    /// <summary>The pickle, ended.</summary>
    public byte[] Bytes => [.. _bytes, (byte)'.'];

    public Pickle Op(params ReadOnlySpan<byte> bytes)
    {
        _bytes.AddRange(bytes);
        return this;
    }

    public Pickle Op(char opcode) => Op((byte)opcode);

    public Pickle Op(char opcode, byte argument) => Op((byte)opcode, argument);

    public Pickle Global(string module, string name) => Op('c').Op(Encoding.UTF8.GetBytes($"{module}\n{name}\n"));

    public Pickle Text(string text)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        Span<byte> length = stackalloc byte[4];
        BinaryPrimitives.WriteInt32LittleEndian(length, bytes.Length);
        return Op('X').Op(length).Op(bytes);
    }

    public Pickle Int(long number)
    {
        Span<byte> bytes = stackalloc byte[8];
        BinaryPrimitives.WriteInt64LittleEndian(bytes, number);
        return Op(0x8a, 8).Op(bytes);
    }

    /// <summary>A tuple of integers.</summary>
    public Pickle Ints(params long[] numbers)
    {
        Op('(');
        foreach (var number in numbers)
            Int(number);
        return Op('t');
    }

    /// <summary>The storage <c>data/<paramref name="key"/></c>.</summary>
    public Pickle Storage(string type, string key, long elements) =>
        Op('(').Text("storage").Global("torch", type).Text(key).Text("cpu").Int(elements).Op('t').Op('Q');

    /// <summary>A tensor on the storage <c>data/0</c> of float32.</summary>
    public Pickle Tensor(long elements, long offset, long[] shape, long[] strides, string type = "FloatStorage", string key = "0") =>
        Global("torch._utils", "_rebuild_tensor_v2").Op('(').Storage(type, key, elements).Int(offset).Ints(shape).Ints(strides)
            .Op(0x89).Global("collections", "OrderedDict").Op(')').Op('R').Op('t').Op('R');

    /// <summary>A vector on a part of a storage of float32, as files before PyTorch 1.6 have it.</summary>
    public Pickle View(string key, long elements, long first, long count, long[] shape) =>
        Global("torch._utils", "_rebuild_tensor_v2").Op('(')
            .Op('(').Text("storage").Global("torch", "FloatStorage").Text(key).Text("cpu").Int(elements).Op('(').Text("view").Int(first)
                .Int(count).Op('t').Op('t').Op('Q')
            .Int(0).Ints(shape).Ints(1).Op(0x89).Op('}').Op('t').Op('R');

    /// <summary>A tensor as PyTorch before 0.4 rebuilds it.</summary>
    public Pickle OldTensor(string key, long elements, long[] shape, long[] strides) =>
        Global("torch._utils", "_rebuild_tensor").Op('(').Storage("FloatStorage", key, elements).Int(0).Ints(shape).Ints(strides).Op('t')
            .Op('R');

    /// <summary>{"x": one value}.</summary>
    public static byte[] Entry(Func<Pickle, Pickle> value) => value(new Pickle().Op('}').Text("x")).Op('s').Bytes;

    /// <summary>An archive as torch.save lays it out.</summary>
    public static byte[] Archive(byte[] pickle, params (string Name, byte[] Content)[] entries) =>
        Zip([("archive/data.pkl", pickle), .. entries.Select(e => ("archive/" + e.Name, e.Content))]);

    public static byte[] Zip(IEnumerable<(string Name, byte[] Content)> entries, CompressionLevel level = CompressionLevel.NoCompression)
    {
        using var memory = new MemoryStream();
        using (var zip = new ZipArchive(memory, ZipArchiveMode.Create, leaveOpen: true))
            foreach (var (name, content) in entries)
            {
                using var stream = zip.CreateEntry(name, level).Open();
                stream.Write(content);
            }
        return memory.ToArray();
    }

    /// <summary>
    /// The same archive with every size and place in its zip64 fields, as in files of more than 4 GiB.
    /// </summary>
    public static byte[] AsZip64(byte[] zip)
    {
        var end = zip.AsSpan(zip.Length - 22).ToArray();
        var (count, start) = (BinaryPrimitives.ReadUInt16LittleEndian(end.AsSpan(10)),
            BinaryPrimitives.ReadInt32LittleEndian(end.AsSpan(16)));
        List<byte> result = [.. zip[..start]];
        for (var (i, at) = (0, start); i < count; i++)
        {
            var header = zip[at..(at + 46)];
            var name = zip[(at + 46)..(at + 46 + BinaryPrimitives.ReadUInt16LittleEndian(header.AsSpan(28)))];
            at += 46 + name.Length + BinaryPrimitives.ReadUInt16LittleEndian(header.AsSpan(30));
            byte[] extra = [1, 0, 24, 0, .. header[24..28], 0, 0, 0, 0, .. header[20..24], 0, 0, 0, 0, .. header[42..46], 0, 0, 0, 0];
            header.AsSpan(20, 8).Fill(0xff);
            header.AsSpan(42, 4).Fill(0xff);
            BinaryPrimitives.WriteUInt16LittleEndian(header.AsSpan(30), (ushort)extra.Length);
            result.AddRange([.. header, .. name, .. extra]);
        }
        var end64 = new byte[56 + 20];
        long[] fields = [count, count, result.Count - start, start];
        BinaryPrimitives.WriteUInt32LittleEndian(end64, 0x06064b50);
        for (var i = 0; i < fields.Length; i++)
            BinaryPrimitives.WriteInt64LittleEndian(end64.AsSpan(24 + 8 * i), fields[i]);
        BinaryPrimitives.WriteUInt32LittleEndian(end64.AsSpan(56), 0x07064b50);
        BinaryPrimitives.WriteInt64LittleEndian(end64.AsSpan(64), result.Count);
        end.AsSpan(8, 12).Fill(0xff);
        return [.. result, .. end64, .. end];
    }
}
