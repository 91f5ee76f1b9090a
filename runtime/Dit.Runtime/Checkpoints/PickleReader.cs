using System.Buffers.Binary;
using System.Numerics;
using System.Text;

namespace Dit.Runtime;

/// <summary>Reads the pickles that <c>torch.save</c> writes for state dicts and training checkpoints, and no others.</summary>
/// <remarks>
/// A pickle is a program for a small stack machine. This machine knows the opcodes that build plain values (protocols 2 to 4,
/// as Python's pickletools documents them); what is done with names is in <see cref="PickleGlobals"/>. An opcode makes one
/// value, of no more content than the bytes it takes, so the bounds on bytes and steps bound memory and time; a call may copy
/// what was kept, and so what calls make is counted apart.
/// </remarks>
internal sealed class PickleReader
{
    private const int MaxSteps = 2_000_000;
    private const int MaxMarks = 1_000;
    private const int MaxCopied = 4_000_000;
    private static readonly UTF8Encoding StrictUtf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    private readonly string _path;
    private readonly byte[] _bytes;
    private readonly List<PickleValue> _stack = [];
    private readonly List<int> _marks = [];
    private readonly Dictionary<long, PickleValue> _memo = [];
    private readonly List<PickleValue.Storage> _storages = [];
    private int _at;
    private int _copied;

    private PickleReader(string path, byte[] bytes, int at) => (_path, _bytes, _at) = (path, bytes, at);

    /// <summary>The value that the pickle builds.</summary>
    /// <exception cref="DitException">It names something that no state dict needs, or it is not a pickle.</exception>
    public static PickleValue Read(string path, byte[] bytes) => new PickleReader(path, bytes, 0).Run();

    /// <summary>The value of a pickle among others, which begins at <paramref name="at"/> and ends where that then is.</summary>
    /// <param name="path">The file, for messages.</param>
    /// <param name="bytes">The pickles.</param>
    /// <param name="at">A place in <paramref name="bytes"/>.</param>
    /// <param name="storages">Receives every storage that the pickle names, those that no tensor uses included.</param>
    /// <exception cref="DitException">It names something that no state dict needs, or it is not a pickle.</exception>
    public static PickleValue Read(string path, byte[] bytes, ref int at, ICollection<PickleValue.Storage> storages)
    {
        var reader = new PickleReader(path, bytes, at);
        var value = reader.Run();
        at = reader._at;
        foreach (var storage in reader._storages)
            storages.Add(storage);
        return value;
    }

    private PickleValue Run()
    {
        for (var steps = 0; steps < MaxSteps; steps++)
        {
            var opcode = (char)Take(1)[0];
            if (opcode == '.')
                return _stack.Count == 1 && _marks.Count == 0 ? _stack[0] : throw Bad("it ends with values left over");
            if (!Literal(opcode) && !Container(opcode) && !Memo(opcode) && !Named(opcode))
                throw Bad($"opcode 0x{(int)opcode:x2} at byte {_at - 1} has no place in a state dict");
        }
        throw Bad($"it takes more than {MaxSteps} steps");
    }

    private bool Literal(char opcode)
    {
        switch (opcode)
        {
            case '\x80': // PROTO
                var protocol = Take(1)[0];
                return protocol is >= 2 and <= 5 ? true : throw Bad($"its protocol {protocol} is not one of 2 to 5");
            case '\x95': // FRAME
                Take(8);
                return true;
            case 'N': return Push(PickleValue.Scalar.None);
            case '\x88': return Push(true);
            case '\x89': return Push(false);
            case 'K': return Push((long)Take(1)[0]);
            case 'M': return Push((long)BinaryPrimitives.ReadUInt16LittleEndian(Take(2)));
            case 'J': return Push((long)BinaryPrimitives.ReadInt32LittleEndian(Take(4)));
            case '\x8a': return Push(Long(Take(Take(1)[0])));
            case 'G': return Push(BinaryPrimitives.ReadDoubleBigEndian(Take(8)));
            case 'X': return Push(Text(Take(Length(4))));
            case '\x8c': return Push(Text(Take(Length(1))));
            case '\x8d': return Push(Text(Take(Length(8))));
            case 'U': return Push(Encoding.Latin1.GetString(Take(Length(1))));
            case 'T': return Push(Encoding.Latin1.GetString(Take(Length(4))));
            case 'C': return Push(Take(Length(1)).ToArray());
            case 'B': return Push(Take(Length(4)).ToArray());
            default: return false;
        }
    }

    private bool Container(char opcode)
    {
        switch (opcode)
        {
            case '(':
                if (_marks.Count >= MaxMarks)
                    throw Bad($"it nests deeper than {MaxMarks}");
                _marks.Add(_stack.Count);
                return true;
            case ')': return Push(new PickleValue.Sequence(true, []));
            case ']': return Push(new PickleValue.Sequence(false, []));
            case '\x8f': return Push(new PickleValue.Sequence(false, [])); // EMPTY_SET
            case '}': return Push(new PickleValue.Map());
            case 't': return Push(new PickleValue.Sequence(true, PopToMark()));
            case '\x85': return Push(new PickleValue.Sequence(true, Pop(1)));
            case '\x86': return Push(new PickleValue.Sequence(true, Pop(2)));
            case '\x87': return Push(new PickleValue.Sequence(true, Pop(3)));
            case 'a': return Append(Pop(1));
            case 'e' or '\x90': return Append(PopToMark()); // APPENDS, ADDITEMS
            case 's': return SetItems(Pop(2));
            case 'u': return SetItems(PopToMark());
            case '0': // POP
                Pop(1);
                return true;
            default: return false;
        }
    }

    private bool Memo(char opcode)
    {
        switch (opcode)
        {
            case 'q': return Put(Take(1)[0]);
            case 'r': return Put(BinaryPrimitives.ReadUInt32LittleEndian(Take(4)));
            case '\x94': return Put(_memo.Count);
            case 'h': return Get(Take(1)[0]);
            case 'j': return Get(BinaryPrimitives.ReadUInt32LittleEndian(Take(4)));
            default: return false;
        }
    }

    private bool Named(char opcode)
    {
        switch (opcode)
        {
            case 'c': return Push(PickleGlobals.Name(_path, $"{Line()}.{Line()}"));
            case '\x93': // STACK_GLOBAL
                return Pop(2) is [PickleValue.Scalar { Text: { } module }, PickleValue.Scalar { Text: { } name }]
                    ? Push(PickleGlobals.Name(_path, $"{module}.{name}"))
                    : throw Bad("a name in it is not text");
            case 'R' or '\x81': // REDUCE, NEWOBJ
                var call = Pop(2);
                return Push(Counted(PickleGlobals.Call(_path, call[0], call[1])));
            case 'b': // BUILD
                var state = Pop(1)[0];
                PickleGlobals.Build(_path, Peek(), state);
                return true;
            case 'Q': // BINPERSID
                var storage = PickleGlobals.Persistent(_path, Pop(1)[0]);
                _storages.Add(storage);
                return Push(storage);
            default: return false;
        }
    }

    private PickleValue Counted(PickleValue made)
    {
        _copied += made switch
        {
            PickleValue.Map map => map.Items.Count,
            PickleValue.Tensor tensor => tensor.Shape.Length,
            _ => 0,
        };
        return _copied <= MaxCopied ? made : throw Bad("its calls repeat too much");
    }

    private bool Append(List<PickleValue> items)
    {
        if (Peek() is not PickleValue.Sequence { IsTuple: false } list)
            throw Bad("it appends to something that is not a list");
        list.Items.AddRange(items);
        return true;
    }

    private bool SetItems(List<PickleValue> items)
    {
        if (Peek() is not PickleValue.Map map || items.Count % 2 != 0)
            throw Bad("it sets items of something that is not a dict");
        for (var i = 0; i < items.Count; i += 2)
            map.Items.Add((items[i], items[i + 1]));
        return true;
    }

    private bool Push(object value) => Push(new PickleValue.Scalar(value));

    private bool Push(PickleValue value)
    {
        _stack.Add(value);
        return true;
    }

    private bool Put(long key)
    {
        _memo[key] = Peek();
        return true;
    }

    private bool Get(long key) => Push(_memo.TryGetValue(key, out var value) ? value : throw Bad($"it refers to value {key}, which it never kept"));

    private PickleValue Peek() => _stack.Count > Floor ? _stack[^1] : throw Bad("it takes a value from an empty stack");

    private List<PickleValue> Pop(int count) => _stack.Count - count >= Floor
        ? PopFrom(_stack.Count - count)
        : throw Bad("it takes a value from an empty stack");

    private List<PickleValue> PopToMark()
    {
        if (_marks.Count == 0)
            throw Bad("it closes a group that it never opened");
        var start = Floor;
        _marks.RemoveAt(_marks.Count - 1);
        return PopFrom(start);
    }

    private List<PickleValue> PopFrom(int start)
    {
        var items = _stack.GetRange(start, _stack.Count - start);
        _stack.RemoveRange(start, items.Count);
        return items;
    }

    // Values below the last mark belong to the groups around this one.
    private int Floor => _marks.Count == 0 ? 0 : _marks[^1];

    private ReadOnlySpan<byte> Take(int count)
    {
        if (count > _bytes.Length - _at)
            throw Bad("it is cut off");
        _at += count;
        return _bytes.AsSpan(_at - count, count);
    }

    private int Length(int bytes)
    {
        Span<byte> wide = stackalloc byte[sizeof(ulong)];
        Take(bytes).CopyTo(wide);
        var length = BinaryPrimitives.ReadUInt64LittleEndian(wide);
        return length <= (ulong)(_bytes.Length - _at) ? (int)length : throw Bad("it is cut off");
    }

    private string Line()
    {
        var end = Array.IndexOf(_bytes, (byte)'\n', _at);
        var line = Text(Take((end < 0 ? throw Bad("it is cut off") : end) - _at));
        Take(1);
        return line;
    }

    private string Text(ReadOnlySpan<byte> bytes)
    {
        try
        {
            return StrictUtf8.GetString(bytes);
        }
        catch (DecoderFallbackException)
        {
            throw Bad("a text in it is not UTF-8");
        }
    }

    private static object Long(ReadOnlySpan<byte> bytes)
    {
        var number = new BigInteger(bytes);
        return number >= long.MinValue && number <= long.MaxValue ? (object)(long)number : number;
    }

    private DitException Bad(string why) => new($"'{_path}' is not a PyTorch state dict: its pickle is damaged or of another kind ({why}).");
}
