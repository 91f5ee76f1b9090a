namespace Dit.Checkpoints;

/// <summary>Texts out of files, fit for a message of one line.</summary>
internal static class Printable
{
    private const int MaxLength = 100;

    /// <summary><paramref name="text"/> without control characters, its end left off when it is long.</summary>
    public static string Of(string text)
    {
        var line = string.Concat(text.Take(MaxLength).Select(static c => char.IsControl(c) ? ' ' : c));
        return text.Length > MaxLength ? line + "..." : line;
    }

    /// <summary>The first few of many names, for the end of a sentence.</summary>
    public static string Some(IEnumerable<string> names, int shown = 5)
    {
        string[] all = [.. names];
        var first = string.Join(", ", all.Take(shown).Select(Of));
        return all.Length == 0 ? "nothing" : all.Length <= shown ? first : $"{first} and {all.Length - shown} more";
    }
}
