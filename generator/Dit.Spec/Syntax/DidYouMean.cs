namespace Dit.Spec;

/// <summary>The nearest word of a list, when one is near.</summary>
public static class DidYouMean
{
    /// <summary><c>; did you mean 'width'?</c>, or null when no word is near.</summary>
    /// <param name="word">The word that was written.</param>
    /// <param name="words">The words that would be right.</param>
    public static string? Suggest(string word, IReadOnlyList<string> words) =>
        Nearest(word, words) is { } near ? $"; did you mean '{near}'?" : null;

    /// <summary>The nearest word within a third of its length in edits, or null.</summary>
    /// <param name="word">The word that was written.</param>
    /// <param name="words">The words that would be right.</param>
    public static string? Nearest(string word, IReadOnlyList<string> words) => words
        .Where(candidate => Math.Abs(candidate.Length - word.Length) <= Allowed(candidate))
        .Select(candidate => (candidate, distance: Distance(word.ToLowerInvariant(), candidate.ToLowerInvariant())))
        .Where(static c => c.distance <= Allowed(c.candidate))
        .OrderBy(static c => c.distance)
        .Select(static c => c.candidate)
        .FirstOrDefault();

    private static int Allowed(string candidate) => Math.Max(1, candidate.Length / 3);

    // Edits from one word to the other: insert, delete, replace, swap two neighbors.
    private static int Distance(string a, string b)
    {
        var edits = new int[a.Length + 1, b.Length + 1];
        for (var i = 0; i <= a.Length; i++)
            for (var j = 0; j <= b.Length; j++)
                edits[i, j] = i == 0 || j == 0 ? i + j : Math.Min(Swapped(i, j), Math.Min(
                    edits[i - 1, j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1),
                    Math.Min(edits[i - 1, j], edits[i, j - 1]) + 1));
        return edits[a.Length, b.Length];

        int Swapped(int i, int j) =>
            i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] ? edits[i - 2, j - 2] + 1 : int.MaxValue;
    }
}
