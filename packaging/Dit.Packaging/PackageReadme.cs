using System.Text.RegularExpressions;

namespace Dit.Packaging;

/// <summary>A README as it goes into a package, where no other file of the repository is near.</summary>
internal static partial class PackageReadme
{
    /// <summary>
    /// The README with the package's own version in its examples, and with links that lead somewhere from anywhere.
    /// </summary>
    /// <param name="text">The README.</param>
    /// <param name="path">Where it is, from the root of the repository.</param>
    /// <param name="version">The version of the package.</param>
    /// <param name="repository">Where the repository is to be read; null makes links into it plain text.</param>
    public static string Of(string text, string path, string version, Repository? repository)
    {
        var folder = Path.GetDirectoryName(path) ?? "";
        var own = Reference().Replace(text, match => match.Groups[1].Value + version);
        own = Install().Replace(own, match => $"{match.Value}{(match.Groups[1].Value == "new install" ? "@" : " --version ")}{version}");
        return Link().Replace(own, Rewrite);

        string Rewrite(Match link)
        {
            var (isPicture, words, target) = (link.Groups[1].Value == "!", link.Groups[2].Value, link.Groups[3].Value);
            if (Absolute().IsMatch(target)) return link.Value;
            if (repository is null) return words;
            var file = Path.GetRelativePath(".", Path.Combine(".", folder, target)).Replace('\\', '/');
            return $"{link.Groups[1].Value}[{words}]({(isPicture ? repository.Raw(file) : repository.Page(file))})";
        }
    }

    // <PackageReference Include="Dit.Gen" Version="...
    [GeneratedRegex("""(Include="Dit\.[\w.]+"\s+Version=")[^"]*""")]
    private static partial Regex Reference();

    // Without a version a command takes the newest release, which need not be there yet.
    [GeneratedRegex(@"dotnet (tool install|new install|(?:package add|add(?: \S+)? package))(?: --global)? Dit\.\w+(?![\w.@]| --)")]
    private static partial Regex Install();

    [GeneratedRegex(@"(!?)\[([^\]]*)\]\(([^)\s]+)\)")]
    private static partial Regex Link();

    // An address, or a heading of the same file.
    [GeneratedRegex("^(https?:|mailto:|#)")]
    private static partial Regex Absolute();
}
