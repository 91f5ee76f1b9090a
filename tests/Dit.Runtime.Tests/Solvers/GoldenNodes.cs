using System.Collections.Immutable;
using static TorchSharp.torch;

namespace Dit.Runtime.Tests;

/// <summary>What the comparisons with golden/solvers share.</summary>
internal static class GoldenNodes
{
    // Published code begins at the last timestep, however much noise it has.
    private static readonly Spacing Karras = Spacing.Karras with { MinLambda = double.NegativeInfinity };

    /// <summary>The spacing that a configuration names.</summary>
    public static Spacing SpacingOf(DiffusersCase golden)
    {
        if (golden.Flag("use_karras_sigmas")) return Karras;
        if (golden.Flag("use_exponential_sigmas")) return Spacing.Exponential;
        if (golden.Flag("use_lu_lambdas")) return Spacing.Lu;
        if (golden.Flag("use_beta_sigmas")) return Spacing.Beta;
        return golden.Text("timestep_spacing") switch
        {
            "leading" => Spacing.LeadingFrom((int)golden.Number("steps_offset", 0)),
            "trailing" => Spacing.Trailing,
            _ => Spacing.Linspace,
        };
    }

    /// <summary>Spacings of flows in multistep schedulers, which nobody else has.</summary>
    public static Spacing FlowSpacing(string scheduler, DiffusersCase golden, bool endsAtData)
    {
        var flow = new Flow(FlowPath.Linear);
        var (steps, shift) = (golden.Steps, golden.Number("flow_shift", 1));
        double[] sigmas =
            golden.Flag("use_karras_sigmas")
                // Those of the Gaussian diffusion, sigma / alpha being the same.
                ? [.. Karras.Nodes(golden.Gaussian(), steps)[..^1].Select(static at => at.Sigma / (at.Alpha + at.Sigma))]
            : scheduler == "unipc"
                // UniPC begins just below sigma 1.
                ? [1 - 1e-6, .. (Spacing.Linspace with { Shift = shift }).Nodes(flow, steps)[1..^1].Select(static at => at.Sigma)]
            : [.. Enumerable.Range(0, steps).Select(i => Shifted(0.999 * (steps - i) / steps))];
        var end = endsAtData ? 0 : sigmas[^1];
        return Spacing.Given([.. sigmas.Select(static sigma => new NoiseNode(1 - sigma, 1 - sigma, sigma)), new(1 - end, 1 - end, end)]);

        double Shifted(double sigma) => shift * sigma / (1 + (shift - 1) * sigma);
    }

    /// <summary>Whole timesteps exactly; those between two within float32's rounding of the published
    /// logarithms.</summary>
    public static void Timesteps(double[] expected, ImmutableArray<NoiseNode> nodes) => Assert.All(
        expected.Zip(nodes[..^1], static (time, node) => (Expected: time, Actual: node.Time)),
        static pair => Assert.Equal(pair.Expected, pair.Actual, pair.Expected == Math.Floor(pair.Expected) ? 0 : 1e-3));

    /// <summary>Sigmas within 1e-6.</summary>
    public static void Sigmas(double[] expected, IEnumerable<double> actual) => Assert.All(
        expected.Zip(actual),
        static pair => Assert.True(
            Math.Abs(pair.First - pair.Second) <= 1e-6 * Math.Abs(pair.First) + (pair.First == 0 ? 0 : 1e-12),
            $"{pair.First:g9} is {pair.Second:g9}"));

    /// <summary>Every state, within 1e-4 of the largest.</summary>
    /// <param name="golden">The case.</param>
    /// <param name="process">Its process.</param>
    /// <param name="solver">The solver.</param>
    /// <param name="network">The denoiser.</param>
    /// <param name="published">A state as the published code has it, from ours and the number of steps done.</param>
    /// <param name="start">The state to start from; the noise of the case by default.</param>
    /// <param name="stateOf">The recorded state after a number of steps; by default that of the same number.</param>
    public static void States<TProcess>(
        DiffusersCase golden,
        TProcess process,
        Solver<TProcess> solver,
        Denoiser network,
        Func<Tensor, int, Tensor> published,
        Tensor? start = null,
        Func<int, int>? stateOf = null)
        where TProcess : IProcess
    {
        using var scope = NewDisposeScope();
        var (largest, done) = (golden.States.abs().max().item<float>(), 0);
        new SamplingLoop<TProcess>("golden", solver, process).Sample(
            network,
            new ReplayedNoise([start ?? golden.Start, .. golden.StepNoise]),
            observe: at =>
            {
                done++;
                var expected = golden.States[stateOf?.Invoke(done) ?? done];
                var difference = (published(at.State, done) - expected).abs().max().item<float>() / largest;
                Assert.True(difference <= Close.Loop, $"state {done} differs by {difference:g3}");
            });
        Assert.Equal(golden.States.shape[0] - 1, stateOf?.Invoke(done) ?? done);
    }

    /// <summary>A denoiser that predicts the noise, with its data limited.</summary>
    /// <param name="network">The denoiser.</param>
    /// <param name="nodeOf">The node of each call.</param>
    /// <param name="limit">Limits the data.</param>
    public static Denoiser Limited(Denoiser network, Func<int, NoiseNode> nodeOf, Func<Tensor, Tensor> limit)
    {
        var call = 0;
        return (x, t) =>
        {
            var node = nodeOf(call++);
            var start = (x - network(x, t) * node.Sigma) / node.Alpha;
            return (x - limit(start) * node.Alpha) / node.Sigma;
        };
    }
}
