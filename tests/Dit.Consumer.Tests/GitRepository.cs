namespace Dit.Consumer.Tests;

/// <summary>A folder under git, made by a test, with commits that are the same in every run.</summary>
internal sealed class GitRepository : IDisposable
{
    // What git takes from the machine's configuration, or from the hook that may be running these tests.
    private static readonly Dictionary<string, string?> Settings = new()
    {
        ["GIT_CONFIG_NOSYSTEM"] = "1",
        ["GIT_CONFIG_GLOBAL"] = OperatingSystem.IsWindows() ? "NUL" : "/dev/null",
        ["GIT_DIR"] = null,
        ["GIT_INDEX_FILE"] = null,
        ["GIT_WORK_TREE"] = null,
        ["GIT_AUTHOR_NAME"] = "Somebody",
        ["GIT_AUTHOR_EMAIL"] = "somebody@example.org",
        ["GIT_AUTHOR_DATE"] = "2026-01-02T03:04:06Z",
        ["GIT_COMMITTER_NAME"] = "Somebody",
        ["GIT_COMMITTER_EMAIL"] = "somebody@example.org",
        ["GIT_COMMITTER_DATE"] = "2026-01-02T03:04:06Z",
        ["NUGET_PACKAGES"] = Built.PackageFolders[0],
    };

    private static readonly HashSet<string> LeftOut = [".git", "bin", "obj", "snapshots", "artifacts"];

    private readonly string root = Path.Combine(Path.GetTempPath(), "dit-repository-" + Guid.NewGuid().ToString("N")[..12]);

    /// <summary>An empty folder, in which nothing is committed yet.</summary>
    /// <param name="name">Of the folder, for builds of which the path must not matter.</param>
    public GitRepository(string name = "repository")
    {
        Shell = new Shell(Directory.CreateDirectory(Path.Combine(root, name)).FullName, Settings);
        Git("init", "--quiet", "--initial-branch", "main");
    }

    public Shell Shell { get; }

    /// <summary>A place for what is not part of the repository.</summary>
    public string Beside(string name) => Path.Combine(root, name);

    /// <summary>The sources of this repository as they lie on the disk, without its tests and what was built.</summary>
    public static GitRepository OfSources(string name)
    {
        var repository = new GitRepository(name);
        foreach (var file in Sources(Built.Root))
        {
            var copy = Path.Combine(repository.Shell.Folder, Path.GetRelativePath(Built.Root, file));
            Directory.CreateDirectory(Path.GetDirectoryName(copy) ?? "");
            File.Copy(file, copy);
        }
        repository.Commit("The sources");
        return repository;
    }

    public string Git(params string[] arguments) => Shell.Run("git", arguments).Succeeds().Trim();

    /// <summary>Commits all that there is; a message of its own makes a commit of its own.</summary>
    public void Commit(string message)
    {
        Git("add", "--all");
        Git("commit", "--quiet", "--allow-empty", "--message", message);
    }

    /// <summary>The first digits of the last commit's name, as versions have them.</summary>
    public string Head => Git("rev-parse", "HEAD")[..10];

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var file in new DirectoryInfo(root).EnumerateFiles("*", SearchOption.AllDirectories))
            file.Attributes = FileAttributes.Normal; // git's own are read-only
        Directory.Delete(root, recursive: true);
    }

    private static IEnumerable<string> Sources(string folder) =>
        Directory.EnumerateFiles(folder).Where(static file => Path.GetFileName(file) != ".git")
            .Concat(Directory.EnumerateDirectories(folder).Where(IsSource).SelectMany(Sources));

    // The tests of this repository are none of its sources; a template's are.
    private static bool IsSource(string folder) =>
        !LeftOut.Contains(Path.GetFileName(folder)) && folder != Path.Combine(Built.Root, "tests");
}
