namespace Dit.Kernels.Tests;

/// <summary>Threads that share tasks.</summary>
public class WorkerPoolTests
{
    private readonly WorkerPool pool = new();

    [Theory]
    [InlineData(1), InlineData(2), InlineData(3), InlineData(17)] // more than there are cores too
    public void Every_task_is_done_once_in_every_round_and_a_worker_does_one_at_a_time(int threads)
    {
        using var workers = pool.Lease(threads);
        Assert.Equal(threads, workers.Threads);
        var done = new int[100];
        var busy = new int[threads];
        for (var round = 0; round < 300; round++)
        {
            var count = round % (done.Length + 1);
            Array.Clear(done);
            workers.Run(new Tasks(count, (task, worker) =>
            {
                Assert.Equal(1, Interlocked.Increment(ref busy[worker])); // a worker's memory is its own
                Interlocked.Increment(ref done[task]);
                Interlocked.Decrement(ref busy[worker]);
            }));
            Assert.Equal([.. Enumerable.Repeat(1, count), .. Enumerable.Repeat(0, done.Length - count)], done);
        }
    }

    [Theory, InlineData(1), InlineData(2), InlineData(5)]
    public void A_loop_does_every_task_once(int threads)
    {
        using var workers = pool.Lease(threads);
        for (var round = 0; round < 300; round++)
        {
            var done = new int[round % 20];
            workers.Run(done.Length, task => Interlocked.Increment(ref done[task]));
            Assert.All(done, static times => Assert.Equal(1, times));
        }
    }

    [Fact]
    public void Those_that_fell_asleep_come_back()
    {
        using var workers = pool.Lease(3);
        var done = 0;
        for (var round = 0; round < 5; round++)
        {
            Thread.Sleep(20); // far longer than they look for work
            workers.Run(50, _ => Interlocked.Increment(ref done));
        }
        Assert.Equal(250, done);
    }

    [Fact]
    public void All_workers_of_a_lease_take_part()
    {
        using var workers = pool.Lease(3);
        using var together = new Barrier(3);
        for (var round = 0; round < 20; round++)
        {
            if (round % 5 == 0) Thread.Sleep(20); // asleep or awake
            workers.Run(3, _ => Assert.True(together.SignalAndWait(TimeSpan.FromSeconds(60)), "A worker did not come."));
        }
    }

    [Theory, InlineData(1), InlineData(2), InlineData(5)]
    public void What_a_task_throws_comes_through_and_the_next_round_is_sound(int threads)
    {
        using var workers = pool.Lease(threads);
        for (var round = 0; round < 50; round++)
        {
            var error = Assert.Throws<FormatException>(() =>
                workers.Run(20, task => { if (task == round % 20) throw new FormatException($"task {task}"); }));
            Assert.Equal($"task {round % 20}", error.Message);

            var done = 0;
            workers.Run(20, _ => Interlocked.Increment(ref done));
            Assert.Equal(20, done);
        }
    }

    [Theory, InlineData(1), InlineData(4)]
    public void A_lease_ends_once_with_its_threads_and_refuses_work_afterwards(int threads)
    {
        var workers = pool.Lease(threads);
        workers.Run(8, static _ => { });
        Assert.Equal(threads - 1, pool.LivingThreads);
        workers.Dispose();
        workers.Dispose();
        Assert.Equal(0, pool.LivingThreads);

        Assert.Throws<ObjectDisposedException>(() => workers.Run(8, static _ => { }));
        pool.Lease(threads).Dispose(); // without ever having worked
        Assert.Equal(0, pool.LivingThreads);
    }

    [Fact]
    public void Leases_share_the_threads_of_the_largest()
    {
        using var small = pool.Lease(2);
        var large = pool.Lease(4);
        Assert.Equal(3, pool.LivingThreads);
        var other = pool.Lease(4);
        Assert.Equal(3, pool.LivingThreads);
        large.Dispose();
        Assert.Equal(3, pool.LivingThreads);
        other.Dispose();
        Assert.Equal(1, pool.LivingThreads);

        var most = 0;
        small.Run(new Tasks(100, (_, worker) => most = Math.Max(most, worker)));
        Assert.InRange(most, 0, 1);
    }

    [Fact]
    public void Leases_that_are_used_at_once_take_turns()
    {
        var (sums, inside) = (new int[4], 0);
        Parallel.For(0, sums.Length, new ParallelOptions { MaxDegreeOfParallelism = sums.Length }, i =>
        {
            using var workers = pool.Lease(1 + i);
            for (var round = 0; round < 100; round++)
            {
                workers.Run(new Tasks(7, (_, worker) =>
                {
                    Assert.InRange(worker, 0, i);
                    // of this lease alone
                    if (i > 0) Assert.InRange(Interlocked.Add(ref inside, 1 << (8 * i - 8)), 1 << (8 * i - 8), (1 + i) << (8 * i - 8));
                    Interlocked.Increment(ref sums[i]);
                    if (i > 0) Interlocked.Add(ref inside, -(1 << (8 * i - 8)));
                }));
            }
        });
        Assert.Equal([700, 700, 700, 700], sums);
        Assert.Equal(0, pool.LivingThreads);
    }

    [Fact]
    public void A_lease_that_is_forgotten_ends()
    {
        Forget(pool);
        for (var i = 0; i < 100 && pool.LivingThreads > 0; i++)
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
            Thread.Sleep(20);
        }
        Assert.Equal(0, pool.LivingThreads);

        [System.Runtime.CompilerServices.MethodImpl(System.Runtime.CompilerServices.MethodImplOptions.NoInlining)]
        static void Forget(WorkerPool pool) => pool.Lease(3).Run(8, static _ => { });
    }

    [Theory, InlineData(1), InlineData(4)]
    public void A_round_allocates_nothing(int threads)
    {
        using var workers = pool.Lease(threads);
        var work = new Tasks(16, static (_, _) => { });
        for (var round = 0; round < 100; round++) work.Again(workers);
        var before = GC.GetAllocatedBytesForCurrentThread();

        for (var round = 0; round < 100; round++) work.Again(workers);

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    [Theory, InlineData(0), InlineData(-3)]
    public void One_is_the_least(int threads)
    {
        using var workers = pool.Lease(threads);
        Assert.Equal((1, 0), (workers.Threads, pool.LivingThreads));
    }

    private sealed class Tasks(int count, Action<int, int> body) : IWork
    {
        private int next, done;

        public void Again(WorkerLease workers)
        {
            Volatile.Write(ref done, 0);
            Volatile.Write(ref next, 0);
            workers.Run(this);
        }

        public void Join(int worker)
        {
            for (var task = Interlocked.Increment(ref next) - 1; task < count; task = Interlocked.Increment(ref next) - 1)
            {
                body(task, worker);
                Interlocked.Increment(ref done);
            }
            var spin = new SpinWait();
            while (worker == 0 && Volatile.Read(ref done) < count) spin.SpinOnce(sleep1Threshold: -1);
        }
    }
}
