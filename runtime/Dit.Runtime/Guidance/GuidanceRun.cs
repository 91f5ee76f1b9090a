using TorchSharp;
using static TorchSharp.torch;

namespace Dit.Runtime;

/// <summary>Guidance during one run of a sampler: it knows the process and keeps the momentum.</summary>
/// <param name="guidance">The guidance.</param>
/// <param name="process">The process that the model is trained for.</param>
internal sealed class GuidanceRun(Guidance guidance, IProcess process) : IDisposable
{
    private const double Smallest = 1e-30; // of a squared length, so that data of zeros has no direction

    private Tensor? before; // the difference of the predicted data, with its momentum

    /// <summary>Whether guidance acts at a time.</summary>
    public bool ActsAt(double t) => guidance.Interval is null ? guidance.Acts : guidance.ActsAt(process.NoiseLevel(t));

    /// <summary>The guided output of two passes.</summary>
    /// <param name="conditional">Model output under the condition, (N, C or 2 C, Y, X).</param>
    /// <param name="unconditional">Model output under the null condition, of the same shape.</param>
    /// <param name="x">The state, (N, C, Y, X).</param>
    /// <param name="t">The time.</param>
    /// <returns>(N, C or 2 C, Y, X).</returns>
    public Tensor Combine(Tensor conditional, Tensor unconditional, Tensor x, double t)
    {
        var channels = (int)x.shape[1];
        return guidance.Projection is not { } projection
            ? guidance.Combine(conditional, unconditional, channels)
            : Guidance.OnGuided(conditional, unconditional, guidance.Strength, guidance.Channels, channels, (cond, uncond) =>
                guidance.Rescaled(Projected(projection, cond, uncond, x.narrow(1, 0, cond.shape[1]), t), cond));
    }

    /// <inheritdoc/>
    public void Dispose() => before?.Dispose();

    // The output is linear in the data at a fixed state, so that a change of the data is one of the output.
    private Tensor Projected(AdaptiveProjection projection, Tensor cond, Tensor uncond, Tensor x, double t)
    {
        var (start, noise) = process.Weights(process.Prediction, t);
        var perData = start - noise * process.Alpha(t) / process.Sigma(t);
        // At pure noise a prediction of the noise says nothing of the data.
        if (perData == 0) return cond;
        using Scalar slope = perData, inverse = 1 / perData, step = guidance.Strength - 1, eta = projection.Eta;
        var (wide, data) = (GaussianMath.Compute(cond), process.Convert(cond, x, t, Prediction.StartX));
        var difference = Limited(WithMomentum((wide - GaussianMath.Compute(uncond)) * inverse, projection.Momentum), projection.Radius);
        var along = Dot(difference, data) / Dot(data, data).clamp_min(Smallest) * data;
        var change = difference - along + along * eta;
        return (wide + change * step * slope).to(cond.dtype);
    }

    private Tensor WithMomentum(Tensor difference, double momentum)
    {
        if (momentum == 0) return difference;
        using Scalar weight = momentum;
        var sum = before is null ? difference : difference + before * weight;
        before?.Dispose();
        before = sum.clone().DetachFromDisposeScope();
        return sum;
    }

    private static Tensor Limited(Tensor difference, double radius)
    {
        if (double.IsInfinity(radius)) return difference;
        using Scalar longest = radius;
        var length = Dot(difference, difference).sqrt();
        return difference * (longest / length).clamp_max(1); // a difference of 0 stays one: 0 times 1
    }

    /// <summary>Inner product of the samples, (N, 1, 1, 1).</summary>
    private static Tensor Dot(Tensor a, Tensor b) => (a * b).sum([1, 2, 3], keepdim: true);
}
