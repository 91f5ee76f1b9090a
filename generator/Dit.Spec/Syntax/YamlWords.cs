namespace Dit.Spec;

/// <summary>
/// Words that readers of YAML 1.1 or 1.2 do not take as text unless they are quoted.
/// </summary>
internal static class YamlWords
{
    private static readonly Dictionary<string, string> Taken = new(StringComparer.OrdinalIgnoreCase)
    {
        ["true"] = "true",
        ["yes"] = "true",
        ["on"] = "true",
        ["false"] = "false",
        ["no"] = "false",
        ["off"] = "false",
        ["null"] = "nothing",
        [".nan"] = "a number",
        [".inf"] = "a number",
        ["-.inf"] = "a number",
        ["+.inf"] = "a number",
    };

    /// <summary>
    /// What readers convert the word to: <c>true</c>, or <c>a number</c>; null where all take it as text.
    /// </summary>
    public static string? TakenFor(string word) => Taken.TryGetValue(word, out var taken) ? taken : null;
}
