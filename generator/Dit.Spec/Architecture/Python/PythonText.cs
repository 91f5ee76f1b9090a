using System.Globalization;
using System.Text.RegularExpressions;

namespace Dit.Spec;

/// <summary>How text in Python is put together.</summary>
internal static class PythonText
{
    /// <summary>The longest line of a printed file.</summary>
    public const int MaxColumns = 120;

    /// <summary>Indents every line but empty ones.</summary>
    public static IEnumerable<string> Indent(IEnumerable<string> lines, int levels = 1) =>
        lines.Select(line => line.Length == 0 ? line : new string(' ', 4 * levels) + line);

    /// <summary>
    /// A statement with the shape of what it makes: two spaces behind it, as formatters of Python leave it; above a
    /// long one.
    /// </summary>
    /// <param name="line">The statement; it may be indented.</param>
    /// <param name="shape">The shape.</param>
    /// <param name="columns">How many columns there are for it.</param>
    public static string[] WithShape(string line, string shape, int columns) => line.Length + 4 + shape.Length <= columns
        ? [$"{line}  # {shape}"]
        : [$"{new string(' ', line.TakeWhile(static c => c == ' ').Count())}# {shape}", line];

    /// <summary>A docstring of one paragraph: on one line where it fits, else below its quotes.</summary>
    /// <param name="text">The text.</param>
    /// <param name="columns">How many columns there are for it.</param>
    public static IEnumerable<string> Docstring(string text, int columns) => Words.Wrap(Escape(text), columns - 6) is [var only]
        ? [$"\"\"\"{only}\"\"\""]
        : ["\"\"\"", .. Words.Wrap(Escape(text), columns), "\"\"\""];

    /// <summary>A text inside quotes.</summary>
    public static string Escape(string text) => text.Replace("\\", "\\\\").Replace("\"", "\\\"");

    /// <summary>A number: <c>1e-6</c>.</summary>
    public static string Literal(double value) => Regex.Replace(value.ToString("R", CultureInfo.InvariantCulture), "E([-+]?)0*", "e$1");
}

/// <summary>Sizes in Python: by the letters that the file defines, or as numbers.</summary>
/// <param name="letters">The letters.</param>
internal sealed class PythonSizes(EquatableArray<ShapeLetter> letters)
{
    /// <summary>A side: <c>3 * D</c>, <c>4608</c>.</summary>
    public string Of(Dim side) => side.Letters.Count > 0 && side.Letters.All(letter => IsDefined(letter.Name, letter.Size))
        ? string.Join(" + ", [.. side.Letters.Select(Of), .. side.Constant == 0 ? Array.Empty<string>() : [$"{side.Constant}"]])
        : $"{side.Size}";

    /// <summary>Attention heads: <c>H</c> where that is the letter's size.</summary>
    public string Heads(int heads) => IsDefined("H", heads) ? "H" : $"{heads}";

    private static string Of(DimLetter letter) => letter.Factor == 1 ? letter.Name : $"{letter.Factor} * {letter.Name}";

    private bool IsDefined(string name, long size) => letters.Any(letter => letter.Name == name && letter.Size == size);
}
