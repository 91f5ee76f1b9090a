
namespace Dit.Commands.Tests;

/// <summary>
/// Specs at git revisions, in a repository with three commits: a model, a deeper one (tagged deeper, from a branch with
/// a slash), and one that is broken.
/// </summary>
public sealed class GitDiffTests : IDisposable
{
    private const string Small = """
        model: Small
        depth: 2
        width: 64
        heads: 4
        patch_size: 2
        input: { channels: 3, size: 8 }
        conditioning: { classes: 5 }
        """;

    private static readonly string Deeper = Small.Replace("depth: 2", "depth: 3", StringComparison.Ordinal);

    private readonly TestFolder folder = new();
    private readonly string before = Directory.GetCurrentDirectory();
    private readonly string file;

    public GitDiffTests()
    {
        Directory.CreateDirectory(folder.Path("specs", "more"));
        file = folder.Path("specs", "small.dit.yaml");
        Git("init", "-q", "-b", "main");
        Commit("first", Small);
        Git("branch", "feature/first");
        Commit("second", Deeper);
        Git("tag", "deeper");
        Commit("third", Small.Replace("heads: 4", "heads: 5", StringComparison.Ordinal));
        Git("tag", "broken");
        File.WriteAllText(file, Deeper.Replace("classes: 5", "classes: 6", StringComparison.Ordinal));
        Directory.SetCurrentDirectory(folder.Root);
    }

    public void Dispose()
    {
        Directory.SetCurrentDirectory(before);
        // git makes its objects read-only, which keeps Windows from deleting them
        foreach (var path in Directory.EnumerateFiles(folder.Root, "*", SearchOption.AllDirectories))
            File.SetAttributes(path, FileAttributes.Normal);
        folder.Dispose();
    }

    private void Git(params string[] args) =>
        Assert.Equal((0, ""), new Git(folder.Root, CancellationToken.None).Run(args) is var result ? (result.Code, result.Error) : default);

    private void Commit(string message, string text)
    {
        File.WriteAllText(file, text);
        Git("add", "-A");
        Git(
            "-c", "user.name=Test", "-c", "user.email=test@example.invalid", "-c", "commit.gpgsign=false", "commit", "-q", "--no-verify",
            "-m", message);
    }

    [Fact]
    public void A_folder_at_a_revision_is_read_by_either_ending_of_its_specs()
    {
        File.Move(folder.Path("specs", "small.dit.yaml"), folder.Path("specs", "small.dit.yml"));
        Git("add", "-A");
        Git(
            "-c", "user.name=Test", "-c", "user.email=test@example.invalid", "-c", "commit.gpgsign=false", "commit", "-q", "--no-verify",
            "-m", "renamed");

        Assert.Contains("conditioning.classes  5 -> 6", Cli.Run("diff", "deeper:specs", "HEAD:specs").Succeeds(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("feature/first:specs/small.dit.yaml", "deeper:specs/small.dit.yaml", "depth 2 -> 3")]
    [InlineData("HEAD~2:./specs/small.dit.yaml", "HEAD~1:specs/small.dit.yaml", "depth 2 -> 3")]
    [InlineData("feature/first", "specs/small.dit.yaml", "depth 2 -> 3, conditioning.classes 5 -> 6")]
    [InlineData("deeper", "specs", "conditioning.classes 5 -> 6")]
    [InlineData("deeper", ".", "conditioning.classes 5 -> 6")]
    [InlineData("deeper:specs", "specs/small.dit.yaml", "conditioning.classes 5 -> 6")]
    [InlineData("deeper:", "specs/", "conditioning.classes 5 -> 6")]
    [InlineData("specs/small.dit.yaml", "deeper:specs/small.dit.yaml", "conditioning.classes 6 -> 5")]
    [InlineData("feature/first", "deeper:specs/small.dit.yaml", null)]
    public void Revisions_are_read(string a, string b, string? settings)
    {
        if (settings is null)
        {
            Assert.Equal($"There is no file or folder '{a}'.", Cli.Run("diff", a, b).Mistake());
            return;
        }
        using var json = System.Text.Json.JsonDocument.Parse(Cli.Run("diff", "--json", a, b).Succeeds());
        Assert.Equal(settings, string.Join(", ", json.RootElement.GetProperty("models")[0].GetProperty("settings").EnumerateArray()
            .Select(static s =>
                $"{s.GetProperty("key").GetString()} {s.GetProperty("from").GetString()} -> {s.GetProperty("to").GetString()}")));
    }

    // As a workflow writes the comment of a pull request.
    [Fact]
    public void Two_revisions_are_the_current_folder_at_each()
    {
        Assert.StartsWith(
            "feature/first:. -> deeper:.\n1 model changed\n", Cli.Run("diff", "feature/first", "deeper").Succeeds(),
            StringComparison.Ordinal);
        Assert.StartsWith(
            "<!-- dit diff -->\n**Old checkpoints do not load** for `Small`.\n\nBetween `feature/first:.` and `HEAD~1:.`: ",
            Cli.Run("diff", "feature/first", "HEAD~1", "--markdown").Succeeds(),
            StringComparison.Ordinal);
        Assert.StartsWith(
            "broken:./specs/small.dit.yaml(3,8): error DIT101: ", Cli.Run("diff", "deeper", "broken").Out, StringComparison.Ordinal);
        Assert.StartsWith(
            "There is no file or folder 'nowhere', and no revision 'nowhere' in the git repository of ",
            Cli.Run("diff", "deeper", "nowhere").Mistake(),
            StringComparison.Ordinal);
        Directory.SetCurrentDirectory(folder.Path("specs"));
        Assert.StartsWith(
            "feature/first:. -> deeper:.\n1 model changed\n", Cli.Run("diff", "feature/first", "deeper").Succeeds(),
            StringComparison.Ordinal);
    }

    [Fact]
    public void A_repository_may_get_its_first_spec_and_lose_its_last()
    {
        Git("rm", "-q", "-r", "-f", "specs");
        Git(
            "-c", "user.name=Test", "-c", "user.email=test@example.invalid", "-c", "commit.gpgsign=false", "commit", "-q", "--no-verify",
            "-m", "none");

        Assert.Contains(
            "**No old checkpoint is affected**: models are only added.\n\nBetween `HEAD:.` and `deeper:.`: 1 model added.\n",
            Cli.Run("diff", "HEAD", "deeper", "--markdown").Succeeds(),
            StringComparison.Ordinal);
        Assert.Contains("\n1 model removed\n", Cli.Run("diff", "deeper", "HEAD").Succeeds(), StringComparison.Ordinal);
        Assert.Equal(
            "There is no *.dit.yaml or *.dit.yml file in 'HEAD:.', and none in 'HEAD:.'.",
            Cli.Run("diff", "HEAD", "HEAD").Mistake());
    }

    [Fact]
    public void From_below_the_top_a_revision_is_of_the_file_that_is_named()
    {
        Directory.SetCurrentDirectory(folder.Path("specs", "more"));

        var file = Path.Combine("..", "small.dit.yaml");
        Assert.StartsWith(
            $"deeper:{file} -> {file}\n1 model changed\n", Cli.Run("diff", "deeper", file).Succeeds(), StringComparison.Ordinal);
        Assert.StartsWith("deeper:.. -> ..\n1 model changed\n", Cli.Run("diff", "deeper", "..").Succeeds(), StringComparison.Ordinal);
        Assert.StartsWith(
            "deeper:../small.dit.yaml -> ",
            Cli.Run("diff", "deeper:../small.dit.yaml", file).Succeeds(),
            StringComparison.Ordinal);
    }

    [Fact]
    public void The_staged_file_is_a_revision_too()
    {
        Git("add", "-A");
        File.WriteAllText(file, Small);

        Assert.Contains(
            "depth                 3 -> 2",
            Cli.Run("diff", ":specs/small.dit.yaml", "specs/small.dit.yaml").Succeeds(),
            StringComparison.Ordinal);
    }

    [Fact]
    public void A_file_that_exists_is_meant_before_a_revision()
    {
        File.WriteAllText(folder.Path("deeper"), Small);

        Assert.StartsWith(
            "deeper -> specs/small.dit.yaml\n",
            Cli.Run("diff", "deeper", "specs/small.dit.yaml").Succeeds(),
            StringComparison.Ordinal);
    }

    [Fact]
    public void Odd_file_names_are_only_names()
    {
        File.WriteAllText(folder.Path("-x $(touch hacked) ü.dit.yaml"), Small);
        Git("add", "-A");
        Git(
            "-c", "user.name=Test", "-c", "user.email=test@example.invalid", "-c", "commit.gpgsign=false", "commit", "-q", "--no-verify",
            "-m", "odd");

        Assert.EndsWith(
            "1 model, nothing differs\n",
            Cli.Run("diff", "HEAD", "--", "-x $(touch hacked) ü.dit.yaml").Succeeds(),
            StringComparison.Ordinal);
        Assert.EndsWith(
            "1 model, nothing differs\n",
            Cli.Run("diff", "HEAD:-x $(touch hacked) ü.dit.yaml", "--", "-x $(touch hacked) ü.dit.yaml").Succeeds(),
            StringComparison.Ordinal);
        Assert.False(File.Exists(folder.Path("hacked")));
    }

    [Fact]
    public void A_spec_with_a_byte_order_mark_is_read_as_without()
    {
        Commit("mark", "\uFEFF" + Deeper);

        Assert.EndsWith("nothing differs\n", Cli.Run("diff", "deeper", "specs/small.dit.yaml").Succeeds(), StringComparison.Ordinal);
        Assert.EndsWith("nothing differs\n", Cli.Run("diff", "HEAD:specs", "deeper:specs").Succeeds(), StringComparison.Ordinal);
    }

    [Fact]
    public void Errors_at_a_revision_have_their_place()
    {
        var result = Cli.Run("diff", "broken", "specs/small.dit.yaml");

        Assert.StartsWith("broken:specs/small.dit.yaml(3,8): error DIT101: ", result.Out, StringComparison.Ordinal);
        Assert.Equal("broken:specs/small.dit.yaml has 1 error.", result.Mistake());
        Assert.StartsWith("broken:specs/small.dit.yaml(3,8): ", Cli.Run("diff", "broken:specs", "specs").Out, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(
        "deeper:none.dit.yaml",
        "There is no 'none.dit.yaml' at revision 'deeper'; paths count from the top of the repository, or from here when they start with "
            + "./.")]
    [InlineData("deeper:./none.dit.yaml", "There is no './none.dit.yaml' at revision 'deeper'.")]
    [InlineData("nowhere:specs", "There is no file or folder 'nowhere:specs', and no revision 'nowhere' in the git repository of {0}.")]
    [InlineData("nowhere", "There is no file or folder 'nowhere', and no revision 'nowhere' in the git repository of {0}.")]
    [InlineData("none.dit.yaml", "There is no file or folder 'none.dit.yaml'.")]
    [InlineData("deeper:.gitignore", "There is no '.gitignore' at revision 'deeper'.")]
    public void What_is_not_there_is_one_line(string a, string message)
    {
        var line = Cli.Run("diff", a, "specs").Mistake().Replace(folder.Path("specs"), "{0}", StringComparison.Ordinal);

        // The current folder, which on macOS is called otherwise than the temporary folder is.
        Assert.Equal(message, line.Replace(Directory.GetCurrentDirectory(), "{0}", StringComparison.Ordinal));
    }

    [Fact]
    public void A_file_that_is_new_has_no_old_revision()
    {
        File.WriteAllText(folder.Path("specs", "new.dit.yaml"), Small);

        Assert.Equal("There is no 'specs/new.dit.yaml' at revision 'deeper'.", Cli.Run("diff", "deeper", "specs/new.dit.yaml").Mistake());
        Assert.Equal("There is no 'specs/more' at revision 'deeper'.", Cli.Run("diff", "deeper", "specs/more").Mistake());
    }

    [Fact]
    public void A_folder_without_a_repository_is_one_line()
    {
        using var outside = new TestFolder();
        var message = Cli.Run("diff", "main", outside.File("a.dit.yaml", Small)).Mistake();

        Assert.StartsWith(
            $"There is no file or folder 'main', and it cannot be read as a git revision in {outside.Root}: fatal: not a git repository",
            message,
            StringComparison.Ordinal);
    }

    [Fact]
    public void Without_git_there_is_one_line_and_no_program_of_the_current_folder_is_taken_for_it()
    {
        File.WriteAllText(folder.Path("git"), "#!/bin/sh\ntouch hacked\n");
        if (!OperatingSystem.IsWindows()) File.SetUnixFileMode(folder.Path("git"), UnixFileMode.UserRead | UnixFileMode.UserExecute);
        var path = Environment.GetEnvironmentVariable("PATH");
        Environment.SetEnvironmentVariable("PATH", ".");
        try
        {
            Assert.Equal(
                "git is not on the PATH, and revisions cannot be read without it; compare two files, or install git.",
                Cli.Run("diff", "deeper", "specs/small.dit.yaml").Mistake());
        }
        finally
        {
            Environment.SetEnvironmentVariable("PATH", path);
        }
        Assert.False(File.Exists(folder.Path("hacked")));
    }

    [Theory]
    [InlineData("main:a.dit.yaml", 4)]
    [InlineData(":a.dit.yaml", 0)]
    [InlineData("main@{2024-01-01 10:30}:a.dit.yaml", 23)]
    [InlineData("C:\\specs\\a.dit.yaml", -1)]
    [InlineData("c:/specs/a.dit.yaml", -1)]
    [InlineData("c:specs/a.dit.yaml", 1)]
    [InlineData("-main:a.dit.yaml", -1)]
    [InlineData("a.dit.yaml", -1)]
    public void The_colon_of_a_revision_is_none_of_a_drive(string word, int colon) => Assert.Equal(colon, SpecSource.PathAt(word));
}
