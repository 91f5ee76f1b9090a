using TorchSharp;
using static TorchSharp.torch;

namespace Dit.Runtime;

/// <summary>
/// The likelihood of data under a flow, by the instantaneous change of variables: the data is carried back to the noise
/// along the velocity v, and log p(x_1) = log N(x_0; 0, 1) - the integral of div v over the time (FFJORD, arXiv
/// 1810.01367, equation 3; Song et al., arXiv 2011.13456, section 4.3 and appendix D.2; SiT, arXiv 2401.08740).
/// </summary>
/// <remarks>
/// The divergence is estimated by Hutchinson's trace, e^T (dv / dx) e with random e of mean 0 and variance 1, which
/// stay the same on the whole way. The estimate is without bias; its variance falls with the number of probes. A probe
/// costs one pass backwards through the network for each evaluation. Steps adapt as those of
/// <see cref="Dopri5{TProcess}"/>.
/// </remarks>
/// <param name="Probes">Probes of each sample that are averaged, at least 1.</param>
/// <param name="Distribution">What the probes are drawn from.</param>
/// <param name="RelativeTolerance">The error that a step may make, relative to the state.</param>
/// <param name="AbsoluteTolerance">The error that a step may make where the state is 0.</param>
/// <exception cref="DitException">There are no probes, or a tolerance is not a positive number.</exception>
public sealed record Likelihood(
    int Probes = 1, ProbeDistribution Distribution = ProbeDistribution.Rademacher, double RelativeTolerance = 1e-5,
    double AbsoluteTolerance = 1e-5)
{
    /// <summary>Probes of each sample that are averaged, at least 1.</summary>
    public int Probes { get; init => field = RequireProbes(value); } = RequireProbes(Probes);

    /// <summary>The error that a step may make, relative to the state; above 0.</summary>
    public double RelativeTolerance { get; init => field = Tolerance.Require(value); } = Tolerance.Require(RelativeTolerance);

    /// <summary>The error that a step may make where the state is 0; above 0.</summary>
    public double AbsoluteTolerance { get; init => field = Tolerance.Require(value); } = Tolerance.Require(AbsoluteTolerance);

    /// <summary>The likelihood of data.</summary>
    /// <param name="flow">The flow that the network is trained for.</param>
    /// <param name="network">The network, differentiable: a model's <c>forward</c>, not a session.</param>
    /// <param name="data">x_1, real, (N, C, Y, X); it stays the caller's.</param>
    /// <param name="seed">The same seed gives the same probes: those of sample i do not depend on the others.</param>
    /// <param name="cancellation">Checked before each step.</param>
    /// <exception cref="DitException">The data is not of real numbers, (N, C, Y, X), the network gives no gradient, or
    /// a tolerance cannot be met.</exception>
    public LikelihoodResult Of(
        Flow flow, TrainedNetwork network, Tensor data, long seed = 0, CancellationToken cancellation = default)
    {
        SamplingLoop.RequireImages("The data of a likelihood", data);
        using var noGradient = no_grad();
        using var scope = NewDisposeScope();
        var x = GaussianMath.Compute(data);
        var trace = new TracedVelocity(flow, network, x.shape, Draw(x, seed));
        var (to, from) = FlowInterval.OfOde(flow);
        var steps = new DormandPrince(trace.SlopeAt, (from, to), new(RelativeTolerance, AbsoluteTolerance));
        var (end, rejected) = Integrate(steps, trace.Pack(x), cancellation);
        return ResultOf(trace.Unpack(end), trace.Evaluations, rejected);
    }

    private static (Tensor End, int Rejected) Integrate(DormandPrince steps, Tensor state, CancellationToken cancellation)
    {
        Tensor? slope = null;
        var rejected = 0;
        while (!steps.IsDone)
        {
            cancellation.ThrowIfCancellationRequested();
            var step = steps.Step(state, slope);
            state.Dispose();
            slope?.Dispose();
            (state, slope, rejected) = (step.Y, step.Slope, rejected + step.Rejected);
        }
        return (state, rejected);
    }

    private static LikelihoodResult ResultOf((Tensor Noise, Tensor Change) end, int evaluations, int rejected)
    {
        var dimensions = end.Noise.numel() / end.Noise.shape[0];
        var prior = -0.5 * (end.Noise.flatten(1).to(ScalarType.Float64).square().sum(1) + dimensions * Math.Log(2 * Math.PI));
        var logLikelihood = prior + end.Change.to(ScalarType.Float64);
        var bits = logLikelihood / (-Math.Log(2) * dimensions);
        return new LikelihoodResult(logLikelihood, bits, end.Noise.clone(), evaluations, rejected).MoveToOuterScope();
    }

    private Tensor[] Draw(Tensor x, long seed)
    {
        using var noise = new KeyedNoise(seed, 0, (int)x.shape[0], new((int)x.shape[1], (int)x.shape[2], (int)x.shape[3]), x.device);
        return [.. Enumerable.Range(0, Probes).Select(_ => Probe(noise.Next()).to(x.dtype))];
    }

    private Tensor Probe(Tensor normal) => Distribution switch
    {
        ProbeDistribution.Normal => normal,
        ProbeDistribution.Rademacher => where(normal < 0, -ones_like(normal), ones_like(normal)),
        _ => throw new DitException($"There are no probes '{Distribution}'."),
    };

    private static int RequireProbes(int probes) =>
        probes >= 1 ? probes : throw new DitException($"{probes} probes were asked for: a trace takes at least 1.");
}

/// <summary>What the probes of a trace are drawn from.</summary>
public enum ProbeDistribution
{
    /// <summary>-1 and 1, equally likely: exact where the Jacobian is diagonal, and never of more variance than the
    /// normal one.</summary>
    Rademacher,

    /// <summary>The standard normal distribution.</summary>
    Normal,
}

/// <summary>The likelihood of N samples under a flow.</summary>
/// <param name="LogLikelihood">Logarithm of the density in nats, float64, (N,).</param>
/// <param name="BitsPerDim">
/// Minus the logarithm of the density to base 2, by dimension, float64, (N,). It is of the data
/// in its own unit: 8-bit pixels that are scaled to [-1, 1] have 7 bits more, log2 of 128 levels in a unit.
/// </param>
/// <param name="Noise">Where the samples come from, x_0, (N, C, Y, X).</param>
/// <param name="Evaluations">Calls of the network.</param>
/// <param name="Rejected">Attempts at steps whose error was too large.</param>
public sealed record LikelihoodResult(Tensor LogLikelihood, Tensor BitsPerDim, Tensor Noise, int Evaluations, int Rejected) : IDisposable
{
    internal LikelihoodResult MoveToOuterScope()
    {
        foreach (var tensor in (Tensor[])[LogLikelihood, BitsPerDim, Noise]) tensor.MoveToOuterDisposeScope();
        return this;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        LogLikelihood.Dispose();
        BitsPerDim.Dispose();
        Noise.Dispose();
    }
}
