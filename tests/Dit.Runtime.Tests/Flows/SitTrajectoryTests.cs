using TorchSharp;
using static TorchSharp.torch;

namespace Dit.Runtime.Tests;

/// <summary>Trajectories of SiT's published code on the linear path, by the samplers of a generated model that predicts
/// the velocity.</summary>
public sealed class SitTrajectoryTests : IDisposable
{
    private readonly DisposeScope scope = NewDisposeScope();
    private readonly GoldenFile golden = new("sit", "sit");
    private readonly FlowGolden model;

    public SitTrajectoryTests()
    {
        using var folder = new TemporaryFolder();
        SafeTensors.Save(folder["sit"], golden.Under("param."));
        model = FlowGolden.Load(folder["sit"]);
    }

    public void Dispose()
    {
        model.Dispose();
        golden.Dispose();
        scope.Dispose();
    }

    public static TheoryData<string, string> Cases => new()
    {
        { "ode.euler.8", "euler-8" }, { "ode.heun.5", "heun-5" }, { "sde.Euler.12", "sde-euler-12" }, { "sde.Heun.12", "sde-heun-12" },
    };

    [Theory, MemberData(nameof(Cases))]
    public void Every_state_agrees_with_the_reference(string name, string declared)
    {
        var expected = golden[name];
        var sampler = FlowGolden.AllSamplers.Single(sampler => sampler.Name == declared);
        Tensor[] noise = golden.Names.Contains($"{name}.noise") ? golden[$"{name}.noise"].unbind(0) : [];
        foreach (var inSession in new[] { false, true })
        {
            var (states, evaluations) = Run(sampler, [golden["in.noise"], .. noise], inSession);
            Assert.Equal(sampler.Evaluations, evaluations);
            Assert.Equal(expected.shape[0], states.Count);
            for (var i = 0; i < states.Count; i++) Close.To(expected[i], states[i], Close.Loop, $"{name}, state {i + 1}");
        }
    }

    private (List<Tensor> States, int Evaluations) Run(Sampler<FlowGolden, ClassLabels, Flow> sampler, Tensor[] noise, bool inSession)
    {
        var (labels, states, evaluations) = (golden["in.y"], new List<Tensor>(), 0);
        var progress = new Each<SamplingProgress>(at => evaluations = at.Evaluations);
        var source = new ReplayedNoise(noise);
        if (inSession) sampler.Sample(model, labels, options: new() { Noise = source, Progress = progress, Observe = Keep });
        else sampler.Loop.Sample((x, t) => model.call(x, full(x.shape[0], t), labels), source, progress, observe: Keep);
        return (states, evaluations);

        void Keep(SamplingState at)
        {
            states.Add(at.State.clone());
            scope.Attach(states[^1]);
        }
    }
}
