using static TorchSharp.torch;

namespace Dit.Runtime.Tests;

/// <summary>Orders of convergence on a Gaussian mixture, on a diffusion with continuous times and on a flow.</summary>
public sealed class ConvergenceTests : IDisposable
{
    private readonly IDisposable scope = NewDisposeScope();

    public void Dispose() => scope.Dispose();

    /// <summary>Method, order, and the powers of the steps between which the error falls. UniPC's corrector adds one,
    /// which its first steps undo for order 3.</summary>
    public static TheoryData<string, int, double, double> Orders => new()
    {
        { "euler", 1, 1, 1 },
        { "heun", 2, 2, 2 },
        { "dpm-solver++", 1, 1, 1 },
        { "dpm-solver++", 2, 2, 2 },
        { "dpm-solver++", 3, 3, 3 },
        { "dpm-solver", 1, 1, 1 },
        { "dpm-solver", 2, 2, 2 },
        { "dpm-solver", 3, 3, 3 },
        { "deis", 1, 1, 1 },
        { "deis", 2, 2, 2 },
        { "deis", 3, 3, 3 },
        { "unipc-bh1", 1, 2, 2 },
        { "unipc-bh1", 2, 3, 3 },
        { "unipc-bh1", 3, 3, 4 },
        { "unipc-bh2", 1, 2, 2 },
        { "unipc-bh2", 2, 3, 3 },
        { "unipc-bh2", 3, 3, 4 },
    };

    [Theory, MemberData(nameof(Orders))]
    public void The_error_falls_with_the_stated_power_of_the_steps(string method, int order, double least, double most)
    {
        var diffusion = new GaussianDiffusion(NoiseSchedule.Linear(), Prediction.Epsilon, ModelVariance.FixedSmall);
        Assert.InRange(Slope(diffusion, method, order), least - 0.25, most + 0.5);
        Assert.InRange(Slope(new Flow(FlowPath.Linear), method, order), least - 0.25, most + 0.5);
    }

    // Half of the quadratic term is missing there.
    [Theory, InlineData("dpm-solver++"), InlineData("dpm-solver")]
    public void The_published_third_order_is_of_second_order(string method) =>
        Assert.InRange(Slope(new Flow(FlowPath.Linear), method, 3, halves: true), 1.75, 2.4);

    /// <summary>The slope of the logarithm of the error over that of the steps, by least squares.</summary>
    private static double Slope<TProcess>(TProcess process, string method, int order, bool halves = false)
        where TProcess : IProcess
    {
        double[] steps = [40, 80, 160, 320];
        double[] errors = [.. steps.Select(count => Error(process, SolverOf<TProcess>(method, (int)count, order, halves)))];
        double[] x = [.. steps.Select(static count => -Math.Log(count))], y = [.. errors.Select(static error => Math.Log(error))];
        return x.Zip(y, (a, b) => (a - x.Average()) * (b - y.Average())).Sum() / x.Sum(a => Math.Pow(a - x.Average(), 2));
    }

    private static double Error<TProcess>(TProcess process, NodeSolver<TProcess> solver)
        where TProcess : IProcess
    {
        using var inner = NewDisposeScope();
        var nodes = solver.Nodes(process);
        double[] noise = [-1.5, -0.3, 0.4, 2.0, 0.9, -0.8];
        var drawn = new SamplingLoop<TProcess>("exact", solver, process)
            .Sample(GaussianMixture.Network(process), new ReplayedNoise([tensor(noise, [3, 1, 1, 2])]));
        var exact = GaussianMixture.Solution(noise, nodes[0], nodes[^1]);
        return Math.Sqrt(drawn.data<double>().Zip(exact, static (a, b) => (a - b) * (a - b)).Average());
    }

    private static NodeSolver<TProcess> SolverOf<TProcess>(string method, int steps, int order, bool halves)
        where TProcess : IProcess
    {
        // Lambda is finite along the whole way.
        var spacing = Spacing.LogSnr with { EndsAtData = false };
        return method switch
        {
            "dpm-solver++" => new DpmSolverPlusPlus<TProcess>(steps, order, spacing) { HalvesThirdOrder = halves },
            "dpm-solver" => new DpmSolver<TProcess>(steps, order, spacing) { HalvesThirdOrder = halves },
            "deis" => new Deis<TProcess>(steps, order, spacing),
            "euler" => new Euler<TProcess>(steps, spacing),
            "heun" => new Heun<TProcess>(steps, spacing),
            // The last step has no corrector, so its order must not fall.
            "unipc-bh1" => new UniPc<TProcess>(steps, order, UniPcVariant.Bh1, spacing) { LowersOrderAtEnd = false },
            _ => new UniPc<TProcess>(steps, order, UniPcVariant.Bh2, spacing) { LowersOrderAtEnd = false },
        };
    }

    [Theory, InlineData(1), InlineData(2), InlineData(3)]
    public void Stochastic_solvers_reach_the_mean_and_the_covariance(int order)
    {
        Check(new GaussianDiffusion(NoiseSchedule.Linear(), Prediction.Epsilon, ModelVariance.FixedSmall));
        Check(new Flow(FlowPath.Linear));

        void Check<TProcess>(TProcess process)
            where TProcess : IProcess
        {
            using var noise = new KeyedNoise(3, 0, 4000, new(1, 1, 2), CPU);
            var solver = new SdeDpmSolverPlusPlus<TProcess>(order == 1 ? 120 : 50, order);
            var points = new SamplingLoop<TProcess>("sde", solver, process).Sample(GaussianMixture.Network(process), noise).view(-1, 2);
            var mean = points.mean([0L]);
            var centered = points - mean;
            var covariance = centered.t().mm(centered) / points.shape[0];
            for (var i = 0; i < 2; i++)
            {
                Assert.Equal(GaussianMixture.Mean[i], mean[i].item<float>(), 0.06);
                for (var j = 0; j < 2; j++) Assert.Equal(GaussianMixture.Covariance(i, j), covariance[i, j].item<float>(), 0.06);
            }
        }
    }
}
