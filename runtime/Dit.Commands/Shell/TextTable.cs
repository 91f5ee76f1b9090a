using Spectre.Console;

namespace Dit.Commands;

/// <summary>A piece of a line, and how it looks where there are colors.</summary>
/// <param name="Text">The text.</param>
/// <param name="Style">Its style; null for the plain one.</param>
internal sealed record Cell(string Text, Style? Style = null)
{
    public static implicit operator Cell(string text) => new(text);
}

/// <summary>
/// Columns of text that keep their width, so that a row is always one line, whatever it is written to.
/// </summary>
internal static class TextTable
{
    /// <summary>
    /// Rows as lines: each column as wide as its widest cell, two spaces between columns, and empty columns left out.
    /// </summary>
    public static IReadOnlyList<IReadOnlyList<Cell>> Lines(IReadOnlyList<IReadOnlyList<Cell>> rows, int indent)
    {
        int[] widths = [.. Enumerable.Range(0, rows[0].Count).Select(column => rows.Max(row => row[column].Text.Length))];
        return [.. rows.Select(row => (IReadOnlyList<Cell>)
            [
                new string(' ', indent),
                .. row.SelectMany((cell, at) => widths[at] == 0 ? [] : Padded(cell, widths[at], last: Ends(row, at))),
            ]),
];
    }

    /// <summary>Texts aligned to the right.</summary>
    public static IReadOnlyList<string> Right(IEnumerable<string> texts)
    {
        string[] all = [.. texts];
        var width = all.Max(static text => text.Length);
        return [.. all.Select(text => text.PadLeft(width))];
    }

    /// <summary>Length of a line.</summary>
    public static int Width(IReadOnlyList<Cell> line) => line.Sum(static cell => cell.Text.Length);

    // Nothing but empty cells behind it.
    private static bool Ends(IReadOnlyList<Cell> row, int at) => row.Skip(at + 1).All(static cell => cell.Text.Length == 0);

    private static IEnumerable<Cell> Padded(Cell cell, int width, bool last)
    {
        yield return last ? cell with { Text = cell.Text.TrimEnd() } : cell;
        if (!last) yield return new string(' ', width - cell.Text.Length + 2);
    }
}
