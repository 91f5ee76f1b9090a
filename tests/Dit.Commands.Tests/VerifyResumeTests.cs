using Dit.Runtime;

namespace Dit.Commands.Tests;

/// <summary><c>dit train --verify-resume</c>: a proof on the user's own run.</summary>
public sealed class VerifyResumeTests(ReportedRun run) : IClassFixture<ReportedRun>
{
    [Fact]
    public void A_few_steps_are_trained_twice_and_nothing_is_left()
    {
        var output = Cli.Run(run.Start("verified", "--steps", "100", "--post-hoc-ema", "--schedule", "cosine", "--verify-resume"))
            .Succeeds();
        Assert.StartsWith(
            "Verified: 6 steps of Small, stopped after step 3 and resumed from the checkpoint, give the same bits as 6 without a break. "
                + "Compared were ",
            output[output.IndexOf("Verified", StringComparison.Ordinal)..],
            StringComparison.Ordinal);
        Assert.EndsWith("and the metrics of 6 steps.\n", output, StringComparison.Ordinal);
        Assert.False(Directory.Exists(run.Path("verified")));
    }

    [Theory, InlineData(false), InlineData(true)]
    public void The_steps_are_those_of_runs_in_a_folder_that_is_removed(bool cheats)
    {
        List<(string Path, int? From, int Until)> made = [];
        var verdict = new ResumeProof(Train, 5).Run(new(run.Path("unused")));
        Assert.Equal([(null, 5), (null, 2), (2, 5)], made.Select(static one => (one.From, one.Until)));
        Assert.All(made, one => Assert.False(Directory.Exists(Path.GetDirectoryName(one.Path))));
        Assert.False(Directory.Exists(run.Path("unused")));
        Assert.Equal(cheats, verdict.Difference is not null);
        Assert.Equal(5, verdict.Steps);

        void Train(TrainingFolder folder, TrainingCheckpoint? from, int until)
        {
            made.Add((folder.Path, from?.Step, until));
            var again = cheats && from is not null;
            if (again) Directory.Delete(folder.Path, recursive: true);
            Cli.Run([
                .. run.Start("", "--sample-every", "0", "--steps", $"{until}", "--seed", again ? "9" : "0").Select(
                    word => word == run.Path("") ? folder.Path : word),
                .. from is null || again ? Array.Empty<string>() : ["--resume"],
            ]).Succeeds();
        }
    }

    [Fact]
    public void A_run_in_the_folder_is_left_alone()
    {
        var before = File.ReadAllBytes(Path.Combine(run.Folder, "checkpoint.safetensors"));
        Cli.Run(run.Start("run & run", "--steps", "4", "--verify-resume")).Succeeds();
        Assert.Equal(before, File.ReadAllBytes(Path.Combine(run.Folder, "checkpoint.safetensors")));
    }

    [Fact]
    public void A_difference_is_named()
    {
        foreach (var (name, seed) in (ReadOnlySpan<(string, string)>)[("a", "1"), ("b", "2"), ("c", "1")])
            Cli.Run(run.Start(name, "--steps", "3", "--seed", seed, "--sample-every", "0")).Succeeds();
        Assert.Null(ResumeProof.Compare(new(run.Path("a")), new(run.Path("c"))).Difference);
        Assert.StartsWith(
            "the tensor 'model.", ResumeProof.Compare(new(run.Path("a")), new(run.Path("b"))).Difference, StringComparison.Ordinal);
        var metrics = Path.Combine(run.Path("c"), "metrics.jsonl");
        File.WriteAllText(
            metrics,
            File.ReadAllText(metrics).Replace("\"step\":2,\"loss\":", "\"step\":2,\"loss\":1", StringComparison.Ordinal));
        Assert.Equal("the metrics of step 2", ResumeProof.Compare(new(run.Path("a")), new(run.Path("c"))).Difference);
    }

    [Fact]
    public void What_makes_no_sense_is_one_line()
    {
        Assert.Equal(
            "--verify-resume tries a run before it begins, and --resume goes on with one: give one of them.",
            Cli.Run(run.Start("x", "--verify-resume", "--resume")).Mistake());
        Assert.StartsWith(
            "A run of 1 step cannot be interrupted", Cli.Run(run.Start("x", "--verify-resume", "--steps", "1")).Mistake(),
            StringComparison.Ordinal);
    }
}
