using System.Globalization;

namespace Dit.Spec;

/// <summary>Just enough JSON to write a schema: values in, indented text out.</summary>
internal static class JsonText
{
    /// <summary>An object; members without a value are left out.</summary>
    public static string Object(params (string Name, string? Value)[] members) =>
        Block('{', members.Where(static m => m.Value is not null).Select(static m => $"{String(m.Name)}: {m.Value}"), '}');

    /// <summary>A list, on one line where its items are.</summary>
    public static string List(IEnumerable<string> items) => items.ToArray() is var all && all.Any(static item => item.IndexOf('\n') >= 0)
        ? Block('[', all, ']')
        : $"[{string.Join(", ", all)}]";

    public static string String(string text) => "\"" + text.Replace("\\", "\\\\").Replace("\"", "\\\"") + "\"";

    public static string Number(double number) => number.ToString("R", CultureInfo.InvariantCulture);

    private static string Block(char open, IEnumerable<string> lines, char close) =>
        $"{open}\n{string.Join(",\n", lines.Select(static line => "  " + line.Replace("\n", "\n  ")))}\n{close}";
}
