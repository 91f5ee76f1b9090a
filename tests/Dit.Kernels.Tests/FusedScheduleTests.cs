using System.Collections.Concurrent;
using CsCheck;

namespace Dit.Kernels.Tests;

/// <summary>Passes that go through their phases each by itself.</summary>
public class FusedScheduleTests
{
    [Fact]
    public void Every_task_is_done_once_and_after_all_tasks_of_its_passs_last_phase() =>
        Gen.Select(Gen.Int[1, 5].Array[1, 6], Gen.Int[1, 6], Gen.Int[0, 3], Gen.Int[1, 4]).Sample((tasks, passes, spare, threads) =>
        {
            using var workers = new WorkerPool().Lease(threads);
            (FusedPhase Phase, int Tasks)[] phases = [.. tasks.Select(static count => ((FusedPhase)new Nothing(), count))];
            var schedule = new FusedSchedule(phases, passes + spare);
            var done = new ConcurrentQueue<(int Pass, int Phase, int Task)>();
            // One piece of work for all rounds: a worker that leaves a round late may take a task of the next one.
            var work = new Scheduled(schedule, (phase, pass, task) =>
            {
                var index = Array.FindIndex(phases, pair => ReferenceEquals(pair.Phase, phase));
                Assert.Equal(Enumerable.Range(0, index).Sum(i => tasks[i]), done.Count(other => other.Pass == pass && other.Phase < index));
                done.Enqueue((pass, index, task));
            });
            for (var round = 0; round < 2; round++) // it can be begun again
            {
                done = new();
                schedule.Begin(passes);

                workers.Run(work);

                Assert.Equal(
                    from phase in Enumerable.Range(0, tasks.Length)
                    from task in Enumerable.Range(0, passes * tasks[phase])
                    select (task / tasks[phase], phase, task),
                    done.OrderBy(static task => task.Phase).ThenBy(static task => task.Task));
            }
        }, iter: 100, threads: 1);

    [Fact]
    public void Nobody_waits_for_a_task_that_failed_and_the_next_round_is_sound()
    {
        using var workers = new WorkerPool().Lease(3);
        var schedule = new FusedSchedule([(new Nothing(), 1), (new Nothing(), 4)], 1);
        schedule.Begin(1);

        var error = Assert.Throws<InvalidOperationException>(() => workers.Run(new Scheduled(schedule, (_, _, _) =>
        {
            Thread.Sleep(20); // until the others wait
            throw new InvalidOperationException("The first task.");
        })));

        Assert.Equal("The first task.", error.Message);
        var done = 0;
        schedule.Begin(1);
        workers.Run(new Scheduled(schedule, (_, _, _) => Interlocked.Increment(ref done)));
        Assert.Equal(5, done);
    }

    [Fact]
    public void A_batch_without_passes_is_done_at_once()
    {
        var schedule = new FusedSchedule([(new Nothing(), 1)], 2);
        schedule.Begin(0);

        Assert.False(schedule.TryTake(out _, out _, out _));
        schedule.Finish();
    }

    private sealed class Scheduled(FusedSchedule schedule, Action<FusedPhase, int, int> body) : IWork
    {
        public void Join(int worker)
        {
            while (schedule.TryTake(out var phase, out var pass, out var task))
            {
                try
                {
                    body(phase, pass, task);
                }
                catch (Exception e)
                {
                    schedule.Fail(e);
                    continue;
                }
                schedule.Done(pass);
            }
            if (worker == 0) schedule.Finish();
        }
    }

    private sealed class Nothing : FusedPhase
    {
        public override int Tasks(FusedWorkspace workspace) => throw new NotSupportedException();

        public override void Run(FusedWorkspace workspace, int task, FusedScratch scratch) => throw new NotSupportedException();
    }
}
