using static TorchSharp.torch;

namespace Dit.Runtime.Tests;

/// <summary>Solvers of the stochastic differential equation of a flow.</summary>
public sealed class FlowSdeTests : IDisposable
{
    private const int Samples = 3000, Steps = 80;

    private readonly IDisposable scope = NewDisposeScope();

    public void Dispose() => scope.Dispose();

    private static Tensor Drawn(Flow flow, Solver<Flow> solver, int n = Samples)
    {
        using var random = new Generator(3);
        var noise = Enumerable.Range(0, Steps + 1).Select(_ => randn([n, 1, 1, 2], ScalarType.Float64, generator: random));
        return new SamplingLoop<Flow>("sde", solver, flow).Sample(Mixture.InPlane.Network(flow), new ReplayedNoise([.. noise]));
    }

    public static TheoryData<DiffusionForm> Forms => [.. Enum.GetValues<DiffusionForm>()];

    [Theory, MemberData(nameof(Forms))]
    public void Samples_have_the_mean_and_the_covariance_of_the_data_whatever_the_diffusion(DiffusionForm form)
    {
        using var random = new Generator(4);
        var data = Mixture.InPlane.Draw(100_000, random);
        foreach (var flow in (Flow[])
            [new(FlowPath.Linear), new(FlowPath.Gvp, Prediction.Score), new(FlowPath.Vp, Prediction.Epsilon)])
            foreach (var solver in (Solver<Flow>[])
                [new EulerMaruyama(Steps, form, 0.7, LastStepSize: 0.01), new StochasticHeun(Steps, form, 0.7, LastStepSize: 0.01)])
            {
                var drawn = Drawn(flow, solver);
                var what = $"{solver.Method} on {flow.Path}";
                AreNear(data.mean([0, 1, 2]), drawn.mean([0, 1, 2]), 0.08, $"mean of {what}");
                AreNear(Covariance(data), Covariance(drawn), 0.12, $"covariance of {what}");
            }
    }

    [Theory]
    [InlineData(LastStep.None), InlineData(LastStep.Mean), InlineData(LastStep.Tweedie), InlineData(LastStep.Euler)]
    public void Every_last_step_ends_near_the_data(LastStep last)
    {
        using var random = new Generator(4);
        var covariance = Covariance(Mixture.InPlane.Draw(100_000, random));
        foreach (var solver in (Solver<Flow>[])[new EulerMaruyama(Steps, Last: last), new StochasticHeun(Steps, Last: last)])
            AreNear(covariance, Covariance(Drawn(new(FlowPath.Linear), solver)), 0.15, $"{solver.Method}, {last}");
    }

    [Theory]
    [InlineData(LastStep.None, 6, 12), InlineData(LastStep.Mean, 6, 11), InlineData(LastStep.Tweedie, 6, 11)]
    public void The_evaluations_and_the_times_that_are_announced_are_those_of_the_run(LastStep last, int ofEuler, int ofHeun)
    {
        var flow = new Flow(FlowPath.Linear, Prediction.Velocity);
        foreach (var (solver, evaluations) in ((Solver<Flow>, int)[])
            [(new EulerMaruyama(6, Last: last), ofEuler), (new StochasticHeun(6, Last: last), ofHeun)])
        {
            var seen = new List<double>();
            var noise = Enumerable.Range(0, 7).Select(static _ => randn(2, 1, 1, 2));
            var result = new SamplingLoop<Flow>("sde", solver, flow).Sample(
                (x, t) =>
                {
                    seen.Add(t);
                    return -x;
                },
                new ReplayedNoise([.. noise]));
            Assert.Equal(evaluations, seen.Count);
            Assert.Equal(evaluations, solver.EvaluationsFor(flow));
            Assert.Equal(seen.Distinct().Order(), solver.Times(flow));
        }
    }

    [Fact]
    public void Times_are_those_of_the_published_code_or_such_that_nothing_is_infinite()
    {
        Assert.Equal((0, 0.96), Ends(FlowPath.Linear, Prediction.Velocity, new(6)));
        Assert.Equal((1e-3, 0.96), Ends(FlowPath.Linear, Prediction.Velocity, new(6, DiffusionForm.Sbdm)));
        Assert.Equal((1e-3, 0.96), Ends(FlowPath.Gvp, Prediction.Epsilon, new(6)));
        Assert.Equal((0, 0.9), Ends(FlowPath.Vp, Prediction.Score, new(6, DiffusionForm.Sbdm, LastStepSize: 0.1)));

        static (double, double) Ends(FlowPath path, Prediction prediction, EulerMaruyama solver)
        {
            var times = solver.Times(new(path, prediction));
            return (times[0], times[^1]);
        }
    }

    [Fact]
    public void Settings_out_of_range_are_refused()
    {
        Assert.Contains("A norm of 0", Assert.Throws<DitException>(static () => new EulerMaruyama(5, Norm: 0)).Message);
        Assert.Contains("A last step of 1", Assert.Throws<DitException>(static () => new StochasticHeun(5, LastStepSize: 1)).Message);
        Assert.Equal((2, 1), (
            new EulerMaruyama(5).StepsRange(new(FlowPath.Linear)).Fewest,
            new EulerMaruyama(5, Last: LastStep.None).StepsRange(new(FlowPath.Linear)).Fewest));
    }

    private static Tensor Covariance(Tensor x)
    {
        var centered = x.flatten(1) - x.flatten(1).mean([0]);
        return centered.T.matmul(centered) / x.shape[0];
    }

    private static void AreNear(Tensor expected, Tensor actual, double tolerance, string what)
    {
        var difference = (expected.flatten() - actual.flatten()).abs().max().item<double>();
        Assert.True(difference <= tolerance, $"{what} differs by {difference:g3}.");
    }
}
