using static TorchSharp.torch;

namespace Dit.Runtime.Tests;

/// <summary>Ancestral Euler beside diffusers, whose state is x / alpha.</summary>
public sealed class GoldenAncestralTests
{
    public static TheoryData<string, string> Cases => DiffusersCase.Theory("euler-ancestral");

    [Theory, MemberData(nameof(Cases))]
    public void Timesteps_sigmas_and_states_are_those_of_diffusers(string scheduler, string name)
    {
        using var scope = NewDisposeScope();
        using var golden = new DiffusersCase(scheduler, name);
        var process = golden.Gaussian();
        var solver = new EulerAncestral(golden.Steps, GoldenNodes.SpacingOf(golden));
        var nodes = solver.Nodes(process);
        GoldenNodes.Timesteps(golden.Times, nodes);
        GoldenNodes.Sigmas(golden.Sigmas, nodes.Select(static node => node.Sigma / node.Alpha));
        var start = golden.Start * (golden.InitialSigma * nodes[0].Alpha);
        GoldenNodes.States(golden, process, solver, golden.Network(), (state, done) => state / nodes[done].Alpha, start);
    }

    // The published class has no prediction of the data ("raises"); here every prediction works.
    [Fact]
    public void Every_prediction_gives_the_same_sample()
    {
        using var scope = NewDisposeScope();
        Assert.NotEmpty(DiffusersCase.NamesOf("euler-ancestral", "raises"));
        Tensor[] noise = [.. Enumerable.Range(0, 11).Select(static _ => randn([1, 1, 2, 2], ScalarType.Float64))];
        var expected = Drawn(Prediction.Epsilon);
        foreach (var prediction in new[] { Prediction.StartX, Prediction.Velocity, Prediction.Score })
            Assert.Equal(0, (Drawn(prediction) - expected).abs().max().item<double>(), 1e-9);

        Tensor Drawn(Prediction prediction)
        {
            var process = new GaussianDiffusion(NoiseSchedule.Linear(), prediction, ModelVariance.FixedSmall);
            return new SamplingLoop<GaussianDiffusion>("ancestral", new EulerAncestral(10, Spacing.Trailing), process)
                .Sample(Mixture.InPlane.Network(process), new ReplayedNoise(noise));
        }
    }
}
