using System.Runtime.ExceptionServices;

namespace Dit.Kernels;

/// <summary>Workers of a pool, for as long as it is not disposed.</summary>
internal sealed class WorkerLease : TaskLoop, IDisposable
{
    private readonly WorkerPool pool;
    private int isDisposed;

    internal WorkerLease(WorkerPool pool, int threads) => (this.pool, Threads) = (pool, threads);

    ~WorkerLease() => End(wait: false);

    /// <inheritdoc/>
    public override int Threads { get; }

    /// <summary>What the workers do now; null for nothing.</summary>
    internal IWork? Work { get; set; }

    /// <summary>Does a piece of work, and returns when it is done. Not from within a task.</summary>
    /// <exception cref="ObjectDisposedException">The lease has ended.</exception>
    public void Run(IWork work)
    {
        ObjectDisposedException.ThrowIf(isDisposed != 0, this);
        if (Threads == 1) work.Join(0);
        else pool.Run(this, work);
    }

    /// <inheritdoc/>
    public override void Run(int count, Action<int> task, double operations = double.MaxValue) => Run(new CountedWork(count, task));

    /// <summary>Ends the lease.</summary>
    public void Dispose()
    {
        End(wait: true);
        GC.SuppressFinalize(this);
    }

    private void End(bool wait)
    {
        if (Interlocked.Exchange(ref isDisposed, 1) == 0) pool.Return(this, wait);
    }

    // The tasks of a loop. After the first that throws, no other begins.
    private sealed class CountedWork(int count, Action<int> task) : IWork
    {
        private int taken, done;
        private Exception? failure;

        public void Join(int worker)
        {
            while (Volatile.Read(ref taken) < count && Interlocked.Increment(ref taken) - 1 is var next && next < count) Do(next);
            if (worker != 0) return;
            var spin = new SpinWait();
            while (Volatile.Read(ref done) < count) spin.SpinOnce(sleep1Threshold: -1);
            if (failure is { } thrown) ExceptionDispatchInfo.Throw(thrown);
        }

        private void Do(int index)
        {
            try
            {
                if (failure is null) task(index);
            }
            catch (Exception e)
            {
                failure = e;
            }
            finally
            {
                Interlocked.Increment(ref done);
            }
        }
    }
}
