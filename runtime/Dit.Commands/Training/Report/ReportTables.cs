using System.Text.Json;
using System.Text.RegularExpressions;
using Dit.Runtime;
using Dit.Spec;

namespace Dit.Commands;

/// <summary>The tables of a run's page: model, recipe, data, machine, files and commands.</summary>
internal static partial class ReportTables
{
    private const int MostNames = 60;
    private const long MostHashed = 4_000_000_000; // bytes, some seconds
    private const string ImagesKey = "dit.images", RecipeKey = "dit.recipe";

    /// <summary>All of them.</summary>
    public static Html Of(RunFacts run, ToolName tool, CancellationToken cancellation) => Html.Of($"""
        <section>
        <h2>Go on from here</h2>
        {Commands(run, tool)}
        </section>
        <div class="columns">
        <section>
        <h2>Model</h2>
        {Table(Model(run))}
        </section>
        <section>
        <h2>Recipe</h2>
        {Table(Recipe(run))}
        </section>
        <section>
        <h2>Data</h2>
        {Table(Data(run))}
        </section>
        <section>
        <h2>Machine</h2>
        {Table(Machine(run))}
        </section>
        </div>
        <section>
        <h2>Files</h2>
        {Table(Files(run, cancellation))}
        </section>
        {Spec(run)}
        """);

    private static Html Table(IEnumerable<(string Name, string? Value)> rows)
    {
        var lines = rows
            .Where(static row => row.Value is { Length: > 0 })
            .Select(static row => Html.Of($"""<tr><th scope="row">{row.Name}</th><td>{row.Value}</td></tr>"""));
        return Html.Of($"""
            <table>
            {Html.Lines(lines)}
            </table>
            """);
    }

    private static Html Spec(RunFacts run) => run.Checkpoint.Spec is { } spec
        ? Html.Of($"""
            <section>
            <h2>Spec</h2>
            <pre><code>{spec.Trim()}</code></pre>
            </section>
            """)
        : Html.None;

    private static IEnumerable<(string, string?)> Model(RunFacts run)
    {
        yield return ("Name", run.Fact(ModelCard.NameKey));
        if (run.Spec is { } spec && ModelLayout.Of(spec) is var layout)
        {
            yield return ("Parameters", $"{Amount.Whole(layout.ParameterCount)}, {Amount.Whole(layout.TrainableCount)} of them trained");
            yield return ("Multiply-accumulates", $"{Amount.Short(layout.Macs)} for a forward pass of one sample");
            yield return ("Process", Process(spec.Process));
        }
        else yield return ("Parameters", run.Fact("dit.parameters"));
        yield return ("Conditioned on", run.Fact("dit.condition"));
        yield return ("Input", run.Fact("dit.input"));
        yield return ("Blocks", $"{run.Fact("dit.depth")} of width {run.Fact("dit.width")}, {run.Fact("dit.heads")} heads");
        yield return ("Tokens", $"{run.Fact("dit.tokens")}, patches of {run.Fact("dit.patch_size")} x {run.Fact("dit.patch_size")}");
        yield return ("Autoencoder", run.Fact("dit.autoencoder"));
        yield return ("Hash of the spec", run.Fact("dit.spec"));
    }

    private static string Process(ProcessSpec process) => process.Match(
        static gaussian =>
            $"Gaussian diffusion, {Words(gaussian.Schedule)}, {Amount.Of(gaussian.Timesteps, "timestep")}, predicts "
                + $"{Words(gaussian.Prediction)}",
        static flow => $"Flow, {Words(flow.Schedule)}, predicts {Words(flow.Prediction)}");

    // SquaredCosine: squared cosine
    private static string Words<T>(T value) => Capital().Replace($"{value}", " $0").ToLowerInvariant();

    // All values of the recipe by their names in its JSON, so that none can be forgotten.
    private static IEnumerable<(string, string?)> Recipe(RunFacts run)
    {
        if (run.Fact(RecipeKey) is not { } json) yield break;
        using var recipe = JsonDocument.Parse(json);
        foreach (var value in recipe.RootElement.EnumerateObject())
            yield return (Sentence(value.Name), Value(value.Value));

        static string Sentence(string name) => Words(name) is var words ? char.ToUpperInvariant(words[0]) + words[1..] : name;
    }

    private static string? Value(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Null => null,
        JsonValueKind.True => "yes",
        JsonValueKind.False => "no",
        JsonValueKind.Number when value.TryGetInt64(out var whole) => Amount.Whole(whole),
        JsonValueKind.String => value.GetString(),
        JsonValueKind.Array => string.Join(", ", value.EnumerateArray().Select(Value)),
        JsonValueKind.Object =>
            string.Join(", ", value.EnumerateObject().Select(static part => $"{Words(part.Name)} {Value(part.Value)}")),
        _ => value.GetRawText(),
    };

    private static IEnumerable<(string, string?)> Data(RunFacts run)
    {
        yield return ("Folder", run.Sessions is [.., { Data: var data }] ? data : null);
        yield return ("Images", run.Fact(ImagesKey) is { } images && long.TryParse(images, out var count) ? Amount.Whole(count) : null);
        var classes = run.Classes;
        if (classes.Count > 0)
            yield return (
                Amount.Of(classes.Count, "class", "classes"),
                string.Join(", ", classes.Take(MostNames)) + (classes.Count > MostNames ? $" and {classes.Count - MostNames} more" : ""));
        yield return ("Left out", run.Unreadable.Count == 0
            ? null
            : $"{Amount.Of(run.Unreadable.Count, "image")} that cannot be read, listed in {TrainingFolder.UnreadableName}");
    }

    private static IEnumerable<(string, string?)> Machine(RunFacts run)
    {
        yield return ("Time", run.Duration > TimeSpan.Zero ? Amount.Time(run.Duration) : null);
        if (run.Sessions is not [var first, ..] || run.Sessions is not [.., var last]) yield break;
        yield return ("Started", FormattableString.Invariant($"{first.Started:yyyy-MM-dd HH:mm} UTC"));
        yield return (
            "Sessions",
            run.Sessions.Count == 1 ? null : $"{run.Sessions.Count}, each resumed from a checkpoint of the one before");
        yield return ("Processor", last.Processor);
        yield return ("Threads", Amount.Whole(last.Threads));
        yield return ("Memory", Amount.Bytes(last.MemoryBytes));
        yield return ("System", last.System);
        yield return ("Program", last.Program);
    }

    private static IEnumerable<(string, string?)> Files(RunFacts run, CancellationToken cancellation)
    {
        foreach (var path in (string[])[run.Folder.Weights, run.Checkpoint.Path])
            if (new FileInfo(path) is { Exists: true, Length: var length })
                yield return (Path.GetFileName(path), $"{Amount.Bytes(length)}{(length <= MostHashed ? $", {Hash(path)}" : "")}");
        yield return ("Step of the checkpoint", Amount.Whole(run.Checkpoint.Step));

        string? Hash(string path)
        {
            var hash = new CheckpointHash(cancellation);
            hash.Start([path]);
            return hash.Value;
        }
    }

    private static Html Commands(RunFacts run, ToolName tool)
    {
        var weights = File.Exists(run.Folder.Weights) ? run.Folder.Weights : run.Checkpoint.Path;
        var last = run.Sessions is [.., var session] ? session : null;
        var vae = run.Fact("dit.autoencoder") is null or "none" ? "" : $" --vae {Quoted(last?.Autoencoder ?? "FILE")}";
        var text = run.Fact("dit.condition")?.Contains("text", StringComparison.Ordinal) == true ? " --text FILE" : "";
        var data = $" --data {Quoted(last?.Data is { Length: > 0 } folder ? folder : "DIR")}";
        var steps = run.IsFinished ? $" --steps {2L * run.Checkpoint.Recipe.Steps}" : "";
        return Html.Of($"""
            <p>Draw samples:</p>
            <pre><code>{tool.Value} sample -c {Quoted(weights)}{vae}{text}</code></pre>
            <p>{(run.IsFinished ? "Train longer:" : "Go on with the run:")}</p>
            <pre><code>{tool.Value} train{data} --out {Quoted(run.Folder.Path)} --resume{steps}</code></pre>
            """);
    }

    // As shells take a word.
    private static string Quoted(string word) =>
        Plain().IsMatch(word) ? word : $"'{word.Replace("'", "'\\''", StringComparison.Ordinal)}'";

    [GeneratedRegex("(?<=[a-z0-9])[A-Z]")]
    private static partial Regex Capital();

    [GeneratedRegex(@"^[\w./:\\@%+=,-]+$")]
    private static partial Regex Plain();
}
