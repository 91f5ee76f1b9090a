using System.Text.RegularExpressions;

namespace Dit.Spec.Tests;

/// <summary>The help pages: every rule has one, and its examples are what it says they are.</summary>
public partial class PageTests
{
    private static string Folder { get; } = Path.Combine(Specs.RepositoryRoot, "docs", "diagnostics");

    public static TheoryData<string> Rules => [.. Rule.All.Select(static rule => rule.Id)];

    [Fact]
    public void Every_rule_has_its_own_id_and_the_pages_are_the_rules()
    {
        Assert.Equal(Rule.All.Count, Rule.All.Select(static r => r.Id).Distinct().Count());
        Assert.Equal(Rule.All.Select(static r => r.Id).Order(), Pages.Where(static id => !IsOfProjects(id)));
        Assert.Equal(
            Rule.All.OrderBy(static r => r.Id, StringComparer.Ordinal).Select(static r => $"| [{r.Id}]({r.Id}.md) | {r.Title} |"),
            Rows.Where(static row => !IsOfProjects(row[3..])));
    }

    [Fact]
    public void What_the_build_reports_of_projects_has_pages_too()
    {
        var targets = new[] { "generator/Dit.Generator/build", "runtime/Dit.Checkpoints/build" }
            .SelectMany(static folder => Directory.GetFiles(Path.Combine(Specs.RepositoryRoot, folder), "*.targets"));
        var codes = targets
            .SelectMany(static file => ReportedCode().Matches(File.ReadAllText(file)))
            .Select(static match => match.Groups[1].Value)
            .Distinct().Order().ToArray();

        Assert.Equal(["DIT901", "DIT902", Rule.LanguageIsNewEnough.Id, "DIT904"], codes);
        Assert.Equal(codes, Pages.Where(IsOfProjects));
        Assert.Equal(
            codes.Select(static id =>
                $"| [{id}]({id}.md) | {File.ReadLines(Path.Combine(Folder, $"{id}.md")).First()[$"# {id}: ".Length..]} |"),
            Rows.Where(static row => IsOfProjects(row[3..])));
        Assert.Contains($"| [{Rule.LanguageIsNewEnough.Id}]({Rule.LanguageIsNewEnough.Id}.md) | {Rule.LanguageIsNewEnough.Title} |", Rows);
    }

    private static IEnumerable<string> Pages =>
        Directory.GetFiles(Folder, "DIT*.md").Select(static file => Path.GetFileNameWithoutExtension(file)).Order();

    private static string[] Rows => [.. File.ReadAllLines(Path.Combine(Folder, "README.md")).Where(static line => line.StartsWith("| ["))];

    private static bool IsOfProjects(string id) => id.StartsWith("DIT9", StringComparison.Ordinal);

    [Theory, MemberData(nameof(Rules))]
    public void A_page_has_its_title_a_wrong_example_and_a_right_one(string id)
    {
        var page = File.ReadAllText(Path.Combine(Folder, $"{id}.md"));
        var examples = Example().Matches(page).Select(static match => match.Groups[1].Value).ToArray();

        Assert.StartsWith($"# {id}: {Rule.All.Single(rule => rule.Id == id).Title}\n\n", page);
        Assert.Equal(2, examples.Length);
        Assert.Contains("\nWrong:\n\n```yaml\n" + examples[0], page);
        Assert.Contains("\nRight:\n\n```yaml\n" + examples[1], page);
        Assert.Contains(Complaints(examples[0]), error => error.Rule.Id == id);
        Assert.Empty(Complaints(examples[1]));
    }

    // An example may be of several files: a comment with the name of each comes before its lines.
    private static IEnumerable<SpecError> Complaints(string example)
    {
        var names = FileName().Matches(example).Select(static match => match.Groups[1].Value);
        var files = FileName()
            .Split(example)
            .Where(static (_, i) => i % 2 == 0)
            .SkipWhile(string.IsNullOrEmpty)
            .Select(static text => SpecFile.Parse(Whole(text)))
            .ToArray();
        var models = names
            .DefaultIfEmpty("example.dit.yaml")
            .Zip(files)
            .SelectMany(static file => file.Second.Models.Select(model => (file.First, model)));
        return files
            .SelectMany(static file => file.Errors.Concat(file.Warnings))
            .Concat(DeclaredModel.Collisions(models).Select(static found => found.Error));
    }

    // A fragment stands for a whole spec with these lines; what declares a model's other keys is whole already.
    private static string Whole(string example) =>
        example.StartsWith("family:") || example.StartsWith("name:") || example.Contains("conditioning:") && example.StartsWith("model:")
            ? example
            : Specs.With(example);

    [GeneratedRegex("Code=\"(DIT\\d+)\"")]
    private static partial Regex ReportedCode();

    [GeneratedRegex("^# (\\S+\\.dit\\.yaml)\n", RegexOptions.Multiline)]
    private static partial Regex FileName();

    [GeneratedRegex("```yaml\\n(.*?)```", RegexOptions.Singleline)]
    private static partial Regex Example();
}
