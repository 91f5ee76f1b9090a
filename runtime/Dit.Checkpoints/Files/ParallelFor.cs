using System.Runtime.ExceptionServices;

namespace Dit.Checkpoints;

/// <summary>A loop whose iterations run on as many threads as there are cores.</summary>
internal static class ParallelFor
{
    /// <summary>
    /// Runs every iteration once, in any order. The first exception of an iteration is rethrown unwrapped.
    /// </summary>
    /// <param name="count">Number of iterations.</param>
    /// <param name="body">Runs the iteration of an index.</param>
    public static void Run(long count, Action<long> body)
    {
        if (count == 1)
        {
            body(0);
            return;
        }
        try
        {
            Parallel.For(0, count, body);
        }
        catch (AggregateException e)
        {
            ExceptionDispatchInfo.Throw(e.InnerExceptions[0]);
        }
    }
}
