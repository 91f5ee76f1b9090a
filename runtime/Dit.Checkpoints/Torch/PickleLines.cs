using System.Globalization;
using System.Numerics;
using System.Text;
using System.Text.RegularExpressions;

namespace Dit.Checkpoints;

/// <summary>The values that protocol 0 of Python's pickle writes as lines of text.</summary>
internal static partial class PickleLines
{
    // Where Python itself stops, and what keeps reading a number from taking long.
    private const int MaxDigits = 4_300;

    /// <summary>
    /// A boolean (<c>00</c>, <c>01</c>) or an integer, with or without Python 2's <c>L</c>; null for anything else.
    /// </summary>
    public static object? Integer(string line) => line switch
    {
        "00" => false,
        "01" => true,
        _ when line.Length <= MaxDigits
            && BigInteger.TryParse(line.TrimEnd('L'), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number) =>
                Narrowed(number),
        _ => null,
    };

    /// <summary>A number with a fraction; null for anything else.</summary>
    public static object? Real(string line) => line switch
    {
        "nan" or "-nan" => double.NaN,
        "inf" => double.PositiveInfinity,
        "-inf" => double.NegativeInfinity,
        _ => double.TryParse(line, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) ? number : null,
    };

    /// <summary>A text between quotes, as Python 2 wrote one; null where there are none.</summary>
    public static object? Quoted(string line) =>
        line.Length >= 2 && line[0] is '\'' or '"' && line[^1] == line[0] ? Unescaped(line[1..^1]) : null;

    /// <summary>
    /// A text whose characters may be written as <c>\n</c>, <c>\x0a</c>, <c>\u000a</c> and <c>\U0000000a</c>.
    /// </summary>
    public static string Unescaped(string line) => line.Contains('\\') ? Escape().Replace(line, static match => match.Value[1] switch
    {
        'n' => "\n",
        'r' => "\r",
        't' => "\t",
        'x' or 'u' or 'U' => Character(int.Parse(match.Value[2..], NumberStyles.HexNumber, CultureInfo.InvariantCulture)),
        var other => other.ToString(),
    }) : line;

    private static string Character(int code) => Rune.TryCreate(code, out var rune) ? rune.ToString() : "\uFFFD";

    /// <summary>The number as <c>long</c> where it is one.</summary>
    public static object Narrowed(BigInteger number) => number >= long.MinValue && number <= long.MaxValue ? (object)(long)number : number;

    [GeneratedRegex(@"\\(?:x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|[nrt'""\\])")]
    private static partial Regex Escape();
}
