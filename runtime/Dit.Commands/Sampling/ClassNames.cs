using System.Globalization;
using Dit.Runtime;
using Dit.Spec;

namespace Dit.Commands;

/// <summary>What the classes of a model are called.</summary>
/// <param name="Card">The model.</param>
/// <param name="Names">
/// Of each label its names, the usual one first; no entry, or one without names, for a class that has none.
/// </param>
/// <param name="Trained">The classes that the weights were trained on are 0 up to, not including, this.</param>
internal sealed record ClassNames(ModelCard Card, IReadOnlyList<IReadOnlyList<string>> Names, int Trained) : IClassNames
{
    /// <summary>The most classes that are drawn when none is named.</summary>
    internal const int DrawnWithoutAsking = 16;

    private readonly Lazy<ClassNameIndex> index = new(() => new(Names));

    private bool AreNumbers => Names.Any(static names => names.Any(IsNumber));

    /// <summary>
    /// The names that a checkpoint gives to its classes; where it gives none, those of ImageNet for a model of its
    /// latents.
    /// </summary>
    /// <exception cref="DitException">
    /// The file cannot be read, or what it holds are no names of the model's classes.
    /// </exception>
    public static ClassNames Of(ModelCard card, string checkpoint)
    {
        using var file = CheckpointFile.Open(checkpoint);
        var names = ClassNameMetadata.Read(card, checkpoint, file.Metadata);
        // by training, which names all classes that it saw
        var listed = names is { Count: > 0 } && file.Metadata.ContainsKey(TrainingFolder.ClassesKey);
        return new(card, names ?? (IsOfImageNet(card) ? ImageNet.Names : []), listed ? names?.Count ?? 0 : card.Classes);
    }

    /// <summary>Names of which each class has one.</summary>
    public static ClassNames OneEach(ModelCard card, IReadOnlyList<string> names) =>
        new(card, [.. names.Select(static name => (IReadOnlyList<string>)[name])], card.Classes);

    /// <summary>Whether the official code's classes are meant: a thousand, over latents.</summary>
    private static bool IsOfImageNet(ModelCard card) => card.Classes == ImageNet.Names.Count && !card.IsPixelSpace;

    /// <summary>
    /// The labels of words, each a list of class names and numbers (<see cref="ClassList"/>); of no words, all classes
    /// or, where they are many, the first.
    /// </summary>
    /// <exception cref="DitException">
    /// A word is empty, names no class or several, or a class that was never trained.
    /// </exception>
    public IReadOnlyList<int> Labels(IEnumerable<string> words)
    {
        string[] all = [.. words];
        if (all.Length > 0) return [.. all.SelectMany(LabelsIn)];
        var known = Names.Count > 0 ? Names.Count : Card.Classes;
        return [.. Enumerable.Range(0, Math.Min(known, DrawnWithoutAsking))];
    }

    /// <summary>The usual name of a label, or its number.</summary>
    public string NameOf(int label) => UsualName(label) ?? Number(label);

    /// <summary><c>207 golden retriever</c>, or the number alone.</summary>
    public string Describe(int label) => UsualName(label) is { } name ? $"{Number(label)} {name}" : Number(label);

    /// <summary>The usual name of a label, or null.</summary>
    public string? UsualName(int label) => label < Names.Count && Names[label] is [var name, ..] ? name : null;

    private IEnumerable<int> LabelsIn(string word)
    {
        var list = new ClassList(word);
        List<int> labels = [];
        for (var at = 0; at < list.Count;)
        {
            var (label, length) = Longest(list, at);
            if (label is { } found) labels.Add(found);
            at += length;
        }
        return labels.Count > 0 ? labels : throw new DitException("--classes names no class: give names or numbers, or leave it out.");
    }

    /// <summary>
    /// The class that the most pieces name, and how many pieces these are; no class for an empty piece.
    /// </summary>
    private (int? Label, int Length) Longest(ClassList list, int at)
    {
        for (var length = Math.Min(list.Count - at, index.Value.MostPieces); length > 0; length--)
        {
            var (text, pieces) = (list.Text(at, length), list.Unquoted(at, length));
            if (One(index.Value.Called(text, exactly: pieces is null), text) is { } whole) return (whole, length);
            if (length > 1 && pieces is { } names && index.Value.CalledAll(names) is { } synonyms) return (synonyms, length);
        }
        if (list.Quoted(at) is { } quoted) return (One(index.Value.Called(quoted), quoted) ?? throw Unknown(quoted), 1);
        var word = list.Text(at, 1).Trim();
        return (word.Length == 0 ? null : LabelOfNumber(word) ?? throw Unknown(word), 1);
    }

    private int? One(IReadOnlyList<int> called, string word) => called switch
    {
        [] => null,
        [var label] => label,
        _ => throw new DitException(
            $"{called.Count} classes of {Card.Name} are called '{word.Trim()}': {string.Join(", ", called.Select(Describe))}; give the "
                + $"number of the one that is meant."),
    };

    // Names come first: in a folder of digits the word means what the user sees, and a number is never the label of a
    // class that is called otherwise.
    private int? LabelOfNumber(string word)
    {
        if (
            !IsNumber(word)
            || AreNumbers
            || !int.TryParse(word, NumberStyles.None, CultureInfo.InvariantCulture, out var label)
            || label >= Card.Classes)
            return null;
        return label < Trained ? label : throw new DitException(
            $"{Card.Name} has {Card.Classes} classes, and these weights were trained on {Trained} of "
                + $"them{(Names.Count <= DrawnWithoutAsking ? $", {Called()}" : "")}: class {label} was never trained.");
    }

    private DitException Unknown(string word)
    {
        string[] names = [.. Names.SelectMany(static names => names)];
        if (!IsNumber(word))
            return new($"{Card.Name} has no class '{word}'{DidYouMean.Suggest(word, names) ?? $"; its classes are {Listed()}."}");
        var same = names.FirstOrDefault(name => IsNumber(name) && name.TrimStart('0') == word.TrimStart('0'));
        return new($"{Card.Name} has no class '{word}'{(same is null ? $"; its classes are {Listed()}." : $"; did you mean '{same}'?")}");
    }

    private string Listed()
    {
        var numbers = $"0 to {Trained - 1}";
        return AreNumbers ? $"called {Called()}" : Names.Count is > 0 and <= DrawnWithoutAsking ? $"{Called()}, or {numbers}" : numbers;
    }

    private string Called()
    {
        var shown = string.Join(", ", Enumerable.Range(0, Math.Min(Names.Count, DrawnWithoutAsking)).Select(NameOf));
        return Names.Count > DrawnWithoutAsking ? $"{shown} and {Names.Count - DrawnWithoutAsking} more" : shown;
    }

    private static bool IsNumber(string name) => name.Length > 0 && name.All(char.IsDigit);

    private static string Number(int label) => label.ToString(CultureInfo.InvariantCulture);
}
