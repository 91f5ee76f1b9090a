namespace Dit.Spec;

/// <summary>What messages call the files of a language: specs, or run files.</summary>
/// <param name="One">One of them, without an article: <c>spec</c>.</param>
/// <param name="File">The file that one stands in: <c>spec file</c>.</param>
/// <param name="Start">How one starts, a clause.</param>
/// <param name="Mapping">What one is, for a file that is none.</param>
/// <param name="Lines">Examples of its lines.</param>
/// <param name="Remedy">What one has, a clause.</param>
/// <param name="Levels">How deep its lists and mappings nest, in words.</param>
internal sealed record FileWords(string One, string File, string Start, string Mapping, string Lines, string Remedy, string Levels)
{
    /// <summary>Those of specs.</summary>
    public static FileWords OfSpecs { get; } = new(
        "spec",
        "spec file",
        "a spec starts with 'model: NAME' or 'family: NAME'",
        "a mapping that starts with 'model: NAME' or 'family: NAME'",
        "'model: NAME' or 'depth: 28'",
        "a spec starts with 'model: NAME' or 'family: NAME' and says depth, width, heads, patch_size, input and conditioning",
        "four levels");

    /// <summary>Several of them: <c>specs</c>.</summary>
    public string Many => One + "s";
}
