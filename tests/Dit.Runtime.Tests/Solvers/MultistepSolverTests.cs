using static TorchSharp.torch;

namespace Dit.Runtime.Tests;

public sealed class MultistepSolverTests : IDisposable
{
    private static readonly GaussianDiffusion Gaussian = new(NoiseSchedule.Linear(), Prediction.Epsilon, ModelVariance.FixedSmall);
    private static readonly Flow Linear = new(FlowPath.Linear);

    private readonly IDisposable scope = NewDisposeScope();

    public void Dispose() => scope.Dispose();

    private static NodeSolver<TProcess>[] All<TProcess>(int steps, Spacing? spacing = null)
        where TProcess : IProcess =>
        [
            new DpmSolver<TProcess>(steps, 3, spacing),
            new DpmSolverPlusPlus<TProcess>(steps, 3, spacing, ClipDenoised: true),
            new SdeDpmSolverPlusPlus<TProcess>(steps, 2, spacing),
            new UniPc<TProcess>(steps, 3, UniPcVariant.Bh1, spacing),
            new UniPc<TProcess>(steps, 3, UniPcVariant.Bh2, spacing),
            new Deis<TProcess>(steps, 3, spacing),
            new Lms<TProcess>(steps, 3, spacing),
            new Consistency<TProcess>(steps, spacing),
        ];

    private static NodeSolver<GaussianDiffusion>[] AllOfDiffusions(int steps, Spacing? spacing = null) =>
        [.. All<GaussianDiffusion>(steps, spacing), new EulerAncestral(steps, spacing)];

    [Fact]
    public void A_thousand_steps_leave_no_tensor_behind()
    {
        foreach (var solver in AllOfDiffusions(1000))
        {
            var before = LiveTensors.Count();
            using (var noise = new KeyedNoise(0, 0, 2, new(1, 2, 2), CPU))
            using (var sample = new SamplingLoop<GaussianDiffusion>("all", solver, Gaussian).Sample(static (x, _) => x * 0.1, noise))
                Assert.All(sample.data<float>().ToArray(), static value => Assert.True(float.IsFinite(value)));
            Assert.True(before == LiveTensors.Count(), solver.Method);
        }
    }

    [Fact]
    public void The_times_announced_are_those_of_the_calls_and_samples_are_near_the_exact_ones()
    {
        foreach (var spacing in new[] { Spacing.Time, Spacing.LogSnr, Spacing.Karras, Spacing.Linspace })
        {
            foreach (var solver in AllOfDiffusions(40, spacing)) Check(Gaussian, solver);
            foreach (var flow in new[] { Linear, new(FlowPath.Linear, Prediction.Epsilon), new(FlowPath.Gvp, Prediction.Score) })
                foreach (var solver in All<Flow>(40, spacing)) Check(flow, solver);
        }

        static void Check<TProcess>(TProcess process, NodeSolver<TProcess> solver)
            where TProcess : IProcess
        {
            var (called, network) = (new List<double>(), Mixture.InPlane.Network(process));
            double[] start = [-1.5, -0.3, 0.4, 2.0];
            var noise = Enumerable.Range(0, 40).Select(static _ => randn([2, 1, 1, 2], ScalarType.Float64));
            var drawn = new SamplingLoop<TProcess>("times", solver, process).Sample(
                (x, t) =>
                {
                    called.Add(t);
                    return network(x, t);
                },
                new ReplayedNoise([tensor(start, [2, 1, 1, 2]), .. noise]));
            Assert.Equal(solver.Times(process), called.Distinct().Order());
            Assert.Equal(solver.EvaluationsFor(process), called.Count);
            if (solver is SdeDpmSolverPlusPlus<TProcess> or EulerAncestral or Consistency<TProcess> || solver.ClipDenoised) return;
            var first = solver.Nodes(process)[0];
            RequireNear(Exact(process, start, first.Alpha > 0 ? first : new(0, 1e-6, 1)), drawn, 0.25, solver.Method);
        }
    }

    // What diffusers refuses or gives NaN for ("raises" of golden/solvers): here all are right results.
    [Fact]
    public void Ways_to_the_data_that_diffusers_refuses_lead_there()
    {
        Assert.Equal(19, DiffusersCase.NamesOf("unipc", "raises").Concat(DiffusersCase.NamesOf("dpmsolver-multistep", "raises")).Count());
        for (var order = 1; order <= 3; order++)
        {
            Check(new UniPc<GaussianDiffusion>(80, order, UniPcVariant.Bh1));
            Check(new UniPc<GaussianDiffusion>(80, order) { LowersOrderAtEnd = false });
            Check(new UniPc<GaussianDiffusion>(80, order) { OfNoise = true });
            Check(new DpmSolver<GaussianDiffusion>(80, order));
        }
        var sample = Draw(
            new SdeDpmSolverPlusPlus<GaussianDiffusion>(10, 3, Spacing.Linspace with { EndsAtData = false }) { OfNoise = true });
        Assert.True(sample.isfinite().all().item<bool>());

        static void Check(NodeSolver<GaussianDiffusion> solver)
        {
            RequireNear(Exact(Gaussian, Start, solver.Nodes(Gaussian)[0]), Draw(solver), 0.1, solver.Method);
        }

        static Tensor Draw(Solver<GaussianDiffusion> solver) => new SamplingLoop<GaussianDiffusion>("raises", solver, Gaussian).Sample(
            Mixture.InPlane.Network(Gaussian),
            new ReplayedNoise([
                tensor(Start, [1, 1, 1, 2]),
                .. Enumerable.Range(0, 10).Select(static _ => randn([1, 1, 1, 2], ScalarType.Float64)),
            ]));
    }

    private static readonly double[] Start = [0.4, 2.0];

    private static double[] Exact(IProcess process, double[] start, NoiseNode from) =>
        Mixture.InPlane.Solution(start, from, new(process.DataTime, 1, 1e-4), steps: 400);

    private static void RequireNear(double[] expected, Tensor drawn, double tolerance, string what) => Assert.All(
        drawn.data<double>().Zip(expected),
        pair => Assert.True(Math.Abs(pair.First - pair.Second) < tolerance, $"{what}: {pair.First} in place of {pair.Second}"));

    [Fact]
    public void An_order_that_does_not_exist_or_is_above_the_steps_is_refused()
    {
        Assert.Equal(
            "A solver of order 3 needs at least 3 steps, and has 2.",
            Assert.Throws<DitException>(static () => new DpmSolverPlusPlus<Flow>(2, 3)).Message);
        Assert.Equal(
            "A solver of order 4 was asked for: there are orders 1 to 3.",
            Assert.Throws<DitException>(static () => new UniPc<Flow>(20, 4)).Message);
        Assert.Throws<DitException>(static () => new Deis<Flow>(20) with { Order = 0 });
        var few = new DpmSolver<Flow>(20, 3) with { Steps = 2 };
        Assert.Throws<DitException>(() =>
            new SamplingLoop<Flow>("few", few, Linear).Sample(static (x, _) => x, new ReplayedNoise([zeros(1, 1, 2, 2)])));
        Assert.Equal((3, int.MaxValue), new DpmSolver<Flow>(20, 3).StepsRange(Linear));
        Assert.Equal((2, 1000), new DpmSolver<GaussianDiffusion>(20, 2, Spacing.Trailing).StepsRange(Gaussian));
    }
}
