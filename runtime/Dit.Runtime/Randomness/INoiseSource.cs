using static TorchSharp.torch;

namespace Dit.Runtime;

/// <summary>Where a sampling loop takes its standard normal noise from.</summary>
public interface INoiseSource : IDisposable
{
    /// <summary>
    /// The next noise, (N, C, Y, X); a sampling loop starts from the first. The caller owns the tensor.
    /// </summary>
    Tensor Next();
}
