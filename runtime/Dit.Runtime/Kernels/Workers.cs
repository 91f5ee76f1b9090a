using System.Runtime.ExceptionServices;

namespace Dit.Runtime.Kernels;

/// <summary>One part of a piece of work.</summary>
/// <param name="task">Which part.</param>
/// <param name="worker">Which worker does it: its scratch memory is its own.</param>
internal delegate void WorkerTask(int task, int worker);

/// <summary>Threads that share the tasks of one piece of work after another; the thread that asks works along.</summary>
/// <remarks>
/// A forward pass is dozens of such pieces, a few milliseconds each: between two of them the threads keep looking for the next for a moment before they
/// sleep, and nothing is allocated. Tasks are handed out one by one, so that a slow core takes fewer, and a thread that the system holds up while it
/// has none holds up nobody: a piece is done when its tasks are.
/// </remarks>
internal sealed class Workers : IDisposable
{
    private const int LooksBeforeSleep = 2000;

    private static int living;

    private readonly Thread[] threads;
    private readonly SemaphoreSlim wake = new(0);
    private WorkerTask? body;
    private Exception? failure;
    private int total;
    private long ticket; // which piece of work, and in the lower half how many of its tasks nobody has taken: changed as one, so that who is late takes none of the wrong piece
    private int unfinished;
    private int sleeping;
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
            Interlocked.Increment(ref living);
            threads[i].Start();
        }
    }

    /// <summary>Threads of all that have not ended.</summary>
    public static int LivingThreads => Volatile.Read(ref living);

    /// <summary>Workers, the asking thread counted.</summary>
    public int Count { get; }

    private bool HasWork => (uint)Volatile.Read(ref ticket) > 0;

    /// <summary>Runs tasks 0 to <paramref name="tasks"/> - 1 and returns when all are done.</summary>
    /// <remarks>Not for two threads at once, nor from within a task. What a task throws is thrown here; those that have not begun by then are left out.</remarks>
    /// <exception cref="ObjectDisposedException">The threads have ended.</exception>
    public void Run(int tasks, WorkerTask task)
    {
        ObjectDisposedException.ThrowIf(ended, this);
        if (threads.Length == 0 || tasks <= 1)
        {
            for (var i = 0; i < tasks; i++) task(i, 0);
            return;
        }
        (body, total, failure, unfinished) = (task, tasks, null, tasks);
        Interlocked.Exchange(ref ticket, ((ticket >> 32) + 1 << 32) + tasks); // seen by who looks before sleeping, or the sleeper is seen here
        Wake(Math.Min(Volatile.Read(ref sleeping), tasks - 1));
        Work(0);
        var spin = new SpinWait();
        while (Volatile.Read(ref unfinished) > 0) spin.SpinOnce(sleep1Threshold: -1);
        body = null; // what it holds is free again
        if (failure is { } thrown) ExceptionDispatchInfo.Throw(thrown);
    }

    private void Wake(int sleepers)
    {
        var more = sleepers - wake.CurrentCount;
        if (more > 0) wake.Release(more);
    }

    private void Serve(int worker)
    {
        while (!ended)
        {
            Await();
            Work(worker);
        }
        Interlocked.Decrement(ref living);
    }

    // Looks for a while, then sleeps until it is woken.
    private void Await()
    {
        for (var look = 0; look < LooksBeforeSleep; look++)
        {
            if (HasWork || ended) return;
            Thread.SpinWait(20);
        }
        while (!HasWork && !ended)
        {
            Interlocked.Increment(ref sleeping);
            if (!HasWork && !ended) wake.Wait(); // not for a while: every wait begins with a millisecond of looking
            Interlocked.Decrement(ref sleeping);
        }
    }

    private void Work(int worker)
    {
        for (var seen = Volatile.Read(ref ticket); (uint)seen > 0; seen = Volatile.Read(ref ticket))
            if (Interlocked.CompareExchange(ref ticket, seen - 1, seen) == seen)
                Do(total - (int)(uint)seen, worker); // the piece is not done before this task is: total and body stay
    }

    private void Do(int task, int worker)
    {
        try
        {
            if (failure is null) body?.Invoke(task, worker);
        }
        catch (Exception e)
        {
            failure = e;
        }
        finally
        {
            Interlocked.Decrement(ref unfinished);
        }
    }

    /// <summary>Asks the threads to end.</summary>
    public void End()
    {
        if (ended) return;
        ended = true;
        wake.Release(Count);
    }

    /// <summary>Ends the threads.</summary>
    public void Dispose()
    {
        End();
        foreach (var thread in threads) thread.Join();
        wake.Dispose();
    }
}
