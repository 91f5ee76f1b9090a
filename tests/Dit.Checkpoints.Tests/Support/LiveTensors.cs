using static TorchSharp.torch;

namespace Dit.Checkpoints.Tests;

/// <summary>Counts tensors without counting what an earlier test left to the finalizer.</summary>
internal static class LiveTensors
{
    // What a finalizer lets go of is found by the next collection only.
    public static long Count()
    {
        var (before, now) = (long.MaxValue, Collected());
        while (now != before) (before, now) = (now, Collected());
        return now;
    }

    private static long Collected()
    {
        GC.Collect();
        GC.WaitForPendingFinalizers();
        return Tensor.TotalCount;
    }
}
