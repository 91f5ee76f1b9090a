using System.Globalization;

namespace Dit.Spec;

/// <summary>
/// One key of the spec language: its values and its meaning. The binders, the JSON schema and the reference all use it,
/// so each range and word is written once.
/// </summary>
/// <remarks>Closed: a new kind of value breaks every <see cref="Match{R}"/>.</remarks>
/// <param name="Name">The key, without the mappings around it.</param>
/// <param name="Meaning">One sentence, without a final period.</param>
/// <param name="Example">A value, as a spec writes it.</param>
internal abstract record SpecKey(string Name, string Meaning, string Example)
{
    /// <summary>
    /// The default, as written in a spec; null where the key is required.
    /// </summary>
    public abstract string? DefaultText { get; }

    public bool Required => DefaultText is null;

    /// <summary>What the key takes, for messages: <c>a whole number from 1 to 1000</c>.</summary>
    public abstract string Wanted { get; }

    /// <summary>Rules about the key beyond its kind and range.</summary>
    public IReadOnlyList<Rule> Rules { get; init; } = [];

    /// <summary>The way in: one function for each kind of value.</summary>
    public R Match<R>(
        Func<IntKey, R> integer,
        Func<NumberKey, R> number,
        Func<WordKey, R> word,
        Func<NameKey, R> name,
        Func<SizeKey, R> size,
        Func<FlagKey, R> flag,
        Func<MappingKey, R> mapping,
        Func<MapKey, R> map,
        Func<MatrixKey, R> matrix,
        Func<IntListKey, R> integers,
        Func<WordOrMappingKey, R> wordOrMapping,
        Func<SwitchKey, R> @switch) => this switch
        {
            IntKey key => integer(key),
            NumberKey key => number(key),
            WordKey key => word(key),
            NameKey key => name(key),
            SizeKey key => size(key),
            FlagKey key => flag(key),
            MappingKey key => mapping(key),
            MapKey key => map(key),
            MatrixKey key => matrix(key),
            IntListKey key => integers(key),
            WordOrMappingKey key => wordOrMapping(key),
            SwitchKey key => @switch(key),
            _ => throw new InvalidOperationException("SpecKey has twelve kinds."),
        };

    /// <summary>A number as a spec writes it.</summary>
    protected static string Digits(double value) => Numbers.Write(value);
}

/// <summary>A whole number.</summary>
internal sealed record IntKey(string Name, int Min, int Max, int? Default, string Meaning, string Example) : SpecKey(Name, Meaning, Example)
{
    /// <summary>Whether it may be absent although it has no default: not every case has it.</summary>
    public bool IsOfSomeCases { get; init; }

    public override string? DefaultText => Default?.ToString(CultureInfo.InvariantCulture) ?? (IsOfSomeCases ? "" : null);

    public override string Wanted => FormattableString.Invariant($"a whole number from {Min} to {Max}");
}

/// <summary>A number, whole or not. Every one has a default.</summary>
internal sealed record NumberKey(string Name, double Min, double Max, double Default, string Meaning, string Example)
    : SpecKey(Name, Meaning, Example)
{
    public override string? DefaultText => Digits(Default);

    public override string Wanted => $"a number from {Digits(Min)} to {Digits(Max)}";
}

/// <summary>One word of several.</summary>
internal abstract record WordKey(string Name, string Meaning, string Example) : SpecKey(Name, Meaning, Example)
{
    /// <summary>Every word of the language, including those without code in this version.</summary>
    public abstract IReadOnlyList<SpecWord> Words { get; }

    /// <summary>The word for a value.</summary>
    public abstract string TextOf(object value);

    public string[] Available => [.. Words.Where(static w => w.Available).Select(static w => w.Text)];

    /// <summary>What the key takes besides words, for messages.</summary>
    public string Otherwise { get; init; } = "";

    public override string Wanted => (Available is [var only] ? only : "one of " + string.Join(", ", Available)) + Otherwise;
}

/// <summary>One word of several, each with what it stands for.</summary>
internal sealed record WordKey<T>(string Name, IReadOnlyList<SpecWord<T>> Choices, string? Default, string Meaning, string Example)
    : WordKey(Name, Meaning, Example)
{
    /// <summary>
    /// Whether the key may be absent although it has no default of its own: what that means depends on other keys.
    /// </summary>
    public bool Optional { get; init; }

    public override string? DefaultText => Default ?? (Optional ? "" : null);

    public override IReadOnlyList<SpecWord> Words => Choices;

    public override string TextOf(object value) => Choices.First(word => word.Available && Equals(word.Value, value)).Text;
}

/// <summary>A word that a key takes.</summary>
/// <param name="Text">The word.</param>
/// <param name="Meaning">What it stands for, in a few words.</param>
/// <param name="Available">Whether this version has code for it.</param>
internal record SpecWord(string Text, string Meaning, bool Available);

/// <summary>
/// A word with its value; without a value, the word is in the language but not available in this version.
/// </summary>
internal sealed record SpecWord<T>(string Text, string Meaning, bool Available, T? Value) : SpecWord(Text, Meaning, Available)
{
    public SpecWord(string text, string meaning, T value) : this(text, meaning, Available: true, value) { }

    public SpecWord(string text, string meaning) : this(text, meaning, Available: false, default) { }
}

/// <summary>A name that becomes a C# identifier.</summary>
internal sealed record NameKey(string Name, string Meaning, string Example) : SpecKey(Name, Meaning, Example)
{
    /// <summary>Longer names are typos, and a class name of more than a thousand characters does not compile.</summary>
    public const int MaxLength = 100;

    public override string? DefaultText => null;

    public override string Wanted => $"a name such as {Example}";
}

/// <summary>One whole number for a square, or a list of height and width.</summary>
internal sealed record SizeKey(string Name, int Min, int Max, string Meaning, string Example) : SpecKey(Name, Meaning, Example)
{
    public override string? DefaultText => null;

    public override string Wanted => FormattableString.Invariant($"a whole number from {Min} to {Max}, or [height, width]");
}

/// <summary>The word <c>true</c>; an absent key means false.</summary>
internal sealed record FlagKey(string Name, string Meaning) : SpecKey(Name, Meaning, "true")
{
    public override string? DefaultText => "";

    public override string Wanted => "true";
}

/// <summary><c>true</c> or <c>false</c>.</summary>
internal sealed record SwitchKey(string Name, string Meaning, string Example) : SpecKey(Name, Meaning, Example)
{
    /// <summary>What an absent key means; null where that depends on other keys.</summary>
    public bool? Default { get; init; }

    public override string? DefaultText => Default switch { true => "true", false => "false", _ => "" };

    public override string Wanted => "true or false";
}

/// <summary>A mapping of nested keys; <c>Word</c> may be written in place of the mapping.</summary>
internal sealed record MappingKey(
    string Name, IReadOnlyList<SpecKey> Keys, bool Optional, string Meaning, string Example, string? Word = null)
    : SpecKey(Name, Meaning, Example)
{
    public override string? DefaultText => Optional ? "" : null;

    public override string Wanted => $"a mapping such as {Example}{(Word is null ? "" : $", or the word {Word}")}";
}

/// <summary>Names chosen by the user, each with a mapping of the same keys.</summary>
internal sealed record MapKey(string Name, MappingKey Entry, int MaxEntries, string Meaning, string Example)
    : SpecKey(Name, Meaning, Example)
{
    public override string? DefaultText => "";

    public override string Wanted => $"a mapping such as {Example}";
}

/// <summary>The axes of a family.</summary>
internal sealed record MatrixKey(string Name, int MaxMembers, string Meaning, string Example) : SpecKey(Name, Meaning, Example)
{
    public override string? DefaultText => null;

    public override string Wanted => $"a mapping such as {Example}";
}

/// <summary>A list of whole numbers.</summary>
internal sealed record IntListKey(string Name, int Min, int Max, int MaxItems, string Meaning, string Example)
    : SpecKey(Name, Meaning, Example)
{
    /// <summary>Whether an absent key stands for no numbers.</summary>
    public bool Optional { get; init; }

    public override string? DefaultText => Optional ? "" : null;

    public override string Wanted =>
        FormattableString.Invariant($"a list of 1 to {MaxItems} whole numbers from {Min} to {Max}, such as {Example}");
}

/// <summary>One word of several, or a mapping for what no word covers.</summary>
internal abstract record WordOrMappingKey(string Name, string Meaning, string Example) : SpecKey(Name, Meaning, Example)
{
    /// <summary>The words, under the same name.</summary>
    public abstract WordKey Word { get; }

    /// <summary>The mapping, under the same name.</summary>
    public abstract MappingKey Mapping { get; }

    public override string? DefaultText => Word.DefaultText;

    public override string Wanted => Word.Wanted;
}

/// <summary>One word of several, each with what it stands for, or a mapping.</summary>
internal sealed record WordOrMappingKey<T> : WordOrMappingKey
{
    public WordOrMappingKey(WordKey<T> words, MappingKey mapping) : base(words.Name, words.Meaning, words.Example) =>
        (Words, Mapping) = (words with { Otherwise = $", or {mapping.Wanted}" }, mapping);

    public WordKey<T> Words { get; }

    public override WordKey Word => Words;

    public override MappingKey Mapping { get; }
}
