using System.Globalization;
using System.Text;
using Dit.Spec;

namespace Dit.Commands;

/// <summary>
/// Texts inside GitHub-flavoured Markdown that stay the texts they are: no markup, mention, link or new line comes of
/// what they hold.
/// </summary>
internal static class MarkdownText
{
    /// <summary>A name as code: there Markdown makes nothing of it, and GitHub no mention, link or emoji.</summary>
    /// <remarks>
    /// Pipes would end a cell of a table and backticks the code; with one of them, all that is not plain is written by
    /// number.
    /// </remarks>
    public static string Code(string text)
    {
        var line = OneLine(text);
        return line.Length == 0 ? "" : line.AsSpan().ContainsAny('|', '`') ? $"<code>{ByNumber(line)}</code>" : $"`{line}`";
    }

    /// <summary>Words of a sentence.</summary>
    public static string Plain(string text) => ByNumber(OneLine(text));

    /// <summary>Names as code, the first of them where they are many.</summary>
    public static string Codes(IEnumerable<string> names, int most)
    {
        string[] all = [.. names];
        return string.Join(", ", all.Take(most).Select(Code)) + (all.Length > most ? $" and {Amount.Whole(all.Length - most)} more" : "");
    }

    /// <summary>A table; columns of numbers are aligned to the right.</summary>
    /// <param name="columns">The heads; null for none.</param>
    /// <param name="rows">The cells, as Markdown.</param>
    public static IEnumerable<string> Table(IReadOnlyList<(string Head, bool IsNumber)> columns, IEnumerable<IReadOnlyList<string>> rows) =>
    [
        Row(columns.Select(static column => column.Head)),
        $"|{string.Concat(columns.Select(static column => column.IsNumber ? "---:|" : "---|"))}",
        .. rows.Select(Row),
    ];

    private static string Row(IEnumerable<string> cells) =>
        $"|{string.Concat(cells.Select(static cell => cell.Length == 0 ? " |" : $" {cell} |"))}";

    private static string OneLine(string text) => Shown(text).Trim(' ');

    private static string Shown(string text) => string.Concat(text.Select((c, i) =>
        Identifier.IsUnprintable(text, i) ? "\\u" + ((int)c).ToString("x4", CultureInfo.InvariantCulture) : c.ToString()));

    // What is written by number is a character and never markup. The comment keeps what is behind an @ from being read
    // with it.
    private static string ByNumber(string text)
    {
        var written = new StringBuilder(text.Length);
        for (var i = 0; i < text.Length; i++)
            if (IsPlain(text, i)) written.Append(text[i]);
            else written.Append(CultureInfo.InvariantCulture, $"&#{(int)text[i]};{(text[i] == '@' ? "<!-- -->" : "")}");
        return written.ToString();
    }

    // A colon may start a link or an emoji, and a point a link behind www.
    private static bool IsPlain(string text, int at) => text[at] switch
    {
        ':' => at + 1 == text.Length || text[at + 1] == ' ',
        '.' => at == 0 || text[at - 1] is not ('w' or 'W'),
        ' ' or ',' or ';' or '\'' or '-' or '/' or '%' or '(' or ')' => true,
        var c => c > '~' || char.IsAsciiLetterOrDigit(c),
    };
}
