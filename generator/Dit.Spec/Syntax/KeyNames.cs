namespace Dit.Spec;

/// <summary>
/// The names of the keys of a language, which the readers of text need to tell a typo from a foreign file.
/// </summary>
/// <param name="Naming">The keys that name what a file declares: <c>model</c> and <c>family</c>.</param>
/// <param name="Top">The keys that may be at the top of a file, including those that name a model.</param>
/// <param name="All">The keys of every level.</param>
internal sealed record KeyNames(IReadOnlyList<string> Naming, IReadOnlyList<string> Top, IReadOnlyCollection<string> All)
{
    /// <summary>What messages call the files.</summary>
    public FileWords Words { get; init; } = FileWords.OfSpecs;

    /// <summary>Whether the word is a key of the language, at any level.</summary>
    public bool IsKey(string word) => All.Contains(word);
}
