using System.Text;

namespace Dit.Spec;

/// <summary>Markdown whose paragraphs fit a number of columns.</summary>
internal static class MarkdownText
{
    private const int Columns = 120;

    /// <summary>
    /// The text with its long paragraphs and list entries filled again; tables, headings and code stay.
    /// </summary>
    public static string Filled(string text)
    {
        var (lines, paragraph, isCode) = (new List<string>(), new List<string>(), false);
        foreach (var line in text.Split('\n'))
        {
            var isFence = line.StartsWith("```", StringComparison.Ordinal);
            if (isCode || isFence || !IsProse(line) || line.StartsWith("- ", StringComparison.Ordinal))
            {
                lines.AddRange(Filled(paragraph));
                paragraph.Clear();
            }
            if (!isCode && !isFence && IsProse(line)) paragraph.Add(line);
            else lines.Add(line);
            if (isFence) isCode = !isCode;
        }
        return string.Join("\n", [.. lines, .. Filled(paragraph)]);
    }

    private static bool IsProse(string line) => line.Length > 0 && line[0] is not ('#' or '|' or '<');

    private static IEnumerable<string> Filled(IReadOnlyList<string> paragraph)
    {
        if (paragraph.All(static line => line.Length <= Columns)) return paragraph;
        var (lines, line, indent) = (
            new List<string>(),
            new StringBuilder(),
            paragraph[0].StartsWith("- ", StringComparison.Ordinal) ? "  " : "");
        foreach (var word in string.Join(" ", paragraph.Select(static one => one.Trim())).Split(' '))
        {
            if (line.Length > indent.Length && line.Length + 1 + word.Length > Columns)
            {
                lines.Add(line.ToString());
                line.Clear().Append(indent);
            }
            if (line.Length > 0 && line.ToString() != indent) line.Append(' ');
            line.Append(word);
        }
        return [.. lines, line.ToString()];
    }
}
