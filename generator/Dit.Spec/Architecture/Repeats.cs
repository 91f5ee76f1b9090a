using System.Text.RegularExpressions;

namespace Dit.Spec;

/// <summary>Names of layers and parameters in the equal modules of a list: <c>blocks.3.attn.qkv</c>.</summary>
public static class Repeats
{
    private static readonly Regex Numbered = new(@"^(?<list>[^.]+)\.(?<index>[0-9]{1,6})(?=\.)", RegexOptions.CultureInvariant);

    /// <summary>
    /// The name with a star for the module's number: <c>blocks.*.attn.qkv</c>. Other names stay as they are.
    /// </summary>
    public static string Starred(string name) => Numbered.Replace(name, "${list}.*");

    /// <summary>Whether the name is of a list's first module, which stands for all of them, or of no list.</summary>
    public static bool IsFirst(string name) => Numbered.Match(name) is not { Success: true } match || match.Groups["index"].Value == "0";
}
