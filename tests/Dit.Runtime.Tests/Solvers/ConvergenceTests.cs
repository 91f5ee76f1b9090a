using static TorchSharp.torch;

namespace Dit.Runtime.Tests;

/// <summary>Orders of convergence on a Gaussian mixture, on a diffusion with continuous times and on a flow.</summary>
public sealed class ConvergenceTests : IDisposable
{
    private const string Sde = "sde-dpm-solver++";
    private const int ExactSteps = 4000;

    private static readonly int[] Steps = [160, 320, 640];

    private static readonly GaussianDiffusion Gaussian = new(NoiseSchedule.Linear(), Prediction.Epsilon, ModelVariance.FixedSmall);
    private static readonly Flow Linear = new(FlowPath.Linear);

    private readonly IDisposable scope = NewDisposeScope();

    public void Dispose() => scope.Dispose();

    /// <summary>
    /// Method, order, and the powers of the steps between which the error falls. UniPC's corrector adds one. The
    /// stochastic solver runs without its noise, on the drift of its equation.
    /// </summary>
    public static TheoryData<string, int, double, double> Orders => new()
    {
        { "euler", 1, 0.9, 1.1 },
        { "heun", 2, 1.9, 2.1 },
        { "dpm-solver++", 1, 0.9, 1.1 },
        { "dpm-solver++", 2, 1.9, 2.1 },
        { "dpm-solver++", 3, 2.9, 3.1 },
        { "dpm-solver", 1, 0.9, 1.1 },
        { "dpm-solver", 2, 1.9, 2.1 },
        { "dpm-solver", 3, 2.9, 3.15 },
        { Sde, 1, 0.9, 1.1 },
        { Sde, 2, 1.9, 2.15 },
        { Sde, 3, 2.9, 3.5 },
        { "deis", 1, 0.9, 1.1 },
        { "deis", 2, 1.9, 2.1 },
        { "deis", 3, 2.9, 3.15 },
        { "lms", 1, 0.9, 1.1 },
        { "lms", 2, 1.9, 2.1 },
        { "lms", 3, 2.9, 3.15 },
        { "unipc-bh1", 1, 1.9, 2.1 },
        { "unipc-bh1", 2, 2.9, 3.1 },
        { "unipc-bh1", 3, 3.7, 4.1 },
        { "unipc-bh2", 1, 1.9, 2.1 },
        { "unipc-bh2", 2, 2.9, 3.1 },
        { "unipc-bh2", 3, 3.7, 4.1 },
    };

    [Theory, MemberData(nameof(Orders))]
    public void The_error_falls_with_the_stated_power_of_the_steps(string method, int order, double least, double most)
    {
        Assert.InRange(Slope(Gaussian, method, order), least, most);
        Assert.InRange(Slope(Linear, method, order), least, most);
    }

    // A quadratic term that is wrong by a tenth, or by half as in published code, costs an order.
    [Theory]
    [InlineData("dpm-solver++", 0.5), InlineData("dpm-solver++", 0.9), InlineData("dpm-solver++", 1.1)]
    [InlineData("dpm-solver", 0.5), InlineData("dpm-solver", 0.9), InlineData("dpm-solver", 1.1)]
    [InlineData(Sde, 0.5), InlineData(Sde, 0.9), InlineData(Sde, 1.1)]
    public void A_wrong_quadratic_term_is_of_second_order(string method, double curvature)
    {
        Assert.InRange(Slope(Gaussian, method, 3, curvature), 1.2, 2.6);
        Assert.InRange(Slope(Linear, method, 3, curvature), 1.2, 2.6);
    }

    /// <summary>The slope of the logarithm of the error over that of the steps, by least squares.</summary>
    private static double Slope<TProcess>(TProcess process, string method, int order, double curvature = 1)
        where TProcess : IProcess
    {
        using var inner = NewDisposeScope();
        double[] noise = [-1.5, -0.3, 0.4, 2.0, 0.9, -0.8];
        var nodes = SolverOf<TProcess>(method, 1, 1, 1).Nodes(process);
        var exact = Mixture.InPlane.Solution(noise, nodes[0], nodes[^1], ExactSteps, pull: method == Sde ? 2 : 1);
        double[] x = [.. Steps.Select(static steps => -Math.Log(steps))];
        double[] y = [.. Steps.Select(steps => Math.Log(Error(SolverOf<TProcess>(method, steps, order, curvature))))];
        return x.Zip(y, (a, b) => (a - x.Average()) * (b - y.Average())).Sum() / x.Sum(a => Math.Pow(a - x.Average(), 2));

        double Error(FixedStepSolver<TProcess> solver)
        {
            var none = method == Sde ? Enumerable.Repeat(zeros(3, 1, 1, 2, ScalarType.Float64), solver.Steps) : [];
            var drawn = new SamplingLoop<TProcess>("exact", solver, process)
                .Sample(Mixture.InPlane.Network(process), new ReplayedNoise([tensor(noise, [3, 1, 1, 2]), .. none]));
            return Math.Sqrt(drawn.data<double>().ToArray().Zip(exact, static (a, b) => (a - b) * (a - b)).Average());
        }
    }

    private static NodeSolver<TProcess> SolverOf<TProcess>(string method, int steps, int order, double curvature)
        where TProcess : IProcess
    {
        // Lambda is finite along the whole way.
        var spacing = Spacing.LogSnr with { EndsAtData = false };
        return method switch
        {
            "dpm-solver++" => new DpmSolverPlusPlus<TProcess>(steps, order, spacing) { Curvature = curvature },
            "dpm-solver" => new DpmSolver<TProcess>(steps, order, spacing) { Curvature = curvature },
            Sde => new SdeDpmSolverPlusPlus<TProcess>(steps, order, spacing) { Curvature = curvature },
            "deis" => new Deis<TProcess>(steps, order, spacing),
            "lms" => new Lms<TProcess>(steps, order, spacing),
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
        var steps = order == 1 ? 120 : 50;
        ReachesTheMixture(Gaussian, new SdeDpmSolverPlusPlus<GaussianDiffusion>(steps, order));
        ReachesTheMixture(Linear, new SdeDpmSolverPlusPlus<Flow>(steps, order));
    }

    [Theory, InlineData(0), InlineData(10), InlineData(1000)]
    public void The_stochastic_sampler_of_EDM_reaches_the_mean_and_the_covariance(double churn) =>
        ReachesTheMixture(Gaussian, new Edm(50, churn, ChurnMin: 0.01, ChurnNoise: 1));

    [Fact]
    public void Without_noise_the_stochastic_sampler_of_EDM_is_Heun()
    {
        var expected = Drawn(new Heun<GaussianDiffusion>(12));
        Assert.Equal(expected, Drawn(new Edm(12, Churn: 0)));
        Assert.Equal(expected, Drawn(new Edm(12, ChurnMin: 1000, ChurnMax: 1000)));
        Assert.NotEqual(expected, Drawn(new Edm(12)));

        static double[] Drawn(Solver<GaussianDiffusion> solver)
        {
            using var inner = NewDisposeScope();
            using var noise = new KeyedNoise(3, 0, 4, new(1, 1, 2), CPU);
            return
            [
                .. new SamplingLoop<GaussianDiffusion>("edm", solver, Gaussian).Sample(Mixture.InPlane.Network(Gaussian), noise)
                    .to(ScalarType.Float64).data<double>(),
            ];
        }
    }

    [Fact]
    public void Settings_of_EDM_out_of_their_ranges_are_errors()
    {
        Assert.Equal("Churn is -1: it must be a number, 0 or above.", Assert.Throws<DitException>(() => new Edm(10, Churn: -1)).Message);
        Assert.Throws<DitException>(() => new Edm(10, ChurnMin: double.NaN));
        Assert.Throws<DitException>(() => new Edm(10) with { ChurnNoise = -1 });
    }

    private static void ReachesTheMixture<TProcess>(TProcess process, Solver<TProcess> solver)
        where TProcess : IProcess
    {
        using var inner = NewDisposeScope();
        using var noise = new KeyedNoise(3, 0, 4000, new(1, 1, 2), CPU);
        var points = new SamplingLoop<TProcess>("sde", solver, process).Sample(Mixture.InPlane.Network(process), noise).view(-1, 2);
        var mean = points.mean([0L]);
        var centered = points - mean;
        var covariance = centered.t().mm(centered) / points.shape[0];
        Assert.InRange((mean - Mixture.InPlane.Mean).abs().max().item<double>(), 0, 0.06);
        Assert.InRange((covariance - Mixture.InPlane.Covariance).abs().max().item<double>(), 0, 0.06);
    }
}
