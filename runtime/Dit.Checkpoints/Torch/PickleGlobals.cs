namespace Dit.Checkpoints;

/// <summary>
/// What the names in a pickle mean here. No name is ever looked up in Python or in .NET: all but a few stay names.
/// </summary>
internal static class PickleGlobals
{
    private const string OrderedDict = "collections.OrderedDict";
    private const string Size = "torch.Size";
    private const string StorageWord = "storage", ModuleWord = "module";
    private const int MaxWrappers = 8;

    // How many of a call's arguments are looked at for what it wraps.
    private const int MostArguments = 16;

    // Where storage classes are.
    private static readonly string[] StorageModules = ["torch.", "torch.storage.", "torch.cuda."];

    // Names that run what they are given. Honest files do not have them.
    private static readonly HashSet<string> Harmful = new(
    [
        .. from module in new[] { "os", "posix", "nt" }
           from function in new[]
           {
               "system", "popen", "execl", "execle", "execlp", "execv", "execve", "execvp", "execvpe", "spawnl", "spawnle", "spawnlp",
               "spawnv", "spawnve",
               "spawnvp", "posix_spawn", "posix_spawnp", "startfile", "remove", "unlink", "rmdir", "removedirs", "kill", "putenv",
           }
           select $"{module}.{function}",
        .. new[] { "Popen", "run", "call", "check_call", "check_output", "getoutput", "getstatusoutput" }
            .Select(static name => $"subprocess.{name}"),
        .. from module in new[] { "builtins", "__builtin__" }
           from function in new[] { "eval", "exec", "execfile", "compile", "__import__", "open", "input", "breakpoint" }
           select $"{module}.{function}",
        "pty.spawn", "runpy.run_path", "runpy.run_module", "runpy._run_code", "shutil.rmtree", "socket.socket", "webbrowser.open",
        "code.interact", "ctypes.CDLL",
    ], StringComparer.Ordinal);

    /// <summary>The name, of whatever it is.</summary>
    /// <exception cref="DitException">It is one of those that run what they are given.</exception>
    public static PickleValue.Global Name(string path, string name) => Harmful.Contains(name)
        ? throw new DitException($"'{path}' asks for '{Printable.Of(name)}', which would run what it is given wherever Python loads the "
            + "file: "
            + "it was made to harm. Nothing of it was run; get the weights from elsewhere.")
        : new PickleValue.Global(name);

    /// <summary>What applying <paramref name="function"/> to <paramref name="arguments"/> means.</summary>
    public static PickleValue Call(string path, PickleValue function, PickleValue arguments)
    {
        for (var wrappers = 0; ; wrappers++)
        {
            if (function is PickleValue.Inert made && arguments is PickleValue.Sequence { IsTuple: true })
                return Unknown(made.Name, [made, arguments]);
            if (function is not PickleValue.Global { Name: var name }
                || arguments is not PickleValue.Sequence { IsTuple: true, Items: var items })
                throw new DitException($"'{path}' is not a PyTorch state dict: its pickle calls something that is not a name.");
            if (name is not (
                "torch._tensor._rebuild_from_type_v2" or "torch._tensor._rebuild_from_type" or "torch.tensor._rebuild_from_type"))
                return Apply(path, name, items);
            // (function, class, its arguments, state): what the class is to be is of no interest.
            if (items is not [var inner, _, PickleValue.Sequence { IsTuple: true } given, ..])
                throw WrongArguments(path, name);
            if (wrappers == MaxWrappers)
                throw new DitException($"'{path}' is not a PyTorch state dict: its pickle wraps a tensor more than {MaxWrappers} times.");
            (function, arguments) = (inner, given);
        }
    }

    private static PickleValue Apply(string path, string name, List<PickleValue> items) => name switch
    {
        "torch._utils._rebuild_tensor_v2" => items.Count is 6 or 7 ? View(path, name, items) : throw WrongArguments(path, name),
        "torch._utils._rebuild_tensor" => items.Count == 4 ? View(path, name, items) : throw WrongArguments(path, name),
        "torch._utils._rebuild_tensor_v3" => items.Count is 7 or 8 ? Typed(path, name, items) : throw WrongArguments(path, name),
        "torch._utils._rebuild_parameter" or "torch._utils._rebuild_parameter_with_state" =>
            items is [PickleValue.Tensor or PickleValue.Opaque, ..] ? items[0]
            : items is [PickleValue.Inert { Name: var unknown }, ..]
                ? new PickleValue.Opaque(TensorInfo.Of(ElementType.Unknown("unknown"), [], MadeBy(unknown)))
            : throw WrongArguments(path, name),
        OrderedDict => items is [] or [PickleValue.Sequence] ? Pairs(path, items)
            : items is [PickleValue.Map map] ? map : throw WrongArguments(path, name),
        Size when items is [PickleValue.Sequence size] => size,
        _ => Unknown(name, items),
    };

    /// <summary>
    /// Keeps the state of an object that is only a name; attributes of a dict (<c>_metadata</c>) are passed over.
    /// </summary>
    public static void Build(string path, PickleValue target, PickleValue state)
    {
        switch (target)
        {
            case PickleValue.Map or PickleValue.Opaque:
                return;
            case PickleValue.Inert inert:
                inert.State = state;
                return;
            default:
                throw new DitException($"'{path}' is not a PyTorch state dict: its pickle gives attributes to something that has none.");
        }
    }

    /// <summary>
    /// What a persistent id names: a storage, ('storage', class, key, device, elements[, view]), or a class, ('module',
    /// class, file, source).
    /// </summary>
    /// <remarks>
    /// Files before PyTorch 1.6 have the view: None, or (key, first element, elements) of a part of the storage.
    /// </remarks>
    public static PickleValue Persistent(string path, PickleValue id) => id switch
    {
        PickleValue.Sequence
        {
            IsTuple: true,
            Items: [PickleValue.Scalar { Text: StorageWord }, PickleValue.Global { Name: var name }, PickleValue.Scalar { Text: { } key },
                _,
                PickleValue.Scalar { Integer: >= 0 and var elements }, .. var rest],
        } when rest.Count <= 1 => StorageType(name) is { } type
            ? rest is [var view]
                ? Part(path, new PickleValue.Storage(key, type, elements), view)
                : new PickleValue.Storage(key, type, elements)
            : throw new DitException($"'{path}' is not a PyTorch state dict: it has elements of '{Printable.Of(name)}', which is no "
                + "class of storages."),
        PickleValue.Sequence { IsTuple: true, Items: [PickleValue.Scalar { Text: ModuleWord }, PickleValue.Global name, ..] } => name,
        _ => throw new DitException($"'{path}' is not a PyTorch state dict: it refers to something outside it that is not a tensor's "
            + "storage."),
    };

    private static PickleValue.Storage Part(string path, PickleValue.Storage whole, PickleValue view) => view switch
    {
        PickleValue.Scalar { Value: null } => whole,
        PickleValue.Sequence
        {
            IsTuple: true,
            Items: [PickleValue.Scalar { Text: not null }, PickleValue.Scalar { Integer: >= 0 and var first },
                PickleValue.Scalar { Integer: >= 0 and var elements }],
        } when first <= whole.Elements && elements <= whole.Elements - first => new(whole.Key, whole.Type, elements, first),
        _ => throw new DitException($"'{path}' is not a PyTorch state dict: it takes a part of a storage that lies outside it."),
    };

    // (storage, offset, size, stride[, requires_grad, backward_hooks[, metadata]])
    private static PickleValue View(string path, string function, List<PickleValue> items)
    {
        if (items is [PickleValue.Inert { Name: var unknown }, ..])
            return new PickleValue.Opaque(TensorInfo.Of(ElementType.Unknown("unknown"), Shape(items), MadeBy(unknown)));
        if (items is not [PickleValue.Storage storage, PickleValue.Scalar { Integer: >= 0 and var offset }, var size, var stride, ..]
            || Integers(size) is not { } shape || Integers(stride) is not { } strides || shape.Length != strides.Length)
            throw WrongArguments(path, function);
        StorageBounds.Check(path, storage, offset, shape, strides);
        return new PickleValue.Tensor(storage, offset, shape, strides);
    }

    // (storage of bytes, offset, size, stride, requires_grad, backward_hooks, dtype[, metadata]): types that have no
    // class of storages.
    private static PickleValue Typed(string path, string function, List<PickleValue> items)
    {
        if (items is not [PickleValue.Storage { Type: var bytes } storage, _, _, _, _, _, PickleValue.Global { Name: var dtype }, ..]
            || bytes != ElementType.Untyped)
            return items is [PickleValue.Inert, ..] ? View(path, function, items) : throw WrongArguments(path, function);
        var type = dtype.StartsWith("torch.", StringComparison.Ordinal) ? ElementType.OfTorch(dtype["torch.".Length..]) : null;
        return type is { Size: > 0 and var size }
            ? View(path, function,
                [new PickleValue.Storage(storage.Key, type, storage.Elements / size, storage.First / size), .. items[1..4]])
            : new PickleValue.Opaque(TensorInfo.Of(ElementType.Unknown(Printable.Of(dtype)), Shape(items)));
    }

    // A function that is not known: a name and what it was given, or, where it was given elements, a tensor that cannot
    // be made.
    private static PickleValue Unknown(string name, List<PickleValue> items)
    {
        var within = items.Take(MostArguments)
            .SelectMany(static item =>
                item is PickleValue.Sequence { IsTuple: true, Items: var inner } ? inner.Take(MostArguments) : [item]);
        var elements = within.LastOrDefault(static item => item is PickleValue.Tensor or PickleValue.Storage or PickleValue.Opaque) switch
        {
            PickleValue.Tensor tensor => tensor.Source.Type,
            PickleValue.Storage storage => storage.Type,
            PickleValue.Opaque tensor => tensor.Info.Element,
            _ => null,
        };
        var isRebuilt = name.StartsWith("torch.", StringComparison.Ordinal) && name.Contains("._rebuild_", StringComparison.Ordinal);
        return elements is not null || isRebuilt
            ? new PickleValue.Opaque(TensorInfo.Of(elements ?? ElementType.Unknown("unknown"), Shape(items), Refusal(name)))
            : new PickleValue.Inert(name, items);
    }

    private static string Refusal(string name) => name switch
    {
        "torch._utils._rebuild_sparse_tensor" or "torch._utils._rebuild_sparse_csr_tensor" =>
            "it is sparse; save it as a dense tensor, with .to_dense()",
        "torch._utils._rebuild_qtensor" => "it is quantized; save it as real numbers, with .dequantize()",
        "torch._utils._rebuild_nested_tensor" => "it is nested, of parts of several shapes",
        "torch._utils._rebuild_meta_tensor_no_storage" => "it is of the device meta: the file holds its shape and no elements",
        _ => MadeBy(name),
    };

    private static string MadeBy(string name) => $"it is made by '{Printable.Of(name)}', which is not known here and is not run";

    // The first list of integers among the arguments, as all functions of PyTorch have the size; else the shape of the
    // last tensor.
    private static long[] Shape(List<PickleValue> items)
    {
        PickleValue[] within = [.. items.Take(MostArguments).SelectMany(static item =>
            item is PickleValue.Sequence { IsTuple: true, Items: var inner }
                && inner.Take(MostArguments).Any(static part => part is not PickleValue.Scalar)
                ? inner.Take(MostArguments) : [item])];
        return within.Where(static item => item is PickleValue.Sequence { Items.Count: <= StorageBounds.MaxRank }).Select(Integers)
                .FirstOrDefault(static shape => shape is { Length: > 0 } && TensorInfo.ByteCount(ElementType.Untyped, shape) is not null)
            ?? within.OfType<PickleValue.Tensor>().LastOrDefault()?.Shape ?? [];
    }

    private static PickleValue.Map Pairs(string path, List<PickleValue> items)
    {
        var map = new PickleValue.Map();
        foreach (var pair in items is [PickleValue.Sequence list] ? list.Items : [])
            map.Items.Add(pair is PickleValue.Sequence { Items: [var key, var value] }
                ? (key, value)
                : throw WrongArguments(path, OrderedDict));
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

    private static ElementType? StorageType(string name) => StorageModules
        .Where(module => name.StartsWith(module, StringComparison.Ordinal))
        .Select(module => ElementType.OfStorage(name[module.Length..])).FirstOrDefault(static type => type is not null);

    private static DitException WrongArguments(string path, string name) =>
        new($"'{path}' is not a PyTorch state dict: its pickle applies '{name}' to the wrong arguments.");
}
