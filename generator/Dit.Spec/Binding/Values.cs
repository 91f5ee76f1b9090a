using System.Globalization;

namespace Dit.Spec;

/// <summary>A number and its location.</summary>
internal readonly record struct Located(int Value, TextRange At);

/// <summary>Checks single values of a spec against their keys.</summary>
internal static class Values
{
    public static Result<int> Int(SpecNode node, string name, int min, int max, string wanted) =>
        Whole(node, name, min, max, wanted, FormattableString.Invariant($"from {min} to {max}")).Select(static value => (int)value);

    /// <summary>A whole number.</summary>
    /// <param name="node">What stands in the file.</param>
    /// <param name="name">The key.</param>
    /// <param name="min">The least that is legal.</param>
    /// <param name="max">The most that is legal.</param>
    /// <param name="wanted">What the key takes, for a value that is no whole number.</param>
    /// <param name="range">The range in words, for one that is: <c>from 1 to 8</c>.</param>
    public static Result<long> Whole(SpecNode node, string name, long min, long max, string wanted, string range)
    {
        if (node is not ScalarNode { Quoted: false } scalar || !Numbers.IsWhole(scalar.Text))
            return Result.Fail<long>(NotANumber(
                node, name, wanted, number => number == decimal.Truncate(number) && number >= min && number <= max));
        return long.TryParse(scalar.Text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var value) && value >= min
            && value <= max
            ? Result.Of(value)
            : Result.Fail<long>(OutOfRange(scalar, name, range));
    }

    public static Result<double> Number(SpecNode node, string name, NumberKey key) => Number(
        node, name, number => number >= key.Min && number <= key.Max, key.Wanted,
        FormattableString.Invariant($"from {key.Min} to {key.Max}"));

    /// <summary>A number, whole or not.</summary>
    /// <param name="node">What stands in the file.</param>
    /// <param name="name">The key.</param>
    /// <param name="isLegal">Whether a number is in the range.</param>
    /// <param name="wanted">What the key takes, for a value that is no number.</param>
    /// <param name="range">The range in words, for one that is: <c>from 0 to 1</c>.</param>
    public static Result<double> Number(SpecNode node, string name, Func<double, bool> isLegal, string wanted, string range)
    {
        if (node is not ScalarNode { Quoted: false } scalar || !Numbers.IsDecimal(scalar.Text))
            return Result.Fail<double>(NotANumber(node, name, wanted, number => isLegal((double)number)));
        return double.TryParse(
            scalar.Text, NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var value)
                && isLegal(value)
            ? Result.Of(value + 0.0) // -0 is 0
            : Result.Fail<double>(OutOfRange(scalar, name, range));
    }

    private static SpecError OutOfRange(ScalarNode scalar, string name, string range) =>
        new(Rule.OutOfRange, $"'{name}' is {Shown.Text(scalar.Text)}; it must be {range}", scalar.At);

    public static Result<T> Word<T>(SpecNode node, string name, WordKey<T> key)
    {
        if (node is not ScalarNode { IsNull: false } scalar)
            return Result.Fail<T>(WrongType(node, name, key.Wanted));
        var word = key.Choices.FirstOrDefault(w => w.Text == scalar.Text);
        return word switch
        {
            null => Result.Fail<T>(UnknownWord(scalar, name, key.Available, key.Wanted)),
            { Available: true, Value: { } value } => Result.Of(value),
            _ =>
                Result.Fail<T>(new(
                    Rule.NotAvailable,
                    $"'{name}: {word.Text}' is not available in this version; available here: {string.Join(", ", key.Available)}",
                    node.At)),
        };
    }

    /// <summary>The error for a word that the key does not take.</summary>
    public static SpecError UnknownWord(ScalarNode scalar, string name, IReadOnlyList<string> words, string wanted) =>
        DidYouMean.Nearest(scalar.Text, words) is { } near
            ? new SpecError(
                Rule.UnknownValue, $"'{name}' cannot be '{Shown.Text(scalar.Text)}'; did you mean '{near}'?", scalar.At).Replace(near)
            : new(Rule.UnknownValue, $"'{name}' cannot be '{Shown.Text(scalar.Text)}'; it is {wanted}", scalar.At);

    public static Result<string> Name(SpecNode node, string name, NameKey key) =>
        node is not ScalarNode { Text.Length: > 0, IsNull: false } scalar
        ? Result.Fail<string>(WrongType(node, name, key.Wanted))
        : Named(scalar, $"'{name}'", key.Example);

    /// <summary>
    /// A text that becomes an identifier: not too long, and not a word that YAML readers convert to a different type.
    /// </summary>
    /// <param name="scalar">The text.</param>
    /// <param name="what">What it is the name of, for messages.</param>
    /// <param name="example">An example of a legal name.</param>
    public static Result<string> Named(ScalarNode scalar, string what, string example) => scalar switch
    {
        _ when TakenForOther(scalar, what) is { } taken =>
            Result.Fail<string>(taken with { Message = $"{taken.Message}, or choose another name" }),
        { Text.Length: > NameKey.MaxLength } => Result.Fail<string>(new(
            Rule.BadName, $"{what} has {scalar.Text.Length} characters; a name has at most {NameKey.MaxLength}, as in {example}",
            scalar.At)),
        _ => Result.Of(scalar.Text),
    };

    /// <summary>A text of any length, such as a path.</summary>
    /// <param name="node">What stands in the file.</param>
    /// <param name="name">The key.</param>
    /// <param name="wanted">What the key takes.</param>
    public static Result<string> Text(SpecNode node, string name, string wanted) =>
        node is not ScalarNode { Text.Length: > 0, IsNull: false } scalar ? Result.Fail<string>(WrongType(node, name, wanted))
        : TakenForOther(scalar, $"'{name}'") is { } taken ? Result.Fail<string>(taken)
        : Result.Of(scalar.Text);

    // A word that YAML readers convert to a different type unless it is quoted.
    private static SpecError? TakenForOther(ScalarNode scalar, string what) =>
        !scalar.Quoted && YamlWords.TakenFor(scalar.Text) is { } taken
            ? new SpecError(
                Rule.YamlWord,
                $"{what} is {scalar.Text}, which YAML readers take for {taken}; quote it, \"{scalar.Text}\"", scalar.At)
                    .Replace($"\"{scalar.Text}\"")
            : null;

    public static Result<(Located Height, Located Width)> Size(SpecNode node, string name, SizeKey key)
    {
        return node switch
        {
            ListNode { Items.Count: 2 } list => (Side(list.Items[0]), Side(list.Items[1])).Apply(static (height, width) => (height, width)),
            ScalarNode => Side(node).Select(static side => (side, side)),
            _ => Result.Fail<(Located, Located)>(WrongType(node, name, key.Wanted)),
        };

        Result<Located> Side(SpecNode side) => Int(side, name, key.Min, key.Max, key.Wanted).Select(value => new Located(value, side.At));
    }

    public static Result<EquatableArray<int>> IntList(SpecNode node, string name, IntListKey key) =>
        node is ListNode { Items.Count: > 0 } list && list.Items.Count <= key.MaxItems
        ? Result.All(list.Items.Select(item => Int(item, name, key.Min, key.Max, key.Wanted)))
        : Result.Fail<EquatableArray<int>>(WrongType(node, name, key.Wanted));

    public static Result<MappingNode> Mapping(SpecNode node, string name, SpecKey key) => node is MappingNode mapping
        ? Result.Of(mapping)
        : Result.Fail<MappingNode>(WrongType(node, name, key.Wanted));

    /// <summary>The error for a value of the wrong kind.</summary>
    public static SpecError WrongType(SpecNode node, string name, string wanted) => new(
        Rule.WrongType,
        node is ScalarNode { IsNull: true } ? $"'{name}' has no value; it must be {wanted}" : $"'{name}' must be {wanted}, not {node.Kind}",
        node.At);

    private static SpecError NotANumber(SpecNode node, string name, string wanted, Func<decimal, bool> isLegal)
    {
        var error = WrongType(node, name, wanted);
        return node is not ScalarNode { IsNull: false } scalar ? error
            : !scalar.Quoted && Numbers.IsAmbiguous(scalar.Text)
                ? error with { Message = error.Message + "; a leading zero means octal to some readers, so leave it out" }
            : Numbers.Meant(scalar.Text) is { } number && isLegal(number)
                ? (error with { Message = $"{error.Message}; write {Numbers.Write(number)}{(scalar.Quoted ? " without quotes" : "")}" })
                    .Replace(Numbers.Write(number))
            : error;
    }
}
