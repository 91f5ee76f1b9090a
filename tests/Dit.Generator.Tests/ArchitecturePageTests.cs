using System.Text.RegularExpressions;

namespace Dit.Generator.Tests;

/// <summary>The page that a new reader starts with names what is there.</summary>
public partial class ArchitecturePageTests
{
    private static readonly string Page = File.ReadAllText(Path.Combine(Repository.Root, "docs", "architecture.md"));

    private static readonly string[] Sources =
    [
        .. new[] { "generator", "runtime", "tests" }
            .SelectMany(static folder =>
                Directory.EnumerateFiles(Path.Combine(Repository.Root, folder), "*.cs", SearchOption.AllDirectories))
            .Where(static file => !file.Contains("/obj/", StringComparison.Ordinal) && !file.Contains("/bin/", StringComparison.Ordinal))
            .Select(File.ReadAllText),
    ];

    private static readonly HashSet<string> Types =
    [
        .. Sources.SelectMany(static text => Declaration().Matches(text)).Select(static match => match.Groups["name"].Value),
    ];

    public static TheoryData<string> Walks => ["From a spec to source", "From a label to a pixel"];

    [Theory, MemberData(nameof(Walks))]
    public void A_walk_has_at_most_fifteen_steps_and_each_names_a_type(string title)
    {
        string[] steps = [.. Section(title).Split('\n').Where(static line => Step().IsMatch(line))];

        Assert.InRange(steps.Length, 10, 15);
        Assert.All(Steps(title), static step => Assert.Contains(Names(step), Types.Contains));
    }

    // A name with a dot is a type and a member of it; one with a slash is a file or folder.
    [Fact]
    public void Every_name_on_the_page_exists()
    {
        string[] missing = [.. Names(Page).Where(static name => !Exists(name)).Distinct()];

        Assert.Empty(missing);
        Assert.True(Names(Page).Count() > 100);
    }

    private static bool Exists(string name)
    {
        if (name.Contains('/')) return Path.Exists(Path.Combine(Repository.Root, name));
        if (name.EndsWith("()", StringComparison.Ordinal)) return Sources.Any(text => text.Contains($" {name}", StringComparison.Ordinal));
        string[] parts = name.Split('.');
        return parts is [var type]
            ? Types.Contains(type)
            : Types.Contains(parts[0]) && Sources.Any(text => Declares(text, parts[0]) && Regex.IsMatch(text, $@"\b{parts[1]}\b"));
    }

    private static bool Declares(string text, string type) => Declaration().Matches(text).Any(match => match.Groups["name"].Value == type);

    private static IEnumerable<string> Steps(string title) => Regex.Split(Section(title), @"^\d+\. ", RegexOptions.Multiline).Skip(1);

    private static string Section(string title)
    {
        var text = Page[(Page.IndexOf($"## {title}\n", StringComparison.Ordinal) + title.Length)..];
        return text[..text.IndexOf("\n## ", 4, StringComparison.Ordinal)];
    }

    // Names of types and paths in code font; commands, packages and properties of the build are none.
    private static IEnumerable<string> Names(string text) =>
        Code()
            .Matches(text.Replace("```", ""))
            .Select(static match => match.Groups[1].Value)
            .Where(static code => TypeName().IsMatch(code) || PathName().IsMatch(code))
            .Where(static code => !Packages.Contains(code));

    private static readonly HashSet<string> Packages = ["Dit.Commands", "Dit.Consumer.Tests", "DitSnapshots"];

    [GeneratedRegex(@"\b(class|record struct|record|struct|interface|enum|delegate [\w<>]+) (?<name>[A-Z]\w+)")]
    private static partial Regex Declaration();

    [GeneratedRegex(@"^\d+\. ")]
    private static partial Regex Step();

    [GeneratedRegex("`([^`\n]+)`")]
    private static partial Regex Code();

    [GeneratedRegex(@"^[A-Z][A-Za-z0-9]+(\.[A-Z]\w+)?(\(\))?$")]
    private static partial Regex TypeName();

    [GeneratedRegex(@"^(generator|runtime|tests|definitions|docs|packaging|snapshots)/[\w./]+$")]
    private static partial Regex PathName();
}
