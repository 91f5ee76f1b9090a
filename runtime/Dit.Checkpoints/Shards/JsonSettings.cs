using System.Text.Json;

namespace Dit.Checkpoints;

/// <summary>Settings out of JSON as names and texts, as <see cref="ICheckpointFile.Metadata"/> holds them.</summary>
internal sealed class JsonSettings
{
    private const int MaxValues = 100_000;
    private const long MaxCharacters = 64_000_000;

    private readonly string _path;
    private readonly OrderedDictionary<string, string> _values = new(StringComparer.Ordinal);
    private long _characters;

    private JsonSettings(string path) => _path = path;

    /// <summary>
    /// Every value below an object: a string as it is, anything else as JSON; the names of nested objects are joined by
    /// dots.
    /// </summary>
    /// <exception cref="DitException">
    /// There are more of them, or their names are longer, than settings need.
    /// </exception>
    public static OrderedDictionary<string, string> Flatten(string path, JsonElement root)
    {
        var settings = new JsonSettings(path);
        settings.Visit("", root);
        return settings._values;
    }

    private void Visit(string prefix, JsonElement value)
    {
        foreach (var property in value.EnumerateObject())
        {
            // A long name is written once and would be kept with every value below it.
            _characters += prefix.Length + property.Name.Length;
            if (_characters > MaxCharacters || _values.Count >= MaxValues)
                throw new DitException($"'{_path}' holds more settings, or longer names of them, than any model has.");
            var name = prefix + property.Name;
            if (property.Value.ValueKind == JsonValueKind.Object)
                Visit(name + ".", property.Value);
            else
                _values[name] = Text(property.Value);
        }
    }

    private static string Text(JsonElement value) => value.ValueKind == JsonValueKind.String ? value.GetString() ?? "" : value.GetRawText();
}
