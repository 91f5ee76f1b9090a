namespace Dit.Spec;

/// <summary>
/// Explains why a text is not YAML: unclosed quotes and brackets, missing commas and colons, misaligned lines. Whether
/// a text is YAML is decided by <see cref="YamlReader"/>.
/// </summary>
internal sealed class YamlGlance
{
    private readonly TextLines lines;
    private readonly Stack<Bracket> open = new();
    private readonly List<SpecError> slips = [];
    private readonly List<Row> rows = [];

    private YamlGlance(TextLines lines) => this.lines = lines;

    /// <summary>The visible mistakes, in the order of the file.</summary>
    public static IReadOnlyList<SpecError> Slips(TextLines lines, KeyNames keys)
    {
        var glance = new YamlGlance(lines);
        foreach (var (start, text) in lines.Lines)
        {
            var content = text.Substring(0, SpecCharacters.CommentStart(text)).TrimEnd();
            var skipped = start == 0 && content.StartsWith("\uFEFF", StringComparison.Ordinal) ? 1 : 0;
            if (content.Length > skipped) glance.Read(start + skipped, content.Substring(skipped));
        }
        foreach (var bracket in glance.open)
            glance.Slip(bracket.At, 1, $"This '{bracket.Opener}' is not closed; put '{bracket.Closer}' behind its last entry");
        IEnumerable<SpecError> all = glance.slips.Count > 0 ? glance.slips : YamlColumns.Slips(lines, glance.rows, keys);
        return [.. all.OrderBy(static slip => slip.At.Start)];
    }

    private void Slip(int at, int length, string message) => slips.Add(new(Rule.Yaml, message, lines.Range(at, at + length)));

    private void Read(int start, string line)
    {
        var first = line.Length - line.TrimStart(' ').Length;
        var (startsInside, opens, colons, lastColon) = (open.Count > 0, true, 0, -1);
        for (var i = first; i < line.Length; i++)
        {
            var c = line[i];
            if (opens && c is ('"' or '\''))
            {
                if (SpecCharacters.ClosingQuote(line, i) is not { } close)
                {
                    Slip(start + i, 1, $"This {c} opens a text that is not closed on its line; put {c} at its end");
                    return;
                }
                RequireEnd(start, line, close, $"There is more text after the closing {c}; put all of the value into the quotes");
                (i, opens) = (close, false);
            }
            else if (c is ('{' or '[') && (opens || open.Count > 0))
            {
                open.Push(new(c, start + i));
                opens = true;
            }
            else if (c is ('}' or ']') && (opens || open.Count > 0))
            {
                Close(c, start + i);
                RequireEnd(
                    start, line, i,
                    $"There is more text after this '{c}'; "
                        + $"{(open.Count > 0 ? "put a comma between them" : "a value ends with its bracket")}");
                opens = false;
            }
            else if (c == ',' && open.Count > 0)
            {
                if (open.Peek().IsEmpty) Slip(start + i, 1, "There is no entry before this comma; remove the comma");
                (open.Peek().IsEmpty, open.Peek().Colons, opens) = (true, 0, true);
                continue;
            }
            else if (c == ':' && EndsKey(line, i))
            {
                if (open.Count > 0) ColonInside(start, line, i);
                else if (++colons == 2) Slip(
                    start + i, 1,
                    "This line has a second colon; quote a value that holds one, "
                        + "or write several settings in braces, as in { a: 1, b: 2 }");
                (opens, lastColon) = (true, i);
            }
            else if (c != ' ')
            {
                if (opens && c is ('@' or '`' or '%' or ',')) Slip(start + i, 1, $"A value cannot start with '{c}'; put it in quotes");
                opens = opens && c is ('-' or '?') && (i + 1 == line.Length || line[i + 1] == ' ');
            }
            if (c != ' ' && open.Count > 0 && !(c is '{' or '[')) open.Peek().IsEmpty = false;
        }
        if (!startsInside) rows.Add(new(start, first, line, HasColon: colons > 0, HasValue: colons == 0 || lastColon < line.Length - 1));
    }

    private bool EndsKey(string line, int colon) =>
        colon + 1 == line.Length || line[colon + 1] == ' ' || (open.Count > 0 && line[colon + 1] is (',' or '{' or '}' or '[' or ']'));

    // Behind a quoted text or a bracket, a value or key is at its end.
    private void RequireEnd(int start, string line, int closed, string message)
    {
        var next = closed + 1;
        while (next < line.Length && line[next] == ' ') next++;
        if (next == line.Length || line[next] == ':' || (open.Count > 0 && line[next] is (',' or '}' or ']'))) return;
        Slip(start + next, line.Length - next, line[next] is '}' or ']' ? ClosesNothing(line[next]) : message);
    }

    private void Close(char closer, int at)
    {
        if (open.Count == 0)
        {
            Slip(at, 1, ClosesNothing(closer));
            return;
        }
        var bracket = open.Pop();
        if (bracket.Closer != closer)
            Slip(
                bracket.At, 1,
                FormattableString.Invariant($"This '{bracket.Opener}' is closed by '{closer}' in line {lines.Range(at, at).Line}; ")
                    + FormattableString.Invariant($"close it with '{bracket.Closer}'"));
        if (open.Count > 0) open.Peek().IsEmpty = false;
    }

    private static string ClosesNothing(char closer) => $"This '{closer}' closes nothing; remove it, or open it before its first entry";

    private void ColonInside(int start, string line, int colon)
    {
        if (++open.Peek().Colons != 2) return;
        var word = colon;
        while (word > 0 && line[word - 1] is not (' ' or ',' or '{' or '[')) word--;
        if (word == colon) Slip(start + colon, 1, "This colon has no key before it; remove it, or write its key");
        else Slip(
            start + word, colon - word,
            $"A comma is missing before '{Shown.Text(line.Substring(word, colon - word))}'; put one between two entries");
    }

    /// <summary>A bracket that is open.</summary>
    private sealed class Bracket(char opener, int at)
    {
        public char Opener => opener;

        public char Closer => opener == '{' ? '}' : ']';

        public int At => at;

        /// <summary>Whether nothing has come since it opened, or since the last comma.</summary>
        public bool IsEmpty { get; set; } = true;

        /// <summary>Colons since then.</summary>
        public int Colons { get; set; }
    }

    /// <summary>A line that starts outside all brackets.</summary>
    /// <param name="Start">Offset of the line.</param>
    /// <param name="Indent">Spaces before its text.</param>
    /// <param name="Text">The line, without a comment.</param>
    /// <param name="HasColon">Whether it is a key.</param>
    /// <param name="HasValue">Whether a value stands on it.</param>
    internal sealed record Row(int Start, int Indent, string Text, bool HasColon, bool HasValue)
    {
        public bool IsItem => Text.Trim() == "-" || Text.TrimStart().StartsWith("- ", StringComparison.Ordinal);
    }
}
