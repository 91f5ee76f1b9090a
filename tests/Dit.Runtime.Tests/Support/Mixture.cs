using static TorchSharp.torch;

namespace Dit.Runtime.Tests;

/// <summary>
/// Data of a mixture of isotropic Gaussians, in images of (1, 1, D): its density, its score and the best network are
/// formulas, and so is what a solver should end with.
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

    /// <summary>The mean of the data, (D,).</summary>
    public Tensor Mean => logWeights.exp().matmul(centers);

    /// <summary>The covariance of the data, (D, D).</summary>
    public Tensor Covariance
    {
        get
        {
            using var scope = NewDisposeScope();
            var centered = centers - Mean;
            var between = (centered * logWeights.exp().unsqueeze(1)).T.matmul(centered);
            return (between + deviation * deviation * eye(centers.shape[1], dtype: ScalarType.Float64)).MoveToOuterDisposeScope();
        }
    }

    /// <summary>
    /// What the best network of a process predicts, of the state's type. Points are few, so numbers on the host
    /// are faster than tensors.
    /// </summary>
    public Denoiser Network(IProcess process) => (x, t) =>
    {
        var (state, wanted) = (new PredictionWeights(process.Alpha(t), process.Sigma(t)), process.Weights(process.Prediction, t));
        using var wide = x.to(ScalarType.Float64).contiguous();
        double[] points = [.. wide.data<double>()];
        var output = StartOf(points, state.Start, state.Noise);
        for (var i = 0; i < points.Length; i++)
        {
            var noise = state.Noise > 0 ? (points[i] - state.Start * output[i]) / state.Noise : 0;
            output[i] = wanted.Start * output[i] + wanted.Noise * noise;
        }
        using var made = tensor(output, x.shape);
        return made.to(x.dtype);
    };

    /// <summary>
    /// The same in tensors, through which gradients flow, called as in training; all times are equal.
    /// </summary>
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

    /// <summary>
    /// The end of a way between two nodes: y = x / alpha over u = log(sigma / alpha), where dy / du = y - E[x_0 | x],
    /// by the classical Runge-Kutta method in small steps.
    /// </summary>
    /// <param name="x">The state at its beginning, N times D numbers.</param>
    /// <param name="from">The node of its beginning.</param>
    /// <param name="to">That of its end.</param>
    /// <param name="steps">Steps of the method.</param>
    /// <param name="pull">Factor of dy / du; 2 for the drift of the stochastic equation of SDE-DPM-Solver++ (arXiv
    /// 2211.01095, appendix B.6).</param>
    public double[] Solution(double[] x, NoiseNode from, NoiseNode to, int steps, double pull = 1)
    {
        var h = (from.Lambda - to.Lambda) / steps;
        double[] y = [.. x.Select(value => value / from.Alpha)];
        for (var i = 0; i < steps; i++)
        {
            var u = i * h - from.Lambda;
            var k1 = Slope(y, u);
            var k2 = Slope(Plus(y, h / 2, k1), u + h / 2);
            var k3 = Slope(Plus(y, h / 2, k2), u + h / 2);
            var k4 = Slope(Plus(y, h, k3), u + h);
            y = Plus(Plus(Plus(Plus(y, h / 6, k1), h / 3, k2), h / 3, k3), h / 6, k4);
        }
        return [.. y.Select(value => value * to.Alpha)];

        double[] Slope(double[] at, double u)
        {
            var alpha = 1 / Math.Sqrt(1 + Math.Exp(2 * u));
            var start = StartOf([.. at.Select(value => value * alpha)], alpha, Math.Exp(u) * alpha);
            return [.. at.Zip(start, (value, data) => pull * (value - data))];
        }

        static double[] Plus(double[] a, double factor, double[] b) => [.. a.Zip(b, (one, other) => one + factor * other)];
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

    /// <summary>E[x_0 | x] at a scale of the data and of the noise, for points of D numbers each.</summary>
    private double[] StartOf(double[] points, double alpha, double sigma)
    {
        var (width, variance) = (means.GetLength(1), alpha * alpha * deviation * deviation + sigma * sigma);
        var (pull, start, logs) = (alpha * deviation * deviation / variance, new double[points.Length], new double[weights.Length]);
        for (var at = 0; at < points.Length; at += width)
        {
            for (var k = 0; k < logs.Length; k++)
            {
                var distance = 0.0;
                for (var d = 0; d < width; d++) distance += Square(points[at + d] - alpha * means[k, d]);
                logs[k] = Math.Log(weights[k]) - distance / (2 * variance);
            }
            var (largest, total) = (logs.Max(), 0.0);
            for (var k = 0; k < logs.Length; k++)
            {
                var share = Math.Exp(logs[k] - largest);
                total += share;
                for (var d = 0; d < width; d++) start[at + d] += share * (means[k, d] + pull * (points[at + d] - alpha * means[k, d]));
            }
            for (var d = 0; d < width; d++) start[at + d] /= total;
        }
        return start;

        static double Square(double x) => x * x;
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
