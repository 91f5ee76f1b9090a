using System.Diagnostics;
using Dit.Runtime;

namespace Dit.Commands.Tests;

/// <summary><c>dit train --resume</c>: a run that was stopped, or whose process was killed, goes on.</summary>
public sealed class TrainResumeTests : IDisposable
{
    private readonly TestFolder folder = new();

    public TrainResumeTests()
    {
        ShapesDataset.Write(folder.Path("data"), 12, 1, size: 8);
        foreach (var extra in Directory.GetDirectories(folder.Path("data")).Order(StringComparer.Ordinal).Skip(3))
            Directory.Delete(extra, recursive: true);
        folder.File("small.dit.yaml", SmallSpec.Of(classes: 3));
    }

    public void Dispose() => folder.Dispose();

    private string[] Run(string name, params string[] more) =>
        ["train", "--data", folder.Path("data"), "--out", folder.Path(name), .. more];

    private string[] Start(string name, params string[] more) =>
        Run(
            name,
            ["--model", folder.Path("small.dit.yaml"), "--batch", "3", "--steps", "30", "--save-every", "2", "--ema", "0.8", .. more]);

    private void RequireSame(string expected, string actual) => Assert.All(
        (string[])["weights.safetensors", "checkpoint.safetensors", "loss.csv"],
        file => Assert.Equal(File.ReadAllBytes(folder.Path(expected, file)), File.ReadAllBytes(folder.Path(actual, file))));

    [Fact]
    public void A_run_that_was_stopped_goes_on_with_its_own_recipe_and_spec()
    {
        Cli.Run(Start("whole")).Succeeds();
        var stopped = Cli.RunUntil("step 11/", Start("run"));
        Assert.Equal(DitCommand.Stopped, stopped.Code);
        Assert.Contains(", and --resume goes on from it.", stopped.Error, StringComparison.Ordinal);
        Assert.StartsWith("Going on after step 11 with Small ", Cli.Run(Run("run", "--resume")).Succeeds(), StringComparison.Ordinal);
        RequireSame("whole", "run");
    }

    [Fact]
    public void What_does_not_belong_to_the_run_is_one_line()
    {
        Cli.RunUntil("step 3/", Start("run"));
        Assert.EndsWith(
            "BatchSize is 3 there and 4 here. Resume with the values of the run, or start a new one.",
            Cli.Run(Run("run", "--resume", "--batch", "4")).Mistake(),
            StringComparison.Ordinal);
        folder.File("other.dit.yaml", SmallSpec.Of(classes: 3).Replace("width: 32", "width: 48", StringComparison.Ordinal));
        Assert.Contains(
            "was trained with a different spec (Small: width 32 -> 48; ",
            Cli.Run(Run("run", "--resume", "--model", folder.Path("other.dit.yaml"))).Mistake(),
            StringComparison.Ordinal);
        Assert.StartsWith("There is no checkpoint in ", Cli.Run(Run("none", "--resume")).Mistake(), StringComparison.Ordinal);
        Assert.StartsWith("--save-minutes is 0", Cli.Run(Run("none", "--save-minutes", "0")).Mistake(), StringComparison.Ordinal);
        Assert.StartsWith("A run keeps 1 or more", Cli.Run(Start("none", "--keep", "0")).Mistake(), StringComparison.Ordinal);
    }

    // The processes are killed at moments that differ from run to run; what comes out may not.
    [UnixTheory("It kills the tool."), InlineData(3)]
    public void A_process_that_is_killed_loses_nothing(int kills)
    {
        Cli.Run(Start("whole")).Succeeds();
        for (var kill = 0; kill < kills; kill++)
        {
            var before = File.Exists(folder.Path("run", "checkpoint.safetensors"))
                ? Directory.GetLastWriteTimeUtc(folder.Path("run"))
                : default;
            using var tool = Tool(kill == 0 ? Start("run") : Run("run", "--resume"));
            while (!tool.HasExited && (!File.Exists(folder.Path("run", "checkpoint.safetensors"))
                || Directory.GetLastWriteTimeUtc(folder.Path("run")) == before)) Thread.Sleep(1);
            Thread.Sleep(Random.Shared.Next(30));
            tool.Kill(entireProcessTree: true);
            tool.WaitForExit();
        }
        Cli.Run(Run("run", "--resume")).Succeeds();
        RequireSame("whole", "run");
        Assert.DoesNotContain(folder.Files("run"), static file => file.EndsWith(".tmp", StringComparison.Ordinal));
    }

    private static Process Tool(string[] args)
    {
        var host = Environment.ProcessPath ?? "dotnet";
        var start = new ProcessStartInfo(host) { RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (var argument in (string[])["exec", Path.Combine(AppContext.BaseDirectory, "dit.dll"), .. args])
            start.ArgumentList.Add(argument);
        return Process.Start(start) ?? throw new InvalidOperationException("The tool does not start.");
    }
}
