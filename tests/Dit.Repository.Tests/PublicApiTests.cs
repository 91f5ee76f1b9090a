using Dit.Testing;

namespace Dit.Repository.Tests;

/// <summary>The public API of every library, so that a change of it is a diff in review.</summary>
public sealed class PublicApiTests
{
    private const string Folder = "snapshots/api";

    public static TheoryData<string> Libraries => [.. Repository.Libraries];

    [Theory, MemberData(nameof(Libraries))]
    public void The_public_api_matches_its_snapshot(string library) =>
        Snapshot.Verify(PublicApi.Of(Repository.PathOf(library)), $"../../{Folder}/{library}", "cs");

    [Fact]
    public void Every_snapshot_belongs_to_a_library()
    {
        var verified = Directory.GetFiles(Path.Combine(Repository.Root, Folder), "*.verified.cs").Select(Path.GetFileName);
        Assert.Equal(Repository.Libraries.Select(static library => $"{library}.verified.cs"), verified.Order(StringComparer.Ordinal));
    }
}
