namespace Dit.Spec;

/// <summary>Characters of a file that are not what they look like, each at its place.</summary>
/// <remarks>
/// Keys, words, numbers and what stands between them are ASCII. Names may hold letters of any script, but nothing
/// invisible and nothing that looks like ASCII and is not: a name is typed again on command lines. Comments may hold
/// anything that neither hides text nor reorders it.
/// </remarks>
internal static class SpecCharacters
{
    /// <summary>Every run of such characters.</summary>
    public static IEnumerable<SpecError> Errors(TextLines lines) => lines.Lines.SelectMany(line => Errors(lines, line.Start, line.Text));

    /// <summary>Where the comment of a line starts; its length where it has none.</summary>
    public static int CommentStart(string line)
    {
        var opens = true; // whether a quote here would open a text
        for (var i = 0; i < line.Length; i++)
        {
            var c = line[i];
            if (c == '#' && (i == 0 || line[i - 1] is ' ' or '\t')) return i;
            if (opens && c is ('"' or '\'') && ClosingQuote(line, i) is { } close) i = close;
            opens = c is ':' or ',' or '[' or '{' or '-' or '?' || (opens && c is (' ' or '\t'));
        }
        return line.Length;
    }

    /// <summary>Where the quote that opens at a place of a line closes; null where it does not.</summary>
    public static int? ClosingQuote(string line, int open)
    {
        for (var i = open + 1; i < line.Length; i++)
        {
            if (line[open] == '"' && line[i] == '\\') i++;
            else if (line[i] != line[open]) continue;
            else if (line[open] == '\'' && i + 1 < line.Length && line[i + 1] == '\'') i++;
            else return i;
        }
        return null;
    }

    private static IEnumerable<SpecError> Errors(TextLines lines, int start, string line)
    {
        if (line.All(static c => c < 0x80 && !(char.IsControl(c) && c is not ('\t' or '\r' or '\n')))) yield break;
        var comment = CommentStart(line);
        for (var i = start == 0 && line.StartsWith("\uFEFF", StringComparison.Ordinal) ? 1 : 0; i < line.Length;)
        {
            var (code, length) = Characters.At(line, i);
            var seen = i >= comment ? (Characters.IsWrongInComment(code) ? Characters.Plain(code) : null)
                : Characters.Plain(code) ?? (Characters.Letter(code) is { } letter && IsTakenForAscii(line, i) ? letter.ToString() : null);
            var count = 1;
            if (seen is not null)
            {
                while (i + (count + 1) * length <= line.Length && Characters.At(line, i + count * length) == (code, length)) count++;
                yield return Error(code, seen, count, lines.Range(start + i, start + i + count * length));
            }
            i += count * length;
        }
    }

    private static SpecError Error(int code, string seen, int count, TextRange at)
    {
        var (these, be) = count == 1 ? ("This is ", "") : ($"These {count} characters are ", "each ");
        var name = Characters.Name(code);
        return seen switch
        {
            "" => new SpecError(Rule.Character, $"{these}{be}{name}, which cannot be seen; remove it", at).Replace(""),
            " " => new SpecError(Rule.Character, $"{these}{be}{name}, which looks like a space; write a plain space", at)
                .Replace(new string(' ', count)),
            "\n" => new(
                Rule.Character,
                $"{these}{be}{name}, which ends the line for some programs and not for others; end the line as the others end", at),
            "\"" or "'" => new(Rule.Character, $"{these}{be}{name}, which YAML does not take for a quote; write {seen}", at),
            // whether a quote belongs here depends on what is around it
            _ => new SpecError(Rule.Character, $"{these}{be}{name}, which looks like '{seen}'; write '{seen}'", at)
                .Replace(string.Concat(Enumerable.Repeat(seen, count))),
        };
    }

    // A letter of another script inside a word that reads as ASCII: one whose other letters are ASCII, or all look like
    // it.
    private static bool IsTakenForAscii(string line, int index)
    {
        var (first, end) = (index, index);
        while (first > 0 && IsWord(line[first - 1])) first--;
        while (end < line.Length && IsWord(line[end])) end++;
        var word = line.Substring(first, end - first);
        return word.Any(static c => c < 0x80) || word.All(static c => Characters.Letter(c) is not null);

        static bool IsWord(char c) => char.IsLetterOrDigit(c);
    }
}
