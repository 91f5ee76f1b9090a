using static TorchSharp.torch;

namespace Dit.Runtime;

/// <summary>The names that a pickle may use, and what each means here. No name is ever looked up in Python or in .NET.</summary>
internal static class PickleGlobals
{
    private const string RebuildTensor = "torch._utils._rebuild_tensor_v2";
    private const string RebuildTensorOld = "torch._utils._rebuild_tensor";
    private const string RebuildParameter = "torch._utils._rebuild_parameter";
    private const string OrderedDict = "collections.OrderedDict";
    private const string StoragePrefix = "torch.";

    // libtorch's iterators stop at 64.
    private const int MaxRank = 64;

    // Settings that training scripts keep beside their tensors. Objects of these are a name and plain values.
    private static readonly HashSet<string> InertNames = new(StringComparer.Ordinal)
    {
        "argparse.Namespace", "types.SimpleNamespace",
        "torch.Size", "torch.device", "collections.defaultdict", "builtins.set", "__builtin__.set", "__builtin__.dict", "builtins.dict",
        "torch.float64", "torch.float32", "torch.float16", "torch.bfloat16", "torch.int64", "torch.int32", "torch.int16", "torch.int8",
        "torch.uint8", "torch.bool",
        "pathlib.Path", "pathlib.PosixPath", "pathlib.WindowsPath", "pathlib.PurePosixPath",
        "numpy.core.multiarray.scalar", "numpy._core.multiarray.scalar", "numpy.dtype", "_codecs.encode",
        "numpy.core.multiarray._reconstruct", "numpy._core.multiarray._reconstruct", "numpy.ndarray",
        "pytorch_lightning.callbacks.model_checkpoint.ModelCheckpoint", "lightning.pytorch.callbacks.model_checkpoint.ModelCheckpoint",
    };

    /// <summary>The name, if it is one of the few.</summary>
    public static PickleValue.Global Name(string path, string name) =>
        name is RebuildTensor or RebuildTensorOld or RebuildParameter or OrderedDict || InertNames.Contains(name) || StorageType(name) is not null
            ? new PickleValue.Global(name)
            : throw new DitException($"'{path}' asks for '{Printable.Of(name)}', which no state dict needs, and nothing in a file is ever run; "
                + "save model.state_dict() rather than objects.");

    /// <summary>What applying <paramref name="function"/> to <paramref name="arguments"/> means.</summary>
    public static PickleValue Call(string path, PickleValue function, PickleValue arguments)
    {
        if (function is not PickleValue.Global { Name: var name } || arguments is not PickleValue.Sequence { IsTuple: true, Items: var items })
            throw new DitException($"'{path}' is not a PyTorch state dict: its pickle calls something that is not a name.");
        return name switch
        {
            RebuildTensor => items.Count is 6 or 7 ? View(path, name, items) : throw WrongArguments(path, name),
            RebuildTensorOld => items.Count == 4 ? View(path, name, items) : throw WrongArguments(path, name),
            RebuildParameter => items is [PickleValue.Tensor tensor, ..] ? tensor : throw WrongArguments(path, name),
            OrderedDict => items is [] or [PickleValue.Sequence] ? Pairs(path, items) : throw WrongArguments(path, name),
            _ when InertNames.Contains(name) => new PickleValue.Inert(name),
            _ => throw WrongArguments(path, name),
        };
    }

    /// <summary>Keeps the state of an object that is only a name; attributes of a dict (<c>_metadata</c>) are passed over.</summary>
    public static void Build(string path, PickleValue target, PickleValue state)
    {
        switch (target)
        {
            case PickleValue.Map:
                return;
            case PickleValue.Inert inert:
                inert.State = state;
                return;
            default:
                throw new DitException($"'{path}' is not a PyTorch state dict: its pickle gives attributes to something that has none.");
        }
    }

    /// <summary>The storage that a persistent id names: ('storage', class, key, device, elements[, view]).</summary>
    /// <remarks>Files before PyTorch 1.6 have the view: None, or (key, first element, elements) of a part of the storage.</remarks>
    public static PickleValue.Storage Persistent(string path, PickleValue id) =>
        id is PickleValue.Sequence
        {
            IsTuple: true,
            Items: [PickleValue.Scalar { Text: "storage" }, PickleValue.Global { Name: var name }, PickleValue.Scalar { Text: { } key }, _,
                PickleValue.Scalar { Integer: >= 0 and var elements }, .. var rest],
        } && StorageType(name) is { } type && rest.Count <= 1
            ? rest is [var view] ? Part(path, new PickleValue.Storage(key, type, elements), view) : new PickleValue.Storage(key, type, elements)
            : throw new DitException($"'{path}' is not a PyTorch state dict: it refers to something outside it that is not a tensor's storage.");

    private static PickleValue.Storage Part(string path, PickleValue.Storage whole, PickleValue view) => view switch
    {
        PickleValue.Scalar { Value: null } => whole,
        PickleValue.Sequence
        {
            IsTuple: true,
            Items: [PickleValue.Scalar { Text: not null }, PickleValue.Scalar { Integer: >= 0 and var first }, PickleValue.Scalar { Integer: >= 0 and var elements }],
        } when first <= whole.Elements && elements <= whole.Elements - first => new(whole.Key, whole.Type, elements, first),
        _ => throw new DitException($"'{path}' is not a PyTorch state dict: it takes a part of a storage that lies outside it."),
    };

    // (storage, offset, size, stride[, requires_grad, backward_hooks[, metadata]])
    private static PickleValue.Tensor View(string path, string function, List<PickleValue> items)
    {
        if (items is not [PickleValue.Storage storage, PickleValue.Scalar { Integer: >= 0 and var offset }, var size, var stride, ..]
            || Integers(size) is not { } shape || Integers(stride) is not { } strides || shape.Length != strides.Length)
            throw WrongArguments(path, function);
        CheckInside(path, storage, offset, shape, strides);
        return new PickleValue.Tensor(storage, offset, shape, strides);
    }

    private static void CheckInside(string path, PickleValue.Storage storage, long offset, long[] shape, long[] strides)
    {
        var text = TensorInfo.ShapeText(shape);
        if (shape.Length > MaxRank || strides.Any(static s => s < 0) || TensorInfo.ByteCount(storage.Type, shape) is not { } bytes)
            throw new DitException($"'{path}' holds a tensor of an impossible shape {Printable.Of(text)}.");
        if (bytes == 0)
            return;
        if (bytes / TensorTypes.Size(storage.Type) > storage.Elements)
            throw new DitException($"'{path}' holds a tensor of shape {text} on a storage of {storage.Elements} elements; "
                + "save expanded tensors with .contiguous().");
        Int128 last = offset;
        for (var i = 0; i < shape.Length; i++)
            last += (Int128)(shape[i] - 1) * strides[i];
        if (last >= storage.Elements)
            throw new DitException($"'{path}' holds a tensor of shape {text} that ends at element {last} "
                + $"of a storage of {storage.Elements} elements.");
    }

    private static PickleValue.Map Pairs(string path, List<PickleValue> items)
    {
        var map = new PickleValue.Map();
        foreach (var pair in items is [PickleValue.Sequence list] ? list.Items : [])
            map.Items.Add(pair is PickleValue.Sequence { Items: [var key, var value] } ? (key, value) : throw WrongArguments(path, OrderedDict));
        return map;
    }

    private static long[]? Integers(PickleValue value)
    {
        if (value is not PickleValue.Sequence { Items: var items })
            return null;
        var numbers = new long[items.Count];
        for (var i = 0; i < numbers.Length; i++)
        {
            if (items[i] is not PickleValue.Scalar { Integer: { } number })
                return null;
            numbers[i] = number;
        }
        return numbers;
    }

    private static ScalarType? StorageType(string name) =>
        name.StartsWith(StoragePrefix, StringComparison.Ordinal) ? TensorTypes.OfTorchStorage(name[StoragePrefix.Length..]) : null;

    private static DitException WrongArguments(string path, string name) =>
        new($"'{path}' is not a PyTorch state dict: its pickle applies '{name}' to the wrong arguments.");
}
