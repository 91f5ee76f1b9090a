using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;
using System.CommandLine.Parsing;
using Dit.Cli.Commands;
using Dit.Definitions;
using Dit.Runtime;
using Dit.Spec;

namespace Dit.Cli;

/// <summary>The command line: its commands, and what becomes of mistakes.</summary>
public static class DitCommand
{
    internal const int InternalError = 1, Mistake = 2;

    internal const int Stopped = 130; // as shells count: 128 and the signal of Ctrl-C

    private const string Description = """
        Diffusion Transformers: list and check models, draw images, train.

        Tab completion in bash: put these two lines in ~/.bashrc.
          _dit() { mapfile -t COMPREPLY < <(dit "[suggest:$COMP_POINT]" "$COMP_LINE"); }
          complete -o default -F _dit dit
        Other shells: install the tool dotnet-suggest and run dotnet-suggest register.
        """;

    /// <summary>Runs one command line.</summary>
    /// <param name="args">The arguments, without the program's name.</param>
    /// <param name="output">Where results go.</param>
    /// <param name="error">Where the one line about a mistake goes.</param>
    /// <param name="cancellation">Stops the command; it keeps what is worth keeping.</param>
    /// <param name="interactive">Whether the output is a terminal that somebody watches.</param>
    /// <returns>The exit code: 0, or 2 for a mistake of the user's, 1 for one of this program's, 130 when stopped.</returns>
    public static int Run(
        IReadOnlyList<string> args, TextWriter output, TextWriter error, CancellationToken cancellation = default, bool interactive = false) =>
        Run(args, new CommandContext(DitModels.All, output, error, interactive, cancellation));

    internal static int Run(IReadOnlyList<string> args, CommandContext context)
    {
        try
        {
            var parsed = Tree(context).Parse(args);
            return parsed.Action is ParseErrorAction ? Fail(context, Explain(parsed)) : parsed.Invoke(Invocation(context));
        }
        catch (OperationCanceledException) when (context.Cancellation.IsCancellationRequested)
        {
            context.Error.WriteLine("dit: stopped; nothing was written.");
            return Stopped;
        }
        catch (Exception e) when (e is DitException or IOException or UnauthorizedAccessException)
        {
            return Fail(context, e.Message, e);
        }
        catch (Exception e)
        {
            context.Error.WriteLine($"dit: internal error: {OneLine(e.Message)} Please report it with the command line, and DIT_DEBUG=1 set, to the project's issues.");
            WriteTrace(context, e);
            return InternalError;
        }
    }

    private static RootCommand Tree(CommandContext context)
    {
        var root = new RootCommand(Description)
        {
            ModelsCommand.Create(context),
            CheckCommand.Create(context),
            SampleCommand.Create(context),
            TrainCommand.Create(context),
            DataCommand.Create(context),
        };
        root.SetAction(parsed => new HelpAction().Invoke(parsed));
        return root;
    }

    private static InvocationConfiguration Invocation(CommandContext context) => new()
    {
        Output = context.Out,
        Error = context.Error,
        EnableDefaultExceptionHandler = false,
        ProcessTerminationTimeout = null, // Ctrl-C is the program's, see Program.cs
    };

    private static int Fail(CommandContext context, string message, Exception? exception = null)
    {
        context.Error.WriteLine($"dit: {OneLine(message)}");
        if (exception is not null) WriteTrace(context, exception);
        return Mistake;
    }

    private static void WriteTrace(CommandContext context, Exception exception)
    {
        if (Environment.GetEnvironmentVariable("DIT_DEBUG") == "1") context.Error.WriteLine(exception);
    }

    /// <summary>The first mistake of a command line, and the nearest word that would be right.</summary>
    private static string Explain(ParseResult parsed)
    {
        var command = parsed.CommandResult.Command;
        var message = parsed.Errors[0].Message;
        if (parsed.UnmatchedTokens is not [var word, ..]) return message;
        string[] words = [.. command.Subcommands.Select(c => c.Name), .. command.Options.SelectMany(o => o.Aliases.Append(o.Name))];
        return $"'{word}' is not a command or option of {Path(parsed.CommandResult)}{DidYouMean.Suggest(word, words) ?? "; see --help."}";
    }

    private static string Path(CommandResult result) =>
        result.Parent is CommandResult parent ? $"{Path(parent)} {result.Command.Name}" : "dit";

    private static string OneLine(string text) => string.Join(' ', text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));
}
