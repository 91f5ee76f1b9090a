using System.Collections.Concurrent;
using System.Runtime.ExceptionServices;

namespace Dit.Runtime;

/// <summary>Prepares the items of a sequence on one thread of its own, a few ahead of the consumer.</summary>
/// <remarks>
/// One thread and not the pool: libtorch keeps a set of worker threads for every thread that calls it.
/// </remarks>
internal sealed class Prefetcher<T> : IDisposable
    where T : class, IDisposable
{
    private readonly BlockingCollection<T> ready;
    private readonly CancellationTokenSource stop;
    private readonly IEnumerator<T> source;
    private readonly Thread? thread; // null where the consumer's thread prepares the items
    private ExceptionDispatchInfo? failure;

    /// <summary>Begins to prepare.</summary>
    /// <param name="source">The sequence; the token that it is given ends a wait inside it.</param>
    /// <param name="ahead">Items that are ready at most; 0 prepares each one when it is taken, on that thread.</param>
    /// <param name="cancellation">Ends the preparing.</param>
    public Prefetcher(Func<CancellationToken, IEnumerable<T>> source, int ahead, CancellationToken cancellation = default)
    {
        stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        ready = new BlockingCollection<T>(Math.Max(1, ahead));
        this.source = source(stop.Token).GetEnumerator();
        if (ahead == 0)
        {
            ready.CompleteAdding();
            return;
        }
        thread = new Thread(Fill) { IsBackground = true, Name = "dit prefetch" };
        thread.Start();
    }

    /// <summary>
    /// The next item, which the caller then owns; null when cancelled. What went wrong while preparing it is thrown
    /// here.
    /// </summary>
    public T? Take()
    {
        try
        {
            if (thread is null && source.MoveNext()) return source.Current;
            if (ready.TryTake(out var item, Timeout.Infinite, stop.Token)) return item;
            failure?.Throw();
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            return null;
        }
        throw new InvalidOperationException("The sequence has ended.");
    }

    public void Dispose()
    {
        stop.Cancel();
        thread?.Join();
        source.Dispose(); // with what it reads from
        while (ready.TryTake(out var item)) item.Dispose();
        ready.Dispose();
        stop.Dispose();
    }

    private void Fill()
    {
        try
        {
            while (source.MoveNext())
                if (!TryAdd(source.Current)) return;
        }
        catch (Exception e) // rethrown, as it was, to the thread that takes
        {
            failure = ExceptionDispatchInfo.Capture(e);
        }
        finally
        {
            ready.CompleteAdding();
        }
    }

    private bool TryAdd(T item)
    {
        try
        {
            ready.Add(item, stop.Token);
            return true;
        }
        catch (OperationCanceledException)
        {
            item.Dispose();
            return false;
        }
    }
}
