using System.CommandLine;
using System.Numerics;
using Dit.Runtime;
using Dit.Spec;

namespace Dit.Commands;

/// <summary>The values that a setting of a run has, on the command line and in a run file.</summary>
internal abstract record RunType<T>
{
    /// <summary>What a run file takes, in words: <c>a number above 0</c>.</summary>
    public abstract string Wanted { get; }

    /// <summary>What a run file takes, as members of a JSON schema.</summary>
    public abstract (string Name, string? Value)[] Schema { get; }

    /// <summary>Whether a JSON schema takes it for a text.</summary>
    public virtual bool IsText => false;

    /// <summary>An option with such a value.</summary>
    /// <param name="name">The option.</param>
    /// <param name="help">What it does.</param>
    /// <param name="standard">The value where it is not given.</param>
    public abstract Option CreateOption(string name, string help, T standard);

    /// <summary>The value of an option on a command line.</summary>
    /// <exception cref="DitException">It is not legal.</exception>
    public abstract T ValueOf(ParseResult parsed, string option);

    /// <summary>The value in a run file.</summary>
    /// <param name="node">What the file has.</param>
    /// <param name="key">The key.</param>
    /// <param name="folder">The folder of the file, from which paths count.</param>
    public abstract Result<T> Read(SpecNode node, string key, string folder);

    /// <summary>The value as a run file writes it; null for none.</summary>
    /// <param name="value">The value.</param>
    /// <param name="folder">The folder of the file, from which paths count.</param>
    public abstract string? Write(T value, string folder);
}

/// <summary>A whole number.</summary>
internal sealed record WholeType<T>(T Min, T Max) : RunType<T>
    where T : struct, IBinaryInteger<T>, IMinMaxValue<T>
{
    private string Range => FormattableString.Invariant($"from {Min} to {Max}");

    // The limits of the type itself are not worth a word before they are met.
    public override string Wanted =>
        Max != T.MaxValue ? $"a whole number {Range}"
        : Min != T.MinValue ? FormattableString.Invariant($"a whole number of at least {Min}")
        : "a whole number";

    public override (string, string?)[] Schema =>
        [("type", JsonText.String("integer")), ("minimum", Write(Min, "")), ("maximum", Write(Max, ""))];

    public override Option CreateOption(string name, string help, T standard) => CommonOptions.Number(name, help, standard);

    public override T ValueOf(ParseResult parsed, string option) => parsed.GetValue<T>(option);

    public override Result<T> Read(SpecNode node, string key, string folder) =>
        Values
            .Whole(node, key, long.CreateChecked(Min), long.CreateChecked(Max), Wanted, Range)
            .Select(static value => T.CreateChecked(value));

    public override string Write(T value, string folder) => FormattableString.Invariant($"{value}");
}

/// <summary>A whole number, or none.</summary>
internal sealed record OptionalWholeType(int Min, int Max) : RunType<int?>
{
    private readonly WholeType<int> whole = new(Min, Max);

    public override string Wanted => whole.Wanted;

    public override (string, string?)[] Schema => whole.Schema;

    public override Option CreateOption(string name, string help, int? standard) => CommonOptions.Number<int>(name, help);

    public override int? ValueOf(ParseResult parsed, string option) => parsed.GetValue<int?>(option);

    public override Result<int?> Read(SpecNode node, string key, string folder) =>
        whole.Read(node, key, folder).Select(static value => (int?)value);

    public override string? Write(int? value, string folder) => value is { } number ? whole.Write(number, folder) : null;
}

/// <summary>A number.</summary>
internal sealed record RealType(NumberRange Range) : RunType<double>
{
    public override string Wanted => Range.Wanted;

    public override (string, string?)[] Schema => [("type", JsonText.String("number")), .. Range.Schema];

    public override Option CreateOption(string name, string help, double standard) => CommonOptions.Number(name, help, standard);

    public override double ValueOf(ParseResult parsed, string option) => parsed.GetValue<double>(option);

    public override Result<double> Read(SpecNode node, string key, string folder) =>
        Values.Number(node, key, Range.Contains, Wanted, Range.Words);

    public override string Write(double value, string folder) => Numbers.Write(value);
}

/// <summary>A number, or none.</summary>
internal sealed record OptionalRealType(NumberRange Range) : RunType<double?>
{
    private readonly RealType real = new(Range);

    public override string Wanted => real.Wanted;

    public override (string, string?)[] Schema => real.Schema;

    public override Option CreateOption(string name, string help, double? standard) => CommonOptions.Number<double>(name, help);

    public override double? ValueOf(ParseResult parsed, string option) => parsed.GetValue<double?>(option);

    public override Result<double?> Read(SpecNode node, string key, string folder) =>
        real.Read(node, key, folder).Select(static value => (double?)value);

    public override string? Write(double? value, string folder) => value is { } number ? real.Write(number, folder) : null;
}

/// <summary>One number, or a few that differ.</summary>
internal sealed record RealsType(NumberRange Range, int Most, string Example) : RunType<IReadOnlyList<double>>
{
    private readonly RealType real = new(Range);

    public override string Wanted => $"{real.Wanted}, or a list of up to {Most} such as {Example}";

    public override (string, string?)[] Schema
    {
        get
        {
            var one = JsonText.Object(real.Schema);
            return
            [
                ("anyOf", JsonText.List(
                [
                    one,
                    JsonText.Object(
                        ("type", JsonText.String("array")), ("items", one), ("minItems", "1"),
                        ("maxItems", FormattableString.Invariant($"{Most}")), ("uniqueItems", "true")),
                ])),
            ];
        }
    }

    public override Option CreateOption(string name, string help, IReadOnlyList<double> standard) =>
        CommonOptions.Numbers(name, help, [.. standard]);

    public override IReadOnlyList<double> ValueOf(ParseResult parsed, string option) => parsed.GetRequiredValue<double[]>(option);

    public override Result<IReadOnlyList<double>> Read(SpecNode node, string key, string folder)
    {
        if (node is not ListNode list) return real.Read(node, key, folder).Select<IReadOnlyList<double>>(static value => [value]);
        if (list.Items.Count is 0 || list.Items.Count > Most)
            return Result.Fail<IReadOnlyList<double>>(Values.WrongType(node, key, Wanted));
        return Result.All(list.Items.Select(item => real.Read(item, key, folder)))
            .Ensure(values => list.Items.Where((_, i) => values.Take(i).Contains(values[i])).Select(item => new SpecError(
                Rule.OutOfRange, $"'{key}' has this number twice; remove it here", item.At)))
            .Select<IReadOnlyList<double>>(static values => [.. values]);
    }

    public override string Write(IReadOnlyList<double> value, string folder) =>
        value is [var only] ? Numbers.Write(only) : $"[{string.Join(", ", value.Select(Numbers.Write))}]";
}

/// <summary>One word of several, each with what it stands for.</summary>
internal sealed record WordType<T>(IReadOnlyDictionary<string, T> Words) : RunType<T>
{
    private string[] All => [.. Words.Keys];

    public override bool IsText => true;

    public override string Wanted => $"one of {string.Join(", ", All)}";

    public override (string, string?)[] Schema => [("enum", JsonText.List(All.Select(JsonText.String)))];

    public override Option CreateOption(string name, string help, T standard)
    {
        var option = new Option<string>(name) { Description = help, DefaultValueFactory = _ => WordOf(standard) };
        option.AcceptOnlyFromAmong(All);
        return option;
    }

    public override T ValueOf(ParseResult parsed, string option) => Words[parsed.GetRequiredValue<string>(option)];

    public override Result<T> Read(SpecNode node, string key, string folder) => node switch
    {
        ScalarNode { IsNull: false } scalar when Words.TryGetValue(scalar.Text, out var value) => Result.Of(value),
        ScalarNode { IsNull: false } scalar => Result.Fail<T>(Values.UnknownWord(scalar, key, All, Wanted)),
        _ => Result.Fail<T>(Values.WrongType(node, key, Wanted)),
    };

    public override string Write(T value, string folder) => WordOf(value);

    private string WordOf(T value) => Words.First(word => Equals(word.Value, value)).Key;
}

/// <summary>On or off.</summary>
internal sealed record SwitchType : RunType<bool>
{
    public override string Wanted => "true or false";

    public override (string, string?)[] Schema => [("type", JsonText.String("boolean"))];

    public override Option CreateOption(string name, string help, bool standard) =>
        new Option<bool>(name) { Description = help, DefaultValueFactory = standard ? static _ => true : null };

    public override bool ValueOf(ParseResult parsed, string option) => parsed.GetValue<bool>(option);

    public override Result<bool> Read(SpecNode node, string key, string folder) => node switch
    {
        ScalarNode { Quoted: false, Text: "true" } => Result.Of(true),
        ScalarNode { Quoted: false, Text: "false" } => Result.Of(false),
        _ => Result.Fail<bool>(Values.WrongType(node, key, Wanted)),
    };

    public override string Write(bool value, string folder) => value ? "true" : "false";
}

/// <summary>A text on one line.</summary>
/// <param name="Wanted">What it is, in words: <c>a device such as cuda:0</c>.</param>
/// <param name="Placeholder">What stands for it in the help.</param>
internal sealed record TextType(string Wanted, string Placeholder) : RunType<string>
{
    public override string Wanted { get; } = Wanted;

    public override bool IsText => true;

    public override (string, string?)[] Schema => [("type", JsonText.String("string")), ("minLength", "1")];

    public override Option CreateOption(string name, string help, string standard) =>
        new Option<string>(name) { Description = help, HelpName = Placeholder, DefaultValueFactory = _ => standard };

    public override string ValueOf(ParseResult parsed, string option) => parsed.GetRequiredValue<string>(option);

    public override Result<string> Read(SpecNode node, string key, string folder) => Values.Text(node, key, Wanted);

    public override string Write(string value, string folder) => YamlScalar.Write(value);
}

/// <summary>A path, or none.</summary>
/// <param name="Wanted">What it is the path of, in words: <c>a folder</c>.</param>
/// <param name="Placeholder">What stands for it in the help.</param>
internal sealed record PathType(string Wanted, string Placeholder) : RunType<RunPath?>
{
    /// <summary>Whether a text may be a name instead of a path; null where none may.</summary>
    public Func<string, bool>? IsName { get; init; }

    public override string Wanted { get; } = Wanted;

    public override bool IsText => true;

    public override (string, string?)[] Schema => [("type", JsonText.String("string")), ("minLength", "1")];

    public override Option CreateOption(string name, string help, RunPath? standard) => new Option<string?>(name)
    {
        Description = help,
        HelpName = Placeholder,
        DefaultValueFactory = standard is null ? null : _ => standard.Written,
    };

    public override RunPath? ValueOf(ParseResult parsed, string option) =>
        parsed.GetValue<string?>(option) is { } text ? Of(text, "") : null;

    public override Result<RunPath?> Read(SpecNode node, string key, string folder) =>
        Values.Text(node, key, Wanted).Select(text => (RunPath?)Of(text, folder));

    public override string? Write(RunPath? value, string folder) => value is null ? null : YamlScalar.Write(value.SeenFrom(folder));

    private RunPath Of(string text, string folder) => new(text, folder) { IsName = IsName?.Invoke(text) == true };
}
