using static TorchSharp.torch;

namespace Dit.Runtime.Tests;

/// <summary>
/// Data of a mixture of isotropic Gaussians, in images of (1, 1, D): its density, its score and the best network are
/// formulas.
/// </summary>
/// <param name="means">(K, D).</param>
/// <param name="weights">K of them, which add up to 1.</param>
/// <param name="deviation">The standard deviation of each component.</param>
internal sealed class Mixture(double[,] means, double[] weights, double deviation)
{
    private readonly Tensor centers = tensor(means).DetachFromDisposeScope();
    private readonly Tensor logWeights = tensor(weights).log().DetachFromDisposeScope();

    /// <summary>Two components on a line, of different weight.</summary>
    public static Mixture OnLine { get; } = new(new double[,] { { -1.5 }, { 1 } }, [0.4, 0.6], 0.4);

    /// <summary>Three components in the plane.</summary>
    public static Mixture InPlane { get; } = new(new double[,] { { -1.2, 0.3 }, { 1, 0.8 }, { 0.2, -1 } }, [0.3, 0.5, 0.2], 0.45);

    /// <summary>What the best network of a process predicts.</summary>
    public Denoiser Network(IProcess process) => (x, t) => Predict(process, x, t);

    /// <summary>The same, called as in training; all times are equal.</summary>
    public TrainedNetwork Trained(IProcess process) => (x, t) => Predict(process, x, t[0].item<float>());

    /// <summary>Logarithm of the density of data, (N,).</summary>
    public Tensor LogDensity(Tensor x0) => logsumexp(LogTerms(x0, 1, 0), dim: 1);

    /// <summary>Samples of the data, (N, 1, 1, D), float64.</summary>
    public Tensor Draw(int n, Generator random)
    {
        using var scope = NewDisposeScope();
        var component = multinomial(logWeights.exp(), n, replacement: true, generator: random);
        var noise = randn([n, centers.shape[1]], ScalarType.Float64, generator: random);
        return (centers[component] + deviation * noise).view(n, 1, 1, -1).MoveToOuterDisposeScope();
    }

    /// <summary>On a line: where a flow takes noise to, as it keeps the order: the quantile of the data at the noise's
    /// own.</summary>
    public double Transported(double noise)
    {
        var (low, high, wanted) = (-20.0, 20.0, NormalCdf(noise));
        for (var i = 0; i < 80; i++)
        {
            var middle = (low + high) / 2;
            if (Cdf(middle) < wanted) low = middle; else high = middle;
        }
        return low;
    }

    private double Cdf(double x) => weights.Select((weight, k) => weight * NormalCdf((x - means[k, 0]) / deviation)).Sum();

    private static double NormalCdf(double x)
    {
        using var value = tensor(-x / Math.Sqrt(2));
        using var tail = special.erfc(value);
        return 0.5 * tail.item<double>();
    }

    private Tensor Predict(IProcess process, Tensor x, double t)
    {
        using var scope = NewDisposeScope();
        var (alpha, sigma) = (process.Alpha(t), process.Sigma(t));
        var variance = alpha * alpha * deviation * deviation + sigma * sigma;
        var share = softmax(LogTerms(x, alpha, sigma), dim: 1).unsqueeze(-1); // (N, K, 1)
        var centered = x.view(x.shape[0], 1, -1) - alpha * centers; // (N, K, D)
        var start = (share * (centers + centered * (alpha * deviation * deviation / variance))).sum(1).view(x.shape);
        var epsilon = (share * centered).sum(1).view(x.shape) * (sigma / variance);
        var wanted = process.Weights(process.Prediction, t);
        return (start * wanted.Start + epsilon * wanted.Noise).MoveToOuterDisposeScope();
    }

    // log(weight) + log N(x; alpha mean, (alpha deviation)^2 + sigma^2), (N, K).
    private Tensor LogTerms(Tensor x, double alpha, double sigma)
    {
        var variance = alpha * alpha * deviation * deviation + sigma * sigma;
        var distances = (x.view(x.shape[0], 1, -1) - alpha * centers).square().sum(-1);
        return logWeights - distances / (2 * variance) - centers.shape[1] / 2.0 * Math.Log(2 * Math.PI * variance);
    }
}
