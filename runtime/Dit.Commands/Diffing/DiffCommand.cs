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
        When A is a revision alone, it is B at that revision:
          dit diff main definitions
        What exists on disk is meant before a revision is.
        """;

    public static Command Create(CommandContext context)
    {
        var a = new Argument<string>("A") { Description = "The old: a file, a folder, REVISION:PATH, or a git revision of B." };
        var b = new Argument<string>("B") { Description = "The new: a file, a folder or REVISION:PATH." };
        var json = CommonOptions.Json();
        var exitCode = new Option<bool>("--exit-code") { Description = $"Exit with {DitCommand.Differ} when they differ; 1 and 2 are errors, as always." };
        var command = new Command("diff", Description) { a, b, json, exitCode };
        command.SetAction(parsed =>
        {
            var differs = Run(context, parsed.GetRequiredValue(a), parsed.GetRequiredValue(b), parsed.GetValue(json));
            return differs && parsed.GetValue(exitCode) ? DitCommand.Differ : 0;
        });
        return command;
    }

    private static bool Run(CommandContext context, string a, string b, bool json)
    {
        var (first, second) = SpecSource.Of(a, b);
        var (old, now) = (SpecSet.Read(first, context.Cancellation), SpecSet.Read(second, context.Cancellation));
        if (old.Errors.Count + now.Errors.Count > 0) Refuse(context, old, now, json);

        var diff = SpecDiff.Between(old.Models, now.Models);
        if (json) context.Out.WriteLine(Json.Of(DiffJson.Of(old.Label, now.Label, diff)));
        else DiffText.Write(context, old.Label, now.Label, diff);
        return diff.Differs;
    }

    private static void Refuse(CommandContext context, SpecSet old, SpecSet now, bool json)
    {
        (string Path, SpecError Error)[] errors = [.. old.Errors.Concat(now.Errors).Distinct()];
        if (json) context.Out.WriteLine(Json.Of(DiffJson.Errors(old.Label, now.Label, errors)));
        else foreach (var (path, error) in errors) context.Out.WriteLine(CheckedSpec.Line(path, error));
        var which = errors.Select(static e => e.Path).Distinct().ToArray();
        throw new DitException($"{string.Join(" and ", which)} {(which.Length == 1 ? "has" : "have")} {Amount.Of(errors.Length, "error")}.");
    }

    /// <summary>The specs of one side.</summary>
    private sealed record SpecSet(string Label, IReadOnlyList<ModelSpec> Models, IReadOnlyList<(string Path, SpecError Error)> Errors)
    {
        public static SpecSet Read(SpecSource source, CancellationToken cancellation)
        {
            var files = source.Read(cancellation).Select(static spec => (spec.Path, File: SpecFile.Parse(spec.Bytes))).ToArray();
            var models = files.SelectMany(static file => file.File.Models.Select(model => (file.Path, Model: model))).ToArray();
            return new(
                source.Label, [.. models.Select(static model => model.Model.Spec)],
                [.. files.SelectMany(static file => file.File.Errors.Select(error => (file.Path, error))), .. DeclaredModel.Collisions(models)]);
        }
    }
}
