using static TorchSharp.torch;

namespace Dit.Runtime.Tests;

/// <summary>
/// Data of three Gaussians in the plane, (N, 1, 1, 2), noised: every expectation of it is a formula, so a denoiser that
/// makes no error is known, and so is what a solver should end with.
/// </summary>
internal static class GaussianMixture
{
    private const double Deviation = 0.3;

    private static readonly double[] Shares = [0.5, 0.3, 0.2];
    private static readonly double[,] Means = { { 1, 0.5 }, { -1, 1 }, { 0.2, -1.2 } };

    /// <summary>The mean of the data, 2 numbers.</summary>
    public static double[] Mean => [.. Enumerable.Range(0, 2).Select(static i => Shares.Select((share, k) => share * Means[k, i]).Sum())];

    /// <summary>The covariance of the data.</summary>
    public static double Covariance(int i, int j) =>
        Shares.Select((share, k) => share * (Means[k, i] - Mean[i]) * (Means[k, j] - Mean[j])).Sum() + (i == j ? Deviation * Deviation : 0);

    /// <summary>The network that makes no error; float64 inside. The plane is small, so numbers on the host are faster
    /// than tensors.</summary>
    public static Denoiser Network(IProcess process) => (x, t) =>
    {
        var (alpha, sigma, weights) = (process.Alpha(t), process.Sigma(t), process.Weights(process.Prediction, t));
        using var wide = x.to(ScalarType.Float64).contiguous();
        double[] points = [.. wide.data<double>()], output = new double[points.Length];
        for (var i = 0; i < points.Length; i += 2)
        {
            var start = Start(points[i], points[i + 1], alpha, sigma);
            output[i] = weights.Start * start.X + weights.Noise * (points[i] - alpha * start.X) / sigma;
            output[i + 1] = weights.Start * start.Y + weights.Noise * (points[i + 1] - alpha * start.Y) / sigma;
        }
        using var made = tensor(output, x.shape);
        return made.to(x.dtype);
    };

    /// <summary>The exact end of the way between two nodes: y = x / alpha over u = log(sigma / alpha), where
    /// dy / du = y - E[x_0 | x], by the classical Runge-Kutta method in small steps.</summary>
    public static double[] Solution(double[] x, NoiseNode from, NoiseNode to)
    {
        const int steps = 4000;
        var (points, h) = (new double[x.Length], (from.Lambda - to.Lambda) / steps);
        for (var p = 0; p < x.Length; p += 2)
        {
            var y = new Vector2(x[p] / from.Alpha, x[p + 1] / from.Alpha);
            for (var i = 0; i < steps; i++)
            {
                var u = -from.Lambda + i * h;
                var k1 = Slope(y, u);
                var k2 = Slope(y.Plus(h / 2, k1), u + h / 2);
                var k3 = Slope(y.Plus(h / 2, k2), u + h / 2);
                var k4 = Slope(y.Plus(h, k3), u + h);
                y = y.Plus(h / 6, k1).Plus(h / 3, k2).Plus(h / 3, k3).Plus(h / 6, k4);
            }
            (points[p], points[p + 1]) = (y.X * to.Alpha, y.Y * to.Alpha);
        }
        return points;
    }

    private static Vector2 Slope(Vector2 y, double u)
    {
        var alpha = 1 / Math.Sqrt(1 + Math.Exp(2 * u));
        return y.Plus(-1, Start(y.X * alpha, y.Y * alpha, alpha, Math.Exp(u) * alpha));
    }

    /// <summary>E[x_0 | x] at a scale of the data and of the noise.</summary>
    private static Vector2 Start(double x, double y, double alpha, double sigma)
    {
        var variance = alpha * alpha * Deviation * Deviation + sigma * sigma;
        Span<double> logs = stackalloc double[Shares.Length];
        var largest = double.NegativeInfinity;
        for (var k = 0; k < logs.Length; k++)
        {
            var (dx, dy) = (x - alpha * Means[k, 0], y - alpha * Means[k, 1]);
            logs[k] = Math.Log(Shares[k]) - (dx * dx + dy * dy) / (2 * variance);
            largest = Math.Max(largest, logs[k]);
        }
        var (sum, total, pull) = (new Vector2(0, 0), 0.0, alpha * Deviation * Deviation / variance);
        for (var k = 0; k < logs.Length; k++)
        {
            var weight = Math.Exp(logs[k] - largest);
            total += weight;
            sum = sum.Plus(weight, new(Means[k, 0] + pull * (x - alpha * Means[k, 0]), Means[k, 1] + pull * (y - alpha * Means[k, 1])));
        }
        return new(sum.X / total, sum.Y / total);
    }

    private readonly record struct Vector2(double X, double Y)
    {
        public Vector2 Plus(double factor, Vector2 other) => new(X + factor * other.X, Y + factor * other.Y);
    }
}
