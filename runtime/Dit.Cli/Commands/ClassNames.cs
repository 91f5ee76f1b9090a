using System.Globalization;
using Dit.Runtime;
using Dit.Spec;

namespace Dit.Cli.Commands;

/// <summary>What the classes of a model are called.</summary>
/// <param name="Card">The model.</param>
/// <param name="Names">Of each label its names, the usual one first; no entry, or one without names, for a class that has none.</param>
internal sealed record ClassNames(ModelCard Card, IReadOnlyList<IReadOnlyList<string>> Names)
{
    /// <summary>The most classes that are drawn when none is named.</summary>
    internal const int DrawnWithoutAsking = 16;

    /// <summary>The names that a checkpoint gives to its classes; where it gives none, those of ImageNet for a model of its latents.</summary>
    /// <exception cref="DitException">The file cannot be read, or what it holds are no names of the model's classes.</exception>
    public static ClassNames Of(ModelCard card, string checkpoint)
    {
        using var file = CheckpointFile.Open(checkpoint);
        return new(card, ClassNameMetadata.Read(card, checkpoint, file.Metadata) ?? (IsOfImageNet(card) ? ImageNet.Names : []));
    }

    /// <summary>Names of which each class has one.</summary>
    public static ClassNames OneEach(ModelCard card, IReadOnlyList<string> names) => new(card, [.. names.Select(static name => (IReadOnlyList<string>)[name])]);

    /// <summary>Whether the official code's classes are meant: a thousand, over latents.</summary>
    private static bool IsOfImageNet(ModelCard card) => card.Classes == ImageNet.Names.Count && !card.IsPixelSpace;

    /// <summary>The labels of words, each a class name or a number; of no words, all classes or, where they are many, the first.</summary>
    /// <exception cref="DitException">A word is neither, or several classes are called so.</exception>
    public int[] Labels(IEnumerable<string> words)
    {
        int[] labels = [.. words.SelectMany(word => word.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)).Select(Label)];
        if (labels.Length > 0) return labels;
        var known = Names.Count > 0 ? Names.Count : Card.Classes;
        return [.. Enumerable.Range(0, Math.Min(known, DrawnWithoutAsking))];
    }

    /// <summary>The usual name of a label, or its number.</summary>
    public string NameOf(int label) => UsualName(label) ?? Number(label);

    /// <summary><c>207 golden retriever</c>, or the number alone.</summary>
    public string Describe(int label) => UsualName(label) is { } name ? $"{Number(label)} {name}" : Number(label);

    /// <summary>The usual name of a label, or null.</summary>
    public string? UsualName(int label) => label < Names.Count && Names[label] is [var name, ..] ? name : null;

    // Names come first: a folder of digits has classes called 0 to 9, and the word means what the user sees.
    private int Label(string word)
    {
        foreach (var comparison in new[] { StringComparison.Ordinal, StringComparison.OrdinalIgnoreCase })
        {
            int[] called = [.. Enumerable.Range(0, Names.Count).Where(label => Names[label].Any(name => string.Equals(name, word, comparison)))];
            if (called.Length == 1) return called[0];
            if (called.Length > 1)
                throw new DitException($"{called.Length} classes of {Card.Name} are called '{word}': {string.Join(", ", called.Select(Describe))}; give the number of the one that is meant.");
        }
        if (int.TryParse(word, NumberStyles.None, CultureInfo.InvariantCulture, out var label) && label < Card.Classes) return label;
        throw new DitException($"{Card.Name} has no class '{word}'{DidYouMean.Suggest(word, [.. Names.SelectMany(static names => names)]) ?? $"; its classes are {Listed()}."}");
    }

    private string Listed() => Names.Count is > 0 and <= DrawnWithoutAsking
        ? $"{string.Join(", ", Enumerable.Range(0, Names.Count).Select(NameOf))}, or 0 to {Card.Classes - 1}"
        : $"0 to {Card.Classes - 1}";

    private static string Number(int label) => label.ToString(CultureInfo.InvariantCulture);
}
