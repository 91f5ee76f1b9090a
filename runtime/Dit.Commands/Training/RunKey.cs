using System.CommandLine;
using System.CommandLine.Parsing;

namespace Dit.Commands;

/// <summary>A setting of a training run: an option of <c>dit train</c>.</summary>
/// <param name="Name">Its name in words joined by underscores.</param>
/// <param name="Option">The option.</param>
/// <param name="Help">What it does, in a sentence.</param>
internal abstract record RunKey(string Name, string Option, string Help)
{
    /// <summary>New options for a command.</summary>
    public abstract IEnumerable<Option> CreateOptions(CommandContext context);

    /// <summary>Settings with the value that a command line gives; the same settings where it gives none.</summary>
    /// <exception cref="DitException">The value is no legal one.</exception>
    public abstract RunSettings Given(ParseResult parsed, RunSettings settings);
}

/// <summary>A setting of a training run with values of one type.</summary>
/// <param name="Name">Its name in words joined by underscores.</param>
/// <param name="Option">The option.</param>
/// <param name="Help">What it does, in a sentence.</param>
/// <param name="Type">Which values it has, and how they are read.</param>
/// <param name="Get">Its value in some settings.</param>
/// <param name="Set">The settings with a different value.</param>
internal sealed record RunKey<T>(
    string Name, string Option, string Help, RunType<T> Type, Func<RunSettings, T> Get, Func<RunSettings, T, RunSettings> Set)
    : RunKey(Name, Option, Help)
{
    /// <summary>Creates the option, where it is one that other commands have too.</summary>
    public Func<CommandContext, Option>? Common { get; init; }

    /// <summary>A second option, which takes no value and stands for one.</summary>
    public (string Name, string Help, T Value)? Fixed { get; init; }

    public override IEnumerable<Option> CreateOptions(CommandContext context)
    {
        yield return Common?.Invoke(context) ?? Type.CreateOption(Option, Help, Get(new()));
        if (Fixed is var (name, help, _)) yield return new Option<bool>(name) { Description = help };
    }

    public override RunSettings Given(ParseResult parsed, RunSettings settings)
    {
        var given = parsed.GetResult(Option) is OptionResult { Implicit: false } ? Set(settings, Type.ValueOf(parsed, Option)) : settings;
        return Fixed is var (name, _, value) && parsed.GetValue<bool>(name) ? Set(given, value) : given;
    }
}
