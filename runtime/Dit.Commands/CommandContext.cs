using Dit.Runtime;
using Spectre.Console;

namespace Dit.Commands;

/// <summary>What a command sees of the world.</summary>
/// <param name="Models">The models that it knows.</param>
/// <param name="Out">Where results go.</param>
/// <param name="Error">Where the one line about a mistake goes.</param>
/// <param name="Interactive">Whether somebody is watching a terminal.</param>
/// <param name="Cancellation">Asks to stop.</param>
internal sealed record CommandContext(
    IReadOnlyList<ModelDefinition> Models, TextWriter Out, TextWriter Error, bool Interactive, CancellationToken Cancellation)
{
    private const int PlainWidth = 160;

    /// <summary>What the program changes about the tool.</summary>
    public DitToolOptions Options { get; init; } = new() { Name = "dit" };

    /// <summary>What the program is called.</summary>
    public ToolName Name => ToolName.Of(Options.Name);

    /// <summary>From one line of progress to the next, where nobody watches a terminal.</summary>
    public TimeSpan ProgressInterval { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Columns of the terminal at present.</summary>
    public Func<int> Width { get; init; } = WindowWidth;

    /// <summary>
    /// A console over <see cref="Out"/>: colors and the window's width on a terminal, plain wide text elsewhere.
    /// </summary>
    public IAnsiConsole Console()
    {
        var console = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Out = new AnsiConsoleOutput(Out),
            Ansi = Interactive ? AnsiSupport.Detect : AnsiSupport.No,
            Interactive = Interactive ? InteractionSupport.Detect : InteractionSupport.No,
        });
        if (!Interactive) console.Profile.Width = PlainWidth;
        return console;
    }

    /// <summary>
    /// Writes sentences that a user should see beside the result, each a line on <see cref="Error"/>.
    /// </summary>
    public void Notice(IEnumerable<string> sentences)
    {
        foreach (var sentence in sentences) Notice(sentence);
    }

    /// <summary>Writes a sentence that a user should see beside the result, as a line on <see cref="Error"/>.</summary>
    public void Notice(string sentence) => Say($"note: {sentence}");

    /// <summary>Writes a line on <see cref="Error"/> that begins with the program's name.</summary>
    public void Say(string line) => Error.WriteLine($"{Name.Value}: {line}");

    /// <summary>Writes rows under headers; numbers are aligned to the right.</summary>
    public void WriteTable(IReadOnlyList<(string Header, bool Number)> columns, IEnumerable<IReadOnlyList<string>> rows)
    {
        var table = new Table { Border = Interactive ? TableBorder.Rounded : TableBorder.Simple };
        foreach (var (header, number) in columns)
        {
            var column = new TableColumn(new Text(header)).NoWrap();
            table.AddColumn(number ? column.RightAligned() : column);
        }
        foreach (var row in rows) table.AddRow(row.Select(cell => new Text(cell)));
        Console().Write(table);
    }

    private static int WindowWidth()
    {
        const int Usual = 80;
        try
        {
            return System.Console.WindowWidth is > 0 and var width ? width : Usual;
        }
        catch (Exception e) when (e is IOException or PlatformNotSupportedException)
        {
            return Usual;
        }
    }
}
