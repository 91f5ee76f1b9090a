using System.Text.Json;

namespace Dit.Consumer.Tests;

/// <summary>What a commit is called: in repositories with nothing in them but the file that computes it.</summary>
public sealed class VersionTests
{
    private static readonly string Next = Built.NextVersion;

    [Fact]
    public void Without_a_tag_it_is_before_the_next_release_and_rises_with_each_commit()
    {
        using var repository = Create();
        Assert.Equal($"{Next}-alpha", Version(repository)); // nothing is committed
        repository.Commit("one");
        Assert.Equal($"{Next}-alpha.1.g{repository.Head}", Version(repository));
        repository.Commit("two");
        var second = Version(repository);
        Assert.Equal($"{Next}-alpha.2.g{repository.Head}", second);
        repository.Git("commit", "--quiet", "--allow-empty", "--amend", "--message", "two, amended");
        Assert.NotEqual(second, Version(repository)); // or a cache would give the first for it
    }

    [Fact]
    public void A_tag_is_the_version_and_commits_after_it_are_on_the_way_to_the_next()
    {
        using var repository = Create();
        repository.Commit("one");
        foreach (var other in new[] { "vNext", "v1", "v1.2", "v01.2.3", "v9.9.9.9", "v9.9.9-01", "9.9.9", "w9.9.9" })
            repository.Git("tag", other);
        Assert.Equal($"{Next}-alpha.1.g{repository.Head}", Version(repository));

        repository.Git("tag", "v0.0.9");
        Assert.Equal("0.0.9", Version(repository));
        repository.Commit("two");
        Assert.Equal($"{Next}-alpha.1.g{repository.Head}", Version(repository)); // not 0.0.10: the next release is decided

        repository.Git("tag", "v7.0.0-rc.2");
        repository.Git("tag", "v7.0.0-rc.10");
        Assert.Equal("7.0.0-rc.10", Version(repository));
        repository.Commit("three");
        repository.Commit("four");
        Assert.Equal($"7.0.0-rc.10.2.g{repository.Head}", Version(repository));

        repository.Git("tag", "--annotate", "v7.0.0", "--message", "The release");
        repository.Git("tag", "v7.0.0-rc.11");
        Assert.Equal("7.0.0", Version(repository));
        repository.Commit("five");
        Assert.Equal($"7.0.1-alpha.1.g{repository.Head}", Version(repository));
    }

    [Fact]
    public void Uncommitted_changes_are_told_apart_in_what_is_packed_and_in_nothing_else()
    {
        using var repository = Create();
        repository.Shell.Write("ä file.txt", "1");
        repository.Commit("one");
        repository.Git("tag", "v7.0.0");
        HashSet<string> seen = [PackageVersion(repository)];

        repository.Shell.Write("ä file.txt", "2");
        Changed();
        repository.Shell.Write("ä file.txt", "3");
        Changed();
        repository.Shell.Write("new ö.txt", "1");
        Changed();
        repository.Shell.Write("new ö.txt", "2");
        Changed();
        repository.Git("add", "--all");
        Changed();
        File.Delete(Path.Combine(repository.Shell.Folder, "ä file.txt"));
        Changed();

        void Changed()
        {
            var version = PackageVersion(repository);
            Assert.StartsWith($"7.0.1-alpha.0.g{repository.Head}.dirty", version, StringComparison.Ordinal);
            Assert.True(seen.Add(version), version);
            Assert.Equal(version, PackageVersion(repository));
            Assert.Equal("7.0.0", Version(repository)); // so that an edit does not compile every project anew
        }
    }

    [Fact]
    public void There_is_one_in_a_shallow_clone_and_in_a_detached_worktree()
    {
        using var repository = Create();
        repository.Commit("one");
        repository.Commit("two");
        var address = new Uri(repository.Shell.Folder).AbsoluteUri;
        repository.Git("clone", "--quiet", "--depth", "1", address, repository.Beside("shallow"));
        Assert.Equal($"{Next}-alpha.0.g{repository.Head}", Of(repository.Shell.In(repository.Beside("shallow"))).Version);

        repository.Git("worktree", "add", "--quiet", "--detach", repository.Beside("worktree"));
        Assert.Equal(Version(repository), Of(repository.Shell.In(repository.Beside("worktree"))).Version);

        repository.Git("tag", "v7.0.0");
        repository.Git("clone", "--quiet", "--depth", "1", "--branch", "v7.0.0", address, repository.Beside("tagged"));
        Assert.Equal("7.0.0", Of(repository.Shell.In(repository.Beside("tagged"))).Version);
    }

    [Fact]
    public void There_is_one_in_an_archive_that_lies_in_another_repository()
    {
        using var repository = Create();
        repository.Commit("one");
        repository.Git("tag", "v7.0.0");
        WriteProject(repository.Shell.In(Path.Combine(repository.Shell.Folder, "archive")));
        Assert.Equal($"{Next}-alpha", Of(repository.Shell.In(Path.Combine(repository.Shell.Folder, "archive"))).Version);
    }

    [UnixFact("The path of programs is that of the system too on Windows.")]
    public void There_is_one_without_git()
    {
        using var repository = Create();
        repository.Commit("one");
        repository.Git("tag", "v7.0.0");
        var without = Directory.CreateDirectory(repository.Beside("programs")).FullName;
        File.CreateSymbolicLink(Path.Combine(without, "sh"), "/bin/sh");
        Assert.Equal($"{Next}-alpha", Of(repository.Shell.With("PATH", without)).Version);
    }

    private static GitRepository Create()
    {
        var repository = new GitRepository();
        WriteProject(repository.Shell);
        return repository;
    }

    private static void WriteProject(Shell folder) => folder.Write("packaging/Version.proj", Built.Text("packaging", "Version.proj"));

    private static string Version(GitRepository repository) => Of(repository.Shell).Version;

    private static string PackageVersion(GitRepository repository) => Of(repository.Shell).Package;

    /// <summary>Both versions. Nothing else may be said, as a warning would be.</summary>
    private static (string Version, string Package) Of(Shell folder)
    {
        var written = folder.Dotnet(
            "msbuild",
            "packaging/Version.proj",
            "-nologo",
            "-target:DitVersions",
            "-getTargetResult:DitVersions",
            $"-property:VersionPrefix={Next}");
        Assert.Equal("", written.Error);
        using var result = JsonDocument.Parse(written.Succeeds());
        var item = result.RootElement.GetProperty("TargetResults").GetProperty("DitVersions").GetProperty("Items")[0];
        return (item.GetProperty("Identity").GetString() ?? "", item.GetProperty("PackageVersion").GetString() ?? "");
    }
}
