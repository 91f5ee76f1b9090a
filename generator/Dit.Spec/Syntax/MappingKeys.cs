namespace Dit.Spec;

/// <summary>The keys of a mapping, held against those that it may have.</summary>
/// <param name="node">The mapping.</param>
/// <param name="owner">Path of the mapping, for messages: <c>conditioning</c>; empty at the top level.</param>
/// <param name="names">The allowed keys.</param>
/// <param name="words">What messages call the file.</param>
internal sealed class MappingKeys(MappingNode node, string owner, IReadOnlyList<string> names, FileWords words)
{
    /// <summary>A key with the path before it.</summary>
    public string Full(string key) => owner.Length == 0 ? key : $"{owner}.{key}";

    /// <summary>The errors for unknown and duplicate keys.</summary>
    /// <param name="unknown">The error for an unknown key; null for the usual one.</param>
    public IEnumerable<SpecError> Errors(Func<SpecEntry, SpecError>? unknown = null) =>
        node.Entries.Where(e => !names.Contains(e.Key.Text)).Select(unknown ?? (e => Unknown(e))).Concat(
            node.Entries.Where(e => names.Contains(e.Key.Text)).GroupBy(static e => e.Key.Text).SelectMany(static g => g.Skip(1))
                .Select(e => new SpecError(
                    Rule.DuplicateKey, $"Key '{Full(e.Key.Text)}' appears twice; remove one of them", e.Key.At)));

    /// <summary>Whether a key is there under a misspelled name.</summary>
    public bool IsMisspelled(string name) =>
        node.Entries.Any(e => !names.Contains(e.Key.Text) && (Nearest(e) == name || MissingSpace(e) == name));

    /// <summary>The error for an unknown key.</summary>
    /// <param name="entry">The entry.</param>
    /// <param name="elsewhere">
    /// The error for a key of a different mapping that has no slip in it; null for none.
    /// </param>
    /// <param name="unlike">The error for a key that is like no other; null for one that lists the keys.</param>
    public SpecError Unknown(SpecEntry entry, Func<SpecError?>? elsewhere = null, Func<SpecError?>? unlike = null)
    {
        var (name, key) = (Shown.Text(Full(entry.Key.Text)), entry.Key);
        if (key is { Text: "<<", Quoted: false })
            return new(Rule.YamlFeature, $"Merge keys are not used in {words.Many}; write the keys out", key.At);
        if (MissingSpace(entry) is { } split)
            return new SpecError(Rule.UnknownKey, $"Unknown key '{name}'; put a space behind the colon of '{split}'", key.At)
                .Replace(key.Text.Insert(split.Length + 1, " "));
        if (elsewhere?.Invoke() is { } other) return other;
        if (Nearest(entry) is { } near)
            return node[near] is null
                ? new SpecError(Rule.UnknownKey, $"Unknown key '{name}'; did you mean '{near}'?", key.At).Replace(near)
                : new(Rule.UnknownKey, $"Unknown key '{name}'; '{Full(near)}' is here already, so remove this one", key.At);
        return unlike?.Invoke()
            ?? new(Rule.UnknownKey, $"Unknown key '{name}'; the keys here are {string.Join(", ", names)}", key.At);
    }

    private string? Nearest(SpecEntry entry) => DidYouMean.Nearest(entry.Key.Text, names);

    // In { depth:12 } the key is 'depth:12', and it has no value.
    private string? MissingSpace(SpecEntry entry) =>
        entry is { Key: { Quoted: false } key, Value: ScalarNode { Text: "" } } && key.Text.IndexOf(':') is > 0 and var colon
        && names.Contains(key.Text.Substring(0, colon)) && node[key.Text.Substring(0, colon)] is null
        ? key.Text.Substring(0, colon)
        : null;
}
