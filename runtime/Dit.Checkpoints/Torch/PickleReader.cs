using System.Buffers.Binary;
using System.Numerics;
using System.Text;

namespace Dit.Checkpoints;

/// <summary>
/// Reads the pickles that <c>torch.save</c> writes: tensors, and whatever training scripts keep beside them.
/// </summary>
/// <remarks>
/// A pickle is a program for a small stack machine. This machine knows the opcodes that build values (protocols 0 to 5,
/// as Python's pickletools documents them); what is done with names is in <see cref="PickleGlobals"/>. An opcode makes
/// one value, of no more content than the bytes it takes, so the bounds on bytes and steps bound memory and time; a
/// call may copy what was kept, and so what calls make is counted apart.
/// </remarks>
internal sealed class PickleReader
{
    private const int MaxSteps = 2_000_000;
    private const int MaxMarks = 1_000;
    private const int MaxCopied = 4_000_000;
    private const int CopiedWithObject = 8;
    private const int MaxLongBytes = 1_700; // about 4000 digits, where Python itself stops
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

    /// <summary>
    /// The value of a pickle among others, which begins at <paramref name="at"/> and ends where that then is.
    /// </summary>
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
                return protocol <= 5 ? true : throw Bad($"its protocol {protocol} is not one of 0 to 5");
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
            case '\x8b':
                return Push(Long(Take(
                    Length(4) is <= MaxLongBytes and var bytes ? bytes : throw Bad("it holds a number of too many digits"))));
            case 'I' or 'L': return Push(PickleLines.Integer(Line()) ?? throw Bad("an integer in it is none"));
            case 'F': return Push(PickleLines.Real(Line()) ?? throw Bad("a number in it is none"));
            case 'S': return Push(PickleLines.Quoted(Line()) ?? throw Bad("a text in it has no quotes"));
            case 'V': return Push(PickleLines.Unescaped(Line()));
            case 'G': return Push(BinaryPrimitives.ReadDoubleBigEndian(Take(8)));
            case 'X': return Push(Text(Take(Length(4))));
            case '\x8c': return Push(Text(Take(Length(1))));
            case '\x8d': return Push(Text(Take(Length(8))));
            case 'U': return Push(Encoding.Latin1.GetString(Take(Length(1))));
            case 'T': return Push(Encoding.Latin1.GetString(Take(Length(4))));
            case 'C': return Push(Take(Length(1)).ToArray());
            case 'B': return Push(Take(Length(4)).ToArray());
            case '\x8e' or '\x96': return Push(Take(Length(8)).ToArray()); // BINBYTES8, BYTEARRAY8
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
            case 't' or '\x91': return Push(new PickleValue.Sequence(true, PopToMark())); // TUPLE, FROZENSET
            case 'l': return Push(new PickleValue.Sequence(false, PopToMark()));
            case 'd': // DICT
                var items = PopToMark();
                Push(new PickleValue.Map());
                return SetItems(items);
            case '\x85': return Push(new PickleValue.Sequence(true, Pop(1)));
            case '\x86': return Push(new PickleValue.Sequence(true, Pop(2)));
            case '\x87': return Push(new PickleValue.Sequence(true, Pop(3)));
            case 'a': return Append(Pop(1));
            case 'e' or '\x90': return Append(PopToMark()); // APPENDS, ADDITEMS
            case 's': return SetItems(Pop(2));
            case 'u': return SetItems(PopToMark());
            case '0': // POP, of a value or of a mark
                if (_marks.Count > 0 && _stack.Count == Floor)
                    _marks.RemoveAt(_marks.Count - 1);
                else
                    Pop(1);
                return true;
            case '1': // POP_MARK
                PopToMark();
                return true;
            case '2': return Push(Peek()); // DUP
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
            case 'p': return Put(Place());
            case 'g': return Get(Place());
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
                return Call(call[0], call[1]);
            case '\x92': // NEWOBJ_EX: what is given by keyword makes no tensor
                var named = Pop(3);
                return Call(named[0], named[1]);
            case 'i': // INST
                var type = PickleGlobals.Name(_path, $"{Line()}.{Line()}");
                return Call(type, new PickleValue.Sequence(true, PopToMark()));
            case 'o': // OBJ
                return PopToMark() is [var made, .. var arguments]
                    ? Call(made, new PickleValue.Sequence(true, arguments))
                    : throw Bad("it makes an object of no class");
            case '\x82': return Push(Extension(1));
            case '\x83': return Push(Extension(2));
            case '\x84': return Push(Extension(4));
            case 'b': // BUILD
                var state = Pop(1)[0];
                PickleGlobals.Build(_path, Peek(), state);
                return true;
            case 'Q': // BINPERSID
                var outside = PickleGlobals.Persistent(_path, Pop(1)[0]);
                if (outside is PickleValue.Storage storage)
                    _storages.Add(storage);
                return Push(outside);
            default: return false;
        }
    }

    private bool Call(PickleValue function, PickleValue arguments) => Push(Counted(PickleGlobals.Call(_path, function, arguments)));

    // A number that stands for a name which the two programs agreed on.
    private PickleValue.Global Extension(int bytes)
    {
        Span<byte> code = stackalloc byte[sizeof(int)];
        Take(bytes).CopyTo(code);
        return new($"the extension {BinaryPrimitives.ReadInt32LittleEndian(code)}");
    }

    private PickleValue Counted(PickleValue made)
    {
        _copied += made switch
        {
            PickleValue.Map map => map.Items.Count,
            PickleValue.Tensor tensor => tensor.Shape.Length,
            PickleValue.Opaque or PickleValue.Inert => CopiedWithObject,
            _ => 0,
        };
        return _copied <= MaxCopied ? made : throw Bad("its calls repeat too much");
    }

    private bool Append(List<PickleValue> items)
    {
        var list = Peek() switch
        {
            PickleValue.Sequence { IsTuple: false } sequence => sequence.Items,
            PickleValue.Inert inert => inert.Items,
            _ => throw Bad("it appends to something that is not a list"),
        };
        list.AddRange(items);
        return true;
    }

    private bool SetItems(List<PickleValue> items)
    {
        var entries = Peek() switch
        {
            PickleValue.Map map when items.Count % 2 == 0 => map.Items,
            PickleValue.Inert inert when items.Count % 2 == 0 => inert.Entries,
            _ => throw Bad("it sets items of something that is not a dict"),
        };
        for (var i = 0; i < items.Count; i += 2)
            entries.Add((items[i], items[i + 1]));
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

    private bool Get(long key) =>
        Push(_memo.TryGetValue(key, out var value) ? value : throw Bad($"it refers to value {key}, which it never kept"));

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

    private long Place() => PickleLines.Integer(Line()) is long place ? place : throw Bad("a place in it is no number");

    private string Line()
    {
        var end = Array.IndexOf(_bytes, (byte)'\n', _at);
        var line = Text(Take((end < 0 ? throw Bad("it is cut off") : end) - _at));
        Take(1);
        return line.EndsWith('\r') ? line[..^1] : line;
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

    private static object Long(ReadOnlySpan<byte> bytes) => PickleLines.Narrowed(new BigInteger(bytes));

    private DitException Bad(string why) =>
        new($"'{_path}' is not a PyTorch state dict: its pickle is damaged or of another kind ({why}).");
}
