using System.Collections.Concurrent;
using CsCheck;
using Dit.Runtime.Kernels;

namespace Dit.Runtime.Tests;

/// <summary>Passes that go through their phases each by itself.</summary>
public class FusedScheduleTests
{
    [Fact]
    public void Every_task_is_done_once_and_after_all_tasks_of_its_passs_last_phase() =>
        Gen.Select(Gen.Int[1, 5].Array[1, 6], Gen.Int[1, 6], Gen.Int[0, 3], Gen.Int[1, 4]).Sample((tasks, passes, spare, threads) =>
        {
            using var workers = new Workers(threads);
            (FusedPhase Phase, int Tasks)[] phases = [.. tasks.Select(static count => ((FusedPhase)new Nothing(), count))];
            var schedule = new FusedSchedule(phases, passes + spare);
            for (var round = 0; round < 2; round++) // it can be begun again
            {
                var done = new ConcurrentQueue<(int Pass, int Phase, int Task)>();

                workers.Run(schedule.Begin(passes), (_, _) =>
                {
                    Assert.True(schedule.TryTake(out var phase, out var pass, out var task));
                    var index = Array.FindIndex(phases, pair => ReferenceEquals(pair.Phase, phase));
                    Assert.Equal(Enumerable.Range(0, index).Sum(i => tasks[i]), done.Count(other => other.Pass == pass && other.Phase < index));
                    done.Enqueue((pass, index, task));
                    schedule.Done(pass);
                });

                Assert.Equal(
                    from phase in Enumerable.Range(0, tasks.Length) from task in Enumerable.Range(0, passes * tasks[phase]) select (task / tasks[phase], phase, task),
                    done.OrderBy(static task => task.Phase).ThenBy(static task => task.Task));
            }
        }, iter: 100, threads: 1);

    [Fact]
    public void Nobody_waits_for_a_task_that_failed()
    {
        using var workers = new Workers(3);
        var schedule = new FusedSchedule([(new Nothing(), 1), (new Nothing(), 4)], 1);

        Assert.Throws<InvalidOperationException>(() => workers.Run(schedule.Begin(1), (_, _) =>
        {
            if (!schedule.TryTake(out _, out _, out _)) return;
            Thread.Sleep(20); // until the others wait
            schedule.Fail();
            throw new InvalidOperationException();
        }));
        workers.Run(schedule.Begin(1), (_, _) =>
        {
            Assert.True(schedule.TryTake(out _, out var pass, out _));
            schedule.Done(pass);
        });
    }

    private sealed class Nothing : FusedPhase
    {
        public override int Tasks(FusedWorkspace workspace) => throw new NotSupportedException();

        public override void Run(FusedWorkspace workspace, int task, FusedScratch scratch) => throw new NotSupportedException();
    }
}
