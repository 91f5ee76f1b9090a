using System.CommandLine;

namespace Dit.Commands;

/// <summary>What a program changes about the tool: its name, its help texts, commands of its own.</summary>
public sealed record DitToolOptions
{
    /// <summary>What the program is called in help and messages; null for the name of the program that runs.</summary>
    public string? Name { get; init; }

    /// <summary>The first lines of <c>--help</c>; null for those of the tool dit.</summary>
    public string? Description { get; init; }

    /// <summary>Commands beside those of the tool. One of the same name replaces the tool's.</summary>
    /// <remarks>
    /// A <see cref="DitException"/> or an I/O error that an action throws is shown as one line, with exit code 2, as
    /// those of the tool are. An asynchronous action is handed a token that Ctrl-C cancels.
    /// </remarks>
    public IReadOnlyList<Command> Commands { get; init; } = [];

    /// <summary>
    /// Called with all commands before the command line is read: to change help texts, or to add and remove commands
    /// and options.
    /// </summary>
    public Action<RootCommand>? Configure { get; init; }

    /// <summary>Where results go; null for the standard output.</summary>
    public TextWriter? Output { get; init; }

    /// <summary>Where notes and mistakes go; null for the standard error.</summary>
    public TextWriter? Error { get; init; }

    /// <summary>Stops the command, as Ctrl-C does: it keeps what is worth keeping.</summary>
    public CancellationToken Cancellation { get; init; }
}
