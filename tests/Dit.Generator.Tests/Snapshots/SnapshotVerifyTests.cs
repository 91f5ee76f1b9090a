using System.Runtime.CompilerServices;
using Dit.Testing;

namespace Dit.Generator.Tests;

/// <summary>The package Dit.Testing: snapshots of texts.</summary>
[Collection(nameof(Snapshot))] // the switch that keeps diff tools shut is the whole process's
public sealed class SnapshotVerifyTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("dit-snapshot-").FullName;

    private readonly bool disabled = DiffEngine.DiffRunner.Disabled;

    public SnapshotVerifyTests() => DiffEngine.DiffRunner.Disabled = true;

    public void Dispose()
    {
        DiffEngine.DiffRunner.Disabled = disabled;
        Directory.Delete(folder, recursive: true);
    }

    [Fact]
    public void A_changed_snapshot_fails_with_the_lines_that_differ_and_leaves_what_was_received()
    {
        File.WriteAllText(At("model.verified.cs"), "one\ntwo\nthree\nfour\nfive\nsix\nseven\neight\n");

        var failure = Assert.Throws<DitTestException>(() =>
            Snapshot.Verify("one\ntwo\nTHREE\nfour\nfive\nsix\nseven\neight\n", At("model"), "cs"));

        Assert.Equal(
            $"The text of this test differs from its snapshot {At("model.verified.cs")}. If it is right, rename {At("model.received.cs")} "
                + $"over it.\n"
            + "  one\n  two\n- three\n+ THREE\n  four\n  five",
            failure.Message);
        Assert.Equal("one\ntwo\nTHREE\nfour\nfive\nsix\nseven\neight\n", File.ReadAllText(At("model.received.cs")));
    }

    [Theory]
    [
        InlineData("text\nmore\n", "text\nmore\n"),
        InlineData("text\r\nmore\r\n", "text\nmore\n"),
        InlineData("text\nmore\n", "text\r\nmore\r\n"),
        InlineData("\uFEFFtext\n", "text\n")
    ]
    public void A_missing_snapshot_says_what_to_do_and_a_matching_one_clears_what_was_received(string committed, string given)
    {
        var failure = Assert.Throws<DitTestException>(() => Snapshot.Verify(given, At("model"), "cs"));
        Assert.Equal(
            $"There is no snapshot {At("model.verified.cs")} yet. The text of this test is in {At("model.received.cs")}: if it is right, "
                + $"rename it to model.verified.cs and commit it.",
            failure.Message);
        Assert.True(File.Exists(At("model.received.cs")));
        File.WriteAllText(At("model.verified.cs"), committed);

        Snapshot.Verify(given, At("model"), "cs");

        Assert.Equal([At("model.verified.cs")], Directory.GetFiles(folder));
    }

    [Fact]
    public void The_name_is_that_of_the_file_and_of_the_method_unless_another_is_given()
    {
        var file =
            Path.ChangeExtension(Here(), null) + $".{nameof(The_name_is_that_of_the_file_and_of_the_method_unless_another_is_given)}";
        try
        {
            Assert.StartsWith(
                $"There is no snapshot {file}.verified.md yet.",
                Assert.Throws<DitTestException>(() => Snapshot.Verify("text", extension: "md")).Message,
                StringComparison.Ordinal);
            Assert.Equal("text", File.ReadAllText($"{file}.received.md"));
            File.Move($"{file}.received.md", $"{file}.verified.md");
            Snapshot.Verify("text", extension: ".md");
        }
        finally
        {
            File.Delete($"{file}.received.md");
            File.Delete($"{file}.verified.md");
        }
        Assert.Contains("is no name of a snapshot", Assert.Throws<DitTestException>(() => Snapshot.Verify("text", "folder/")).Message);
    }

    [Fact]
    public void Of_a_table_of_models_the_first_line_is_what_changed()
    {
        var model = Spec
            .SpecFile.Parse(Repository.Definitions.Single(static file => file.Path == "shapes.dit.yaml").GetText().ToString())
            .Models[0]
            .Spec;
        File.WriteAllText(At("models.verified.md"), Spec.ModelTable.Markdown([model]));

        var changed = model with { Backbone = model.Backbone with { Heads = 4 } };
        var failure = Assert.Throws<DitTestException>(() => Snapshot.Verify(Spec.ModelTable.Markdown([changed]), At("models"), "md"));

        Assert.StartsWith(
            "Shapes: heads 5 -> 4; old checkpoints load, but mean something else.\nThe text of this test differs",
            failure.Message,
            StringComparison.Ordinal);
    }

    private string At(string name) => Path.Combine(folder, name);

    private static string Here([CallerFilePath] string path = "") =>
        SourcePlace.Resolve(path, typeof(SnapshotVerifyTests).Assembly, Path.GetFileName(path));
}
