using System.Globalization;

namespace Dit.Spec;

/// <summary>Reads the values of one mapping. Each method is a pure check that names the key, what is there and what would be right.</summary>
/// <param name="node">The mapping.</param>
/// <param name="owner">What it describes, for messages: <c>conditioning</c>; empty at the top level.</param>
/// <param name="allowed">The keys it may have.</param>
internal sealed class Fields(MappingNode node, string owner, IReadOnlyList<string> allowed)
{
    private string Full(string key) => owner.Length == 0 ? key : $"{owner}.{key}";

    /// <summary>Where the key's value stands, or where the mapping starts.</summary>
    public TextRange At(string key) => node[key]?.At ?? node.Place;

    public bool Has(string key) => node[key] is not null;

    /// <summary>Keys that are not allowed, and keys that stand twice.</summary>
    public Result<bool> OnlyAllowed()
    {
        var unknown = node.Entries.Where(e => !allowed.Contains(e.Key.Text)).Select(e => new SpecError(
            Rule.UnknownKey,
            $"Unknown key '{Full(e.Key.Text)}'{DidYouMean.Suggest(e.Key.Text, allowed) ?? "; the keys here are " + string.Join(", ", allowed)}",
            e.Key.At));
        var twice = node.Entries.GroupBy(static e => e.Key.Text).SelectMany(static g => g.Skip(1)).Select(e => new SpecError(
            Rule.DuplicateKey, $"Key '{Full(e.Key.Text)}' stands twice; keep one of them", e.Key.At));
        var errors = unknown.Concat(twice).ToArray();
        return errors.Length > 0 ? new Result<bool>.Failed(errors) : Result.Of(true);
    }

    public Result<int> Int(string key, int min, int max, int? fallback = null) => Optional(key, $"a whole number from {min} to {max}", fallback, value =>
        ToInt(value, Full(key)).Then(number => number >= min && number <= max ? Result.Of(number) : Result.Fail<int>(new(
            Rule.OutOfRange, FormattableString.Invariant($"'{Full(key)}' is {number}; it must be from {min} to {max}"), value.At))));

    public Result<double> Number(string key, double min, double max, double fallback) => Optional(key, "a number", fallback, value =>
        value is ScalarNode { Quoted: false } scalar
            && double.TryParse(scalar.Text, NumberStyles.AllowDecimalPoint | NumberStyles.AllowLeadingSign | NumberStyles.AllowExponent, CultureInfo.InvariantCulture, out var number)
        ? number >= min && number <= max
            ? Result.Of(number)
            : Result.Fail<double>(new(Rule.OutOfRange, FormattableString.Invariant($"'{Full(key)}' is {scalar.Text}; it must be from {min} to {max}"), value.At))
        : Result.Fail<double>(new(Rule.WrongType, $"'{Full(key)}' must be a number such as 4 or 0.1, not {value.Kind}", value.At)));

    public Result<string> Text(string key, string wanted) => Required(key, wanted, value => value is ScalarNode { Text.Length: > 0 } scalar
        ? Result.Of(scalar.Text)
        : Result.Fail<string>(new(Rule.WrongType, $"'{Full(key)}' must be {wanted}, not {value.Kind}", value.At)));

    /// <summary>One of the words of a table; words whose value is null are known to the language but not available here.</summary>
    public Result<T> Choice<T>(string key, IReadOnlyList<(string Word, T? Value)> words, T? fallback) where T : struct => Optional(key, "one of " + Words(words), fallback, value =>
    {
        if (value is not ScalarNode scalar)
            return Result.Fail<T>(new(Rule.WrongType, $"'{Full(key)}' must be one of {Words(words)}, not {value.Kind}", value.At));
        var match = words.FirstOrDefault(w => w.Word == scalar.Text);
        if (match.Word is null)
            return Result.Fail<T>(new(Rule.UnknownValue, $"'{Full(key)}' cannot be '{scalar.Text}'{DidYouMean.Suggest(scalar.Text, [.. words.Select(static w => w.Word)]) ?? "; it is one of " + Words(words)}", value.At));
        return match.Value is { } found
            ? Result.Of(found)
            : Result.Fail<T>(new(Rule.NotAvailable, $"'{Full(key)}: {scalar.Text}' is not available in this version; available here: {Available(words)}", value.At));
    });

    /// <summary>One of the cases of a closed sum, by its word.</summary>
    public Result<T> Case<T>(string key, IReadOnlyList<T> cases, Func<T, string> word, T fallback) where T : class =>
        Choice<int>(key, [.. cases.Select((value, i) => (word(value), (int?)i))], cases.TakeWhile(c => !ReferenceEquals(c, fallback)).Count()).Select(i => cases[i]);

    /// <summary>A mapping under a key, or an empty one when it may be absent; without <paramref name="keys"/> its keys are names, and all allowed.</summary>
    public Result<Fields> Nested(string key, bool required, IReadOnlyList<string>? keys)
    {
        if (!required && node[key] is null)
            return Result.Of(new Fields(new MappingNode([], node.Place), Full(key), keys ?? []));
        return Required(key, "a mapping", value => value is MappingNode mapping
            ? Result.Of(mapping)
            : Result.Fail<MappingNode>(new(Rule.WrongType, $"'{Full(key)}' must be a mapping such as {{ key: value }}, not {value.Kind}", value.At)))
            .Select(mapping => new Fields(mapping, Full(key), keys ?? [.. mapping.Entries.Select(static e => e.Key.Text)]));
    }

    /// <summary>The entries of the mapping, in the order of the file.</summary>
    public IEnumerable<(ScalarNode Key, SpecNode Value)> Entries => node.Entries.Select(static e => (e.Key, e.Value));

    /// <summary>Whether a key holds exactly this word.</summary>
    public bool Says(string key, params string[] words) => node[key] is ScalarNode scalar && words.Contains(scalar.Text);

    public static Result<int> ToInt(SpecNode value, string key) => value is ScalarNode { Quoted: false } scalar
        && int.TryParse(scalar.Text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number)
        ? Result.Of(number)
        : Result.Fail<int>(new(Rule.WrongType, $"'{key}' must be a whole number written in digits, not {value.Kind}", value.At));

    private Result<T> Optional<T>(string key, string wanted, T? fallback, Func<SpecNode, Result<T>> parse) where T : struct =>
        node[key] is null && fallback is { } value ? Result.Of(value) : Required(key, wanted, parse);

    /// <summary>A value that must be there, read by the caller.</summary>
    public Result<T> Required<T>(string key, string wanted, Func<SpecNode, Result<T>> parse) => node[key] switch
    {
        { } value => parse(value),
        null when IsMisspelt(key) => new Result<T>.Failed([]), // one mistake, one error: the unknown key's
        null => Result.Fail<T>(new(Rule.MissingKey, $"Key '{Full(key)}' is missing; add '{key}: ...', {wanted}", node.Place)),
    };

    private bool IsMisspelt(string key) => node.Entries.Any(e => !allowed.Contains(e.Key.Text) && DidYouMean.Nearest(e.Key.Text, allowed) == key);

    private static string Words<T>(IReadOnlyList<(string Word, T? Value)> words) where T : struct => string.Join(", ", words.Select(static w => w.Word));

    private static string Available<T>(IReadOnlyList<(string Word, T? Value)> words) where T : struct =>
        string.Join(", ", words.Where(static w => w.Value is not null).Select(static w => w.Word));
}
