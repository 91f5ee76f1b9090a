using static TorchSharp.torch;

namespace Dit.Runtime;

/// <summary>Noise recorded before, given out in order.</summary>
/// <param name="recorded">Each (N, C, Y, X); they stay the caller's.</param>
public sealed class ReplayedNoise(IReadOnlyList<Tensor> recorded) : INoiseSource
{
    private int next;

    /// <inheritdoc/>
    /// <exception cref="DitException">All of it was used.</exception>
    public Tensor Next() => next < recorded.Count
        ? recorded[next++].clone()
        : throw new DitException(
            $"All {recorded.Count} recorded noise tensors are used, and the loop asks for another: record one for the start and one per "
                + $"noisy step.");

    /// <inheritdoc/>
    public void Dispose() { }
}
