using System.Globalization;
using System.Text.Json;
using Dit.Runtime;

namespace Dit.Commands;

/// <summary>
/// Class names in the metadata of a checkpoint: a list, as training writes it, or a map from numbers, as published
/// pipelines have it.
/// </summary>
internal static class ClassNameMetadata
{
    /// <summary>A JSON object: of each label, as text, the names of its class, separated by commas.</summary>
    internal const string MapKey = "id2label";

    private const int LongestName = 255, LongestEntry = 4096; // of a folder; of all names of a class

    /// <summary>The names of each label, or null where there is nothing of the kind.</summary>
    /// <exception cref="DitException">There is, but it is damaged or of another model.</exception>
    public static IReadOnlyList<IReadOnlyList<string>>? Read(
        ModelCard card,
        string checkpoint,
        IReadOnlyDictionary<string, string> metadata) =>
        metadata.TryGetValue(TrainingFolder.ClassesKey, out var list)
            ? OfList(list, card.Classes)
                ?? throw Bad(checkpoint, TrainingFolder.ClassesKey, $"a JSON list of at most {card.Classes} class names")
        : metadata.TryGetValue(MapKey, out var map)
            ? OfMap(map, card.Classes) ?? throw Bad(checkpoint, MapKey, $"a JSON object with names for the classes 0 to {card.Classes - 1}")
        : null;

    /// <summary>A map that says what some labels are called.</summary>
    public static string ToMap(IEnumerable<(int Label, string Name)> names) => JsonSerializer.Serialize(
        names
            .DistinctBy(static entry => entry.Label)
            .ToDictionary(static entry => entry.Label.ToString(CultureInfo.InvariantCulture), static entry => entry.Name));

    /// <summary>What a map calls a label; its number where there is no map or it does not say.</summary>
    public static Func<long, string> FromMap(IReadOnlyDictionary<string, string> metadata)
    {
        var map = metadata.TryGetValue(MapKey, out var json) ? Parse<Dictionary<string, string?>>(json) : null;
        return label =>
            label.ToString(CultureInfo.InvariantCulture) is var number
            && map?.GetValueOrDefault(number) is { } name
            && IsName(name, LongestEntry)
                ? name
                : number;
    }

    private static DitException Bad(string checkpoint, string key, string wanted) =>
        new($"The metadata {key} of '{checkpoint}' is not {wanted}.");

    private static IReadOnlyList<IReadOnlyList<string>>? OfList(string json, int classes) =>
        Parse<string?[]>(json) is { } names && names.Length <= classes && names.All(static name => IsName(name, LongestName))
            ? [.. names.OfType<string>().Select(static name => (IReadOnlyList<string>)[name])]
            : null;

    private static IReadOnlyList<IReadOnlyList<string>>? OfMap(string json, int classes)
    {
        if (Parse<Dictionary<string, string?>>(json) is not { } map) return null;
        var names = Enumerable.Repeat<IReadOnlyList<string>>([], classes).ToArray();
        foreach (var (key, entry) in map)
        {
            if (
                !int.TryParse(key, NumberStyles.None, CultureInfo.InvariantCulture, out var label)
                || label > classes
                || !IsName(entry, LongestEntry))
                return null;
            if (label < classes) names[label] = Split(entry ?? ""); // one more is the null class, which nobody asks for by name
        }
        return names;
    }

    /// <summary>The names of a line such as <c>lesser panda, red panda</c>.</summary>
    internal static IReadOnlyList<string> Split(string line) =>
        line.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);

    private static bool IsName(string? name, int longest) => name is { Length: > 0 } && name.Length <= longest && !name.Any(char.IsControl);

    private static T? Parse<T>(string json)
        where T : class
    {
        try
        {
            return JsonSerializer.Deserialize<T>(json);
        }
        catch (JsonException)
        {
            return null; // no names: said by the caller
        }
    }
}
