using System.Buffers.Binary;
using System.IO.Compression;
using System.Text;

namespace Dit.Runtime.Tests;

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
}
