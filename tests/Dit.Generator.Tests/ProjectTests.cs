using Microsoft.CodeAnalysis.CSharp;

namespace Dit.Generator.Tests;

/// <summary>What generated code asks of a project, and what several projects with models do to one another.</summary>
public class ProjectTests
{
    private const string Spec =
        "model: Shapes\ndepth: 1\nwidth: 8\nheads: 2\npatch_size: 2\ninput: { channels: 3, size: 4 }\nconditioning: { classes: 2 }\n";

    /// <summary>Every version of the language that has a number and is too old.</summary>
    public static TheoryData<LanguageVersion> OldVersions =>
        [.. Enum.GetValues<LanguageVersion>().Where(static version => version is > LanguageVersion.Default and < LanguageVersion.CSharp12)];

    [Theory, MemberData(nameof(OldVersions))]
    public void A_project_of_an_older_language_gets_one_error_and_no_code(LanguageVersion version)
    {
        var run = Generate.In(
            new Project { Language = version },
            new SpecText("a.dit.yaml", Spec),
            new SpecText("b.dit.yaml", "model: B"),
            new SpecText("c.dit.yml", Spec));

        Assert.Equal(
            $"error DIT903: Models are generated as C# 12.0, and this project is set to C# {version.ToDisplayString()}: take LangVersion "
                + $"out of the project, or set it to latest",
            Assert.Single(run.Diagnostics).ToString());
        Assert.Empty(run.Sources);
        Assert.Empty(Generate.In(new Project { Language = version }).Diagnostics); // without specs there is nothing to say
    }

    [Theory]
    [
        InlineData(LanguageVersion.CSharp12),
        InlineData(LanguageVersion.CSharp13),
        InlineData(LanguageVersion.Default),
        InlineData(LanguageVersion.LatestMajor),
        InlineData(LanguageVersion.Preview)
    ]
    public void Generated_code_is_of_the_version_that_the_error_names(LanguageVersion version) =>
        Assert.Empty(NameTests.Complaints(Generate.In(new Project { Language = version }, [.. NameTests.KindSpecs])));

    [Theory]
    [InlineData("Lib", "Lib", "", true)]
    [InlineData("My-App.2", "My-App.2", "", true)]
    [InlineData("Lib", "Acme", "", false)]
    [InlineData("Lib", "Acme", "public", true)]
    [InlineData("Lib", "Lib", "internal", false)]
    public void The_list_of_models_is_public_where_its_namespace_is_the_assemblys_own_or_the_project_asks_for_it(
        string assembly,
        string rootNamespace,
        string access,
        bool isPublic)
    {
        var run = Generate.In(Of(assembly, rootNamespace, access), new SpecText("shapes.dit.yaml", Spec)).AssertCompiles();
        Assert.Contains($"\n{(isPublic ? "public" : "internal")} static class DitModels\n", run.Sources["DitModels.g.cs"]);
    }

    [Fact]
    public void Two_projects_of_one_namespace_each_have_their_own_list()
    {
        var shapes = Generate.In(Of("Shapes", "Acme"), new SpecText("shapes.dit.yaml", Spec)).AssertCompiles();
        var letters = Generate.In(
            Of("Letters", "Acme", code: "namespace Acme { class Use { object all = DitModels.All; object shapes = Shapes.Card; } }") with
            {
                References = [shapes],
            },
            new SpecText("letters.dit.yaml", Spec.Replace("Shapes", "Letters")));
        var program = Generate.In(
            Of(
                "Program",
                "Acme",
                code: "namespace Acme { class Use { object all = DitModels.All; object[] cards = [Shapes.Card, Letters.Card, Digits.Card]; "
                    + "} }"
            ) with
            {
                References = [shapes, letters],
            },
            new SpecText("digits.dit.yaml", Spec.Replace("Shapes", "Digits")));

        Assert.Empty(NameTests.Complaints(letters));
        Assert.Empty(NameTests.Complaints(program));
    }

    // One spec in two projects of a namespace: the project's own class is meant in it, as everywhere in C#.
    [Fact]
    public void A_model_of_the_name_of_a_referenced_one_compiles()
    {
        var first = Generate.In(Of("First", "Acme"), new SpecText("shapes.dit.yaml", Spec)).AssertCompiles();
        var second = Generate.In(Of("Second", "Acme") with { References = [first] }, new SpecText("shapes.dit.yaml", Spec));

        Assert.Empty(NameTests.Complaints(second));
    }

    private static Project Of(string assembly, string rootNamespace, string access = "", params IReadOnlyList<string> code) =>
        new(rootNamespace, code) { AssemblyName = assembly, Properties = new Dictionary<string, string> { ["DitModelsAccess"] = access } };
}
