using System.Globalization;

namespace Dit.Spec;

/// <summary>Text of a spec inside a message: on one line, short, every character to be seen.</summary>
internal static class Shown
{
    private const int MaxLength = 60;

    public static string Text(string text) => Line(text.Length <= MaxLength ? text : text.Substring(0, MaxLength) + "...");

    /// <summary>The whole of it on one line.</summary>
    public static string Line(string text) => string.Concat(text.Select((c, i) =>
        Identifier.IsUnprintable(text, i) ? "\\u" + ((int)c).ToString("x4", CultureInfo.InvariantCulture) : c.ToString()));
}
