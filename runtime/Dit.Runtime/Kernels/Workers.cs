namespace Dit.Runtime.Kernels;

/// <summary>One part of a piece of work.</summary>
/// <param name="task">Which part.</param>
/// <param name="worker">Which worker does it: its scratch memory is its own.</param>
internal delegate void WorkerTask(int task, int worker);

/// <summary>Threads that share the tasks of one piece of work after another; the thread that asks works along.</summary>
/// <remarks>
/// A forward pass is dozens of such pieces, a few milliseconds each: between two of them the threads keep looking for the next for a moment before they
/// sleep, and nothing is allocated. Tasks are handed out one by one, so that a slow core takes fewer.
/// </remarks>
internal sealed class Workers : IDisposable
{
    private const int LooksBeforeSleep = 2000;

    private readonly Thread[] threads;
    private readonly SemaphoreSlim wake = new(0);
    private WorkerTask? body;
    private Exception? failure;
    private int tasks;
    private int taken;
    private int busy;
    private int sleeping;
    private volatile int round;
    private volatile bool ended;

    /// <summary>Starts the threads.</summary>
    /// <param name="count">Workers, the asking thread counted.</param>
    public Workers(int count)
    {
        Count = Math.Max(1, count);
        threads = new Thread[Count - 1];
        for (var i = 0; i < threads.Length; i++)
        {
            var worker = i + 1;
            threads[i] = new Thread(() => Serve(worker)) { IsBackground = true, Name = $"Dit.Gen worker {worker}" };
            threads[i].Start();
        }
    }

    /// <summary>Workers, the asking thread counted.</summary>
    public int Count { get; }

    /// <summary>Runs tasks 0 to <paramref name="count"/> - 1 and returns when all are done.</summary>
    /// <remarks>Not for two threads at once. What a task throws is thrown here, when all have ended.</remarks>
    public void Run(int count, WorkerTask task)
    {
        if (threads.Length == 0 || count <= 1)
        {
            for (var i = 0; i < count; i++) task(i, 0);
            return;
        }
        (body, tasks, failure) = (task, count, null);
        Volatile.Write(ref taken, 0);
        Volatile.Write(ref busy, threads.Length);
        round++;
        Interlocked.MemoryBarrier(); // the round is seen by who looks before sleeping, or the sleeper is seen here
        var asleep = Volatile.Read(ref sleeping);
        if (asleep > 0) wake.Release(asleep);
        Work(0);
        var spin = new SpinWait();
        while (Volatile.Read(ref busy) > 0) spin.SpinOnce(sleep1Threshold: -1);
        if (failure is { } thrown) throw new InvalidOperationException($"A kernel failed: {thrown.Message}", thrown);
    }

    private void Serve(int worker)
    {
        for (var seen = 0; ; )
        {
            Await(seen);
            if (ended) return;
            seen = round;
            Work(worker);
            Interlocked.Decrement(ref busy);
        }
    }

    // Looks for a while, then sleeps until it is woken.
    private void Await(int seen)
    {
        for (var look = 0; look < LooksBeforeSleep; look++)
        {
            if (round != seen || ended) return;
            Thread.SpinWait(20);
        }
        while (round == seen && !ended)
        {
            Interlocked.Increment(ref sleeping);
            if (round == seen && !ended) wake.Wait(millisecondsTimeout: 100);
            Interlocked.Decrement(ref sleeping);
        }
    }

    private void Work(int worker)
    {
        try
        {
            for (var task = Interlocked.Increment(ref taken) - 1; task < tasks; task = Interlocked.Increment(ref taken) - 1)
                body?.Invoke(task, worker);
        }
        catch (Exception e)
        {
            failure = e;
            Volatile.Write(ref taken, tasks); // the others take no more
        }
    }

    /// <summary>Ends the threads.</summary>
    public void Dispose()
    {
        ended = true;
        wake.Release(Math.Max(1, threads.Length));
        foreach (var thread in threads) thread.Join();
        wake.Dispose();
    }
}
