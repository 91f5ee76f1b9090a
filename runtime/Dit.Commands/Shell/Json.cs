using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Dit.Commands;

/// <summary>How this program writes JSON.</summary>
internal static class Json
{
    private static readonly JsonSerializerOptions Options = new(JsonSerializerDefaults.Web)
    {
        WriteIndented = true,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    public static string Of<T>(T value) => JsonSerializer.Serialize(value, Options);
}

/// <summary>What a model is conditioned on, in JSON: what does not apply is left out.</summary>
/// <param name="Kind"><c>none</c>, <c>classes</c> or <c>text</c>.</param>
/// <param name="Classes">Number of classes.</param>
/// <param name="Tokens">Length of a text.</param>
/// <param name="Width">Width of one embedding of a text.</param>
/// <param name="Dropout">Probability with which training drops the condition.</param>
internal sealed record ConditionReport(
    string Kind,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] int? Classes = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] int? Tokens = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] int? Width = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] double? Dropout = null);

/// <summary>How this program writes numbers for people.</summary>
internal static class Amount
{
    /// <summary><c>675,129,632</c>.</summary>
    public static string Whole(long number) => number.ToString("N0", CultureInfo.InvariantCulture);

    /// <summary><c>1 image</c>, <c>40,000 images</c>.</summary>
    public static string Of(long number, string one, string? many = null) => $"{Whole(number)} {(number == 1 ? one : many ?? one + "s")}";

    /// <summary><c>Small, Large</c>; of many, the first dozen and how many there are besides.</summary>
    public static string Few(IEnumerable<string> names)
    {
        const int Most = 12;
        string[] all = [.. names];
        return string.Join(", ", all.Take(Most)) + (all.Length > Most ? $" and {all.Length - Most} more" : "");
    }

    /// <summary><c>118.64 G</c>.</summary>
    public static string Short(long number) => number switch
    {
        >= 1_000_000_000 => $"{Scaled(number, 1e9)} G",
        >= 1_000_000 => $"{Scaled(number, 1e6)} M",
        >= 1_000 => $"{Scaled(number, 1e3)} k",
        _ => Whole(number),
    };

    /// <summary><c>2.70 GB</c>.</summary>
    public static string Bytes(long number) => number < 1000 ? $"{number} B" : $"{Short(number)}B";

    /// <summary><c>3 d 4 h</c>, <c>2 h 5 min</c>, <c>5 min</c>, <c>42 s</c>, rounded.</summary>
    public static string Time(TimeSpan time)
    {
        var (hours, minutes, seconds) =
            ((long)Math.Round(time.TotalHours), (long)Math.Round(time.TotalMinutes), (long)Math.Round(time.TotalSeconds));
        return hours >= 48 ? $"{hours / 24} d {hours % 24} h"
            : minutes >= 60 ? $"{minutes / 60} h {minutes % 60} min"
            : seconds >= 60 ? $"{minutes} min"
            : $"{seconds} s";
    }

    private static string Scaled(long number, double unit) => (number / unit).ToString("F2", CultureInfo.InvariantCulture);
}
