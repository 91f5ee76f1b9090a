using System.Text;

namespace Dit.Commands;

/// <summary>
/// A list of classes as it is written: pieces between commas. A piece in double quotes, where "" stands for one of
/// them, holds its commas and spaces.
/// </summary>
internal sealed class ClassList
{
    private readonly string text;
    private readonly List<(int Start, int End, string? Quoted)> pieces = [];

    /// <summary>Takes a list apart.</summary>
    public ClassList(string text)
    {
        this.text = text;
        for (var at = 0; at <= text.Length;)
        {
            var (end, quoted) = QuotedFrom(at) ?? (text.IndexOf(',', at) is var comma and >= 0 ? comma : text.Length, null);
            pieces.Add((at, end, quoted));
            at = end + 1;
        }
    }

    /// <summary>How many pieces there are, empty ones included.</summary>
    public int Count => pieces.Count;

    /// <summary>Neighboring pieces as they are written, with all that is between them.</summary>
    public string Text(int first, int count) => text[pieces[first].Start..pieces[first + count - 1].End];

    /// <summary>What is in the quotes of a piece; null where it has none.</summary>
    public string? Quoted(int piece) => pieces[piece].Quoted;

    /// <summary>Neighboring pieces; null where one of them is in quotes.</summary>
    public IReadOnlyList<string>? Unquoted(int first, int count)
    {
        var range = pieces.GetRange(first, count);
        return range.TrueForAll(static piece => piece.Quoted is null) ? [.. range.Select(piece => text[piece.Start..piece.End])] : null;
    }

    // Quotes count where they begin a piece and the piece ends with them; elsewhere they are a part of a name.
    private (int End, string? Quoted)? QuotedFrom(int start)
    {
        var at = start;
        while (at < text.Length && char.IsWhiteSpace(text[at])) at++;
        if (at == text.Length || text[at++] != '"') return null;
        var quoted = new StringBuilder();
        for (; at < text.Length; at++)
        {
            if (text[at] != '"') quoted.Append(text[at]);
            else if (at + 1 < text.Length && text[at + 1] == '"') quoted.Append(text[at++]);
            else break;
        }
        if (at >= text.Length) return null;
        for (at++; at < text.Length && char.IsWhiteSpace(text[at]);) at++;
        return at == text.Length || text[at] == ',' ? (at, quoted.ToString()) : null;
    }
}
