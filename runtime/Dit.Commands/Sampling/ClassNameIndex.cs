using System.Text;

namespace Dit.Commands;

/// <summary>
/// Finds classes by their names: as they are written; else in any Unicode form; else with any spaces; else in upper or
/// lower case.
/// </summary>
internal sealed class ClassNameIndex
{
    private static readonly Func<string, string>[] Forms =
    [
        static name => name,
        CanonicalText.Decomposed,
        Spaced,
        static name => Spaced(name).ToUpperInvariant(),
    ];

    private readonly Dictionary<string, int[]>[] byForm;

    public ClassNameIndex(IReadOnlyList<IReadOnlyList<string>> names)
    {
        var all = names.SelectMany(static (of, label) => of.Select(name => (name, label))).ToArray();
        byForm =
        [
            .. Forms.Select(form =>
                all.GroupBy(pair => form(pair.name))
                    .ToDictionary(static group => group.Key, static group => group.Select(static pair => pair.label).Distinct().ToArray())),
        ];
        MostPieces = names.Select(static of => of.Sum(static name => name.Count(static c => c == ',') + 1)).Append(1).Max();
    }

    /// <summary>The most pieces between commas that can name one class.</summary>
    public int MostPieces { get; }

    /// <summary>The labels of the classes that are called so, in the strictest form in which any is.</summary>
    /// <param name="word">The name.</param>
    /// <param name="exactly">Whether it must be as it is written.</param>
    public IReadOnlyList<int> Called(string word, bool exactly = false)
    {
        foreach (var (form, known) in Forms.Zip(byForm).Take(exactly ? 1 : Forms.Length))
            if (known.TryGetValue(form(word), out var labels)) return labels;
        return [];
    }

    /// <summary>
    /// The label of the one class that has all of these names, which are different; null where there is none or
    /// several.
    /// </summary>
    public int? CalledAll(IReadOnlyList<string> words)
    {
        string[] forms = [.. words.Select(Forms[^1])];
        if (forms.Distinct().Count() < forms.Length) return null;
        var labels = forms.Select(form => byForm[^1].GetValueOrDefault(form, [])).Aggregate(static (a, b) => [.. a.Intersect(b)]);
        return labels is [var label] ? label : null;
    }

    // One space between words, none at the ends or beside commas.
    private static string Spaced(string name)
    {
        var text = new StringBuilder();
        foreach (var c in CanonicalText.Decomposed(name))
        {
            if (!char.IsWhiteSpace(c))
            {
                if (c == ',' && text is [.., ' ']) text.Length--;
                text.Append(c);
            }
            else if (text.Length > 0 && text[^1] is not (' ' or ',')) text.Append(' ');
        }
        return text.ToString().TrimEnd();
    }
}
