using System.Runtime.CompilerServices;

namespace Dit.Kernels;

/// <summary>
/// The threads of this process that work on kernels. Whoever needs some leases them; the caller of a piece of work is
/// worker 0.
/// </summary>
/// <remarks>
/// A forward pass is a piece of work of a few milliseconds to seconds. Between two of them the threads look for the
/// next one for a moment before they sleep, and nothing is allocated. There are as many threads as the largest open
/// lease asks for, so two sessions do not fight for the cores with a set of threads each: their pieces of work take
/// turns. A worker that the system holds up holds up nobody but those who wait for its task: a piece is done when its
/// tasks are, and who comes late finds none.
/// </remarks>
internal sealed class WorkerPool
{
    private const int LooksBeforeSleep = 2000;

    private readonly Lock turn = new(); // one piece of work at a time
    private readonly Lock gate = new(); // of leases and threads
    private readonly List<int> leases = []; // workers of each: not the leases themselves, so that one that was forgotten ends
    private Worker[] workers = [];
    private int living;
    private volatile WorkerLease? leader; // whose work it is
    private volatile int piece; // a number for each piece of work

    /// <summary>The pool of this process.</summary>
    public static WorkerPool Shared { get; } = new();

    /// <summary>Threads that have not ended.</summary>
    public int LivingThreads => Volatile.Read(ref living);

    /// <summary>Leases workers until the lease is disposed.</summary>
    /// <param name="count">Workers, the calling thread counted; 1 where it is less.</param>
    public WorkerLease Lease(int count)
    {
        var lease = new WorkerLease(this, Math.Max(1, count));
        lock (gate)
        {
            leases.Add(lease.Threads);
            Resize();
        }
        return lease;
    }

    /// <summary>Does a piece of work with the workers of a lease.</summary>
    internal void Run(WorkerLease lease, IWork work)
    {
        lock (turn)
        {
            (lease.Work, leader) = (work, lease);
            Interlocked.Increment(ref piece); // seen by who looks before sleeping, or the sleeper is seen here
            foreach (var worker in Volatile.Read(ref workers))
                if (worker.Index < lease.Threads) worker.Wake();
            try
            {
                work.Join(0);
            }
            finally
            {
                (lease.Work, leader) = (null, null); // what it holds is free again
            }
        }
    }

    /// <summary>Ends a lease, and the threads that no other needs.</summary>
    /// <param name="lease">The lease.</param>
    /// <param name="wait">Whether to wait for their end, which a finalizer may not.</param>
    internal void Return(WorkerLease lease, bool wait)
    {
        Worker[] ended;
        lock (gate)
        {
            leases.Remove(lease.Threads);
            ended = Resize();
        }
        if (!wait) return;
        foreach (var worker in ended) worker.Wait();
    }

    // As many threads as the largest lease needs beside the caller's.
    private Worker[] Resize()
    {
        var needed = leases.Count == 0 ? 0 : leases.Max() - 1;
        var (kept, ended) = (workers.Take(needed).ToList(), workers.Skip(needed).ToArray());
        foreach (var worker in ended) worker.End();
        while (kept.Count < needed) kept.Add(new Worker(this, kept.Count + 1, piece));
        Volatile.Write(ref workers, [.. kept]);
        return ended;
    }

    private sealed class Worker
    {
        private readonly WorkerPool pool;
        private readonly Thread thread;
        private readonly SemaphoreSlim wake = new(0);
        private volatile bool ended;
        private int sleeps;
        private int seen;

        public Worker(WorkerPool pool, int index, int seen)
        {
            (this.pool, Index, this.seen) = (pool, index, seen);
            thread = new Thread(Serve) { IsBackground = true, Name = $"Dit.Gen worker {index}" };
            Interlocked.Increment(ref pool.living);
            thread.Start();
        }

        public int Index { get; }

        private bool HasNews => pool.piece != seen || ended;

        public void Wake()
        {
            if (Interlocked.Exchange(ref sleeps, 0) != 0) wake.Release();
        }

        public void End()
        {
            ended = true;
            Wake();
        }

        public void Wait() => thread.Join();

        private void Serve()
        {
            while (!ended)
            {
                Await();
                seen = pool.piece;
                if (!ended) JoinLeader();
            }
            Interlocked.Decrement(ref pool.living);
        }

        // Not inlined: a thread that sleeps must not keep the last lease alive by a local of its loop.
        [MethodImpl(MethodImplOptions.NoInlining)]
        private void JoinLeader()
        {
            if (pool.leader is { } lease && Index < lease.Threads) lease.Work?.Join(Index);
        }

        // Looks for a while, then sleeps until it is woken.
        private void Await()
        {
            for (var look = 0; look < LooksBeforeSleep; look++)
            {
                if (HasNews) return;
                Thread.SpinWait(20);
            }
            while (!HasNews)
            {
                Interlocked.Exchange(ref sleeps, 1);
                if (!HasNews) wake.Wait(); // without a time limit: every wait begins with a millisecond of looking
                else if (Interlocked.Exchange(ref sleeps, 0) == 0) wake.Wait(); // somebody has seen it asleep, and has released it or will
            }
        }
    }
}
