using System.Diagnostics;
using System.Globalization;
using Dit.Runtime;

namespace Dit.Commands.Tests;

/// <summary><c>dit train</c> and <c>dit sample</c> in two processes that mpirun starts.</summary>
public sealed class SeveralProcessesTests : IDisposable
{
    private static readonly TimeSpan Longest = TimeSpan.FromMinutes(5), ToEnd = TimeSpan.FromSeconds(30);

    // With a different number of threads, products of libtorch may differ in the last bit.
    private static readonly (string Name, string Value) OneThread = ("OMP_NUM_THREADS", "1");

    private readonly TestFolder folder = new();

    public SeveralProcessesTests()
    {
        ShapesDataset.Write(folder.Path("data"), 12, 1, size: 8);
        foreach (var extra in Directory.GetDirectories(folder.Path("data")).Order(StringComparer.Ordinal).Skip(3))
            Directory.Delete(extra, recursive: true);
        folder.File("small.dit.yaml", SmallSpec.Of(classes: 3).Replace("depth: 1", "depth: 2", StringComparison.Ordinal));
    }

    public void Dispose() => folder.Dispose();

    private string[] Train(string name, params string[] more) => Line.With(
        "train",
        [
            ("--data", folder.Path("data")), ("--model", folder.Path("small.dit.yaml")), ("--out", folder.Path(name)), ("--batch", "5"),
            ("--steps", "100"), ("--ema", "0.8"), ("--lr", "0.001"),
        ],
        more);

    private TrainingFolder Run(string name) => new(folder.Path(name));

    [MpiFact]
    public void Two_processes_follow_the_losses_of_one_and_draw_the_same_images()
    {
        var said = Cli.Run(Train("one")).Succeeds();
        using var two = Mpi(Train("two"));
        Assert.Equal(0, two.Code());
        Assert.Equal(Lasting(said.Replace(folder.Path("one"), folder.Path("two"), StringComparison.Ordinal)), Lasting(two.Out()));
        var (expected, actual) = (TrainingMetrics.Read(Run("one").Metrics), TrainingMetrics.Read(Run("two").Metrics));
        Assert.Equal(100, actual.Count);
        Assert.All(expected.Zip(actual), static pair =>
        {
            Assert.Equal(pair.First.Step, pair.Second.Step);
            Near(pair.First.Loss, pair.Second.Loss);
            Near(pair.First.Mse, pair.Second.Mse);
            Near(pair.First.VariationalBound, pair.Second.VariationalBound);
            Near(pair.First.GradientNorm, pair.Second.GradientNorm);
            Assert.Equal(pair.First.SamplesByTime, pair.Second.SamplesByTime);
        });
        foreach (var target in (string[])["images", "grid.png", "numbers.safetensors"]) RequireSameSamples(target);

        // A bound of an early timestep is in the hundreds.
        static void Near(double expected, double actual) => Assert.Equal(expected, actual, 1e-5 * Math.Max(1, expected));

        // Lines of progress come now and then, and .NET greets the terminal that mpirun gives to a process.
        static string[] Lasting(string output) =>
        [
            .. output.Replace("\u001b[?1h\u001b=", "", StringComparison.Ordinal).Split('\n')
                .Where(static line => !line.StartsWith("step ", StringComparison.Ordinal))
                .Where(static line => !line.Contains("checked", StringComparison.Ordinal))
                .Where(static line => !line.StartsWith("Memory", StringComparison.Ordinal)), // of what is free at the moment
        ];
    }

    // Batches of 8, 8 and 5 images: one process draws two of them.
    private void RequireSameSamples(string target)
    {
        string[] Line(string of) =>
            ["sample", "-c", Run("two").Weights, "--count", "7", "--batch", "8", "--seed", "3", "--out", folder.Path(of, target)];

        Directory.CreateDirectory(folder.Path("s1"));
        Directory.CreateDirectory(folder.Path("s2"));
        using var one = Launched.Start(Launched.Host, Launched.Arguments(Line("s1")), OneThread); // images name what draws them
        Assert.Equal(0, one.Code());
        using var two = Mpi(Line("s2"));
        Assert.Equal(0, two.Code());
        var (expected, actual) = (Contents("s1"), Contents("s2"));
        Assert.Equal(expected.Keys, actual.Keys);
        Assert.All(expected, file => Assert.Equal(file.Value, actual[file.Key]));

        SortedDictionary<string, byte[]> Contents(string of) => new(
            Directory.GetFiles(folder.Path(of), "*", SearchOption.AllDirectories)
                .ToDictionary(file => Path.GetRelativePath(folder.Path(of), file), File.ReadAllBytes));
    }

    [MpiFact]
    public void A_process_that_is_killed_ends_all_and_a_whole_checkpoint_stays()
    {
        using var run = Mpi(Train("run", "--steps", "1000000", "--save-every", "5"));
        WaitFor(Run("run").Checkpoint);
        var watch = Stopwatch.StartNew();
        Kill(run.PidOf(rank: 1), "KILL");
        Assert.NotEqual(0, run.Code());
        Assert.InRange(watch.Elapsed, TimeSpan.Zero, ToEnd);
        Assert.NotEqual("", run.Error());
        var kept = TrainingCheckpoint.Newest(Run("run"));
        Assert.Empty(kept.Notes);
        Cli.Run("train", "--data", folder.Path("data"), "--out", folder.Path("run"), "--resume", "--steps", Text(kept.Step + 2)).Succeeds();
    }

    [MpiFact]
    public void A_signal_to_one_process_stops_all_after_the_same_step()
    {
        using var run = Mpi(Train("run", "--steps", "1000000"));
        WaitFor(Run("run").Metrics);
        Kill(run.PidOf(rank: 1), "TERM");
        Assert.Equal(DitCommand.Stopped, run.Code());
        var step = TrainingCheckpoint.Newest(Run("run")).Step;
        Assert.Equal(step, TrainingMetrics.Read(Run("run").Metrics)[^1].Step);
        Assert.Contains($"dit: stopped after step {step} of 1000000; ", run.Error(), StringComparison.Ordinal);
    }

    [MpiFact]
    public void A_mistake_is_said_once()
    {
        Assert.Equal("A batch of 1 cannot be divided among 2 processes, each of which takes 1 image or more: start at most 1 processes, "
            + "or make the batch larger.", Mistake(Train("run", "--batch", "1")));
        Assert.Equal("The image folder nowhere does not exist.", Mistake(Train("run", "--data", "nowhere")));
        Assert.StartsWith(
            "An animation shows what one process draws, and there are 2: ",
            Mistake("sample", "--gif"),
            StringComparison.Ordinal);
        Assert.Empty(folder.Files("run"));

        string Mistake(params string[] args)
        {
            using var run = Mpi(args);
            Assert.Equal(2, run.Code());
            var said = run.Error().Split('\n').Where(static line => line.StartsWith("dit: ", StringComparison.Ordinal));
            return Assert.Single(said)["dit: ".Length..].TrimEnd();
        }
    }

    [Fact]
    public void A_launcher_without_its_library_is_a_mistake()
    {
        using var lost = Tool(("PMI_RANK", "0"), ("PMI_SIZE", "2"), ("DIT_MPI", "/nowhere/libmpi.so"));
        Assert.Equal(2, lost.Code());
        Assert.Equal(
            "dit: mpirun has started this process as one of several, and the MPI library '/nowhere/libmpi.so', named by DIT_MPI, cannot be "
                + "loaded: name a file such as libmpi.so.40, or unset DIT_MPI.\n",
            lost.Error());
        using var second = Tool(("PMI_RANK", "1"), ("PMI_SIZE", "2"), ("DIT_MPI", "/nowhere/libmpi.so"));
        Assert.Equal((2, ""), (second.Code(), second.Error()));
        using var alone = Tool(("PMI_RANK", "1"), ("PMI_SIZE", "2"), ("DIT_MPI", "off"));
        Assert.Equal(0, alone.Code());

        Launched Tool(params (string, string)[] environment) =>
            Launched.Start(Launched.Host, Launched.Arguments(Train("run", "--steps", "1")), environment);
    }

    private static Launched Mpi(params string[] args) => Launched.Start(
        "mpirun",
        ["-n", "2", Launched.Host, .. Launched.Arguments(args)],
        OneThread,
        // Open MPI refuses both by default: more processes than cores, and the user root.
        ("OMPI_MCA_rmaps_base_oversubscribe", "1"),
        ("OMPI_ALLOW_RUN_AS_ROOT", "1"),
        ("OMPI_ALLOW_RUN_AS_ROOT_CONFIRM", "1"));

    private static void WaitFor(string file)
    {
        for (var watch = Stopwatch.StartNew(); !File.Exists(file); Thread.Sleep(20))
            Assert.True(watch.Elapsed < Longest, $"'{file}' does not come.");
    }

    private static void Kill(int process, string signal)
    {
        using var kill = Process.Start("kill", [$"-{signal}", Text(process)]);
        kill.WaitForExit();
        Assert.Equal(0, kill.ExitCode);
    }

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);

    /// <summary>A program that runs, with what it writes.</summary>
    private sealed class Launched : IDisposable
    {
        private readonly Process process;
        private readonly Task<string> output, error;

        private Launched(Process process)
        {
            this.process = process;
            (output, error) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        }

        public static string Host => Environment.ProcessPath ?? "dotnet";

        public static string[] Arguments(string[] args) => ["exec", Path.Combine(AppContext.BaseDirectory, "dit.dll"), .. args];

        public static Launched Start(string program, string[] args, params (string Name, string Value)[] environment)
        {
            var start = new ProcessStartInfo(program, args) { RedirectStandardOutput = true, RedirectStandardError = true };
            foreach (var (name, value) in environment) start.Environment[name] = value;
            return new(Process.Start(start) ?? throw new InvalidOperationException($"'{program}' does not start."));
        }

        /// <summary>The exit code, once the program has ended.</summary>
        public int Code()
        {
            Assert.True(process.WaitForExit(Longest), "The program does not end.");
            return process.ExitCode;
        }

        public string Out() => output.GetAwaiter().GetResult().Replace("\r\n", "\n", StringComparison.Ordinal);

        public string Error() => error.GetAwaiter().GetResult();

        /// <summary>The PID of one of the processes that it has started.</summary>
        public int PidOf(int rank) => Descendants(process.Id).Single(id => Variables(id)
            .Any(variable => variable == $"OMPI_COMM_WORLD_RANK={rank}" || variable == $"PMI_RANK={rank}"));

        private static IEnumerable<int> Descendants(int id) =>
            Directory.EnumerateDirectories($"/proc/{id}/task")
                .SelectMany(static task =>
                    File.ReadAllText(Path.Combine(task, "children")).Split(' ', StringSplitOptions.RemoveEmptyEntries))
                .Select(static child => int.Parse(child, CultureInfo.InvariantCulture))
                .SelectMany(static child => Descendants(child).Prepend(child));

        private static string[] Variables(int id) => File.ReadAllText($"/proc/{id}/environ").Split('\0');

        public void Dispose()
        {
            if (!process.HasExited) process.Kill(entireProcessTree: true);
            process.Dispose();
        }
    }
}

/// <summary>
/// A test that starts processes by mpirun. Without mpirun it is skipped, and counted as skipped; on a build server it
/// fails.
/// </summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class MpiFactAttribute : FactAttribute
{
    private static readonly bool CanRun =
        OperatingSystem.IsLinux() && (Environment.GetEnvironmentVariable("CI") is { Length: > 0 } || IsInstalled());

    /// <inheritdoc/>
    public override string? Skip => CanRun ? null : "There is no mpirun here: apt-get install -y --no-install-recommends openmpi-bin";

    private static bool IsInstalled() => (Environment.GetEnvironmentVariable("PATH") ?? "")
        .Split(Path.PathSeparator)
        .Any(static folder => File.Exists(Path.Combine(folder, "mpirun")));
}
