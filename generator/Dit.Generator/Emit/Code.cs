using System.Globalization;
using System.Text.RegularExpressions;

namespace Dit.Generator.Emit;

/// <summary>How generated text is put together.</summary>
internal static class Code
{
    private const string LeftOut = "//-";

    /// <summary>Moves the comments at line ends of each run of neighboring lines to one column.</summary>
    public static string AlignComments(string text)
    {
        var lines = text.Replace("\r\n", "\n").Split('\n');
        for (var start = 0; start < lines.Length; start++)
        {
            var end = start;
            while (end < lines.Length && CommentAt(lines[end]) > 0) end++;
            if (end == start) continue;
            var column = lines.Skip(start).Take(end - start).Max(static line => line.Substring(0, CommentAt(line)).TrimEnd().Length) + 1;
            for (; start < end; start++)
            {
                var at = CommentAt(lines[start]);
                lines[start] = lines[start].Substring(0, at).TrimEnd().PadRight(column) + lines[start].Substring(at);
            }
        }
        return string.Join("\n", lines);
    }

    /// <summary>Indents every line but empty ones.</summary>
    public static string Indent(string text, int levels = 1)
    {
        var space = new string(' ', 4 * levels);
        return string.Join("\n", text.Replace("\r\n", "\n").Split('\n').Select(line => line.Length == 0 ? line : space + line));
    }

    /// <summary>Members one below another, an empty line between.</summary>
    public static string Members(params string?[] members) =>
        string.Join("\n\n", members.OfType<string>().Select(static m => m.Replace("\r\n", "\n").WithoutLeftOutLines()));

    /// <summary>A line of a template that is left out where it is null.</summary>
    public static string LineIf(string? line) => line ?? LeftOut;

    /// <summary>The text without the lines that <see cref="LineIf"/> left out.</summary>
    public static string WithoutLeftOutLines(this string text) =>
        string.Join("\n", text.Split('\n').Where(static line => line.Trim() != LeftOut));

    /// <summary>A C# literal of a number: <c>1e-5</c>.</summary>
    public static string Literal(double value) => Regex.Replace(value.ToString("R", CultureInfo.InvariantCulture), "E([-+]?)0*", "e$1");

    /// <summary>A C# literal of a text.</summary>
    public static string Literal(string value) => "\"" + value.Replace("\\", "\\\\").Replace("\"", "\\\"") + "\"";

    /// <summary>
    /// A C# literal of a text of several lines, to be read as it is; below its first line it is indented.
    /// </summary>
    public static string RawLiteral(string value, int levels)
    {
        var fence = new string('"', Math.Max(3, 1 + LongestRunOfQuotes(value)));
        return $"{fence}\n{Indent($"{value}\n{fence}", levels)}";
    }

    /// <summary>A text inside an XML comment.</summary>
    public static string Xml(string value) => value.Replace("&", "&amp;").Replace("<", "&lt;").Replace(">", "&gt;");

    /// <summary><c>675,129,632</c>.</summary>
    public static string Grouped(long value) => value.ToString("N0", CultureInfo.InvariantCulture);

    private static int LongestRunOfQuotes(string text)
    {
        var (longest, run) = (0, 0);
        foreach (var c in text)
        {
            run = c == '"' ? run + 1 : 0;
            longest = Math.Max(longest, run);
        }
        return longest;
    }

    // A comment behind code, not one that has the line to itself.
    private static int CommentAt(string line)
    {
        var at = line.IndexOf(" // ", StringComparison.Ordinal);
        return at > 0 && line.Substring(0, at).Trim().Length > 0 && !line.TrimStart().StartsWith("//", StringComparison.Ordinal)
            ? at + 1
            : -1;
    }
}
