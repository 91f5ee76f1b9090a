using System.Globalization;
using Dit.Spec;

namespace Dit.Build;

/// <summary>One error or warning of the build.</summary>
/// <param name="File">The committed file it is about, below the project.</param>
/// <param name="Line">The first line that differs; 0 where it is about the whole file.</param>
/// <param name="Text">What it means, what to do, and the lines that differ.</param>
internal sealed record Report(string File, int Line, string Text);

/// <summary>A review in words. Pure.</summary>
/// <param name="Folder">The folder as the project names it.</param>
/// <param name="Command">The command that accepts.</param>
internal sealed record SnapshotReports(string Folder, string Command)
{
    private const int MostLines = 40, MostModels = 8, MostNames = 6;

    /// <summary>What is to be said; nothing where all agree.</summary>
    public IReadOnlyList<Report> Of(SnapshotReview review)
    {
        if (review.IsFirst) return [First(review)];
        return
        [
            .. Some(review.Findings.OfType<Finding.Differs>(), Differing),
            .. Some(review.Findings.OfType<Finding.Missing>(), Missing),
            .. Some(review.Findings.OfType<Finding.Leftover>(), Leftover),
        ];

        IEnumerable<Report> Some<T>(IEnumerable<T> findings, Func<IReadOnlyList<T>, SnapshotReview, Report> say) =>
            findings.ToArray() is { Length: > 0 } found ? [say(found, review)] : [];
    }

    private Report First(SnapshotReview review) => new(
        Folder, 0,
        $"There are no snapshots in the folder '{Folder}' yet. "
        + $"To write the {Counted(review.Now.Count, "file")} for the first time, run: {Command}\n"
        + $"Then read and commit them: {Names(review.Now.Select(static s => s.Verified))}");

    private Report Missing(IReadOnlyList<Finding.Missing> missing, SnapshotReview review) => new(
        At(missing[0].Now.Verified), 0,
        $"The build generates {Counted(missing.Count, "file")} that {Have(missing.Count)} no snapshot in '{Folder}', as for a new model: "
        + $"{Names(missing.Select(static m => m.Now.Verified))}. "
        + $"If {It(missing.Count)} {Be(missing.Count)} meant to be there, run: {Command}");

    private Report Leftover(IReadOnlyList<Finding.Leftover> leftover, SnapshotReview review) => new(
        At(leftover[0].File), 0,
        $"The folder '{Folder}' has {Counted(leftover.Count, "snapshot")} of what the build no longer generates, as when a model is "
            + $"removed: "
        + $"{Names(leftover.Select(static l => l.File))}. If {It(leftover.Count)} {Be(leftover.Count)} meant to go, run: {Command}");

    private Report Differing(IReadOnlyList<Finding.Differs> differing, SnapshotReview review)
    {
        var diffs = differing.Select(static d => (d.Now, Diff: LineDiff.Between(d.Before, d.Now.Text))).ToArray();
        return new(
            At(diffs[0].Now.Verified), diffs[0].Diff.FirstLine,
            string.Join("\n",
            [
                .. Meaning(differing),
                $"{Counted(differing.Count, "snapshot")} in '{Folder}' {(differing.Count == 1 ? "differs" : "differ")} from what the build "
                    + $"generates now. "
                + $"If this is meant, run: {Command}",
                .. Excerpts(diffs),
            ]));
    }

    /// <summary>The difference in the words of the specs.</summary>
    private static IReadOnlyList<string> Meaning(IReadOnlyList<Finding.Differs> differing)
    {
        if (differing.FirstOrDefault(static d => d.Now is { Name: ModelTable.Name, Extension: "md" }) is not { } table)
            return ["The models are the same, but the code generated for them is not: "
                + "the version of Dit.Gen changed, or a property of the project such as DitNamespace, or somebody edited the file."];
        if (ModelTable.Changes(table.Before, table.Now.Text) is not { } lines) return ["The models are not what they were."];
        if (lines.Count == 0)
            return ["The models are the same, but the text written for them is not: "
                + "the version of Dit.Gen changed, or the order of the specs, or somebody edited the file."];
        return
        [
            .. lines.Take(MostModels).Select(static line => line + "."),
            .. lines.Count > MostModels ? [$"{Counted(lines.Count - MostModels, "more model")} changed as well."] : Array.Empty<string>(),
        ];
    }

    private IEnumerable<string> Excerpts(IEnumerable<(Snapshot Now, LineDiff Diff)> diffs)
    {
        var room = MostLines;
        var (left, files) = (0, 0);
        foreach (var (now, diff) in diffs)
        {
            var (shown, more) = diff.Excerpt(around: 2, most: room);
            if (shown.Count > 0) yield return $"{At(now.Verified)}:";
            foreach (var line in shown) yield return line;
            room -= shown.Count;
            left += more;
            files += more > 0 ? 1 : 0;
        }
        if (left > 0)
            yield return $"... and {Counted(left, "more line")} that differ, in {Counted(files, "file")}: compare *.received.* with "
                + $"*.verified.*";
    }

    private string At(string file) => $"{Folder}/{file}";

    private static string Names(IEnumerable<string> names)
    {
        var all = names.ToArray();
        return string.Join(", ", all.Take(MostNames)) + (all.Length > MostNames ? $" and {all.Length - MostNames} more" : "");
    }

    private static string Counted(int number, string what) =>
        $"{number.ToString("N0", CultureInfo.InvariantCulture)} {what}{(number == 1 ? "" : "s")}";

    private static string Have(int number) => number == 1 ? "has" : "have";

    private static string It(int number) => number == 1 ? "it" : "they";

    private static string Be(int number) => number == 1 ? "is" : "are";
}
