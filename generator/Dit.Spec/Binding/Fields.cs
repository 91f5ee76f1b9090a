using System.Globalization;

namespace Dit.Spec;

/// <summary>
/// Reads the values of one mapping. Each method is a pure check; its error names the key, the value found and the
/// values allowed.
/// </summary>
/// <param name="node">The mapping.</param>
/// <param name="owner">Path of the mapping, for messages: <c>conditioning</c>; empty at the top level.</param>
/// <param name="keys">The allowed keys.</param>
/// <param name="missingIsReported">
/// Whether missing keys are reported elsewhere, so that reading one fails without an error.
/// </param>
internal sealed class Fields(MappingNode node, string owner, IReadOnlyList<SpecKey> keys, bool missingIsReported = false)
{
    private readonly MappingKeys own = new(node, owner, [.. keys.Select(static k => k.Name)], FileWords.OfSpecs);

    private string Full(string key) => own.Full(key);

    /// <summary>Location of the key's value, or the start of the mapping.</summary>
    public TextRange At(SpecKey key) => node[key.Name]?.At ?? node.Place;

    public bool Has(SpecKey key) => node[key.Name] is not null;

    /// <summary>Reports unknown and duplicate keys.</summary>
    public Result<bool> OnlyAllowed()
    {
        var errors = own.Errors(Unknown).ToArray();
        return errors.Length > 0 ? new Result<bool>.Failed(errors) : Result.Of(true);
    }

    /// <summary>
    /// Reports keys that only other backbones have; a family's own check allows those of all of them.
    /// </summary>
    public Result<bool> NoneOfOtherBackbones()
    {
        var errors = node.Entries.Where(e => IsOfOtherBackbone(e.Key.Text)).Select(Unknown).ToArray();
        return errors.Length > 0 ? new Result<bool>.Failed(errors) : Result.Of(true);
    }

    private bool IsOfOtherBackbone(string key) => keys.All(own => own.Name != key) && SpecKeys.BackbonesWith(owner, key).Count > 0;

    public Result<int> Read(IntKey key) => key.Default is { } fallback && !Has(key)
        ? Result.Of(fallback)
        : Required(key, value => Values.Int(value, Full(key.Name), key.Min, key.Max, key.Wanted));

    public Result<double> Read(NumberKey key) =>
        Has(key) ? Required(key, value => Values.Number(value, Full(key.Name), key)) : Result.Of(key.Default);

    /// <summary>The value of a word. A word without code in this version is a separate error.</summary>
    public Result<T> Read<T>(WordKey<T> key) => key.Default is { } fallback && !Has(key)
        ? key.Choices.First(w => w.Text == fallback) is { Value: { } value }
            ? Result.Of(value)
            : throw new InvalidOperationException($"The default of {key.Name} has no value.")
        : Required(key, value => Values.Word(value, Full(key.Name), key));

    /// <summary>The value of a word, or of a mapping.</summary>
    public Result<T> Read<T>(WordOrMappingKey<T> key, Func<Fields, Result<T>> mapping) => node[key.Name] is MappingNode value
        ? mapping(new Fields(value, Full(key.Name), key.Mapping.Keys))
        : Read(key.Words);

    /// <summary>The numbers of a list; none for an absent optional key.</summary>
    public Result<EquatableArray<int>> Read(IntListKey key) => key.Optional && !Has(key)
        ? Result.Of<EquatableArray<int>>(default)
        : Required(key, value => Values.IntList(value, Full(key.Name), key));

    public Result<string> Read(NameKey key) => Required(key, value => Values.Name(value, Full(key.Name), key));

    /// <summary>Height and width, each with its location.</summary>
    public Result<(Located Height, Located Width)> Read(SizeKey key) => Required(key, value => Values.Size(value, Full(key.Name), key));

    /// <summary>Whether the key holds exactly this word.</summary>
    public bool Says(SpecKey key, string word) => Word(key) == word;

    /// <summary>The text of the key's value, unchecked; null where it is absent or not a scalar.</summary>
    public string? Word(SpecKey key) => node[key.Name] is ScalarNode scalar ? scalar.Text : null;

    /// <summary>Whether the key holds the unquoted word <c>true</c>.</summary>
    public bool IsTrue(FlagKey key) => node[key.Name] is ScalarNode { Quoted: false, Text: "true" };

    /// <summary>The value of a switch; null where it is absent.</summary>
    public Result<bool?> Read(SwitchKey key) => node[key.Name] switch
    {
        null => Result.Of<bool?>(null),
        ScalarNode { Quoted: false, Text: "true" } => Result.Of<bool?>(true),
        ScalarNode { Quoted: false, Text: "false" } => Result.Of<bool?>(false),
        var value => Result.Fail<bool?>(Values.WrongType(value, Full(key.Name), key.Wanted)),
    };

    /// <summary>The fields of a nested mapping; empty for an absent optional key.</summary>
    public Result<Fields> Read(MappingKey key) => key.Optional && !Has(key)
        ? Result.Of(Below(key, new MappingNode([], node.Place)))
        : Required(key, value => Values.Mapping(value, Full(key.Name), key)).Select(mapping => Below(key, mapping));

    // The allowed keys may contain this key with fewer nested keys: those of one backbone.
    private Fields Below(MappingKey key, MappingNode mapping) =>
        new(mapping, Full(key.Name), (keys.OfType<MappingKey>().FirstOrDefault(own => own.Name == key.Name) ?? key).Keys);

    /// <summary>The axes of a family's matrix.</summary>
    public Result<MappingNode> Read(MatrixKey key) => Required(key, value => Values.Mapping(value, Full(key.Name), key));

    /// <summary>
    /// The entries of a map, in the order of the file; empty where the key is absent.
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
                Rule.DuplicateKey,
                $"Key '{Full(key.Name)}.{Shown.Text(twice.Key.Text)}' appears twice; remove one of them",
                twice.Key.At)));

    /// <summary>Whether the key is present under a misspelled name; then the misspelling is the error.</summary>
    public bool IsMisspelled(SpecKey key) => own.IsMisspelled(key.Name);

    private Result<T> Required<T>(SpecKey key, Func<SpecNode, Result<T>> parse) => node[key.Name] switch
    {
        { } value => parse(value),
        null when missingIsReported || IsMisspelled(key) => new Result<T>.Failed([]), // one mistake, one error
        null => Result.Fail<T>(Missing(key)),
    };

    /// <summary>The error for a missing required key.</summary>
    public SpecError Missing(SpecKey key) =>
        new(Rule.MissingKey, $"Key '{Full(key.Name)}' is missing; add '{key.Name}: ...', {key.Wanted}", node.Place);

    private SpecError Unknown(SpecEntry entry)
    {
        var (name, key) = (Shown.Text(Full(entry.Key.Text)), entry.Key);
        return own.Unknown(
            entry,
            () => IsOfOtherBackbone(key.Text)
                ? new(
                    Rule.UnknownKey,
                    $"Key '{name}' is of the backbone {string.Join(" or ", SpecKeys.BackbonesWith(owner, key.Text))}, and this model has "
                        + "a different one; remove the key",
                    key.At)
                : null,
            () => Home(key.Text) is { } home
                ? new(Rule.UnknownKey, $"Unknown key '{name}'; it belongs into '{home.Name}'", key.At)
                : null);
    }

    // The mapping that a key at the top belongs into.
    private MappingKey? Home(string key) => owner.Length > 0 ? null : keys
        .Select(static k => k is WordOrMappingKey either ? either.Mapping : k).OfType<MappingKey>()
        .FirstOrDefault(mapping => mapping.Keys.Any(k => k.Name == key));
}
