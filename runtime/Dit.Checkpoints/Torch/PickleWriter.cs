using System.Buffers.Binary;
using System.Text;

namespace Dit.Checkpoints;

/// <summary>
/// Writes the pickle of a state dict as <c>torch.save</c> does, in protocol 2, with nothing in it that
/// <c>torch.load(weights_only=True)</c> refuses.
/// </summary>
internal sealed class PickleWriter
{
    private const string Tensors = "torch._utils\n_rebuild_tensor_v2\n";
    private const string Dict = "collections\nOrderedDict\n";

    private readonly MemoryStream _bytes = new();

    // A text or a name that comes again is fetched by its place: PyTorch, too, writes it once.
    private readonly Dictionary<string, int> _memo = new(StringComparer.Ordinal);

    private PickleWriter() { }

    /// <summary>The pickle of an OrderedDict of tensors, or of several by name.</summary>
    /// <param name="groups">Names and tensors; a group without a name is the whole.</param>
    /// <param name="key">The storage of a tensor, by its place among all.</param>
    public static byte[] Write(IReadOnlyList<(string? Name, IReadOnlyList<TensorSource> Tensors)> groups, Func<int, string> key)
    {
        var writer = new PickleWriter();
        writer.Op(0x80, 2);
        var next = 0;
        if (groups is [(null, var all)])
            writer.StateDict(all, key, ref next);
        else
            writer.Groups(groups, key, ref next);
        writer.Op((byte)'.');
        return writer._bytes.ToArray();
    }

    private void Groups(IReadOnlyList<(string? Name, IReadOnlyList<TensorSource> Tensors)> groups, Func<int, string> key, ref int next)
    {
        Op((byte)'}', (byte)'(');
        foreach (var (name, tensors) in groups)
        {
            Text(name ?? "");
            StateDict(tensors, key, ref next);
        }
        Op((byte)'u');
    }

    private void StateDict(IReadOnlyList<TensorSource> tensors, Func<int, string> key, ref int next)
    {
        EmptyDict();
        Op((byte)'(');
        foreach (var tensor in tensors)
        {
            Text(tensor.Name);
            Tensor(tensor.Info, key(next++));
        }
        Op((byte)'u');
    }

    private void EmptyDict()
    {
        Global(Dict);
        Op((byte)')', (byte)'R');
    }

    // _rebuild_tensor_v2(storage, offset, size, stride, requires_grad, backward_hooks)
    private void Tensor(TensorInfo info, string key)
    {
        Global(Tensors);
        Op((byte)'(');
        Storage(info, key);
        Integer(0);
        Integers(info.Shape);
        Integers(RowMajor(info.Shape));
        Op(0x89);
        EmptyDict();
        Op((byte)'t', (byte)'R');
    }

    // The persistent id ('storage', class, key, device, elements).
    private void Storage(TensorInfo info, string key)
    {
        Op((byte)'(');
        Once("storage");
        Global($"torch\n{TensorTypes.TorchStorage(info.DType)}\n");
        Text(key);
        Once("cpu");
        Integer(info.Elements);
        Op((byte)'t', (byte)'Q');
    }

    private void Integers(IReadOnlyList<long> numbers)
    {
        if (numbers.Count > 3)
            Op((byte)'(');
        foreach (var number in numbers)
            Integer(number);
        Op(numbers.Count switch { 0 => (byte)')', 1 => (byte)0x85, 2 => (byte)0x86, 3 => (byte)0x87, _ => (byte)'t' });
    }

    private void Integer(long number)
    {
        Span<byte> bytes = stackalloc byte[sizeof(long)];
        BinaryPrimitives.WriteInt64LittleEndian(bytes, number);
        switch (number)
        {
            case >= 0 and <= byte.MaxValue:
                Op((byte)'K', bytes[0]);
                break;
            case >= 0 and <= ushort.MaxValue:
                Op([(byte)'M', .. bytes[..2]]);
                break;
            case >= int.MinValue and <= int.MaxValue:
                Op([(byte)'J', .. bytes[..4]]);
                break;
            default:
                Op([0x8a, sizeof(long), .. bytes]);
                break;
        }
    }

    private void Global(string name)
    {
        if (Fetch(name))
            return;
        Op([(byte)'c', .. Encoding.ASCII.GetBytes(name)]);
        Keep(name);
    }

    private void Once(string text)
    {
        if (Fetch(text))
            return;
        Text(text);
        Keep(text);
    }

    private bool Fetch(string value)
    {
        if (!_memo.TryGetValue(value, out var place))
            return false;
        Op((byte)'h', (byte)place);
        return true;
    }

    private void Keep(string value)
    {
        Op((byte)'q', (byte)_memo.Count);
        _memo.Add(value, _memo.Count);
    }

    private void Text(string text)
    {
        var utf8 = Encoding.UTF8.GetBytes(text);
        Span<byte> length = stackalloc byte[sizeof(int)];
        BinaryPrimitives.WriteInt32LittleEndian(length, utf8.Length);
        Op([(byte)'X', .. length]);
        Op(utf8);
    }

    private void Op(params ReadOnlySpan<byte> bytes) => _bytes.Write(bytes);

    private static long[] RowMajor(long[] shape)
    {
        var strides = new long[shape.Length];
        var next = 1L;
        for (var i = shape.Length - 1; i >= 0; i--)
        {
            strides[i] = next;
            next *= Math.Max(1, shape[i]);
        }
        return strides;
    }
}
