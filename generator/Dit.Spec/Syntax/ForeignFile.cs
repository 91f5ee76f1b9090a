using System.Text.RegularExpressions;

namespace Dit.Spec;

/// <summary>
/// Files that are not specs, such as package.json, get one error instead of one per key.
/// </summary>
/// <param name="names">The keys of the language.</param>
internal sealed class ForeignFile(KeyNames names)
{
    private const int MaxKeys = 3;

    private readonly string keyAtStart = $"^[\\s{{'\"-]*({string.Join("|", names.Top)})['\"]?\\s*:";

    /// <summary>
    /// The error for a text without a line that starts with a key of a spec; null otherwise, and for an empty text.
    /// </summary>
    public SpecError? Error(TextLines lines)
    {
        var first = lines.Lines.FirstOrDefault(static line =>
            line.Text.Trim('\uFEFF', ' ', '\t', '\r', '\n') is { Length: > 0 } content && content[0] != '#'
                && content is not ("---" or "..."));
        if (first.Text is null || lines.Lines.Any(line => IsNearlySpec(line.Text))) return null;
        return new(
            Rule.NotASpec, $"This is not a {names.Words.One}: it has no line such as {names.Words.Lines}; {names.Words.Remedy}",
            lines.Range(first.Start, first.Start + first.Text.TrimEnd().Length));
    }

    /// <summary>
    /// The error for a mapping with foreign keys; null where the keys are those of a spec, correct or misspelled.
    /// </summary>
    public SpecError? Error(MappingNode root)
    {
        string[] keys = [.. root.Entries.Select(static e => e.Key.Text)];
        var unknown = keys.Where(key => !names.Top.Contains(key) && DidYouMean.Nearest(key, names.Top) is null).ToArray();
        var settings = keys.Count(key => names.Top.Contains(key) && !names.Naming.Contains(key));
        var isNamed = root.Entries.Any(e => e.Value is ScalarNode && DidYouMean.Nearest(e.Key.Text, names.Naming) is not null);
        if (unknown.Length == 0 || settings >= unknown.Length || (isNamed && settings > 0)) return null;
        var shown = string.Join(", ", unknown.Take(MaxKeys).Select(static key => $"'{Shown.Text(key)}'"))
            + (unknown.Length > MaxKeys ? " and so on" : "");
        return new(
            Rule.NotASpec,
            $"This is not a {names.Words.One}: {shown} {(unknown.Length == 1 ? "is no key" : "are no keys")} of one; {names.Words.Remedy}",
            root.Place);
    }

    private bool IsNearlySpec(string line) =>
        Regex.IsMatch(Characters.Seen(line), keyAtStart, RegexOptions.IgnoreCase | RegexOptions.CultureInvariant);
}
