using System.Globalization;

namespace Dit.Spec;

/// <summary>
/// Numbers as specs write them: plain decimal digits, which every YAML reader takes for the same value.
/// </summary>
internal static class Numbers
{
    private const NumberStyles Plain = NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint;

    /// <summary>Whether this is <c>12</c> or <c>-3</c>, and not <c>012</c>, <c>+3</c> or <c>1_000</c>.</summary>
    public static bool IsWhole(string text) =>
        Unsigned(text) is { Length: > 0 } digits && digits.All(IsDigit) && (digits[0] != '0' || digits.Length == 1);

    /// <summary>Whether this is a whole number or one with digits on both sides of a point.</summary>
    public static bool IsDecimal(string text)
    {
        var point = text.IndexOf('.');
        return point < 0
            ? IsWhole(text)
            : IsWhole(text.Substring(0, point)) && text.Length > point + 1 && text.Skip(point + 1).All(IsDigit);
    }

    /// <summary>
    /// The number that was meant by <c>2.0</c>, <c>1_000</c>, <c>0x10</c>, <c>1e3</c>, <c>.5</c>, <c>0,5</c> or digits
    /// of another script; null where that is not plain.
    /// </summary>
    public static decimal? Meant(string text)
    {
        var ascii = Ungrouped(string.Concat(text.Trim()
            .Select(static c => char.IsDigit(c) ? ((char)('0' + CharUnicodeInfo.GetDecimalDigitValue(c))).ToString() : c.ToString())));
        var (sign, digits) = ascii.StartsWith("-", StringComparison.Ordinal)
            ? (-1, ascii.Substring(1))
            : (1, ascii.StartsWith("+", StringComparison.Ordinal) ? ascii.Substring(1) : ascii);
        return Based(digits) is { } whole ? sign * whole
            : IsAmbiguous(digits) ? null
            : decimal.TryParse(digits, Plain | NumberStyles.AllowExponent, CultureInfo.InvariantCulture, out var number) ? sign * number
            : null;
    }

    /// <summary>Whether readers disagree about it: <c>010</c> is 8 to some, as octal, and 10 to others.</summary>
    public static bool IsAmbiguous(string text) => Unsigned(text) is { Length: > 2 } digits && digits[0] == '0'
        && digits.All(static c => c is >= '0' and <= '7') && digits.Trim('0').Length > 0;

    /// <summary>The number in the form that specs use.</summary>
    public static string Write(decimal number) => number.ToString("0.############################", CultureInfo.InvariantCulture);

    /// <summary>The number in the form that specs use, with enough digits to round-trip.</summary>
    public static string Write(double number)
    {
        // Not "R", whose digits depend on the runtime.
        var scientific = new[] { "E14", "E15" }.Select(format => number.ToString(format, CultureInfo.InvariantCulture))
            .FirstOrDefault(text => double.Parse(text, CultureInfo.InvariantCulture) == number)
            ?? number.ToString("E16", CultureInfo.InvariantCulture);
        var (mark, sign) = (scientific.IndexOf('E'), number < 0 ? "-" : "");
        var digits = scientific.Substring(0, mark).TrimStart('-').Replace(".", "").TrimEnd('0');
        var point = 1 + int.Parse(scientific.Substring(mark + 1), CultureInfo.InvariantCulture); // digits before it
        return digits.Length == 0 ? "0"
            : point <= 0 ? $"{sign}0.{new string('0', -point)}{digits}"
            : point >= digits.Length ? sign + digits.PadRight(point, '0')
            : $"{sign}{digits.Substring(0, point)}.{digits.Substring(point)}";
    }

    private static string Unsigned(string text) => text.StartsWith("-", StringComparison.Ordinal) ? text.Substring(1) : text;

    private static bool IsDigit(char c) => c is >= '0' and <= '9';

    // 1_000 and 1,000 are thousands, 0,5 is a half.
    private static string Ungrouped(string text)
    {
        var parts = text.Split(',');
        return (parts.Length > 1 && parts.Skip(1).All(static p => p.Length == 3) && parts[0].Trim('0').Length > 0 ? text.Replace(",", "")
            : parts.Length == 2 ? text.Replace(',', '.')
            : text).Replace("_", "");
    }

    private static decimal? Based(string digits)
    {
        const int longest = 12; // far beyond any range, and no overflow
        var radix = digits.Length is > 2 and <= longest && digits[0] == '0'
            ? char.ToLowerInvariant(digits[1]) switch { 'x' => 16, 'o' => 8, 'b' => 2, _ => 0 }
            : 0;
        if (radix == 0) return null;
        long value = 0;
        foreach (var c in digits.Skip(2).Select(char.ToLowerInvariant))
        {
            var digit = c is >= '0' and <= '9' ? c - '0' : c is >= 'a' and <= 'f' ? c - 'a' + 10 : 99;
            if (digit >= radix) return null;
            value = value * radix + digit;
        }
        return value;
    }
}
