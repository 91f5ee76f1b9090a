using Dit.Runtime;

namespace Dit.Commands;

/// <summary>What a checkpoint says of itself where it is of a model that this program does not have.</summary>
internal static class ForeignCard
{
    private const int LongestName = 60;

    // What of the card tells models apart, in the order of a sentence.
    private static readonly (string Key, string Words)[] Fields =
    [
        ("dit.backbone", "backbone {0}"),
        ("dit.conditioning", "{0}"),
        ("dit.condition", "{0}"),
        ("dit.input", "input {0}"),
        ("dit.patch_size", "patch size {0}"),
        ("dit.depth", "depth {0}"), ("dit.width", "width {0}"), ("dit.heads", "{0} heads"), ("dit.parameters", "{0} parameters"),
    ];

    /// <summary>
    /// A clause such as <c>a checkpoint of Digits, a model that is not known here (input 1 x 28 x 28, depth 4)</c>;
    /// null where the card names no other model.
    /// </summary>
    /// <param name="metadata">What the file says beside its tensors.</param>
    /// <param name="models">The models that are known.</param>
    public static string? Describe(IReadOnlyDictionary<string, string> metadata, IReadOnlyList<ModelDefinition> models)
    {
        if (!metadata.TryGetValue(ModelCard.NameKey, out var name) || models.Any(model => model.Card.Name == name)) return null;
        var fields = Fields.Where(field => metadata.ContainsKey(field.Key))
            .Select(field => string.Format(null, field.Words, OneLine(metadata[field.Key])));
        var details = string.Join(", ", fields);
        return $"a checkpoint of {OneLine(name)}, a model that is not known "
            + $"here{(details.Length > 0 ? $" (its card says: {details})" : "")}";
    }

    private static string OneLine(string text)
    {
        var line = string.Concat(text.Take(LongestName).Select(static c => char.IsControl(c) ? ' ' : c));
        return text.Length > LongestName ? line + "..." : line;
    }
}
