using System.CommandLine;
using Dit.Runtime;

namespace Dit.Commands;

/// <summary><c>dit inspect</c>: what a checkpoint is, or how a picture was made.</summary>
internal static class InspectCommand
{
    private const int MostRows = 40, MostSaid = 12, MostNames = 3, LongestSaid = 100;

    public static Command Create(CommandContext context)
    {
        var path = new Argument<string>("FILE")
        {
            Description = "A .safetensors or .pt file, a folder of diffusers, an index of shards, or a picture of 'dit sample'.",
        };
        var all = new Option<bool>("--all") { Description = "List every tensor and all metadata." };
        var check = new Option<bool>("--check")
        {
            Description = "Read every tensor and name those with values that are not finite; the exit code is 2 when there are any.",
        };
        var json = CommonOptions.Json();
        var command = new Command(
            "inspect",
            "Show what a checkpoint holds, whose names its tensors have, and which model it is of; or how a picture was made.")
        {
            path,
            all,
            check,
            json,
        };
        command.SetAction(parsed =>
        {
            var name = parsed.GetRequiredValue(path);
            if (!parsed.GetValue(check) && ImageInspection.IsPicture(name))
                return ImageInspection.Run(context, name, parsed.GetValue(all), parsed.GetValue(json));
            TensorLibrary.Require();
            using var file = CheckpointFile.Open(name);
            if (parsed.GetValue(check)) return FiniteCheck.Run(context, file, parsed.GetValue(json));
            var description = CheckpointDescription.Of(name, file, context.With(file).Models);
            if (parsed.GetValue(json)) context.Out.WriteLine(Json.Of(Report(description)));
            else Write(context, description, parsed.GetValue(all));
            return 0;
        });
        return command;
    }

    private static void Write(CommandContext context, CheckpointDescription file, bool all)
    {
        context.Out.WriteLine(
            $"{file.Path}: {file.Format}, {Amount.Of(file.Tensors.Count, "tensor")}, {Amount.Of(file.Elements, "element")}, "
                + $"{Amount.Bytes(file.Bytes)}, "
                + string.Join(
                    ", ",
                    file.Types.Select(type => file.Types.Count == 1 ? type.Type : $"{type.Type} {Amount.Whole(type.Count)}")));
        foreach (var line in Verdict(file)) context.Out.WriteLine(line);
        WriteSettings(context, file, all);
        var rows = all ? [.. file.Tensors.Select(static t => new TensorRow(t.Key, t.Value, 1))] : file.Rows;
        context.WriteTable(
            [("tensor", false), ("shape", false), ("type", false), ("number", true)],
            rows.Take(all ? int.MaxValue : MostRows).Select(Cells));
        if (!all && rows.Count > MostRows)
            context.Out.WriteLine($"and {Amount.Whole(rows.Count - MostRows)} more rows; --all shows every tensor");
    }

    // What an optimizer was set to is of no interest to most.
    private static void WriteSettings(CommandContext context, CheckpointDescription file, bool all)
    {
        KeyValuePair<string, string>[] shown = all
            ? [.. file.Metadata]
            : [.. file.Metadata.Where(static said => !said.Key.StartsWith("opt.", StringComparison.Ordinal)).Take(MostSaid)];
        foreach (var (key, value) in shown) context.Out.WriteLine($"  {OneLine(key)}: {OneLine(value)}");
        if (file.Metadata.Count - shown.Length is > 0 and var more)
            context.Out.WriteLine($"  and {Amount.Of(more, "more setting", "more settings")}; --all shows them");
    }

    private static IReadOnlyList<string> Cells(TensorRow row) => [OneLine(row.Name), row.Shape, row.Info.TypeName, Amount.Whole(row.Count)];

    private static IEnumerable<string> Verdict(CheckpointDescription file)
    {
        if (file.Parts.Count > 0)
            yield return $"A training checkpoint: "
                + $"{string.Join(", ", file.Parts.Select(static part => $"{OneLine(part.Key)} {Amount.Whole(part.Value)}"))}; what is said "
                + $"of names is of the weights that are taken.";
        if (file.Adapters is { } adapters)
        {
            yield return adapters;
            yield break;
        }
        yield return file.Names is null ? "Its names are of no convention known here." : $"Its names are those of {file.Names}.";
        if (file.Models.Count > 0)
            yield return $"It is a checkpoint of {string.Join(", or of ", file.Models)}.";
        else if (file.OtherModel is { } other)
            yield return $"It is {other}.";
        else if (file.Nearest is { } near)
            foreach (var line in Differences(near))
                yield return line;
        else
            yield return "It is of no model known here.";
        foreach (var notice in file.Notices) yield return notice;
        if (file.Tensors.Count(static tensor => tensor.Value.Refusal is not null) is > 0 and var refused)
        {
            var first = file.Tensors.First(static tensor => tensor.Value.Refusal is not null);
            yield return $"{Amount.Of(refused, "tensor")} of it cannot be read, the first of which is {OneLine(first.Key)}: "
                + $"{OneLine(first.Value.Refusal ?? "")}.";
        }
    }

    private static IEnumerable<string> Differences(CheckpointMatch near)
    {
        yield return $"It is of no model known here; the nearest is {near.Model.Card.Name}:";
        (string What, IReadOnlyList<string> Names)[] lists =
        [
            ("missing", near.Difference.Missing),
            ("unexpected", near.Difference.Unexpected),
            (
                "of another shape",
                [
                    .. near.Difference.Misshaped.Select(static m =>
                        $"{m.Name} ({string.Join(", ", m.Given)}) in place of ({string.Join(", ", m.Wanted)})"),
                ]),
        ];
        foreach (var (what, names) in lists.Where(static list => list.Names.Count > 0))
            yield return $"  {what}: {string.Join(", ", names.Take(MostNames).Select(OneLine))}{(names.Count > MostNames ? $" and {Amount.Whole(names.Count - MostNames)} more" : "")}";
        if (near.OtherSetting is { } other) yield return $"  {other}";
    }

    private static object Report(CheckpointDescription file) => new
    {
        file.Path,
        file.Format,
        file.Bytes,
        file.Elements,
        Types = file.Types.ToDictionary(static type => type.Type, static type => type.Count),
        file.Metadata,
        file.Parts,
        file.Names,
        file.Models,
        file.OtherModel,
        file.Notices,
        Nearest = file.Nearest is not { } near ? null : new
        {
            Model = near.Model.Card.Name,
            near.Difference.Missing,
            near.Difference.Unexpected,
            near.Difference.Misshaped,
            near.OtherSetting,
        },
        Tensors = file.Tensors.Select(static t => new { Name = t.Key, Type = t.Value.TypeName, t.Value.Shape, t.Value.Refusal }),
    };

    // Texts out of files may hold anything.
    internal static string OneLine(string text)
    {
        var line = string.Concat(text.Take(LongestSaid).Select(static c => char.IsControl(c) ? ' ' : c));
        return text.Length > LongestSaid ? line + "..." : line;
    }
}
