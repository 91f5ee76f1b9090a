using System.Globalization;

namespace Dit.Spec;

/// <summary>
/// Reads the values of one mapping by its keys. Each method is a pure check that names the key, what is there and what
/// would be right.
/// </summary>
/// <param name="node">The mapping.</param>
/// <param name="owner">What it describes, for messages: <c>conditioning</c>; empty at the top level.</param>
/// <param name="keys">The keys it may have.</param>
/// <param name="missingIsReported">Whether another check reports missing keys, so that this one keeps quiet.</param>
internal sealed class Fields(MappingNode node, string owner, IReadOnlyList<SpecKey> keys, bool missingIsReported = false)
{
    private string Full(string key) => owner.Length == 0 ? key : $"{owner}.{key}";

    private string[] Names => [.. keys.Select(static k => k.Name)];

    /// <summary>Where the key's value stands, or where the mapping starts.</summary>
    public TextRange At(SpecKey key) => node[key.Name]?.At ?? node.Place;

    public bool Has(SpecKey key) => node[key.Name] is not null;

    /// <summary>Keys that are not allowed, and keys that stand twice.</summary>
    public Result<bool> OnlyAllowed()
    {
        var allowed = Names;
        var unknown = node.Entries.Where(e => !allowed.Contains(e.Key.Text)).Select(Unknown);
        var twice = node.Entries.Where(e => allowed.Contains(e.Key.Text)).GroupBy(static e => e.Key.Text).SelectMany(static g => g.Skip(1))
            .Select(e => new SpecError(
            Rule.DuplicateKey, $"Key '{Full(e.Key.Text)}' stands twice; keep one of them", e.Key.At));
        var errors = unknown.Concat(twice).ToArray();
        return errors.Length > 0 ? new Result<bool>.Failed(errors) : Result.Of(true);
    }

    public Result<int> Read(IntKey key) => key.Default is { } fallback && !Has(key)
        ? Result.Of(fallback)
        : Required(key, value => Values.Int(value, Full(key.Name), key.Min, key.Max, key.Wanted));

    public Result<double> Read(NumberKey key) =>
        Has(key) ? Required(key, value => Values.Number(value, Full(key.Name), key)) : Result.Of(key.Default);

    /// <summary>The value of a word. Words that this version has no code for are errors of their own.</summary>
    public Result<T> Read<T>(WordKey<T> key) => key.Default is { } fallback && !Has(key)
        ? key.Choices.First(w => w.Text == fallback) is { Value: { } value }
            ? Result.Of(value)
            : throw new InvalidOperationException($"The default of {key.Name} has no value.")
        : Required(key, value => Values.Word(value, Full(key.Name), key));

    /// <summary>The value of a word, or of a mapping.</summary>
    public Result<T> Read<T>(WordOrMappingKey<T> key, Func<Fields, Result<T>> mapping) => node[key.Name] is MappingNode value
        ? mapping(new Fields(value, Full(key.Name), key.Mapping.Keys))
        : Read(key.Words);

    /// <summary>The numbers of a list.</summary>
    public Result<EquatableArray<int>> Read(IntListKey key) => Required(key, value => Values.IntList(value, Full(key.Name), key));

    public Result<string> Read(NameKey key) => Required(key, value => Values.Name(value, Full(key.Name), key));

    /// <summary>Height and width, and where each of them stands.</summary>
    public Result<(Located Height, Located Width)> Read(SizeKey key) => Required(key, value => Values.Size(value, Full(key.Name), key));

    /// <summary>Whether the key holds exactly this word.</summary>
    public bool Says(SpecKey key, string word) => Word(key) == word;

    /// <summary>The text of the key's value, right or wrong; null where it is absent or not a single value.</summary>
    public string? Word(SpecKey key) => node[key.Name] is ScalarNode scalar ? scalar.Text : null;

    /// <summary>Whether the key holds the unquoted word <c>true</c>.</summary>
    public bool IsTrue(FlagKey key) => node[key.Name] is ScalarNode { Quoted: false, Text: "true" };

    /// <summary>What a switch says; null where it is absent.</summary>
    public Result<bool?> Read(SwitchKey key) => node[key.Name] switch
    {
        null => Result.Of<bool?>(null),
        ScalarNode { Quoted: false, Text: "true" } => Result.Of<bool?>(true),
        ScalarNode { Quoted: false, Text: "false" } => Result.Of<bool?>(false),
        var value => Result.Fail<bool?>(Values.WrongType(value, Full(key.Name), key.Wanted)),
    };

    /// <summary>The keys below a key; where it may be absent and is, none.</summary>
    public Result<Fields> Read(MappingKey key) => key.Optional && !Has(key)
        ? Result.Of(Below(key, new MappingNode([], node.Place)))
        : Required(key, value => Values.Mapping(value, Full(key.Name), key)).Select(mapping => Below(key, mapping));

    // The keys around it may hold the key with fewer keys below: those of one backbone.
    private Fields Below(MappingKey key, MappingNode mapping) =>
        new(mapping, Full(key.Name), (keys.OfType<MappingKey>().FirstOrDefault(own => own.Name == key.Name) ?? key).Keys);

    /// <summary>The axes of a family's matrix.</summary>
    public Result<MappingNode> Read(MatrixKey key) => Required(key, value => Values.Mapping(value, Full(key.Name), key));

    /// <summary>
    /// Names with what each of them stands for, in the order of the file; none where the key is absent.
    /// </summary>
    public Result<IReadOnlyList<SpecEntry>> Read(MapKey key) => !Has(key)
        ? Result.Of<IReadOnlyList<SpecEntry>>([])
        : Required(key, value => Values.Mapping(value, Full(key.Name), key)).Select(static mapping => mapping.Entries)
            .Ensure(entries => entries.Count > key.MaxEntries
            ? [new SpecError(
                Rule.OutOfRange,
                FormattableString.Invariant($"'{Full(key.Name)}' has {entries.Count} entries; at most {key.MaxEntries} are possible"),
                At(key))]
            : entries.GroupBy(static e => e.Key.Text).SelectMany(static same => same.Skip(1)).Select(twice => new SpecError(
                Rule.DuplicateKey, $"Key '{Full(key.Name)}.{Shown.Text(twice.Key.Text)}' stands twice; keep one of them", twice.Key.At)));

    /// <summary>Whether the key is there, if under a misspelled name: then the misspelling is the error.</summary>
    public bool IsMisspelled(SpecKey key) =>
        node.Entries.Any(e => !Names.Contains(e.Key.Text) && (Nearest(e) == key.Name || MissingSpace(e) == key.Name));

    private Result<T> Required<T>(SpecKey key, Func<SpecNode, Result<T>> parse) => node[key.Name] switch
    {
        { } value => parse(value),
        null when missingIsReported || IsMisspelled(key) => new Result<T>.Failed([]), // one mistake, one error
        null => Result.Fail<T>(Missing(key)),
    };

    /// <summary>The error of a key that must be there.</summary>
    public SpecError Missing(SpecKey key) =>
        new(Rule.MissingKey, $"Key '{Full(key.Name)}' is missing; add '{key.Name}: ...', {key.Wanted}", node.Place);

    private SpecError Unknown(SpecEntry entry)
    {
        var (name, key) = (Shown.Text(Full(entry.Key.Text)), entry.Key);
        return key switch
        {
            { Text: "<<", Quoted: false } => new(Rule.YamlFeature, "Merge keys are not used in specs; write the keys out", key.At),
            _ when MissingSpace(entry) is { } split =>
                new SpecError(Rule.UnknownKey, $"Unknown key '{name}'; put a space behind the colon of '{split}'", key.At)
                    .Replace(key.Text.Insert(split.Length + 1, " ")),
            _ when Nearest(entry) is { } near => node[near] is null
                ? new SpecError(Rule.UnknownKey, $"Unknown key '{name}'; did you mean '{near}'?", key.At).Replace(near)
                : new(Rule.UnknownKey, $"Unknown key '{name}'; '{Full(near)}' is here already, so remove this one", key.At),
            _ when owner.Length == 0 && keys.Select(static k => k is WordOrMappingKey either ? either.Mapping : k).OfType<MappingKey>()
                .FirstOrDefault(m => m.Keys.Any(k => k.Name == key.Text)) is { } other =>
                new(Rule.UnknownKey, $"Unknown key '{name}'; it belongs into '{other.Name}'", key.At),
            _ => new(Rule.UnknownKey, $"Unknown key '{name}'; the keys here are {string.Join(", ", Names)}", key.At),
        };
    }

    private string? Nearest(SpecEntry entry) => DidYouMean.Nearest(entry.Key.Text, Names);

    // In { depth:12 } the key is 'depth:12', and it has no value.
    private string? MissingSpace(SpecEntry entry) =>
        entry is { Key: { Quoted: false } key, Value: ScalarNode { Text: "" } } && key.Text.IndexOf(':') is > 0 and var colon
        && Names.Contains(key.Text.Substring(0, colon)) && node[key.Text.Substring(0, colon)] is null
        ? key.Text.Substring(0, colon)
        : null;
}
