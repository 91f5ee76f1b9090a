namespace Dit.Spec;

/// <summary>Finds keys that are misaligned with their neighbors, and lines that are not settings.</summary>
internal static class YamlColumns
{
    /// <summary>What is wrong with the columns, in the order of the file.</summary>
    public static IEnumerable<SpecError> Slips(TextLines lines, IReadOnlyList<YamlGlance.Row> rows, KeyNames keys)
    {
        var columns = new Stack<int>();
        YamlGlance.Row? above = null, loose = null; // the last key, and a deeper line behind it that is none
        foreach (var row in rows.Where(static row => row.Text.Trim() is not ("---" or "...")))
        {
            if (row.IsItem)
            {
                if (above is { HasValue: true, IsItem: false } && columns.Contains(row.Indent))
                    yield return Error(
                        lines, row, "A list item '- ' is mixed with keys; remove the '-', or write a list in brackets, as in [2, 4]");
                above = row;
                continue;
            }
            if (columns.Count == 0) columns.Push(row.Indent);
            else if (above is not null && row.HasColon && Misplaced(row, above, columns) is { } message) yield return Error(
                lines, row, message);
            if (row.HasColon && loose?.Indent == row.Indent) yield return Error(lines, loose, NoColon(loose, keys));
            var isLoose = !row.HasColon && above is not null && !columns.Contains(row.Indent);
            if (!row.HasColon && !isLoose) yield return Error(lines, row, NoColon(row, keys));
            (above, loose) = (row.HasColon ? row : above, isLoose ? row : null);
        }
    }

    // Columns closed by the row are taken from the stack, one that it opens is put on it.
    private static string? Misplaced(YamlGlance.Row row, YamlGlance.Row above, Stack<int> columns)
    {
        if (row.Indent > columns.Peek())
        {
            if (!above.HasValue || above.IsItem)
            {
                columns.Push(row.Indent);
                return null;
            }
            return FormattableString.Invariant($"This line is indented by {Spaces(row.Indent)}, deeper than ")
                + FormattableString.Invariant($"'{Shown.Text(above.Text.Trim())}' above it, ")
                + FormattableString.Invariant($"which has its value already; indent it by {columns.Peek()}, as the keys beside it");
        }
        var known = columns.OrderBy(static c => c).ToArray();
        while (columns.Count > 1 && columns.Peek() > row.Indent) columns.Pop();
        return columns.Peek() == row.Indent ? null : FormattableString.Invariant(
            $"This line is indented by {Spaces(row.Indent)}, and the keys above it by {string.Join(" and ", known)}; ")
            + "keys of one mapping stand in one column";
    }

    private static string NoColon(YamlGlance.Row row, KeyNames keys)
    {
        var text = row.Text.Trim();
        var word = text.Split(' ', '=')[0];
        return keys.IsKey(word)
            ? $"The colon is missing behind '{word}'; write "
                + $"'{$"{word}: {Shown.Text(text.Substring(word.Length).TrimStart(' ', '='))}".TrimEnd()}'"
            : text.StartsWith("//", StringComparison.Ordinal) || text[0] is ';' or '*'
                ? $"'{Shown.Text(text)}' is no setting; a comment starts with '#'"
            : $"'{Shown.Text(text)}' has no colon; write it as 'key: value', or remove it";
    }

    private static string Spaces(int count) => FormattableString.Invariant($"{count} space{(count == 1 ? "" : "s")}");

    private static SpecError Error(TextLines lines, YamlGlance.Row row, string message) =>
        new(Rule.Yaml, message, lines.Range(row.Start + row.Indent, row.Start + row.Text.Length));
}
