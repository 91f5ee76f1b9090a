using System.Runtime.ExceptionServices;

namespace Dit.Runtime;

/// <summary>
/// Computes a function of the items of a sequence on threads of its own, some items ahead of the consumer, and gives
/// the results in the order of the items.
/// </summary>
/// <remarks>The threads are for managed code: libtorch keeps worker threads for every thread that calls it.</remarks>
internal sealed class OrderedWorkers<TItem, TResult> : IDisposable
{
    private readonly object gate = new(); // of all fields below; pulsed whenever one changes
    private readonly Queue<Slot> slots = new(); // begun and not taken, in order
    private readonly IEnumerator<TItem> items;
    private bool ended; // there is no further item, or none is wanted

    private readonly Func<TItem, TResult> work;
    private readonly int ahead;
    private readonly CancellationToken cancellation;
    private readonly CancellationTokenRegistration onCancel;
    private readonly Thread[] threads;

    /// <summary>Starts the threads.</summary>
    /// <param name="items">The items; enumerated by one thread at a time.</param>
    /// <param name="work">The function; called by several threads at once.</param>
    /// <param name="threads">How many threads, at least 1.</param>
    /// <param name="ahead">How many results are computed before they are taken, at most.</param>
    /// <param name="cancellation">Ends the work, and wakes who waits for a result.</param>
    public OrderedWorkers(
        IEnumerable<TItem> items, Func<TItem, TResult> work, int threads, int ahead, CancellationToken cancellation = default)
    {
        (this.items, this.work, this.ahead, this.cancellation) = (items.GetEnumerator(), work, ahead, cancellation);
        onCancel = cancellation.Register(End);
        this.threads =
        [
            .. Enumerable.Range(0, threads).Select(i => new Thread(Work) { IsBackground = true, Name = $"dit worker {i}" }),
        ];
        foreach (var thread in this.threads) thread.Start();
    }

    /// <summary>The result of the next item; what went wrong while it was computed is thrown here.</summary>
    /// <exception cref="OperationCanceledException">The work was cancelled.</exception>
    public TResult Take()
    {
        Slot? next;
        lock (gate)
        {
            while (!(slots.TryPeek(out next) ? next.IsDone : ended))
            {
                cancellation.ThrowIfCancellationRequested();
                Monitor.Wait(gate);
            }
            cancellation.ThrowIfCancellationRequested();
            if (next is null) throw new InvalidOperationException("The sequence has ended.");
            slots.Dequeue();
            Monitor.PulseAll(gate);
        }
        next.Failure?.Throw();
        return next.Result;
    }

    /// <summary>Ends the threads after the items at hand.</summary>
    public void Dispose()
    {
        onCancel.Dispose();
        End();
        foreach (var thread in threads) thread.Join();
        items.Dispose();
    }

    private void End()
    {
        lock (gate)
        {
            ended = true;
            Monitor.PulseAll(gate);
        }
    }

    private void Work()
    {
        BackgroundPriority.Take();
        while (Begin() is { } slot)
        {
            slot.Run(work);
            lock (gate)
            {
                slot.IsDone = true;
                Monitor.PulseAll(gate);
            }
        }
    }

    private Slot? Begin()
    {
        lock (gate)
        {
            while (!ended && slots.Count >= ahead) Monitor.Wait(gate);
            if (ended) return null;
            if (!items.MoveNext())
            {
                End();
                return null;
            }
            var slot = new Slot(items.Current);
            slots.Enqueue(slot);
            return slot;
        }
    }

    /// <summary>An item and what became of it.</summary>
    private sealed class Slot(TItem item)
    {
        private TResult? result;

        public bool IsDone { get; set; } // guarded by the gate

        public ExceptionDispatchInfo? Failure { get; private set; }

        public TResult Result => result ?? throw new InvalidOperationException("The item has no result.");

        public void Run(Func<TItem, TResult> work)
        {
            try
            {
                result = work(item);
            }
            catch (Exception e) // rethrown, as it was, to the thread that takes
            {
                Failure = ExceptionDispatchInfo.Capture(e);
            }
        }
    }
}
