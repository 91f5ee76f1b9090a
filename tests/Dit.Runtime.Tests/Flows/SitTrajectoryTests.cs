using static TorchSharp.torch;

namespace Dit.Runtime.Tests;

/// <summary>Trajectories of SiT's published code on the linear path, with a network that predicts the
/// velocity.</summary>
public sealed class SitTrajectoryTests : IDisposable
{
    private static readonly Flow Process = new(FlowPath.Linear);

    private readonly IDisposable scope = NewDisposeScope();
    private readonly GoldenFile golden = new("sit", "sit");

    public void Dispose()
    {
        golden.Dispose();
        scope.Dispose();
    }

    [Theory]
    [InlineData("ode.euler.8", false), InlineData("ode.heun.5", false)]
    [InlineData("ode.euler.8", true), InlineData("ode.heun.5", true)]
    public void Every_state_of_the_ordinary_equation_agrees_with_the_reference(string name, bool inSession)
    {
        var expected = golden[name];
        var steps = (int)expected.shape[0];
        Solver<Flow> solver = name.Contains("heun", StringComparison.Ordinal) ? new Heun<Flow>(steps) : new Euler<Flow>(steps);
        var states = Run(solver, [golden["in.noise"]], inSession);
        Assert.Equal(steps, states.Count);
        for (var i = 0; i < steps; i++) Close.To(expected[i], states[i], Close.Loop, $"{name}, state {i + 1}");
    }

    [Theory]
    [InlineData("sde.Euler.12", false), InlineData("sde.Heun.12", false)]
    [InlineData("sde.Euler.12", true), InlineData("sde.Heun.12", true)]
    public void Every_state_of_the_stochastic_equation_agrees_with_the_reference(string name, bool inSession)
    {
        var expected = golden[name];
        var steps = (int)expected.shape[0];
        Solver<Flow> solver = name.Contains("Heun", StringComparison.Ordinal) ? new StochasticHeun(steps) : new EulerMaruyama(steps);
        var states = Run(solver, [golden["in.noise"], .. golden[$"{name}.noise"].unbind(0)], inSession);
        Assert.Equal(steps, states.Count);
        for (var i = 0; i < steps; i++) Close.To(expected[i], states[i], Close.Loop, $"{name}, state {i + 1}");
    }

    private List<Tensor> Run(Solver<Flow> solver, Tensor[] noise, bool inSession)
    {
        using var model = GoldenModel.From(golden, "param.");
        if (inSession) model.UsePlan();
        var states = new List<Tensor>();
        var evaluations = 0;
        new SamplingLoop<Flow>("sit", solver, Process).Sample(
            model.For(golden["in.y"]),
            new ReplayedNoise(noise),
            new Each<SamplingProgress>(at => evaluations = at.Evaluations),
            observe: at => states.Add(at.State.clone().MoveToOuterDisposeScope().MoveToOuterDisposeScope()));
        Assert.Equal(solver.Evaluations, evaluations);
        return states;
    }
}
