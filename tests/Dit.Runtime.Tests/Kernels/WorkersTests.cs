using Dit.Runtime.Kernels;

namespace Dit.Runtime.Tests;

/// <summary>Threads that share tasks.</summary>
public class WorkersTests
{
    [Theory]
    [InlineData(1), InlineData(2), InlineData(3), InlineData(17)] // more than there are cores too
    public void Every_task_is_done_once_in_every_round(int threads)
    {
        using var workers = new Workers(threads);
        Assert.Equal(threads, workers.Count);
        var done = new int[100];
        var busy = new int[threads];
        for (var round = 0; round < 300; round++)
        {
            var count = round % (done.Length + 1);
            Array.Clear(done);
            workers.Run(count, (task, worker) =>
            {
                Assert.Equal(1, Interlocked.Increment(ref busy[worker])); // a worker's memory is its own
                Interlocked.Increment(ref done[task]);
                Interlocked.Decrement(ref busy[worker]);
            });
            Assert.Equal([.. Enumerable.Repeat(1, count), .. Enumerable.Repeat(0, done.Length - count)], done);
        }
    }

    [Fact]
    public void Those_that_fell_asleep_come_back()
    {
        using var workers = new Workers(3);
        var done = 0;
        for (var round = 0; round < 5; round++)
        {
            Thread.Sleep(20); // far longer than they look for work
            workers.Run(50, (_, _) => Interlocked.Increment(ref done));
        }
        Assert.Equal(250, done);
    }

    [Theory, InlineData(1), InlineData(2), InlineData(5)]
    public void What_a_task_throws_comes_through_and_the_next_round_is_sound(int threads)
    {
        using var workers = new Workers(threads);
        for (var round = 0; round < 50; round++)
        {
            var error = Assert.Throws<DitException>(() => workers.Run(20, (task, _) => { if (task == round % 20) throw new DitException($"task {task}"); }));
            Assert.Equal($"task {round % 20}", error.Message);

            var done = 0;
            workers.Run(20, (_, _) => Interlocked.Increment(ref done));
            Assert.Equal(20, done);
        }
    }

    [Theory, InlineData(1), InlineData(4)]
    public void They_end_once_and_refuse_work_afterwards(int threads)
    {
        var before = Workers.LivingThreads;
        var workers = new Workers(threads);
        workers.Run(8, static (_, _) => { });
        Assert.Equal(before + threads - 1, Workers.LivingThreads);
        workers.End();
        workers.Dispose();
        workers.Dispose();
        Assert.Equal(before, Workers.LivingThreads);

        Assert.Throws<ObjectDisposedException>(() => workers.Run(8, static (_, _) => { }));
        new Workers(threads).Dispose(); // without ever having worked
    }

    [Theory, InlineData(1), InlineData(4)]
    public void A_round_allocates_nothing(int threads)
    {
        using var workers = new Workers(threads);
        var done = 0;
        WorkerTask task = (_, _) => Interlocked.Increment(ref done);
        for (var round = 0; round < 100; round++) workers.Run(16, task);
        var before = GC.GetAllocatedBytesForCurrentThread();

        for (var round = 0; round < 100; round++) workers.Run(16, task);

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    [Theory, InlineData(0), InlineData(-3)]
    public void One_is_the_least(int threads)
    {
        using var workers = new Workers(threads);
        Assert.Equal(1, workers.Count);
    }
}
