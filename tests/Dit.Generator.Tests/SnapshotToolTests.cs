using Xunit.Sdk;

namespace Dit.Generator.Tests;

/// <summary>The snapshot helper itself.</summary>
[Collection(nameof(Snapshot))] // the switch that keeps diff tools shut is the whole process's
public sealed class SnapshotToolTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("dit-snapshot-").FullName;

    private readonly bool disabled = DiffEngine.DiffRunner.Disabled;

    public SnapshotToolTests() => DiffEngine.DiffRunner.Disabled = true;

    public void Dispose()
    {
        DiffEngine.DiffRunner.Disabled = disabled;
        Directory.Delete(folder, recursive: true);
    }

    [Fact]
    public void A_changed_snapshot_fails_with_the_lines_that_differ_and_leaves_what_was_received()
    {
        File.WriteAllText(Path.Combine(folder, "model.verified.cs"), "one\ntwo\nthree\nfour\nfive\nsix\nseven\neight\n");

        var failure = Assert.Throws<FailException>(() => Snapshot.Match(folder, "model", "cs", "one\ntwo\nTHREE\nfour\nfive\nsix\nseven\neight\n"));

        Assert.Contains("- three\n+ THREE", failure.Message);
        Assert.DoesNotContain("eight", failure.Message);
        Assert.Equal("one\ntwo\nTHREE\nfour\nfive\nsix\nseven\neight\n", File.ReadAllText(Path.Combine(folder, "model.received.cs")));
    }

    [Fact]
    public void A_missing_snapshot_fails_and_a_matching_one_clears_what_was_received()
    {
        Assert.Throws<FailException>(() => Snapshot.Match(folder, "model", "cs", "text\n"));
        File.Copy(Path.Combine(folder, "model.received.cs"), Path.Combine(folder, "model.verified.cs"));

        Snapshot.Match(folder, "model", "cs", "text\n");

        Assert.False(File.Exists(Path.Combine(folder, "model.received.cs")));
    }
}
