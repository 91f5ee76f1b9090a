using System.Text.RegularExpressions;

namespace Dit.Repository.Tests;

/// <summary>
/// Readings, engines and commands know operations; which networks there are, the registry of descriptions knows alone.
/// </summary>
public sealed partial class BackboneNameTests
{
    public static TheoryData<string> Neutral =>
        [
            "generator/Dit.Generator/Emit",
            "generator/Dit.Spec/Architecture",
            "runtime/Dit.Runtime/Inference",
            "runtime/Dit.Cli",
            "runtime/Dit.Commands",
        ];

    [Theory, MemberData(nameof(Neutral))]
    public void No_file_names_a_backbone_or_a_variant(string folder)
    {
        var files = Directory.GetFiles(Path.Combine(Repository.Root, folder), "*.cs", SearchOption.AllDirectories)
            .Where(static file => !file.Replace('\\', '/').Split('/').Any(static part => part is "obj" or "bin")).ToArray();

        Assert.NotEmpty(files);
        Assert.Empty(files.SelectMany(static file => File.ReadLines(file)
            .Select(static (line, i) => (Text: line.Split("//", 2)[0], Number: i + 1))
            .Where(static line => Named().IsMatch(line.Text))
            .Select(line => $"{file}:{line.Number}: {line.Text.Trim()}")));
    }

    [Fact]
    public void The_descriptions_do() =>
        Assert.Contains(Directory.GetFiles(Path.Combine(Repository.Root, "generator/Dit.Spec/Descriptions"), "*.cs"), static file =>
            Named().IsMatch(File.ReadAllText(file)));

    [GeneratedRegex(
        @"ada-?ln|\bin-?context\b|\bu-?vit\b|unidiffuser|Backbone\.Dit\b|ConditioningVariant\.|DitDescription",
        RegexOptions.IgnoreCase)]
    private static partial Regex Named();
}
