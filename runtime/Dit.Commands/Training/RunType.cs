using System.CommandLine;
using System.Numerics;
using Dit.Runtime;

namespace Dit.Commands;

/// <summary>The values that a setting of a run has.</summary>
internal abstract record RunType<T>
{
    /// <summary>An option with such a value.</summary>
    /// <param name="name">The option.</param>
    /// <param name="help">What it does.</param>
    /// <param name="standard">The value where it is not given.</param>
    public abstract Option CreateOption(string name, string help, T standard);

    /// <summary>The value of an option on a command line.</summary>
    /// <exception cref="DitException">It is not legal.</exception>
    public abstract T ValueOf(ParseResult parsed, string option);
}

/// <summary>A number.</summary>
internal sealed record NumberType<T> : RunType<T>
    where T : struct, INumber<T>, IMinMaxValue<T>
{
    public override Option CreateOption(string name, string help, T standard) => CommonOptions.Number(name, help, standard);

    public override T ValueOf(ParseResult parsed, string option) => parsed.GetValue<T>(option);
}

/// <summary>A number, or none.</summary>
internal sealed record OptionalNumberType<T> : RunType<T?>
    where T : struct, INumber<T>, IMinMaxValue<T>
{
    public override Option CreateOption(string name, string help, T? standard) => CommonOptions.Number<T>(name, help);

    public override T? ValueOf(ParseResult parsed, string option) => parsed.GetValue<T?>(option);
}

/// <summary>One word of several, each with what it stands for.</summary>
internal sealed record WordType<T>(IReadOnlyDictionary<string, T> Words) : RunType<T>
{
    public override Option CreateOption(string name, string help, T standard)
    {
        var option = new Option<string>(name) { Description = help, DefaultValueFactory = _ => WordOf(standard) };
        option.AcceptOnlyFromAmong([.. Words.Keys]);
        return option;
    }

    public override T ValueOf(ParseResult parsed, string option) => Words[parsed.GetRequiredValue<string>(option)];

    private string WordOf(T value) => Words.First(word => Equals(word.Value, value)).Key;
}

/// <summary>On or off.</summary>
internal sealed record SwitchType : RunType<bool>
{
    public override Option CreateOption(string name, string help, bool standard) =>
        new Option<bool>(name) { Description = help, DefaultValueFactory = standard ? static _ => true : null };

    public override bool ValueOf(ParseResult parsed, string option) => parsed.GetValue<bool>(option);
}

/// <summary>A text, such as a path.</summary>
/// <param name="Placeholder">What stands for it in the help.</param>
internal sealed record TextType(string Placeholder) : RunType<string?>
{
    public override Option CreateOption(string name, string help, string? standard) => new Option<string?>(name)
    {
        Description = help,
        HelpName = Placeholder,
        DefaultValueFactory = standard is null ? null : _ => standard,
    };

    public override string? ValueOf(ParseResult parsed, string option) => parsed.GetValue<string?>(option);
}
