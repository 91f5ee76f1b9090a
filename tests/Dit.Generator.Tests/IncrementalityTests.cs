using Microsoft.CodeAnalysis;

namespace Dit.Generator.Tests;

/// <summary>What an edit makes the generator do again: never more than the edit.</summary>
public class IncrementalityTests
{
    private const string Family = "dit.dit.yaml";
    private const string Demo = "shapes.dit.yaml";

    [Fact]
    public void A_second_run_over_all_definitions_recomputes_nothing() => Generate.From(Repository.Definitions).AssertCached();

    [Fact]
    public void An_edit_of_the_projects_code_recomputes_nothing() =>
        Generate.From(Repository.Definitions).EditCode("class Unrelated { int number = 1; }").AssertNothingComputed();

    [Fact]
    public void A_comment_in_one_spec_re_emits_nothing()
    {
        var edited = Generate.From(Repository.Definitions).Edit(Family, static text => "# A new first line.\n" + text);

        Assert.Equal(1, edited.Reasons(Steps.Files).Count(static r => r == IncrementalStepRunReason.Modified));
        Assert.All(edited.Reasons(Steps.Models), static r =>
            Assert.True(r is IncrementalStepRunReason.Unchanged or IncrementalStepRunReason.Cached));
        Assert.All(edited.Reasons(Steps.Outputs), static r => Assert.Equal(IncrementalStepRunReason.Cached, r));
        Assert.Equal(0, edited.Emitted);
    }

    [Fact]
    public void An_edit_of_one_spec_re_emits_only_its_models()
    {
        var edited = Generate.From(Repository.Definitions).Edit(Demo, static text => text.Replace("depth: 4", "depth: 7"));

        Assert.Equal(1, edited.Reasons(Steps.Models).Count(static r => r == IncrementalStepRunReason.Modified));
        Assert.Equal(
            45,
            edited.Reasons(Steps.Models).Count(static r => r is IncrementalStepRunReason.Unchanged or IncrementalStepRunReason.Cached));
        Assert.Equal(1, edited.Emitted);
        Assert.Contains("i < 7", edited.Sources["Shapes.g.cs"]);
    }

    [Fact]
    public void An_edit_of_one_size_of_a_family_re_emits_only_that_size()
    {
        var edited = Generate
            .From(Repository.Definitions)
            .Edit(Family, static text => text.Replace("{ depth: 12, width: 384,", "{ depth: 10, width: 384,"));

        Assert.Equal(3, edited.Reasons(Steps.Models).Count(static r => r == IncrementalStepRunReason.Modified));
        Assert.Equal(3, edited.Emitted);
    }

    [Fact]
    public void A_renamed_model_re_emits_itself_and_the_list()
    {
        var edited = Generate.From(Repository.Definitions).Edit(Demo, static text => text.Replace("model: Shapes", "model: Forms"));

        Assert.Equal(2, edited.Emitted);
        Assert.DoesNotContain("Shapes.g.cs", edited.Sources.Keys);
        Assert.Contains("ModelDefinition.Of<Forms, ClassLabels, GaussianDiffusion>()", edited.Sources["DitModels.g.cs"]);
    }

    [Fact]
    public void A_warning_that_comes_moves_and_goes_re_emits_nothing()
    {
        // The autoencoder's default is none, so the model is the same with the line and without.
        var warned = Generate.From(Repository.Definitions).Edit(Demo, static text => text.Replace("channels: 3", "channels: 4"));
        var silent = warned.Edit(Demo, static text => text.Replace("autoencoder: none\n", ""));
        Assert.Empty(warned.Diagnostics);

        foreach (var (run, line) in new[] { (silent, 0), (silent.Edit(Demo, static text => "# A new first line.\n" + text), 1) })
        {
            var warning = Assert.Single(run.Diagnostics);
            Assert.Equal(
                ("DIT116", silent.Diagnostics[0].Location.GetLineSpan().StartLinePosition.Line + line),
                (warning.Id, warning.Location.GetLineSpan().StartLinePosition.Line));
            Assert.All(run.Reasons(Steps.Outputs), static r => Assert.Equal(IncrementalStepRunReason.Cached, r));
        }
        silent.AssertCached();
        Assert.Empty(silent.Edit(Demo, static text => text.Replace("model: Shapes", "autoencoder: none\nmodel: Shapes")).Diagnostics);
    }

    [Fact]
    public void An_error_that_comes_and_goes_leaves_the_other_files_alone()
    {
        var broken = Generate.From(Repository.Definitions).Edit(Demo, static text => text.Replace("heads: 5", "heads: 6"));

        Assert.Equal("DIT101", Assert.Single(broken.Diagnostics).Id);
        Assert.Equal(47, broken.Sources.Count); // forty-five models, what stands in for one, and the list
        Assert.Empty(broken.Edit(Demo, static text => text.Replace("heads: 6", "heads: 5")).Diagnostics);
    }
}
