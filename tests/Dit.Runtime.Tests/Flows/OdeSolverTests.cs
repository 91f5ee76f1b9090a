using System.Collections.Immutable;
using static TorchSharp.torch;

namespace Dit.Runtime.Tests;

/// <summary>Solvers of the ordinary differential equation, against the exact transport of a mixture on a
/// line.</summary>
public sealed class OdeSolverTests : IDisposable
{
    private static readonly Flow Linear = new(FlowPath.Linear);

    private static readonly GaussianDiffusion Gaussian = new(NoiseSchedule.Linear(), Prediction.Epsilon, ModelVariance.FixedSmall);

    private readonly IDisposable scope = NewDisposeScope();

    public void Dispose() => scope.Dispose();

    private static readonly double[] Starts = [-2, -1.1, -0.3, 0.4, 1.2, 2.1];

    private static Tensor Start => tensor(Starts).view(-1, 1, 1, 1);

    private static (Tensor Drawn, List<SamplingProgress> Reports) Run<TProcess>(TProcess process, Solver<TProcess> solver)
        where TProcess : IProcess
    {
        var reports = new List<SamplingProgress>();
        var drawn = new SamplingLoop<TProcess>("mixture", solver, process).Sample(
            Mixture.OnLine.Network(process), new ReplayedNoise([Start]), new Each<SamplingProgress>(reports.Add));
        return (drawn, reports);
    }

    private static double Error<TProcess>(TProcess process, Solver<TProcess> solver)
        where TProcess : IProcess =>
        Run(process, solver).Drawn.data<double>().ToArray()
            .Zip(Starts, static (drawn, start) => Math.Abs(drawn - Mixture.OnLine.Transported(start)))
            .Max();

    public static TheoryData<string> Tableaux => ["euler", "midpoint", "heun", "heun3", "rk4"];

    private static ButcherTableau Named(string name) =>
        ((ButcherTableau[])[ButcherTableau.Euler, ButcherTableau.Midpoint, ButcherTableau.Heun, ButcherTableau.Heun3, ButcherTableau.Rk4])
            .Single(tableau => tableau.Name == name);

    [Theory, MemberData(nameof(Tableaux))]
    public void A_method_converges_at_its_order_on_a_flow(string name)
    {
        var tableau = Named(name);
        double ErrorOf(int steps) => Error(Linear, new RungeKutta<Flow>(steps, tableau));
        Assert.InRange(Math.Log2(ErrorOf(80) / ErrorOf(160)), tableau.Order - 0.3, tableau.Order + 0.6);
    }

    [Theory, MemberData(nameof(Tableaux))]
    public void The_evaluations_and_the_times_that_are_announced_are_those_of_the_run(string name)
    {
        Check(Linear, new RungeKutta<Flow>(5, Named(name)));
        Check(new Flow(FlowPath.Vp, Prediction.Score), new RungeKutta<Flow>(5, Named(name), Spacing.Shifted(2)));
        Check(new Flow(FlowPath.Gvp, Prediction.StartX), new RungeKutta<Flow>(5, Named(name)));
        Check(Gaussian, new RungeKutta<GaussianDiffusion>(5, Named(name)));
        Check(Gaussian, new RungeKutta<GaussianDiffusion>(5, Named(name), Spacing.Karras));

        static void Check<TProcess>(TProcess process, Solver<TProcess> solver)
            where TProcess : IProcess
        {
            var seen = new List<double>();
            var network = Mixture.OnLine.Network(process);
            new SamplingLoop<TProcess>("mixture", solver, process).Sample(
                (x, t) =>
                {
                    seen.Add(t);
                    return network(x, t);
                },
                new ReplayedNoise([Start]));
            Assert.Equal(solver.EvaluationsFor(process), seen.Count);
            Assert.Equal(seen.Distinct().Order(), solver.Times(process));
        }
    }

    [Theory]
    [InlineData(Prediction.Velocity), InlineData(Prediction.Score), InlineData(Prediction.Epsilon), InlineData(Prediction.StartX)]
    public void Every_path_and_prediction_leads_near_the_data(Prediction prediction)
    {
        foreach (var path in (FlowPath[])[FlowPath.Linear, FlowPath.Gvp, FlowPath.Vp])
        {
            var flow = new Flow(path, prediction);
            Assert.InRange(Error(flow, new Heun<Flow>(200)), 0, 0.02);
            Assert.InRange(Error(flow, new Dopri5<Flow>()), 0, 0.02);
        }
    }

    [Fact]
    public void Times_of_a_flow_are_those_of_the_published_code()
    {
        Assert.Equal((0, 1), Ends(FlowPath.Linear, Prediction.Velocity));
        Assert.Equal((0, 1), Ends(FlowPath.Gvp, Prediction.Velocity));
        Assert.Equal((1e-3, 1 - 1e-3), Ends(FlowPath.Gvp, Prediction.Epsilon));
        Assert.Equal((0, 1 - 1e-3), Ends(FlowPath.Vp, Prediction.Velocity));
        Assert.Equal((0, 1 - 1e-3), Ends(FlowPath.Vp, Prediction.Score));
        // SiT has no prediction of the data; with it the last step ends there.
        Assert.Equal((0, 1), Ends(FlowPath.Gvp, Prediction.StartX));

        static (double, double) Ends(FlowPath path, Prediction prediction)
        {
            var nodes = new Euler<Flow>(7).Nodes(new(path, prediction));
            return (nodes[0].Time, nodes[^1].Time);
        }
    }

    [Fact]
    public void A_wrong_prediction_of_the_data_next_to_the_data_is_not_made_larger()
    {
        const double Wrong = 0.01;
        var flow = new Flow(FlowPath.Linear, Prediction.StartX);
        foreach (var solver in (Solver<Flow>[])[new Heun<Flow>(10), new RungeKutta<Flow>(10, ButcherTableau.Rk4)])
        {
            var network = Mixture.OnLine.Network(flow);
            var loop = new SamplingLoop<Flow>("mixture", solver, flow);
            var right = loop.Sample((x, t) => network(x, t), new ReplayedNoise([Start]));
            var wrong = loop.Sample((x, t) => t > 0.89 ? network(x, t) + Wrong : network(x, t), new ReplayedNoise([Start]));
            Assert.InRange((wrong - right).abs().max().item<double>(), Wrong / 2, 2 * Wrong);
        }
    }

    [Fact]
    public void On_a_gaussian_diffusion_euler_is_of_first_order_and_heun_of_second()
    {
        double OfEuler(int steps) => Error(Gaussian, new Euler<GaussianDiffusion>(steps, Spacing.Karras));
        double OfHeun(int steps) => Error(Gaussian, new Heun<GaussianDiffusion>(steps, Spacing.Karras));
        Assert.InRange(Math.Log2(OfEuler(20) / OfEuler(40)), 0.7, 1.4);
        Assert.InRange(Math.Log2(OfHeun(10) / OfHeun(20)), 1.6, 3.2);
    }

    [Fact]
    public void Clipped_data_stays_between_minus_one_and_one()
    {
        foreach (var drawn in (Tensor[])
            [
                Run(Linear, new Euler<Flow>(20, ClipDenoised: true)).Drawn,
                Run(Linear, new Heun<Flow>(20, ClipDenoised: true)).Drawn,
                Run(Gaussian, new Euler<GaussianDiffusion>(20, ClipDenoised: true)).Drawn,
                Run(Gaussian, new Dopri5<GaussianDiffusion>(ClipDenoised: true)).Drawn,
            ])
            Assert.InRange(drawn.abs().max().item<double>(), 0.9, 1.1);
    }

    [Fact]
    public void The_adaptive_solver_meets_its_tolerance_with_fewer_evaluations_where_it_is_larger()
    {
        var before = 0;
        foreach (var tolerance in (double[])[1e-2, 1e-4, 1e-6, 1e-8])
        {
            var solver = new Dopri5<Flow>(tolerance, tolerance);
            Assert.Null(solver.EvaluationsFor(Linear));
            Assert.InRange(Error(Linear, solver), 0, 30 * tolerance); // errors grow where trajectories part
            var last = Run(Linear, solver).Reports[^1];
            Assert.True(last.Evaluations > before, $"{last.Evaluations} after {before}");
            Assert.Equal(2 + 6 * (last.Step + last.Rejected), last.Evaluations);
            Assert.Equal((1.0, 1.0), (last.Share, last.Time));
            before = last.Evaluations;
        }
        Assert.InRange(before, 100, 2000);
    }

    [Fact]
    public void The_adaptive_solver_ends_at_the_data_of_a_gaussian_diffusion()
    {
        var (drawn, reports) = Run(Gaussian, new Dopri5<GaussianDiffusion>(1e-5, 1e-5));
        Assert.Equal(reports.Select(static at => at.Share).Order(), reports.Select(static at => at.Share));
        Assert.Equal(0, reports[^1].Time);
        var exact = Run(Gaussian, new Heun<GaussianDiffusion>(900)).Drawn;
        Assert.InRange((drawn - exact).abs().max().item<double>(), 0, 2e-3);
    }

    [Fact]
    public void A_step_that_hides_a_jump_is_rejected_and_made_smaller()
    {
        var reports = new List<SamplingProgress>();
        var drawn = new SamplingLoop<Flow>("jump", new Dopri5<Flow>(1e-4, 1e-4), Linear).Sample(
            (x, t) => full_like(x, t < 0.37 ? 1.0 : -2.0), new ReplayedNoise([zeros(1, 1, 1, 1, ScalarType.Float64)]),
            new Each<SamplingProgress>(reports.Add));
        Assert.InRange(reports[^1].Rejected, 1, 60);
        Assert.Equal(0.37 - 2 * 0.63, drawn.item<double>(), 0.02);
    }

    [Fact]
    public void A_network_that_breaks_down_in_the_middle_is_named_with_its_step()
    {
        var error = Assert.Throws<NonFiniteSampleException>(() => new SamplingLoop<Flow>("broken", new Dopri5<Flow>(), Linear).Sample(
            static (x, t) => t > 0.5 ? x * double.NaN : -x, new ReplayedNoise([randn(2, 1, 1, 2)])));
        Assert.InRange(error.Since.Step, 1, 60);
        Assert.Null(error.Since.Steps);
    }

    [Fact]
    public void A_fused_session_computes_times_that_come_up_on_the_way()
    {
        using var model = Stirred.Create<OfClasses>();
        var labels = tensor(new long[] { 0, 2 });
        foreach (var solver in (Solver<GaussianDiffusion>[])
            [
                new Euler<GaussianDiffusion>(6), new Heun<GaussianDiffusion>(4, Spacing.Karras),
                new RungeKutta<GaussianDiffusion>(3, ButcherTableau.Midpoint), new Edm(4), new Dopri5<GaussianDiffusion>(),
            ])
        {
            var sampler = new Sampler<OfClasses, ClassLabels, GaussianDiffusion>(solver.Method, solver);
            var expected = sampler.Loop.Sample(
                (x, t) => model.call(x, full(2, t), labels), new KeyedNoise(5, 0, 2, OfClasses.Card.Input, CPU));
            // Rounding moves the steps of the adaptive one, within its tolerance.
            var tolerance = solver.EvaluationsFor(OfClasses.Process) is null ? 5e-3 : Close.Loop;
            Close.To(expected, sampler.Sample(model, labels, seed: 5), tolerance, sampler.Name);
        }
    }

    [Theory, InlineData(0.0), InlineData(-1.0), InlineData(double.NaN), InlineData(double.PositiveInfinity)]
    public void A_tolerance_is_a_positive_number(double tolerance)
    {
        Assert.Contains("must be a number above 0", Assert.Throws<DitException>(() => new Dopri5<Flow>(tolerance)).Message);
        Assert.Throws<DitException>(() => new Dopri5<Flow>(AbsoluteTolerance: tolerance));
        Assert.Throws<DitException>(() => new Likelihood(RelativeTolerance: tolerance));
    }

    [Fact]
    public void The_weights_of_dormand_and_prince_meet_the_conditions_of_their_orders()
    {
        var tableau = ButcherTableau.DormandPrince;
        var places = Enumerable.Range(0, tableau.Evaluations).Select(tableau.PlaceOf).ToImmutableArray();
        Assert.All(places.Zip([0, 0.2, 0.3, 0.8, 8.0 / 9, 1, 1]), static pair => Assert.Equal(pair.Second, pair.First, 1e-12));
        for (var power = 0; power < 5; power++)
            Assert.Equal(
                1.0 / (power + 1), tableau.Weights.Select((weight, i) => weight * Math.Pow(places[i], power)).Sum(), 1e-12);
        // The estimate is the difference of two results, exact to the fourth order.
        for (var power = 0; power < 4; power++)
            Assert.Equal(0, DormandPrince.ErrorWeights.Select((weight, i) => weight * Math.Pow(places[i], power)).Sum(), 1e-12);
    }

    public static TheoryData<Solver<Flow>> Loops =>
        [
            new Euler<Flow>(1000), new Heun<Flow>(1000), new RungeKutta<Flow>(1000, ButcherTableau.Rk4), new EulerMaruyama(1000),
            new StochasticHeun(1000), new Dopri5<Flow>(1e-14, 1e-14),
        ];

    [Theory, MemberData(nameof(Loops))]
    public void Many_steps_leave_no_tensor_behind(Solver<Flow> solver) => RequireNoneLeft(Linear, solver, static (x, t) => x * (t - 0.5));

    [Fact]
    public void Many_steps_on_a_gaussian_diffusion_leave_no_tensor_behind()
    {
        RequireNoneLeft(Gaussian, new Heun<GaussianDiffusion>(999), static (x, t) => x * 0.1);
        RequireNoneLeft(Gaussian, new Edm(999), static (x, t) => x * 0.1);
        RequireNoneLeft(Gaussian, new Dopri5<GaussianDiffusion>(1e-9, 1e-9), static (x, t) => x * Math.Sin(t / 20));
    }

    private static void RequireNoneLeft<TProcess>(TProcess process, Solver<TProcess> solver, Denoiser network)
        where TProcess : IProcess
    {
        var before = LiveTensors.Count();
        var steps = 0;
        using (var noise = new KeyedNoise(0, 0, 2, new(1, 1, 2), CPU))
        using (var start = randn(2, 1, 1, 2, ScalarType.Float64))
        using (var drawn = new SamplingLoop<TProcess>("all", solver, process).Sample(
            network, noise, new Each<SamplingProgress>(at => steps = at.Step), start: start))
            Assert.All(drawn.data<double>().ToArray(), static value => Assert.True(double.IsFinite(value)));
        Assert.InRange(steps, solver is FixedStepSolver<TProcess> ? 999 : 64, 5000);
        Assert.Equal(before, LiveTensors.Count());
    }
}
