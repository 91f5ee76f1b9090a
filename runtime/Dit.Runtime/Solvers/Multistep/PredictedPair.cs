using static TorchSharp.torch;

namespace Dit.Runtime;

/// <summary>What a network's output says of the data and of the noise in a state.</summary>
/// <param name="Start">The data, (N, C, Y, X).</param>
/// <param name="Epsilon">The noise, (N, C, Y, X).</param>
internal readonly record struct PredictedPair(Tensor Start, Tensor Epsilon)
{
    /// <summary>Reads an output at a node; the noise is that of the clipped data.</summary>
    /// <param name="process">The process that the network is trained for.</param>
    /// <param name="node">Where the state is.</param>
    /// <param name="output">The network's output at <paramref name="x"/>.</param>
    /// <param name="x">The state, (N, C, Y, X).</param>
    /// <param name="clip">Whether the data is clipped to [-1, 1].</param>
    /// <param name="wantsEpsilon">Whether the noise is needed; else it is the state.</param>
    public static PredictedPair Of(IProcess process, NoiseNode node, Tensor output, Tensor x, bool clip, bool wantsEpsilon)
    {
        var (state, given) = (new PredictionWeights(node.Alpha, node.Sigma), node.WeightsOf(process, process.Prediction));
        var start = ProcessMath.Convert(output, x, state, given, new(1, 0));
        if (clip) start = start.clamp(Scalars.MinusOne, Scalars.One);
        if (!wantsEpsilon) return new(start, x);
        return new(
            start,
            clip
                ? WeightedSum.Of((1 / node.Sigma, x), (-node.Alpha / node.Sigma, start))
                : ProcessMath.Convert(output, x, state, given, new(0, 1)));
    }
}
