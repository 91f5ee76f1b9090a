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
    public static string? Nearest(string word, IReadOnlyList<string> words) => words
        .Select(candidate => (candidate, distance: Distance(word.ToLowerInvariant(), candidate.ToLowerInvariant())))
        .Where(static c => c.distance <= Math.Max(1, c.candidate.Length / 3))
        .OrderBy(static c => c.distance)
        .Select(static c => c.candidate)
        .FirstOrDefault();

    // Levenshtein, one row at a time.
    private static int Distance(string a, string b)
    {
        var row = Enumerable.Range(0, b.Length + 1).ToArray();
        for (var i = 1; i <= a.Length; i++)
        {
            var diagonal = row[0];
            row[0] = i;
            for (var j = 1; j <= b.Length; j++)
            {
                var substitution = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
                diagonal = row[j];
                row[j] = Math.Min(substitution, Math.Min(row[j], row[j - 1]) + 1);
            }
        }
        return row[b.Length];
    }
}
