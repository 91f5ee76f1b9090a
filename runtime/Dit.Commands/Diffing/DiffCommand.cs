using System.CommandLine;
using Dit.Runtime;
using Dit.Spec;

namespace Dit.Commands;

/// <summary><c>dit diff</c>: what a change of specs does to the models and to checkpoints of them.</summary>
internal static class DiffCommand
{
    private const string Description = """
        Compare two specs: settings, parameters, multiply-accumulates, and whether checkpoints of the first load in the second.

        A and B are files, folders, or either at a git revision, REVISION:PATH:
          dit diff old.dit.yaml new.dit.yaml
          dit diff main:definitions/dit.dit.yaml HEAD:definitions/dit.dit.yaml
        When A is a revision alone, it is B at that revision; when both are, they are the current folder at each:
          dit diff main definitions
          dit diff main HEAD --markdown
        A checkpoint stands for the spec that it carries: do these weights fit the edited spec?
          dit diff run/weights.safetensors my.dit.yaml
        What exists on disk is meant before a revision is.
        """;

    public static Command Create(CommandContext context)
    {
        var a = new Argument<string>("A")
        {
            Description = "The old: a spec, a folder of specs, a checkpoint, REVISION:PATH, or a git revision of B.",
        };
        var b = new Argument<string>("B")
        {
            Description = "The new: a spec, a folder of specs, a checkpoint, REVISION:PATH, or a git revision where A is one.",
        };
        var json = CommonOptions.Json();
        var markdown = new Option<bool>("--markdown")
        {
            Description = $"Write a comment for a pull request, in GitHub's Markdown; it begins with {DiffMarkdown.Marker}.",
        };
        var exitCode = new Option<bool>("--exit-code")
        {
            Description = $"Exit with {DitCommand.Differ} when they differ; 1 and 2 are errors, as always.",
        };
        var command = new Command("diff", Description) { a, b, json, markdown, exitCode };
        command.SetAction(parsed =>
        {
            var form = FormOf(parsed.GetValue(json), parsed.GetValue(markdown));
            var differs = Run(context, parsed.GetRequiredValue(a), parsed.GetRequiredValue(b), form);
            return differs && parsed.GetValue(exitCode) ? DitCommand.Differ : 0;
        });
        return command;
    }

    private enum Form { Text, Json, Markdown }

    private static Form FormOf(bool json, bool markdown) => (json, markdown) switch
    {
        (true, true) => throw new DitException("--json and --markdown are two forms of one answer: ask for one of them."),
        (true, false) => Form.Json,
        (false, true) => Form.Markdown,
        _ => Form.Text,
    };

    private static bool Run(CommandContext context, string a, string b, Form form)
    {
        var (first, second) = SpecSource.Of(a, b);
        var (old, now) = (SpecSet.Read(first, context.Cancellation), SpecSet.Read(second, context.Cancellation));
        if (old.Errors.Count + now.Errors.Count > 0) Refuse(context, old, now, json: form == Form.Json);
        if (old.Models.Count + now.Models.Count == 0)
            throw new DitException($"There is no {SpecSource.Files} file in '{old.Label}', and none in '{now.Label}'.");
        (old, now) = (old.PartnerOf(now), now.PartnerOf(old));

        var diff = SpecDiff.Between(old.Models, now.Models);
        if (form == Form.Json) context.Out.WriteLine(Json.Of(DiffJson.Of(old.Label, now.Label, diff)));
        else if (form == Form.Markdown) context.Out.Write(DiffMarkdown.Of(old.Label, now.Label, diff));
        else DiffText.Write(context, old.Label, now.Label, diff);
        return diff.Differs;
    }

    private static void Refuse(CommandContext context, SpecSet old, SpecSet now, bool json)
    {
        (string Path, SpecError Error)[] errors = [.. old.Errors.Concat(now.Errors).Distinct()];
        if (json) context.Out.WriteLine(Json.Of(DiffJson.Errors(old.Label, now.Label, errors)));
        else foreach (var (path, error) in errors) context.Out.WriteLine(CheckedSpec.Line(path, error));
        var which = errors.Select(static e => e.Path).Distinct().ToArray();
        throw new DitException(
            $"{string.Join(" and ", which)} {(which.Length == 1 ? "has" : "have")} {Amount.Of(errors.Length, "error")}.");
    }

    /// <summary>The specs of one side.</summary>
    private sealed record SpecSet(
        string Label, IReadOnlyList<ModelSpec> Models, IReadOnlyList<(string Path, SpecError Error)> Errors, bool IsCheckpoint)
    {
        public static SpecSet Read(SpecSource source, CancellationToken cancellation)
        {
            var files = source
                .Read(cancellation)
                .Select(static spec => (spec.Path, File: SpecFile.Parse(spec.Bytes), spec.IsCarried))
                .ToArray();
            var models = files.SelectMany(static file => file.File.Models.Select(model => (file.Path, Model: model))).ToArray();
            return new(
                source.Label, [.. models.Select(static model => model.Model.Spec)],
                [
                    .. files.SelectMany(static file => file.File.Errors.Select(error => (file.Path, error))),
                    .. DeclaredModel.Collisions(models),
                ],
                files.Any(static file => file.IsCarried));
        }

        /// <summary>Where the other side is a checkpoint: of several models, the one that it is of.</summary>
        /// <exception cref="DitException">It is of none of them.</exception>
        public SpecSet PartnerOf(SpecSet other) => !other.IsCheckpoint || Models.Count <= 1 || other.Models is not [var model] ? this
            : Models.Where(known => known.ClassName == model.ClassName).ToArray() is { Length: > 0 } same ? this with { Models = same }
            : throw new DitException($"'{other.Label}' is a checkpoint of {model.Name}, and '{Label}' has no model of that name; "
                + $"it has {Amount.Few(Models.Select(static known => known.Name))}.");
    }
}
