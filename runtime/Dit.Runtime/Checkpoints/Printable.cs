namespace Dit.Runtime;

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
}
