using System.Text.RegularExpressions;

namespace Dit.Packaging;

/// <summary>The notes of a release: the changelog's section on it, as plain text.</summary>
internal static partial class ReleaseNotes
{
    /// <summary>
    /// The most characters of the changelog that a package repeats; NuGet takes 35,000, and shows them all.
    /// </summary>
    public const int Longest = 3000;

    /// <summary>The notes of a version: of its own section, or of what is unreleased.</summary>
    /// <param name="changelog">The text of CHANGELOG.md.</param>
    /// <param name="version">The version of the package.</param>
    /// <param name="repository">Where the whole changelog is to be read, or null where nobody knows.</param>
    public static string Of(string changelog, string version, Repository? repository)
    {
        var sections = Heading().Split(changelog.ReplaceLineEndings("\n"));
        var section = Section(sections, version) ?? Section(sections, "Unreleased") ?? "";
        var entries = Entries(section);
        var kept = entries.Take(Fitting(entries)).ToArray();
        var rest = (cut: kept.Length < entries.Count, repository) switch
        {
            (_, { } known) => $"All changes: {known.Page("CHANGELOG.md")}",
            (true, null) => $"And {entries.Count - kept.Length} more, in CHANGELOG.md of the repository.",
            (false, null) => null,
        };
        return string.Join("\n\n", new[] { string.Join('\n', kept), rest }.Where(static part => !string.IsNullOrEmpty(part)));
    }

    /// <summary>The text under the heading that begins with a name; headings stand before their sections.</summary>
    private static string? Section(string[] sections, string name)
    {
        for (var i = 1; i + 1 < sections.Length; i += 2)
            if (sections[i].Split(' ')[0].Trim('[', ']').Equals(name, StringComparison.OrdinalIgnoreCase)) return sections[i + 1];
        return null;
    }

    /// <summary>Paragraphs and list entries, each in one line, without what only Markdown shows.</summary>
    private static IReadOnlyList<string> Entries(string section) =>
        [
            .. Continuation().Replace(Link().Replace(section.Trim(), "$1"), " ").Split('\n')
                .Select(static line => line.TrimEnd()).Where(static line => line.Length > 0),
        ];

    /// <summary>How many entries fit; of one that is too long alone, no part is shown.</summary>
    private static int Fitting(IReadOnlyList<string> entries)
    {
        var length = 0;
        return entries.TakeWhile(entry => (length += entry.Length + 1) <= Longest).Count();
    }

    [GeneratedRegex(@"^##[ \t]+(.+?)[ \t]*$", RegexOptions.Multiline)]
    private static partial Regex Heading();

    [GeneratedRegex(@"!?\[([^\]]*)\]\([^)]*\)")]
    private static partial Regex Link();

    // A line that goes on: it is no entry of a list, no heading, and not set off by an empty line.
    [GeneratedRegex(@"(?<=\S)[ \t]*\n[ \t]*(?![-*+#\s]|\d+\. )")]
    private static partial Regex Continuation();
}
