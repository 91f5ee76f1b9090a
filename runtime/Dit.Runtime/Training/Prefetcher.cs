using System.Collections.Concurrent;
using System.Runtime.ExceptionServices;

namespace Dit.Runtime;

/// <summary>Prepares the items of a sequence on one thread of its own, a few ahead of the consumer.</summary>
/// <remarks>
/// One thread and not the pool: libtorch keeps a set of worker threads for every thread that calls it.
/// </remarks>
internal sealed class Prefetcher<T> : IDisposable
    where T : IDisposable
{
    private readonly BlockingCollection<T> ready;
    private readonly CancellationTokenSource stop = new();
    private readonly Thread thread;
    private ExceptionDispatchInfo? failure;

    public Prefetcher(IEnumerable<T> source, int ahead)
    {
        ready = new BlockingCollection<T>(ahead);
        thread = new Thread(() => Fill(source)) { IsBackground = true, Name = "dit prefetch" };
        thread.Start();
    }

    /// <summary>The next item, which the caller then owns; what went wrong while preparing it is thrown here.</summary>
    public T Take()
    {
        if (ready.TryTake(out var item, Timeout.Infinite)) return item;
        failure?.Throw();
        throw new InvalidOperationException("The sequence has ended.");
    }

    public void Dispose()
    {
        stop.Cancel();
        thread.Join();
        while (ready.TryTake(out var item)) item.Dispose();
        ready.Dispose();
        stop.Dispose();
    }

    private void Fill(IEnumerable<T> source)
    {
        try
        {
            foreach (var item in source)
                if (!TryAdd(item)) return;
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
