namespace Dit.Runtime;

/// <summary>Turns nested dicts and lists into names joined by dots.</summary>
internal sealed class PickleFlattening
{
    private const int MaxDepth = 64;
    private const int MaxVisits = 500_000;
    private const long MaxCharacters = 64_000_000;

    private readonly string _path;
    private readonly OrderedDictionary<string, PickleValue.Tensor> _tensors = new(StringComparer.Ordinal);
    private readonly OrderedDictionary<string, string> _values = new(StringComparer.Ordinal);
    private int _visits;
    private long _characters;

    private PickleFlattening(string path) => _path = path;

    /// <summary>All tensors below <paramref name="root"/>, and all plain values, each by its name.</summary>
    /// <exception cref="DitException">The values nest too deep, hold each other too often, or two tensors come to one name.</exception>
    public static (OrderedDictionary<string, PickleValue.Tensor> Tensors, OrderedDictionary<string, string> Values) Flatten(string path, PickleValue root)
    {
        var flattening = new PickleFlattening(path);
        flattening.Visit(root, "", 0);
        return (flattening._tensors, flattening._values);
    }

    // A value may be held in many places, itself included: what is written is small, what it spans need not be.
    private void Visit(PickleValue value, string name, int depth)
    {
        _characters += name.Length;
        if (depth > MaxDepth || ++_visits > MaxVisits || _characters > MaxCharacters)
            throw new DitException($"'{_path}' is not a PyTorch state dict: its values are nested too deep or repeated too often.");
        switch (value)
        {
            case PickleValue.Tensor tensor:
                if (!_tensors.TryAdd(name, tensor))
                    throw new DitException($"'{_path}' holds two tensors that are both named '{Printable.Of(name)}'.");
                break;
            case PickleValue.Map map:
                foreach (var (key, item) in map.Items)
                    Visit(item, Join(name, KeyText(key)), depth + 1);
                break;
            case PickleValue.Sequence sequence:
                for (var i = 0; i < sequence.Items.Count; i++)
                    Visit(sequence.Items[i], Join(name, $"{i}"), depth + 1);
                break;
            case PickleValue.Inert { State: { } state }:
                Visit(state, name, depth + 1);
                break;
            case PickleValue.Scalar scalar:
                _values[name] = scalar.ToString();
                break;
        }
    }

    private static string Join(string folder, string name) => folder.Length == 0 ? name : $"{folder}.{name}";

    // Keys of other kinds (tuples in a scheduler's state) are not part of any parameter's name.
    private static string KeyText(PickleValue key) => key is PickleValue.Scalar scalar ? scalar.ToString() : "(key)";
}
