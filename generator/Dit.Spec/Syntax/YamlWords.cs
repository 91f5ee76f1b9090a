namespace Dit.Spec;

/// <summary>
/// Words that readers of YAML 1.1 or 1.2 take for something other than a text where they are not quoted.
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
    /// What readers take the word for: <c>true</c>, or <c>a number</c>; null where it is a text to all of them.
    /// </summary>
    public static string? TakenFor(string word) => Taken.TryGetValue(word, out var taken) ? taken : null;
}
