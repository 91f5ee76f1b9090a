using TorchSharp;
using static TorchSharp.torch;

namespace Dit.Runtime;

/// <summary>Formulas on diagonal Gaussians.</summary>
internal static class GaussianMath
{
    /// <summary>Half the width of one of 256 gray levels on [-1, 1].</summary>
    private const double HalfLevel = 1 / 255.0;

    private const double Smallest = 1e-12;

    /// <summary>float16 and bfloat16 as float32, every other type as it is; always a new handle.</summary>
    public static Tensor Compute(Tensor x) =>
        x.to(x.dtype is ScalarType.Float16 or ScalarType.BFloat16 ? ScalarType.Float32 : x.dtype);

    /// <summary>The mean over all but the first dimension: (N, C, Y, X) -> (N,).</summary>
    public static Tensor MeanPerSample(Tensor x)
    {
        using var scope = NewDisposeScope();
        return x.flatten(1).mean([1]).MoveToOuterDisposeScope();
    }

    /// <summary>
    /// Divergence of the Gaussian (mean2, logVariance2) from (mean1, logVariance1) in nats, element by element.
    /// </summary>
    public static Tensor Kl(Tensor mean1, Tensor logVariance1, Tensor mean2, Tensor logVariance2)
    {
        using var scope = NewDisposeScope();
        var spread = logVariance2 - logVariance1 - 1 + (logVariance1 - logVariance2).exp();
        var shift = (mean1 - mean2).square() * (-logVariance2).exp();
        return (0.5 * (spread + shift)).MoveToOuterDisposeScope();
    }

    /// <summary>Divergence of the standard Gaussian from (mean, logVariance) in nats, element by element.</summary>
    public static Tensor KlFromStandard(Tensor mean, Tensor logVariance)
    {
        using var scope = NewDisposeScope();
        return (0.5 * (logVariance.exp() - logVariance - 1 + mean.square())).MoveToOuterDisposeScope();
    }

    /// <summary>
    /// Log-likelihood in nats of 256-level data on [-1, 1] under a Gaussian whose mass is gathered per level, the
    /// outermost levels taking the tails (DDPM, equation 13), element by element.
    /// </summary>
    public static Tensor DiscretizedLogLikelihood(Tensor x, Tensor mean, Tensor logScale)
    {
        using var scope = NewDisposeScope();
        var centered = x - mean;
        var inverse = (-logScale).exp();
        var below = Cdf(inverse * (centered + HalfLevel));
        var above = Cdf(inverse * (centered - HalfLevel));
        var inside = (below - above).clamp(min: Smallest).log();
        var darkest = below.clamp(min: Smallest).log();
        var brightest = (1 - above).clamp(min: Smallest).log();
        return where(x < -0.999, darkest, where(x > 0.999, brightest, inside)).MoveToOuterDisposeScope();
    }

    /// <summary>The tanh approximation of the standard normal's distribution function.</summary>
    private static Tensor Cdf(Tensor x)
    {
        using var scope = NewDisposeScope();
        return (0.5 * (1 + (Math.Sqrt(2 / Math.PI) * (x + 0.044715 * x.pow(3))).tanh())).MoveToOuterDisposeScope();
    }
}
