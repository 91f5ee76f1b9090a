using static TorchSharp.torch;

namespace Dit.Checkpoints.Tests;

/// <summary>Counts tensors without counting what an earlier test left to the finalizer.</summary>
internal static class LiveTensors
{
    public static long Count()
    {
        GC.Collect();
        GC.WaitForPendingFinalizers();
        return Tensor.TotalCount;
    }
}
