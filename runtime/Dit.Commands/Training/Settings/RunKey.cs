using System.CommandLine;
using System.CommandLine.Parsing;
using Dit.Runtime;
using Dit.Spec;

namespace Dit.Commands;

/// <summary>A setting of a training run: an option of <c>dit train</c>, and a key of run files.</summary>
/// <param name="Name">The key.</param>
/// <param name="Option">The option.</param>
/// <param name="Help">What it does, in a sentence.</param>
internal abstract record RunKey(string Name, string Option, string Help)
{
    /// <summary>Whether the file that a run leaves in its folder has no such line: it is where it stands.</summary>
    public bool IsPlace { get; init; }

    /// <summary>Whether the default follows from the machine: then it is neither documented nor written.</summary>
    public bool IsOfMachine { get; init; }

    /// <summary>What a run file takes, in words.</summary>
    public abstract string Wanted { get; }

    /// <summary>The default, as a run file writes it; null for none.</summary>
    public abstract string? Default { get; }

    /// <summary>The default of short runs, as <see cref="Default"/>; null where it is the same.</summary>
    public abstract string? ShortDefault { get; }

    /// <summary>The options of the command line.</summary>
    public abstract IReadOnlyList<string> Options { get; }

    /// <summary>The key in a JSON schema.</summary>
    public abstract string Schema { get; }

    /// <summary>New options for a command.</summary>
    public abstract IEnumerable<Option> CreateOptions(CommandContext context);

    /// <summary>Settings with the value that a command line gives; the same settings where it gives none.</summary>
    /// <exception cref="DitException">The value is not legal.</exception>
    public abstract RunSettings Given(ParseResult parsed, RunSettings settings);

    /// <summary>What a value in a run file does to settings, or its errors.</summary>
    /// <param name="node">The value.</param>
    /// <param name="folder">The folder of the file, from which paths count.</param>
    public abstract Result<Func<RunSettings, RunSettings>> Read(SpecNode node, string folder);

    /// <summary>Its value as a run file writes it; null for none.</summary>
    /// <param name="settings">The settings.</param>
    /// <param name="folder">The folder of the file, from which paths count.</param>
    public abstract string? Write(RunSettings settings, string folder);
}

/// <summary>A setting of a training run with values of one type.</summary>
/// <param name="Name">The key.</param>
/// <param name="Option">The option.</param>
/// <param name="Help">What it does, in a sentence.</param>
/// <param name="Type">Which values it has, and how they are read and written.</param>
/// <param name="Get">Its value in some settings.</param>
/// <param name="Set">The settings with a different value.</param>
internal sealed record RunKey<T>(
    string Name, string Option, string Help, RunType<T> Type, Func<RunSettings, T> Get, Func<RunSettings, T, RunSettings> Set)
    : RunKey(Name, Option, Help)
{
    /// <summary>Creates the option, where it is one that other commands have too.</summary>
    public Func<CommandContext, Option>? Common { get; init; }

    /// <summary>Whether settings have a value at all.</summary>
    public Func<RunSettings, bool> Applies { get; init; } = static _ => true;

    /// <summary>A second name of the option.</summary>
    public string? Alias { get; init; }

    /// <summary>A second option, which takes no value and stands for one.</summary>
    public (string Name, string Help, T Value)? Fixed { get; init; }

    public override string Wanted => Type.Wanted;

    public override string? Default => IsOfMachine ? null : Type.Write(Get(new()), "");

    public override string? ShortDefault =>
        Get(new() { Recipe = TrainingRecipe.Short }) is var value && !Equals(value, Get(new())) ? Type.Write(value, "") : null;

    public override IReadOnlyList<string> Options => [.. new[] { Option, Alias, Fixed?.Name }.OfType<string>()];

    public override string Schema => JsonText.Object(
    [
        ("description", JsonText.String(HelpWithShort)),
        .. Type.Schema,
        ("default", Default is { } text && Type.IsText ? JsonText.String(text) : Default),
    ]);

    public override IEnumerable<Option> CreateOptions(CommandContext context)
    {
        var option = Common?.Invoke(context) ?? Type.CreateOption(Option, HelpWithShort, Get(new()));
        if (Alias is { } alias) option.Aliases.Add(alias);
        yield return option;
        if (Fixed is var (name, help, _)) yield return new Option<bool>(name) { Description = help };
    }

    public override RunSettings Given(ParseResult parsed, RunSettings settings)
    {
        var given = parsed.GetResult(Option) is OptionResult { Implicit: false } ? Set(settings, Type.ValueOf(parsed, Option)) : settings;
        return Fixed is var (name, _, value) && parsed.GetValue<bool>(name) ? Set(given, value) : given;
    }

    // The default that is shown beside it is the paper's.
    private string HelpWithShort => ShortDefault is { } text ? $"{Help} In short runs: {text}." : Help;

    public override Result<Func<RunSettings, RunSettings>> Read(SpecNode node, string folder) =>
        Type.Read(node, Name, folder).Select<Func<RunSettings, RunSettings>>(value => settings => Set(settings, value));

    public override string? Write(RunSettings settings, string folder) =>
        !Applies(settings) || (IsOfMachine && Equals(Get(settings), Get(new()))) ? null : Type.Write(Get(settings), folder);
}
