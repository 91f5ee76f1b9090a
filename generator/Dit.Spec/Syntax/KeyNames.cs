namespace Dit.Spec;

/// <summary>
/// The names of the keys of the language: what the readers of text need to tell a slip from another file.
/// </summary>
/// <param name="Naming">The keys that name what a file declares: <c>model</c> and <c>family</c>.</param>
/// <param name="Top">The keys that may stand at the top of a file, those among them.</param>
/// <param name="All">The keys of every level.</param>
internal sealed record KeyNames(IReadOnlyList<string> Naming, IReadOnlyList<string> Top, IReadOnlyCollection<string> All)
{
    /// <summary>Whether the word is a key of a spec, at any level.</summary>
    public bool IsKey(string word) => All.Contains(word);
}
