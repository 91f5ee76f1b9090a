namespace Dit.Checkpoints;

/// <summary>Turns nested dicts, lists and objects into names joined by dots.</summary>
internal sealed class PickleFlattening
{
    private const int MaxDepth = 64;
    private const int MaxVisits = 500_000;
    private const long MaxCharacters = 64_000_000;

    // What objects hold is of interest as far as it is tensors or short settings.
    private const int MaxObjectVisits = 100_000;

    private readonly string _path;
    private readonly OrderedDictionary<string, PickleValue> _tensors = new(StringComparer.Ordinal);
    private readonly OrderedDictionary<string, string> _values = new(StringComparer.Ordinal);
    private readonly HashSet<PickleValue.Inert> _objects = new(ReferenceEqualityComparer.Instance);
    private int _visits;
    private int _objectVisits;
    private int _insideObjects;
    private long _characters;

    private PickleFlattening(string path) => _path = path;

    /// <summary>All tensors below <paramref name="root"/>, and all plain values, each by its name.</summary>
    /// <returns>Tensors are <see cref="PickleValue.Tensor"/> or <see cref="PickleValue.Opaque"/>.</returns>
    /// <exception cref="DitException">
    /// The values nest too deep, hold each other too often, or two tensors come to one name.
    /// </exception>
    public static (OrderedDictionary<string, PickleValue> Tensors, OrderedDictionary<string, string> Values) Flatten(
        string path, PickleValue root)
    {
        var flattening = new PickleFlattening(path);
        flattening.Visit(root, "", 0);
        return (flattening._tensors, flattening._values);
    }

    // A value may be held in many places, itself included: what is written is small, what it spans need not be.
    // Numbers and texts in a quiet place are the inside of an object, as the bytes of a date, and say nothing under its
    // name.
    private void Visit(PickleValue value, string name, int depth, bool isQuiet = false)
    {
        // Objects point at each other as they like: what is too much of them is left out.
        if (_insideObjects > 0 && (depth > MaxDepth || ++_objectVisits > MaxObjectVisits))
            return;
        _characters += name.Length;
        if (depth > MaxDepth || ++_visits > MaxVisits || _characters > MaxCharacters)
            throw new DitException($"'{_path}' is not a PyTorch state dict: its values are nested too deep or repeated too often.");
        switch (value)
        {
            case PickleValue.Tensor or PickleValue.Opaque:
                if (!_tensors.TryAdd(name, value))
                    throw new DitException($"'{_path}' holds two tensors that are both named '{Printable.Of(name)}'.");
                break;
            case PickleValue.Map map:
                VisitEntries(map.Items, name, depth);
                break;
            case PickleValue.Sequence sequence:
                VisitItems(sequence.Items, name, depth, isQuiet);
                break;
            // An object once: those that hold each other, as the nodes of a configuration do, would have no end.
            case PickleValue.Inert inert when _objects.Add(inert):
                _insideObjects++;
                VisitObject(inert, name, depth);
                _insideObjects--;
                break;
            case PickleValue.Scalar scalar when !isQuiet:
                _values[name] = scalar.ToString();
                break;
        }
    }

    private void VisitObject(PickleValue.Inert inert, string name, int depth)
    {
        VisitEntries(inert.Entries, name, depth);
        VisitItems(inert.Items, name, depth);
        PickleValue[] inside = [.. new[] { inert.State }.OfType<PickleValue>(),
            .. inert.Arguments.Where(static argument => argument is not PickleValue.Scalar)];
        if (inside is [var only])
            Visit(only, name, depth + 1, isQuiet: true);
        else
            for (var i = 0; i < inside.Length; i++)
                Visit(inside[i], inside[i] == inert.State ? name : Join(name, $"{i}"), depth + 1, isQuiet: true);
    }

    private void VisitEntries(List<(PickleValue Key, PickleValue Value)> entries, string name, int depth)
    {
        for (var i = 0; i < entries.Count; i++)
            Visit(entries[i].Value, Join(name, KeyText(entries[i].Key, i)), depth + 1);
    }

    private void VisitItems(List<PickleValue> items, string name, int depth, bool isQuiet = false)
    {
        for (var i = 0; i < items.Count; i++)
            Visit(items[i], Join(name, $"{i}"), depth + 1, isQuiet);
    }

    private static string Join(string folder, string name) => folder.Length == 0 ? name : $"{folder}.{name}";

    // Keys of other kinds (tuples, objects) are not part of any parameter's name; their place tells them apart.
    private static string KeyText(PickleValue key, int place) => key is PickleValue.Scalar scalar ? scalar.ToString() : $"(key {place})";
}
