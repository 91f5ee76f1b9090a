namespace Dit.Spec;

/// <summary>Sentences in printed files.</summary>
internal static class Words
{
    /// <summary>Words in lines; a word that is longer than a line has one to itself.</summary>
    /// <param name="text">The text, one space between words.</param>
    /// <param name="columns">The longest line.</param>
    public static IReadOnlyList<string> Wrap(string text, int columns)
    {
        var lines = new List<string> { "" };
        foreach (var word in text.Split(' '))
        {
            var last = lines[lines.Count - 1];
            if (last.Length == 0) lines[lines.Count - 1] = word;
            else if (last.Length + 1 + word.Length <= columns) lines[lines.Count - 1] = $"{last} {word}";
            else lines.Add(word);
        }
        return lines;
    }
}
