namespace Dit.Spec;

/// <summary>
/// Mistakes in YAML for which parsers give a misleading message, or none.
/// </summary>
internal static class YamlTraps
{
    /// <summary>Mistakes that prevent reading the text.</summary>
    public static IReadOnlyList<SpecError> Errors(TextLines lines, FileWords words) =>
    [
        .. Tab(lines, lines.Lines, Indentation),
        .. lines.Lines.Where(static line => line.Text.StartsWith("%", StringComparison.Ordinal)).Select(line => new SpecError(
            Rule.YamlFeature, $"Directives are not used in {words.Many}; remove the line",
            lines.Range(line.Start, line.Start + line.Text.TrimEnd().Length))),
    ];

    /// <summary>
    /// The actual mistake in a text that is not YAML, if it can be found; otherwise the parser's error.
    /// </summary>
    public static SpecError Explain(TextLines lines, SpecError error, KeyNames keys) => error.Rule != Rule.Yaml ? error
        : Tab(lines, lines.Around(error.At.Start), static line => line.Length).Concat(MissingSpace(lines, error, keys)).FirstOrDefault()
        ?? YamlGlance.Slips(lines, keys).FirstOrDefault()
        ?? error;

    // The first tab of the first line that has one before the given column, unless a comment starts before it.
    private static IEnumerable<SpecError> Tab(TextLines lines, IEnumerable<(int Start, string Text)> where, Func<string, int> until) =>
        where
        .Select(line => (line.Start, Tab: line.Text.IndexOf('\t', 0, until(line.Text)), Comment: line.Text.IndexOf('#')))
        .Where(static line => line.Tab >= 0 && (line.Comment < 0 || line.Tab < line.Comment))
        .Select(line => new SpecError(
                Rule.Tab, "This is a tab; YAML is laid out by spaces alone, so write spaces in its place",
                lines.Range(line.Start + line.Tab, line.Start + line.Tab + 1)))
        .Take(1);

    // Blank lines and comments may be indented in any way.
    private static int Indentation(string line) =>
        line.Length - line.TrimStart().Length is var width && (width == line.Length || line[width] == '#') ? 0 : width;

    private static IEnumerable<SpecError> MissingSpace(TextLines lines, SpecError error, KeyNames keys) =>
        from line in lines.Around(error.At.Start)
        let key = new string([.. line.Text.TrimStart().TakeWhile(static c => char.IsLetter(c) || c == '_')])
        let colon = line.Text.Length - line.Text.TrimStart().Length + key.Length
        where keys.IsKey(key) && line.Text.Length > colon + 1 && line.Text[colon] == ':' && !char.IsWhiteSpace(line.Text[colon + 1])
        select new SpecError(
            Rule.Yaml, $"A space is missing behind the colon of '{key}'; put one there",
            lines.Range(line.Start + colon, line.Start + colon + 1)).Replace(": ");
}
