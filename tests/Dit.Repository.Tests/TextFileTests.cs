using System.Text.RegularExpressions;

namespace Dit.Repository.Tests;

/// <summary>What <c>dotnet format</c> checks and the compiler does not: usings, ends of lines and of files.</summary>
public sealed partial class TextFileTests
{
    [Fact]
    public void The_usings_of_a_file_are_sorted() => Assert.Empty(Faults(static text => !AreSorted(text)));

    [Fact]
    public void Lines_and_files_end_as_they_should() => Assert.Empty(Faults(static text =>
        text.Contains('\r')
        || text.StartsWith('\uFEFF')
        || !text.EndsWith('\n')
        || text.EndsWith("\n\n")
        || TrailingSpace().IsMatch(text)));

    [Theory]
    [InlineData("using System;\nusing Dit.Spec;\nusing static A.B;\n", true)]
    [InlineData("using Dit.Spec;\nusing System;\n", false)]
    [InlineData("using TorchSharp;\nusing Dit.Spec;\n", false)]
    [InlineData("using static A.B;\nusing Dit.Spec;\n", false)]
    public void Usings_out_of_order_are_found(string text, bool areSorted) => Assert.Equal(areSorted, AreSorted(text));

    private static IEnumerable<string> Faults(Func<string, bool> isWrong) =>
        Repository.Tracked("*.cs").Where(file => isWrong(File.ReadAllText(Path.Combine(Repository.Root, file))));

    // Namespaces before static classes before aliases, each with System first.
    private static bool AreSorted(string text)
    {
        var usings = Usings().Matches(text)
            .Select(static line => (
                Kind: line.Groups["kind"].Length > 0 ? 1 : line.Value.Contains('=') ? 2 : 0,
                IsSystem: Regex.IsMatch(line.Groups["name"].Value, @"^System\b") ? 0 : 1,
                Name: line.Groups["name"].Value))
            .ToArray();
        return usings.SequenceEqual(usings
            .OrderBy(static line => line.Kind)
            .ThenBy(static line => line.IsSystem)
            .ThenBy(static line => line.Name, StringComparer.OrdinalIgnoreCase));
    }

    [GeneratedRegex(@"^using (?<kind>static )?(?<name>[\w.]+)( = [^;]+)?;\n", RegexOptions.Multiline)]
    private static partial Regex Usings();

    [GeneratedRegex(@"[ \t]+$", RegexOptions.Multiline)]
    private static partial Regex TrailingSpace();
}
