namespace Dit.Runtime.Tests;

/// <summary>One run writes to a folder at a time, and not into what it reads.</summary>
public sealed class FolderClaimTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void A_folder_is_claimed_once_and_free_after()
    {
        using (FolderClaim.Take(folder["a"]))
        {
            Assert.Equal(
                $"A different run is writing to '{folder["a"]}' at present: name another folder, or wait until that run has ended.",
                Assert.Throws<DitException>(() => FolderClaim.Take(folder["a"] + "/")).Message);
            using var other = FolderClaim.Take(folder["b"]);
        }
        Assert.Empty(Directory.GetFileSystemEntries(folder.Root));
        FolderClaim.Take(folder["a"]).Dispose();
    }

    [Fact]
    public void What_was_created_for_nothing_goes_and_what_was_there_or_is_used_stays()
    {
        Directory.CreateDirectory(folder["old"]);
        FolderClaim.Take(folder["old", "new", "newer"]).Dispose();
        Assert.Empty(Directory.GetFileSystemEntries(folder["old"]));
        FolderClaim.Take(folder["old"]).Dispose();
        Assert.True(Directory.Exists(folder["old"]));
        using (FolderClaim.Take(folder["old", "new"])) File.WriteAllText(folder["old", "new", "a"], "");
        Assert.Equal([folder["old", "new", "a"]], Directory.GetFiles(folder["old", "new"]));
    }

    [Fact]
    public void A_lock_file_that_a_killed_run_left_is_no_lock()
    {
        Directory.CreateDirectory(folder["a"]);
        File.WriteAllText(folder["a", FolderClaim.LockName], "");
        FolderClaim.Take(folder["a"]).Dispose();
        Assert.Empty(Directory.GetFileSystemEntries(folder["a"]));
    }

    [Fact]
    public void The_output_may_not_lie_in_the_data_by_whatever_path()
    {
        Directory.CreateDirectory(folder["data", "a"]);
        Directory.CreateSymbolicLink(folder["link"], folder["data"]);
        Directory.CreateSymbolicLink(folder["relative"], "data/a");
        Directory.CreateSymbolicLink(folder["deep"], folder["link", "a"]);
        foreach (
            var output in (string[])
                ["data/run", "data/a/b/run", "link/run", "relative", "relative/run", "deep/x", "other/../data/run", "data/./a"])
            foreach (var data in (string[])["data", "link", "data/../data/", "other/../link"])
                Assert.Contains("lies in the folder of the data", Refused(output, data), StringComparison.Ordinal);
        foreach (var output in (string[])["data", "data/", "link", "data/a/.."])
            Assert.Contains("is the folder of the data", Refused(output, "data"), StringComparison.Ordinal);
        foreach (var output in (string[])["run", "data2", "data2/data", "data/../run", "."])
            PathRules.RequireOutside(folder[output], folder["data"]);
        PathRules.RequireOutside(folder["run"], folder["missing"]);
    }

    [Fact]
    public void Links_in_a_circle_end()
    {
        Directory.CreateSymbolicLink(folder["a"], folder["b"]);
        Directory.CreateSymbolicLink(folder["b"], folder["a"]);
        PathRules.RequireOutside(folder["a", "run"], folder.Root + "x");
        Assert.Contains(
            "lies in",
            Assert.Throws<DitException>(() => PathRules.RequireOutside(folder["a", "run"], folder.Root)).Message,
            StringComparison.Ordinal);
    }

    private string Refused(string output, string data) =>
        Assert.Throws<DitException>(() => PathRules.RequireOutside(folder[output], folder[data])).Message;
}
