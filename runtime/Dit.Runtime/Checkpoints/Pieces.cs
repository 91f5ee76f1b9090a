using System.Runtime.ExceptionServices;

namespace Dit.Runtime;

/// <summary>Independent pieces of one work, done by as many threads as there are cores.</summary>
internal static class Pieces
{
    /// <summary>Does every piece once, in any order. The first exception of a piece is thrown as it was.</summary>
    /// <param name="count">Number of pieces.</param>
    /// <param name="act">Does the piece of a number.</param>
    public static void ForEach(long count, Action<long> act)
    {
        if (count == 1)
        {
            act(0);
            return;
        }
        try
        {
            Parallel.For(0, count, act);
        }
        catch (AggregateException e)
        {
            ExceptionDispatchInfo.Throw(e.InnerExceptions[0]);
        }
    }
}
