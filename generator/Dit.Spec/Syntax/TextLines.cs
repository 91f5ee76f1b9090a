namespace Dit.Spec;

/// <summary>A text and where its lines start: offsets to lines and columns, as the compiler counts them.</summary>
internal sealed class TextLines
{
    private readonly List<int> starts = [0];

    public TextLines(string text)
    {
        Text = text;
        for (var i = 0; i < text.Length; i++)
            if (text[i] is '\n' or '\u0085' or '\u2028' or '\u2029' || (text[i] == '\r' && (i + 1 == text.Length || text[i + 1] != '\n')))
                starts.Add(i + 1);
    }

    public string Text { get; }

    /// <summary>Every line with the offset it starts at, its line break included.</summary>
    public IEnumerable<(int Start, string Text)> Lines => starts.Select((start, i) => (start, Line(i)));

    /// <summary>A piece of the text; offsets beyond its end mean the end.</summary>
    public TextRange Range(int start, int end)
    {
        var from = Math.Min(Math.Max(0, start), Text.Length);
        var to = Math.Min(Math.Max(from, end), Text.Length);
        var (first, last) = (LineOf(from), LineOf(to));
        return new(from, to - from, first + 1, from - starts[first] + 1, last + 1, to - starts[last] + 1);
    }

    /// <summary>The line of an offset and the one before it, the nearer first.</summary>
    public IEnumerable<(int Start, string Text)> Around(int offset)
    {
        for (var i = LineOf(offset); i >= 0 && i >= LineOf(offset) - 1; i--)
            yield return (starts[i], Line(i));
    }

    private string Line(int i) => Text.Substring(starts[i], (i + 1 < starts.Count ? starts[i + 1] : Text.Length) - starts[i]);

    private int LineOf(int offset) => starts.BinarySearch(offset) is >= 0 and var exact ? exact : ~starts.BinarySearch(offset) - 1;
}
