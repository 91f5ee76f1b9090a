namespace Dit.Checkpoints;

/// <summary>
/// A value that a pickle of tensors may hold. The cases are all there are: nothing in a file can name another.
/// </summary>
internal abstract class PickleValue
{
    private PickleValue() { }

    /// <summary>None, a boolean, a number or a short text: a value to show, with the text to show it by.</summary>
    public sealed class Scalar(object? value) : PickleValue
    {
        public static readonly Scalar None = new(null);

        public object? Value { get; } = value;

        public string? Text => Value as string;

        public long? Integer => Value as long?;

        public override string ToString() => Value switch
        {
            null => "None",
            bool flag => flag ? "True" : "False",
            byte[] bytes => $"{bytes.Length} bytes",
            IFormattable number => number.ToString(null, System.Globalization.CultureInfo.InvariantCulture),
            var other => other.ToString() ?? "",
        };
    }

    /// <summary>A tuple, a list or a set; only a list or a set grows after its creation.</summary>
    public sealed class Sequence(bool isTuple, IEnumerable<PickleValue> items) : PickleValue
    {
        public bool IsTuple { get; } = isTuple;

        public List<PickleValue> Items { get; } = [.. items];
    }

    /// <summary>A dict or an OrderedDict, in the order of insertion.</summary>
    public sealed class Map : PickleValue
    {
        public List<(PickleValue Key, PickleValue Value)> Items { get; } = [];
    }

    /// <summary>The name of something in a Python module. It stays a name.</summary>
    public sealed class Global(string name) : PickleValue
    {
        public string Name { get; } = name;
    }

    /// <summary>
    /// An object of a class that is never looked up: its name, and what was given to it, as plain values.
    /// </summary>
    /// <param name="name">The class, or the function that was to make the object.</param>
    /// <param name="arguments">What the class was to be called with.</param>
    public sealed class Inert(string name, IReadOnlyList<PickleValue> arguments) : PickleValue
    {
        public string Name { get; } = name;

        public IReadOnlyList<PickleValue> Arguments { get; } = arguments;

        public PickleValue? State { get; set; }

        /// <summary>What was appended to it, as to a <c>deque</c>.</summary>
        public List<PickleValue> Items => field ??= [];

        /// <summary>What was set in it by key, as in a <c>defaultdict</c>.</summary>
        public List<(PickleValue Key, PickleValue Value)> Entries => field ??= [];
    }

    /// <summary>
    /// Elements kept outside the pickle under <paramref name="key"/>, from element <paramref name="first"/> on.
    /// </summary>
    public sealed class Storage(string key, ElementType type, long elements, long first = 0) : PickleValue
    {
        public string Key { get; } = key;

        public ElementType Type { get; } = type;

        public long Elements { get; } = elements;

        public long First { get; } = first;
    }

    /// <summary>A view of a storage, in elements.</summary>
    public sealed class Tensor(Storage storage, long offset, long[] shape, long[] strides) : PickleValue
    {
        public Storage Source { get; } = storage;

        public long Offset { get; } = offset;

        public long[] Shape { get; } = shape;

        public long[] Strides { get; } = strides;

        /// <summary>
        /// Where the elements lie in a file that has the storage's own at <paramref name="storageOffset"/>.
        /// </summary>
        public StoredTensor At(long storageOffset)
        {
            var start = storageOffset + (Source.First + Offset) * Source.Type.Size;
            return new StoredTensor(TensorInfo.Of(Source.Type, Shape), start, IsRowMajor() ? null : Strides);
        }

        private bool IsRowMajor()
        {
            if (Shape.Contains(0))
                return true;
            long expected = 1;
            for (var i = Shape.Length - 1; i >= 0; i--)
            {
                // The stride of a dimension of one element is never taken.
                if (Shape[i] != 1 && Strides[i] != expected)
                    return false;
                expected *= Shape[i];
            }
            return true;
        }
    }

    /// <summary>
    /// A tensor that is made in a way this library does not know: it can be listed, and is refused when it is read.
    /// </summary>
    public sealed class Opaque(TensorInfo info) : PickleValue
    {
        /// <summary>Its description, and why it is not read.</summary>
        public TensorInfo Info { get; } = info;
    }
}
