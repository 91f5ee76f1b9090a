using static TorchSharp.torch;

namespace Dit.Runtime.Tests;

/// <summary>Trajectories of LightningDiT's published code, whose fixed steps are torchdiffeq's.</summary>
public sealed class LightningTrajectoryTests : IDisposable
{
    private const double Adaptive = 1e-3; // the reference itself is no nearer to the solution

    private static readonly Flow Process = new(FlowPath.Linear);

    private readonly IDisposable scope = NewDisposeScope();

    public void Dispose() => scope.Dispose();

    [Fact]
    public void The_network_of_these_tests_is_that_of_the_reference()
    {
        using var golden = new GoldenFile("lightningdit-released", "lightningdit");
        var network = new LightningNetwork(golden);
        Close.To(golden["out.forward"], network.Forward(golden["in.x"], golden["in.t"], golden["in.y"]), Close.OneStep, "forward");
        var labels = golden["in.cfg_y"].chunk(2)[0];
        foreach (var (i, scale, from) in new[] { (0, 4.0, 0.0), (1, 6.7, 0.11), (2, 6.7, 0.11), (3, 6.7, 0), (4, 2.0, 0.125) })
        {
            // One t decides about the interval for the whole batch; here all are the same.
            var t = golden[$"in.cfg_t.{i}"];
            if (t.max().item<float>() != t.min().item<float>()) continue;
            var guided = network.Guided(labels, scale, from)(golden["in.cfg_x"], t[0].item<float>());
            Close.To(golden[$"out.cfg.{i}"], guided, Close.OneStep, $"guidance {i}");
        }
    }

    public static TheoryData<string> FixedCases => new(
        from steps in new[] { 6, 11 }
        from shift in new[] { "0.0", "0.3" }
        from kind in new[] { "plain", "cfg" }
        select $"euler.shift{shift}.steps{steps}.{kind}")
    {
        "midpoint.shift0.3.steps6.plain", "heun3.shift0.3.steps6.plain", "rk4.shift0.3.steps6.plain",
    };

    [Theory, MemberData(nameof(FixedCases))]
    public void Every_state_of_fixed_steps_agrees_with_the_reference(string name)
    {
        using var golden = new GoldenFile("transport", "lightningdit");
        var (expected, times) = (golden[$"ode.{name}.states"], golden[$"ode.{name}.t"]);
        var (steps, spacing) = ((int)times.shape[0] - 1, SpacingOf(name));
        Solver<Flow> solver = name.Split('.')[0] switch
        {
            "euler" => new Euler<Flow>(steps, spacing),
            "midpoint" => new RungeKutta<Flow>(steps, ButcherTableau.Midpoint, spacing),
            "heun3" => new RungeKutta<Flow>(steps, ButcherTableau.Heun3, spacing),
            _ => new RungeKutta<Flow>(steps, ButcherTableau.Rk4, spacing),
        };
        var (states, reports) = Run(golden, name, solver);
        Assert.Equal(steps, states.Count);
        for (var i = 0; i < steps; i++)
        {
            Assert.Equal(times[i].item<float>(), reports[i].Time, 1e-6);
            Close.To(expected[i + 1], states[i], Close.Loop, $"state {i + 1}");
        }
        Assert.Equal(solver.Evaluations, reports[^1].Evaluations);
    }

    [Theory, InlineData("dopri5.shift0.0.steps6.cfg"), InlineData("dopri5.shift0.3.steps6.plain")]
    public void The_end_of_adaptive_steps_agrees_with_the_reference(string name)
    {
        using var golden = new GoldenFile("transport", "lightningdit");
        var (states, reports) = Run(golden, name, new Dopri5<Flow>());
        Close.To(golden[$"ode.{name}.states"][0], states[^1], Adaptive, name);
        Assert.Equal(2 + 6 * (reports[^1].Step + reports[^1].Rejected), reports[^1].Evaluations);
    }

    private static Spacing? SpacingOf(string name) => name.Contains("shift0.3", StringComparison.Ordinal) ? Spacing.Shifted(1 / 0.3) : null;

    private static (List<Tensor> States, List<SamplingProgress> Reports) Run(GoldenFile golden, string name, Solver<Flow> solver)
    {
        var network = new LightningNetwork(golden);
        var (z, y) = (golden["in.ode_z"], golden["in.ode_y"]);
        var (start, denoiser) = name.EndsWith("cfg", StringComparison.Ordinal)
            ? (cat([z, z]), network.Guided(y, 6.7, 0.11))
            : (z, network.For(y));
        var (states, reports) = (new List<Tensor>(), new List<SamplingProgress>());
        new SamplingLoop<Flow>(name, solver, Process).Sample(
            denoiser,
            new ReplayedNoise([start]),
            new Each<SamplingProgress>(reports.Add),
            observe: at => states.Add(at.State.clone().MoveToOuterDisposeScope().MoveToOuterDisposeScope()));
        return (states, reports);
    }
}
