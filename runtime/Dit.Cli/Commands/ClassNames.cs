using System.Globalization;
using System.Text.Json;
using Dit.Runtime;
using Dit.Spec;

namespace Dit.Cli.Commands;

/// <summary>What the classes of a model are called: label i is <c>Names[i]</c>.</summary>
/// <param name="Card">The model.</param>
/// <param name="Names">Empty when the checkpoint names none.</param>
internal sealed record ClassNames(ModelCard Card, IReadOnlyList<string> Names)
{
    /// <summary>The most classes that are drawn when none is named.</summary>
    internal const int DrawnWithoutAsking = 16;

    private const int LongestName = 255; // of a folder

    /// <summary>The names that training wrote into a checkpoint.</summary>
    /// <exception cref="DitException">The file cannot be read, or what it holds are no names of the model's classes.</exception>
    public static ClassNames Of(ModelCard card, string checkpoint)
    {
        using var file = CheckpointFile.Open(checkpoint);
        return new(card, file.Metadata.TryGetValue(TrainingFolder.ClassesKey, out var json) ? Parse(card, checkpoint, json) : []);
    }

    /// <summary>The labels of words, each a class name or a number; of no words, all classes or, where they are many, the first.</summary>
    /// <exception cref="DitException">A word is neither.</exception>
    public int[] Labels(IEnumerable<string> words)
    {
        int[] labels = [.. words.SelectMany(word => word.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)).Select(Label)];
        if (labels.Length > 0) return labels;
        var known = Names.Count > 0 ? Names.Count : Card.Classes;
        return [.. Enumerable.Range(0, Math.Min(known, DrawnWithoutAsking))];
    }

    /// <summary>The name of a label, or its number.</summary>
    public string NameOf(int label) => label < Names.Count ? Names[label] : label.ToString(CultureInfo.InvariantCulture);

    // Names come first: a folder of digits has classes called 0 to 9, and the word means what the user sees.
    private int Label(string word)
    {
        foreach (var comparison in new[] { StringComparison.Ordinal, StringComparison.OrdinalIgnoreCase })
            for (var i = 0; i < Names.Count; i++)
                if (string.Equals(Names[i], word, comparison)) return i;
        if (int.TryParse(word, NumberStyles.None, CultureInfo.InvariantCulture, out var label) && label < Card.Classes) return label;
        throw new DitException($"{Card.Name} has no class '{word}'{DidYouMean.Suggest(word, Names) ?? $"; its classes are {Listed()}."}");
    }

    private string Listed() => Names.Count is > 0 and <= DrawnWithoutAsking
        ? $"{string.Join(", ", Names)}, or 0 to {Card.Classes - 1}"
        : $"0 to {Card.Classes - 1}";

    private static string[] Parse(ModelCard card, string checkpoint, string json)
    {
        string?[]? names = null;
        try
        {
            names = JsonSerializer.Deserialize<string?[]>(json);
        }
        catch (JsonException)
        {
            // No names: said below.
        }
        string[] good = [.. (names ?? []).OfType<string>().Where(name => name.Length is > 0 and <= LongestName && !name.Any(char.IsControl))];
        if (names is null || good.Length != names.Length || good.Length > card.Classes)
            throw new DitException($"The metadata {TrainingFolder.ClassesKey} of '{checkpoint}' is not a JSON list of at most {card.Classes} class names.");
        return good;
    }
}
