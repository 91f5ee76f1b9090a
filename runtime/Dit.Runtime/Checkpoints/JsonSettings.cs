using System.Text.Json;

namespace Dit.Runtime;

/// <summary>Settings out of JSON as names and texts, as <see cref="ICheckpointFile.Metadata"/> holds them.</summary>
internal static class JsonSettings
{
    private const int MaxValues = 100_000;

    /// <summary>Every value below an object: a string as it is, anything else as JSON; the names of nested objects are joined by dots.</summary>
    /// <exception cref="DitException">There are more of them than settings need.</exception>
    public static OrderedDictionary<string, string> Flatten(string path, JsonElement root)
    {
        var values = new OrderedDictionary<string, string>(StringComparer.Ordinal);
        Visit(path, "", root, values);
        return values;
    }

    private static void Visit(string path, string prefix, JsonElement value, OrderedDictionary<string, string> values)
    {
        foreach (var property in value.EnumerateObject())
        {
            var name = prefix + property.Name;
            if (property.Value.ValueKind == JsonValueKind.Object)
                Visit(path, name + ".", property.Value, values);
            else
                values[name] = Text(property.Value);
            if (values.Count > MaxValues)
                throw new DitException($"'{path}' holds more than {MaxValues} settings.");
        }
    }

    private static string Text(JsonElement value) => value.ValueKind == JsonValueKind.String ? value.GetString() ?? "" : value.GetRawText();
}
