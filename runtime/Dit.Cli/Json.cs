using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Dit.Cli;

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

/// <summary>How this program writes numbers for people.</summary>
internal static class Amount
{
    /// <summary><c>675,129,632</c>.</summary>
    public static string Whole(long number) => number.ToString("N0", CultureInfo.InvariantCulture);

    /// <summary><c>1 image</c>, <c>40,000 images</c>.</summary>
    public static string Of(long number, string one, string? many = null) => $"{Whole(number)} {(number == 1 ? one : many ?? one + "s")}";

    /// <summary><c>118.64 G</c>.</summary>
    public static string Short(long number) => number switch
    {
        >= 1_000_000_000 => $"{Scaled(number, 1e9)} G",
        >= 1_000_000 => $"{Scaled(number, 1e6)} M",
        >= 1_000 => $"{Scaled(number, 1e3)} k",
        _ => Whole(number),
    };

    /// <summary><c>2 h 5 min</c>, <c>5 min</c>, <c>42 s</c>.</summary>
    public static string Time(TimeSpan time) => time switch
    {
        { TotalHours: >= 1 } => $"{(int)time.TotalHours} h {time.Minutes} min",
        { TotalMinutes: >= 1 } => $"{time.Minutes} min",
        _ => $"{(int)time.TotalSeconds} s",
    };

    private static string Scaled(long number, double unit) => (number / unit).ToString("F2", CultureInfo.InvariantCulture);
}
