namespace Dit.Runtime.Tests;

/// <summary>What a process knows of the others, and what all of them agree on.</summary>
public class ProcessGroupTests
{
    [Theory]
    [InlineData("", null)]
    [InlineData("OMPI_COMM_WORLD_RANK=2 OMPI_COMM_WORLD_SIZE=4", "OpenMpi 2 4")]
    [InlineData("PMI_RANK=0 PMI_SIZE=3", "Mpich 0 3")]
    [InlineData("SLURM_PROCID=1 SLURM_STEP_NUM_TASKS=2 SLURM_NTASKS=2", "Slurm 1 2")]
    [InlineData("SLURM_PROCID=0 SLURM_NTASKS=8", null)] // a batch script, which is one process
    [InlineData("OMPI_COMM_WORLD_RANK=0 OMPI_COMM_WORLD_SIZE=1", null)]
    [InlineData("PMI_RANK=1 PMI_SIZE=2 DIT_MPI=off", null)]
    [InlineData("PMI_RANK=x PMI_SIZE=2", null)]
    public void The_environment_says_how_a_process_was_launched(string environment, string? expected)
    {
        var variables = environment.Split(' ', StringSplitOptions.RemoveEmptyEntries)
            .Select(static pair => pair.Split('='))
            .ToDictionary(static pair => pair[0], static pair => pair[1]);
        var launch = Launch.Of(variables.GetValueOrDefault);
        Assert.Equal(expected, launch is null ? null : $"{launch.Launcher} {launch.Rank} {launch.Size}");
    }

    [Fact]
    public void A_process_without_a_launcher_is_alone()
    {
        using var alone = ProcessGroup.Start();
        Assert.Equal((0, 1, true, 0), (alone.Rank, alone.Size, alone.IsFirst, alone.LocalRank));
        Assert.True(alone.Any(true));
        Assert.False(alone.Any(false));
        Assert.Equal([[1, 2]], alone.Exchange([1, 2]));
        Assert.Throws<DitException>(() => alone.Agree(() => throw new DitException("mine")));
    }

    [Fact]
    public void All_processes_learn_what_one_knows()
    {
        var seen = InMemoryProcesses.Run(3, static group => (
            group.Any(group.Rank == 2),
            group.Any(false),
            string.Join(',', group.Exchange(new string('x', group.Rank))),
            group.FirstText(group.Rank == 0 ? "" : $"from {group.Rank}")));
        Assert.All(seen, static one => Assert.Equal((true, false, ",x,xx", "from 1"), one));
    }

    [Fact]
    public void A_mistake_of_one_process_ends_all_in_the_same_way()
    {
        var messages = InMemoryProcesses.Run(3, static group =>
        {
            Assert.Equal("7", group.Agree(static () => "7"));
            var first = 0;
            group.InFirst(() => first++);
            Assert.Equal(group.IsFirst ? 1 : 0, first);
            return Assert.Throws<SharedMistakeException>(
                () => group.Agree(() => group.Rank == 0 ? "fine" : throw new DitException($"Process {group.Rank} cannot."))).Message;
        });
        Assert.All(messages, static message => Assert.Equal("Process 1 cannot.", message));
    }

    [Fact]
    public void Cores_are_divided_among_the_processes_that_share_them()
    {
        ProcessIdentity[] all =
        [
            new("a", 1, "no process", "0-3"), new("b", 1, "no process", "0-3"), new("a", 2, "no process", "0-3"),
            new("a", 3, "no process", "4-7"),
        ];
        var local = Enumerable.Range(0, 4).Select(rank => LocalProcesses.Of(rank, all, cores: 4)).ToArray();
        Assert.Equal([(0, 3, 2), (0, 1, 4), (1, 3, 2), (2, 3, 4)], local.Select(static one => (one.Rank, one.Size, one.Threads)));
        Assert.Equal(1, LocalProcesses.Of(0, all, cores: 1).Threads);
    }

    [Fact]
    public void An_identity_is_a_text()
    {
        var own = ProcessIdentity.Own;
        Assert.Equal(own, ProcessIdentity.Parse(own.ToString()));
    }

    [LinuxFact("Only Linux has /proc.")]
    public void The_end_of_a_local_process_is_seen()
    {
        using var other = System.Diagnostics.Process.Start("sleep", ["60"]);
        var identity = ProcessIdentity.Own with { Id = other.Id, Start = ProcessIdentity.StartOf(other.Id) ?? "" };
        var local = LocalProcesses.Of(0, [ProcessIdentity.Own, identity], cores: 2);
        local.RequireAlive(2);
        other.Kill();
        other.WaitForExit();
        var lost = Assert.Throws<ProcessLostException>(() => local.RequireAlive(2));
        Assert.Equal(
            $"Process 1 of 2 (PID {identity.Id} on {identity.Machine}) has ended before the others.", lost.Message);
        Assert.Empty(LocalProcesses.Of(0, [ProcessIdentity.Own, identity], cores: 2).Peers); // it was never seen alive
    }

    [Theory, InlineData(1, 1), InlineData(7, 3), InlineData(4, 4), InlineData(256, 6), InlineData(int.MaxValue, 5)]
    public void The_parts_of_a_batch_are_all_of_it(int batch, int size)
    {
        var parts = Enumerable.Range(0, size).Select(rank => new BatchShare(rank, size).Of(batch)).ToArray();
        Assert.Equal((0, batch), (parts[0].From, parts[^1].To));
        Assert.Equal(parts.Skip(1).Select(static part => part.From), parts.SkipLast(1).Select(static part => part.To));
        Assert.InRange(parts.Max(static part => part.To - part.From) - parts.Min(static part => part.To - part.From), 0, 1);
    }

    [Fact]
    public void Parameters_fill_buckets_in_their_order()
    {
        var full = new List<int[]>();
        var buckets = new GradientBuckets([4, 5, 20, 1, 9, 1], most: 10, full.Add);
        foreach (var parameter in (int[])[5, 4, 3, 2, 1, 0]) buckets.Add(parameter);
        Assert.Equal([[5, 4], [3], [2]], full);
        buckets.Close();
        buckets.Close();
        Assert.Equal([[5, 4], [3], [2], [1, 0]], full);
    }
}
