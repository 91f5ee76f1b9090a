using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;
using System.CommandLine.Parsing;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.RegularExpressions;
using Dit.Runtime;
using Dit.Spec;

namespace Dit.Commands;

/// <summary>The command line: its commands, and what becomes of mistakes.</summary>
internal static partial class DitCommand
{
    internal const int InternalError = 1, Mistake = 2;

    /// <summary>What <c>dit diff --exit-code</c> gives: git says 1, which would be taken for a defect here.</summary>
    internal const int Differ = 3;

    internal const int Stopped = 130; // as shells count: 128 and the signal of Ctrl-C

    private static string Description(string name) => $$"""
        Diffusion Transformers: list, check and compare models, draw images, train.

        Tab completion in bash: put these two lines in ~/.bashrc.
          _dit() { mapfile -t COMPREPLY < <({{name}} "[suggest:$COMP_POINT]" "$COMP_LINE"); }
          complete -o default -F _dit {{name}}
        Other shells: install the tool dotnet-suggest and run dotnet-suggest register.
        """;

    /// <summary>Runs one command line.</summary>
    /// <param name="args">The arguments, without the program's name.</param>
    /// <param name="context">What the commands see of the world.</param>
    /// <returns>The exit code: 0, or 2 for a mistake of the user's, 1 for one of this program's, 130 when stopped;
    /// 3 when <c>diff --exit-code</c> finds a difference.</returns>
    public static async Task<int> Run(IReadOnlyList<string> args, CommandContext context)
    {
        context = context with { Error = new MessageWriter(context.Error, context.Name) };
        try
        {
            return await Invoke(args, context).ConfigureAwait(false);
        }
        catch (OperationCanceledException e) when (context.Cancellation.IsCancellationRequested)
        {
            context.Say(Describe(e, context.Cancellation).Message);
            return Stopped;
        }
        catch (Exception e)
        {
            var (code, message) = Describe(e);
            context.Say(message);
            if (Environment.GetEnvironmentVariable("DIT_DEBUG") == "1") context.Error.WriteLine(e);
            return code;
        }
    }

    private static async Task<int> Invoke(IReadOnlyList<string> args, CommandContext context)
    {
        LibTorch.Load(); // finds out whether DIT_LIBTORCH is right, whatever the command is
        var parsed = Tree(context).Parse(WithoutProgram(args, context.Name), Parsing);
        return parsed.Action is ParseErrorAction
            ? throw new DitException(Explain(parsed, context.Name))
            : await parsed.InvokeAsync(Invocation(context), context.Cancellation).ConfigureAwait(false);
    }

    // Names of classes and files may begin with an @: no argument names a file of arguments.
    private static readonly ParserConfiguration Parsing = new() { ResponseFileTokenReplacer = null };

    /// <summary>The names of the commands.</summary>
    public static IReadOnlyList<string> Names =>
        [
            .. Tree(new([], TextWriter.Null, TextWriter.Null, Interactive: false, default))
                .Subcommands.Select(static command => command.Name),
        ];

    private static RootCommand Tree(CommandContext context)
    {
        Command[] commands =
        [
            ModelsCommand.Create(context), CheckCommand.Create(context), DiffCommand.Create(context), SchemaCommand.Create(context),
            ConvertCommand.Create(context), InspectCommand.Create(context), SampleCommand.Create(context),
            SamplersCommand.Create(context),
            TrainCommand.Create(context),
            PlotCommand.Create(context),
            ReportCommand.Create(context),
            AverageCommand.Create(context),
            EncodeCommand.Create(context),
            DecodeCommand.Create(context), ReconstructCommand.Create(context), DataCommand.Create(context),
        ];
        var root = new RootCommand(context.Options.Description ?? Description(context.Name.Value));
        foreach (var command in commands.Where(ours => context.Options.Commands.All(own => own.Name != ours.Name)))
            root.Subcommands.Add(command);
        context.Name.Rename(root);
        foreach (var own in context.Options.Commands) root.Subcommands.Add(own);
        root.Options.OfType<VersionOption>().Single().Action = new ShowVersion();
        root.SetAction(parsed => new HelpAction().Invoke(parsed));
        context.Options.Configure?.Invoke(root);
        return root;
    }

    private static InvocationConfiguration Invocation(CommandContext context) => new()
    {
        Output = context.Out,
        Error = context.Error,
        EnableDefaultExceptionHandler = false,
        ProcessTerminationTimeout = null, // Ctrl-C is the program's, see StopSignals
    };

    /// <summary>What to say, on one line, of what has ended a command, and the exit code.</summary>
    internal static (int Code, string Message) Describe(Exception e, CancellationToken cancellation = default)
    {
        if (e is OperationCanceledException && cancellation.IsCancellationRequested) return (Stopped, "stopped; nothing was written.");
        var (code, message) = Explain(Cause(e));
        return (code, OneLine(message));
    }

    /// <summary>What to say of an exception, and the exit code.</summary>
    internal static (int Code, string Message) Explain(Exception e) => e switch
    {
        ProcessLostException lost => (InternalError, lost.Message), // a process was killed
        CheckpointMismatchException mismatch => (Mistake, mismatch.SummaryWithNames),
        DitException or IOException or UnauthorizedAccessException => (Mistake, e.Message),
        OutOfMemoryException => (Mistake, "Not enough memory; a smaller --batch needs less."),
        // libtorch's: the first line says it, the others are a trace of its own.
        ExternalException when OutOfMemory().IsMatch(e.Message) => (
            Mistake,
            $"Not enough memory ({FirstLine(e).TrimEnd('.')}); a smaller --batch needs less."),
        ExternalException => (InternalError, Internal(FirstLine(e))),
        _ => (InternalError, Internal(e.Message)),
    };

    private static string Internal(string message) =>
        $"internal error: {message} Please report it with the command line, and DIT_DEBUG=1 set, to the project's issues.";

    private static string FirstLine(Exception e) => e.Message.Trim().Split('\n')[0].Trim();

    /// <summary>What an exception was thrown for: a mistake as it is, else the first and innermost.</summary>
    private static Exception Cause(Exception e) => e switch
    {
        DitException or UnauthorizedAccessException => e, // which names the file; what is inside it does not
        AggregateException { InnerExceptions: [var first, ..] } => Cause(first),
        { InnerException: { } inner } => Cause(inner),
        _ => e,
    };

    /// <summary>A request for completions without the program's name, which shells give with the line.</summary>
    private static IReadOnlyList<string> WithoutProgram(IReadOnlyList<string> args, ToolName name)
    {
        if (args is not [var directive, var line] || Suggest().Match(directive) is not { Success: true } suggest) return args;
        var program = line.Split(' ')[0];
        if (System.IO.Path.GetFileNameWithoutExtension(program) != name.Value) return args;
        var rest = line[program.Length..].TrimStart();
        var position = int.Parse(suggest.Groups[1].ValueSpan, CultureInfo.InvariantCulture) - (line.Length - rest.Length);
        return [$"[suggest:{Math.Clamp(position, 0, rest.Length)}]", rest];
    }

    /// <summary>The first mistake of a command line, and the nearest word that would be right.</summary>
    private static string Explain(ParseResult parsed, ToolName name)
    {
        var taken = parsed.CommandResult.Children.OfType<ArgumentResult>().SelectMany(static argument => argument.Tokens)
            .FirstOrDefault(static token => token.Value.StartsWith('-'))?.Value; // for the value of an argument
        return (taken ?? parsed.UnmatchedTokens.FirstOrDefault()) is { } word
            ? Unknown(parsed.CommandResult, word, name)
            : parsed.Errors[0].Message;
    }

    private static string Unknown(CommandResult result, string word, ToolName name)
    {
        var command = result.Command;
        string[] words = [.. command.Subcommands.Select(c => c.Name), .. command.Options.SelectMany(o => o.Aliases.Append(o.Name))];
        return $"'{word}' is not a command or option of {Path(result, name)}{DidYouMean.Suggest(word, words) ?? "; see --help."}";
    }

    private static string Path(CommandResult result, ToolName name) =>
        result.Parent is CommandResult parent ? $"{Path(parent, name)} {result.Command.Name}" : name.Value;

    private static string OneLine(string text) => text.Trim().ReplaceLineEndings(" ");

    [GeneratedRegex("out of memory|can't allocate memory|not enough memory", RegexOptions.IgnoreCase)]
    private static partial Regex OutOfMemory();

    [GeneratedRegex(@"^\[suggest:([0-9]{1,9})\]$")]
    private static partial Regex Suggest();
}
