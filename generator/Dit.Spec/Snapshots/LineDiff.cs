namespace Dit.Spec;

/// <summary>The difference between two texts, line by line.</summary>
/// <param name="Lines">All lines of both, removed lines before the lines that replace them.</param>
public sealed record LineDiff(IReadOnlyList<DiffLine> Lines)
{
    // Texts with more differences have little in common, and the search takes quadratic time.
    private const int MostEdits = 2000;

    /// <summary>Number of lines in one text only.</summary>
    public int Count => Lines.Count(static line => line.Kind != DiffKind.Same);

    /// <summary>
    /// The number of the first line of <c>b</c> that differs, from 1; behind the last line where <c>b</c> only ends
    /// early.
    /// </summary>
    public int FirstLine => 1 + Lines.TakeWhile(static line => line.Kind == DiffKind.Same).Count();

    /// <summary>
    /// How <paramref name="b"/> differs from <paramref name="a"/>, by as few lines as there can be
    /// (E. W. Myers, <i>An O(ND) Difference Algorithm and Its Variations</i>, 1986).
    /// </summary>
    /// <param name="a">The old text.</param>
    /// <param name="b">The new text. Line ends do not count in either.</param>
    public static LineDiff Between(string a, string b)
    {
        var (old, now) = (Split(a), Split(b));
        var shorter = Math.Min(old.Length, now.Length);
        var start = 0;
        while (start < shorter && old[start] == now[start]) start++;
        var end = 0;
        while (end < shorter - start && old[old.Length - 1 - end] == now[now.Length - 1 - end]) end++;

        string[] from = [.. old.Skip(start).Take(old.Length - start - end)], to = [.. now.Skip(start).Take(now.Length - start - end)];
        return new(
        [
            .. old.Take(start).Select(static line => new DiffLine(DiffKind.Same, line)),
            .. RemovedFirst(Edits(from, to)),
            .. old.Skip(old.Length - end).Select(static line => new DiffLine(DiffKind.Same, line)),
        ]);
    }

    /// <summary>
    /// The lines that differ with some around each, signed <c>-</c> and <c>+</c>, and <c>...</c> where lines are left
    /// out.
    /// </summary>
    /// <param name="around">How many lines of what did not change stand before and after a change.</param>
    /// <param name="most">How many lines to show at most.</param>
    /// <returns>The lines, and how many that differ were left out at the end.</returns>
    public (IReadOnlyList<string> Shown, int Left) Excerpt(int around = 2, int most = int.MaxValue)
    {
        var near = new bool[Lines.Count];
        for (var i = 0; i < Lines.Count; i++)
            if (Lines[i].Kind != DiffKind.Same)
                for (var j = Math.Max(0, i - around); j <= Math.Min(Lines.Count - 1, i + around); j++) near[j] = true;

        var shown = new List<string>();
        var told = 0;
        for (var i = 0; i < Lines.Count && shown.Count < most; i++)
        {
            if (!near[i]) continue;
            if (shown.Count > 0 && !near[i - 1]) shown.Add(near[i - 2] ? Lines[i - 1].ToString() : "...");
            if (shown.Count == most) break;
            shown.Add(Lines[i].ToString());
            if (Lines[i].Kind != DiffKind.Same) told++;
        }
        return (shown, Count - told);
    }

    /// <summary>The whole excerpt as one text.</summary>
    public override string ToString() => string.Join("\n", Excerpt().Shown);

    // The empty string after the last line end is not a line.
    private static string[] Split(string text)
    {
        if (text.Length == 0) return [];
        var lines = text.Replace("\r\n", "\n").Split('\n');
        return lines[lines.Length - 1].Length == 0 ? [.. lines.Take(lines.Length - 1)] : lines;
    }

    /// <summary>
    /// The greedy algorithm: for each number of edits, how far each diagonal of the grid of both texts is reached.
    /// </summary>
    private static IEnumerable<DiffLine> Edits(string[] a, string[] b)
    {
        var most = Math.Min(a.Length + b.Length, MostEdits);
        var reached = new int[2 * most + 3]; // by diagonal x - y, shifted by most + 1
        var rounds = new List<int[]>();
        for (var edits = 0; edits <= most; edits++)
        {
            rounds.Add((int[])reached.Clone());
            for (var k = -edits; k <= edits; k += 2)
            {
                var at = most + 1 + k;
                var x = IsDown(reached, at, k, edits) ? reached[at + 1] : reached[at - 1] + 1;
                while (x < a.Length && x - k < b.Length && x - k >= 0 && a[x] == b[x - k]) x++;
                reached[at] = x;
                if (x >= a.Length && x - k >= b.Length) return Walk(a, b, rounds, most + 1);
            }
        }
        return [.. a.Select(static line => new DiffLine(DiffKind.Removed, line)),
            .. b.Select(static line => new DiffLine(DiffKind.Added, line))];
    }

    private static bool IsDown(int[] reached, int at, int k, int edits) =>
        k == -edits || (k != edits && reached[at - 1] < reached[at + 1]);

    private static IEnumerable<DiffLine> Walk(string[] a, string[] b, List<int[]> rounds, int middle)
    {
        var lines = new List<DiffLine>();
        var (x, y) = (a.Length, b.Length);
        for (var edits = rounds.Count - 1; edits >= 0; edits--)
        {
            var k = x - y;
            var down = IsDown(rounds[edits], middle + k, k, edits);
            var before = edits == 0 ? 0 : down ? rounds[edits][middle + k + 1] : rounds[edits][middle + k - 1];
            var first = edits == 0 ? 0 : down ? before : before + 1;
            while (x > first) lines.Add(new(DiffKind.Same, a[--x]));
            y = x - k;
            if (edits == 0) break;
            if (down) lines.Add(new(DiffKind.Added, b[--y]));
            else lines.Add(new(DiffKind.Removed, a[--x]));
        }
        lines.Reverse();
        return lines;
    }

    private static IEnumerable<DiffLine> RemovedFirst(IEnumerable<DiffLine> lines)
    {
        var added = new List<DiffLine>();
        foreach (var line in lines)
        {
            if (line.Kind == DiffKind.Added)
            {
                added.Add(line);
                continue;
            }
            if (line.Kind == DiffKind.Same)
            {
                foreach (var late in added) yield return late;
                added.Clear();
            }
            yield return line;
        }
        foreach (var late in added) yield return late;
    }
}

/// <summary>A line of one text or of both.</summary>
/// <param name="Kind">Which text it is in.</param>
/// <param name="Text">The line, without its end.</param>
public sealed record DiffLine(DiffKind Kind, string Text)
{
    /// <summary>The line with its sign: <c>-</c> of the old text, <c>+</c> of the new one, a space of both.</summary>
    public override string ToString() => Kind switch
    {
        DiffKind.Removed => "- ",
        DiffKind.Added => "+ ",
        _ => "  ",
    } + Text;
}

/// <summary>Which text a line is in.</summary>
public enum DiffKind
{
    /// <summary>In both texts.</summary>
    Same,

    /// <summary>In the old text only.</summary>
    Removed,

    /// <summary>In the new text only.</summary>
    Added,
}
