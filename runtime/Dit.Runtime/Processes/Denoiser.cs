using static TorchSharp.torch;

namespace Dit.Runtime;

/// <summary>A network in a sampling loop: its condition is already bound, and all samples are at one time.</summary>
/// <param name="x">x_t, (N, C, Y, X).</param>
/// <param name="t">The time, in the unit that the network was trained with.</param>
/// <returns>The prediction, (N, C, Y, X), or (N, 2 C, Y, X) when the variance is learned.</returns>
public delegate Tensor Denoiser(Tensor x, double t);

/// <summary>A network in training: its condition is already bound, and each sample has its own time.</summary>
/// <param name="x">x_t, (N, C, Y, X).</param>
/// <param name="t">Times, (N,).</param>
/// <returns>The prediction, (N, C, Y, X), or (N, 2 C, Y, X) when the variance is learned.</returns>
public delegate Tensor TrainedNetwork(Tensor x, Tensor t);
