using Dit.Definitions;
using Dit.Runtime;

namespace Dit.Commands.Tests;

/// <summary>What a command line gave.</summary>
internal sealed record CliResult(int Code, string Out, string Error)
{
    /// <summary>A mistake of the user's: exit code 2 and one line, which is returned without its beginning.</summary>
    public string Mistake()
    {
        Assert.Equal(2, Code);
        Assert.StartsWith("dit: ", Error, StringComparison.Ordinal);
        Assert.Single(Error.TrimEnd('\n').Split('\n'));
        Assert.DoesNotContain("   at ", Error, StringComparison.Ordinal);
        return Error["dit: ".Length..].TrimEnd();
    }

    /// <summary>What a command that succeeds writes.</summary>
    public string Succeeds()
    {
        Assert.Equal("", Error);
        Assert.Equal(0, Code);
        return Out;
    }
}

/// <summary>Runs command lines in this process.</summary>
internal static class Cli
{
    public static CliResult Run(params string[] args) => Run(CancellationToken.None, args);

    /// <summary>A command line over other models than the program's own.</summary>
    public static CliResult Run(IReadOnlyList<ModelDefinition> models, CancellationToken cancellation, params string[] args)
    {
        var (output, error) = (new StringWriter { NewLine = "\n" }, new StringWriter { NewLine = "\n" });
        return Run(args, new CommandContext(models, output, error, Interactive: false, cancellation));
    }

    public static CliResult Run(CancellationToken cancellation, params string[] args) => Run(DitModels.All, cancellation, args);

    /// <summary>
    /// Runs a command that reports its progress at every step, and stops it once a line holds some words.
    /// </summary>
    public static CliResult RunUntil(string words, params string[] args) => RunUntil(DitModels.All, words, args);

    /// <summary>As <see cref="RunUntil(string, string[])"/>, over other models than the program's own.</summary>
    public static CliResult RunUntil(IReadOnlyList<ModelDefinition> models, string words, params string[] args)
    {
        using var stop = new CancellationTokenSource();
        var (output, error) = (new Watcher(words, stop.Cancel), new StringWriter { NewLine = "\n" });
        var context = new CommandContext(models, output, error, Interactive: false, stop.Token) { ProgressInterval = TimeSpan.Zero };
        return Run(args, context);
    }

    /// <summary>A command line in a context of the test's own.</summary>
    public static CliResult Run(string[] args, CommandContext context) =>
        new(DitCommand.Run(args, context).GetAwaiter().GetResult(), context.Out.ToString() ?? "", context.Error.ToString() ?? "");

    private sealed class Watcher : StringWriter
    {
        private readonly string words;
        private readonly Action seen;

        public Watcher(string words, Action seen) => (this.words, this.seen, NewLine) = (words, seen, "\n");

        public override void WriteLine(string? value)
        {
            base.WriteLine(value);
            if (value is not null && value.Contains(words, StringComparison.Ordinal)) seen();
        }
    }
}

/// <summary>Command lines with a usual part and something different in it.</summary>
internal static class Line
{
    /// <summary>The usual options, each with its value, less those that are given again.</summary>
    public static string[] With(string command, (string Option, string Value)[] usual, string[] more) =>
        [
            command,
            .. usual.Where(pair => !more.Contains(pair.Option)).SelectMany<(string, string), string>(pair => [pair.Item1, pair.Item2]),
            .. more,
        ];
}

/// <summary>A folder for one test, removed after.</summary>
internal sealed class TestFolder : IDisposable
{
    public TestFolder() => Directory.CreateDirectory(Root);

    public string Root { get; } = System.IO.Path.Combine(System.IO.Path.GetTempPath(), "dit-" + Guid.NewGuid().ToString("N"));

    public string Path(params string[] parts) => System.IO.Path.Combine([Root, .. parts]);

    /// <summary>A text file in the folder.</summary>
    public string File(string name, string text)
    {
        System.IO.File.WriteAllText(Path(name), text);
        return Path(name);
    }

    /// <summary>The names of all files in a folder of this one, those below included.</summary>
    public string[] Files(string name = "") => Directory.Exists(Path(name))
        ?
        [
            .. Directory
                .EnumerateFiles(Path(name), "*", SearchOption.AllDirectories)
                .Select(file => System.IO.Path.GetFileName(file))
                .Order(StringComparer.Ordinal),
        ]
        : [];

    public void Dispose() => Directory.Delete(Root, recursive: true);
}

/// <summary>Tests that draw with the same trained model.</summary>
[CollectionDefinition(Name)]
public sealed class WithTrainedShapes : ICollectionFixture<TrainedShapes>
{
    /// <summary>What such a test class names.</summary>
    public const string Name = "trained shapes";
}

/// <summary>The demo model after three steps on two hundred shapes: enough to draw with.</summary>
public sealed class TrainedShapes : IDisposable
{
    private readonly TestFolder folder = new();

    public TrainedShapes()
    {
        Shapes = folder.Path("shapes");
        Cli.Run("data", "shapes", "--out", Shapes, "--count", "200").Succeeds();
        Training = Cli.Run(
                "train",
                "--data",
                Shapes,
                "--out",
                folder.Path("run"),
                "--steps",
                "3",
                "--batch",
                "4",
                "--lr",
                "0.01",
                "--ema",
                "0",
                "--weights-dtype",
                "f16")
            .Succeeds();
    }

    /// <summary>The folder of images.</summary>
    public string Shapes { get; }

    /// <summary>What training wrote to the output.</summary>
    public string Training { get; }

    /// <summary>The finished weights.</summary>
    public string Weights => folder.Path("run", "weights.safetensors");

    /// <summary>The checkpoint.</summary>
    public string Checkpoint => folder.Path("run", "checkpoint.safetensors");

    /// <inheritdoc/>
    public void Dispose() => folder.Dispose();
}
