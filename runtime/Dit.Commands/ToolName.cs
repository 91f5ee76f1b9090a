using System.CommandLine;
using System.Reflection;
using System.Text.RegularExpressions;

namespace Dit.Commands;

/// <summary>
/// What the program is called. Texts are written for a program called dit; in one of a different name they name that
/// one.
/// </summary>
/// <param name="Value">The name that a user types.</param>
internal sealed record ToolName(string Value)
{
    private const string Written = "dit";

    /// <summary>The name that was chosen, or that of the running program.</summary>
    public static ToolName Of(string? chosen) => new(chosen ?? Assembly.GetEntryAssembly()?.GetName().Name ?? Written);

    /// <summary>A text in which commands such as <c>dit models</c> are called as in this program.</summary>
    public string In(string text) =>
        Value == Written ? text : Commands.Value.Replace(text, $"{Value.Replace("$", "$$", StringComparison.Ordinal)} ");

    /// <summary>Changes all texts of a command and of those below it.</summary>
    public void Rename(Command command)
    {
        if (Value == Written) return;
        foreach (var symbol in (Symbol[])[command, .. command.Arguments, .. command.Options])
            if (symbol.Description is { } text) symbol.Description = In(text);
        foreach (var below in command.Subcommands) Rename(below);
    }

    private static readonly Lazy<Regex> Commands = new(static () =>
        new($@"(?<![\w.-]){Written} (?=(?:{string.Join('|', DitCommand.Names.Select(Regex.Escape))})\b)", RegexOptions.CultureInvariant));
}
