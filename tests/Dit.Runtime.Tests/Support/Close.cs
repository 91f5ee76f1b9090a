using static TorchSharp.torch;

namespace Dit.Runtime.Tests;

/// <summary>Comparison of tensors, as golden/README.md asks for it.</summary>
internal static class Close
{
    public const double OneStep = 1e-5;
    public const double Loop = 1e-4;

    /// <summary>Largest difference, relative to the largest expected value where that exceeds 1.</summary>
    public static void To(Tensor expected, Tensor actual, double tolerance, string what = "")
    {
        using var scope = NewDisposeScope();
        Assert.Equal(expected.shape, actual.shape);
        var scale = Math.Max(1, expected.abs().max().item<float>());
        var difference = (expected - actual.detach()).abs().max().item<float>() / scale;
        Assert.True(difference <= tolerance, $"{what} differs by {difference:g3}, allowed is {tolerance:g3}.");
    }
}
