using System.Text.RegularExpressions;

namespace Dit.Consumer.Tests;

/// <summary>
/// The repository of docs/pull-requests.md: its files are written and its commands run, one after the other.
/// </summary>
public sealed partial class PullRequestsPageTests(Packed packed) : IClassFixture<Packed>
{
    [Fact]
    public void Every_step_of_the_page_works_and_prints_what_the_page_says()
    {
        Assert.False(OperatingSystem.IsWindows(), "The page is written for a Unix shell, and this test runs where there is one.");
        var folder = Repository();
        Ran? last = null;
        foreach (var block in Blocks(Built.Text("docs", "pull-requests.md")))
        {
            if (block.Language == "output") Prints(last, block.Text);
            else if (block.Language == "sh") last = Run(folder, block);
            else if (block.File.Length > 0)
                folder.Write(block.File, Include().Replace(block.Text, match => match.Groups[1].Value + packed.Version));
        }
        // The tests found their sources though the build did not say where they are.
        var tests = File.ReadAllBytes(Path.Combine(folder.Folder, "digits.Tests", "bin", "Debug", "net10.0", "digits.Tests.dll"));
        Assert.NotEqual(-1, tests.AsSpan().IndexOf(System.Text.Encoding.Unicode.GetBytes("/_/digits.Tests/DigitsTests.cs")));
        Assert.Equal(
            ["main", "wider"],
            folder.Run("git", "branch", "--format=%(refname:short)").Succeeds().Split('\n', StringSplitOptions.RemoveEmptyEntries));
        Assert.Equal("", folder.Run("git", "status", "--porcelain").Succeeds());
    }

    // A number of blocks that are run: none is missed because its fence is written in some other way.
    [Fact]
    public void The_page_has_its_steps() =>
        Assert.Equal(10, Blocks(Built.Text("docs", "pull-requests.md")).Count(static block => block.Language == "sh"));

    private Shell Repository()
    {
        var folder = packed.EmptyFolder("pull-requests").AtADesk();
        var tools = Path.Combine(packed.Shell.Folder, "page-tools");
        folder.Dotnet("tool", "install", "Dit.Cli", "--version", packed.Version, "--tool-path", tools).Succeeds();
        var path = Environment.GetEnvironmentVariable("PATH") ?? "";
        return new[] { "AUTHOR", "COMMITTER" }.Aggregate(folder.With("PATH", $"{tools}{Path.PathSeparator}{path}"), static (shell, who) =>
            shell.With($"GIT_{who}_NAME", "Somebody").With($"GIT_{who}_EMAIL", "somebody@example.org"));
    }

    private static Ran Run(Shell folder, Block block)
    {
        var ran = folder.Run("bash", "-e", "-o", "pipefail", "-c", block.Text);
        if (block.File == "fails") Assert.True(ran.Code != 0, $"This should fail, as the page says:\n{block.Text}\n{ran.All}");
        else ran.Succeeds();
        return ran;
    }

    // Runs of spaces are what columns are aligned with.
    private static void Prints(Ran? ran, string lines)
    {
        var printed = Spaces().Replace(ran?.All ?? "", " ");
        Assert.All(lines.Split('\n', StringSplitOptions.RemoveEmptyEntries), line =>
            Assert.Contains(Spaces().Replace(line, " ").Trim(), printed, StringComparison.Ordinal));
    }

    private static IEnumerable<Block> Blocks(string page) =>
        Fence()
            .Matches(page.ReplaceLineEndings("\n"))
            .Select(static match => new Block(match.Groups["language"].Value, match.Groups["file"].Value, match.Groups["text"].Value));

    /// <summary>
    /// A fenced block: <c>sh</c> is run, <c>sh fails</c> has to fail, <c>output</c> is what it prints, and one with the
    /// name of a file is written.
    /// </summary>
    private sealed record Block(string Language, string File, string Text);

    [GeneratedRegex(@"(Include=""Dit\.[A-Za-z]+"" Version="")0\.1\.0(?="")")]
    private static partial Regex Include();

    [GeneratedRegex(@"^```(?<language>[a-z]+)(?: (?<file>\S+))?\n(?<text>.*?)^```$", RegexOptions.Multiline | RegexOptions.Singleline)]
    private static partial Regex Fence();

    [GeneratedRegex(@" +")]
    private static partial Regex Spaces();
}
