using static TorchSharp.torch;

namespace Dit.Runtime.Tests;

/// <summary>The likelihood of a flow, against the density of a mixture, which is a formula.</summary>
public sealed class LikelihoodTests : IDisposable
{
    private readonly IDisposable scope = NewDisposeScope();
    private readonly Generator random = new(6);

    public void Dispose()
    {
        random.Dispose();
        scope.Dispose();
    }

    [Fact]
    public void The_network_of_a_mixture_is_the_same_in_numbers_and_in_tensors()
    {
        var x = randn([20, 1, 1, 2], ScalarType.Float64, generator: random);
        foreach (var flow in (Flow[])[new(FlowPath.Linear), new(FlowPath.Vp, Prediction.Score), new(FlowPath.Gvp, Prediction.StartX)])
        {
            var (numbers, tensors) = (Mixture.InPlane.Network(flow)(x, 0.25), Mixture.InPlane.Trained(flow)(x, full(20, 0.25)));
            Assert.InRange((numbers - tensors).abs().max().item<double>(), 0, 1e-12);
        }
    }

    [Theory]
    [InlineData(Prediction.Velocity), InlineData(Prediction.Score), InlineData(Prediction.Epsilon), InlineData(Prediction.StartX)]
    public void On_a_line_it_is_the_exact_one_for_every_sample(Prediction prediction)
    {
        var data = Mixture.OnLine.Draw(32, random);
        var expected = Mixture.OnLine.LogDensity(data) / -Math.Log(2);
        foreach (var path in (FlowPath[])[FlowPath.Linear, FlowPath.Gvp, FlowPath.Vp])
        {
            var flow = new Flow(path, prediction);
            using var result = new Likelihood().Of(flow, Mixture.OnLine.Trained(flow), data);
            // Where an end of the way is left out, the data there still holds a little noise.
            var tolerance = (path, prediction) == (FlowPath.Linear, Prediction.Velocity) ? 1e-3 : 0.03;
            Assert.InRange((result.BitsPerDim - expected).abs().max().item<double>(), 0, tolerance);
            Assert.InRange(result.Evaluations, 20, 2000);
        }
    }

    [Theory, InlineData(ProbeDistribution.Rademacher), InlineData(ProbeDistribution.Normal)]
    public void In_the_plane_the_mean_of_many_samples_is_within_one_percent(ProbeDistribution distribution)
    {
        var flow = new Flow(FlowPath.Linear);
        var data = Mixture.InPlane.Draw(2000, random);
        using var result = new Likelihood(4, distribution).Of(flow, Mixture.InPlane.Trained(flow), data);
        var expected = Mixture.InPlane.LogDensity(data).mean().item<double>() / (-2 * Math.Log(2));
        Assert.Equal(1, result.BitsPerDim.mean().item<double>() / expected, 0.01);
        Assert.Equal(-2 * Math.Log(2) * result.BitsPerDim.mean().item<double>(), result.LogLikelihood.mean().item<double>(), 1e-9);
    }

    [Fact]
    public void More_probes_bring_each_sample_nearer_to_the_exact_one()
    {
        var flow = new Flow(FlowPath.Linear);
        var data = Mixture.InPlane.Draw(200, random);
        var expected = Mixture.InPlane.LogDensity(data);
        double[] errors = [.. new[] { 1, 16 }.Select(probes =>
        {
            using var result = new Likelihood(probes).Of(flow, Mixture.InPlane.Trained(flow), data, seed: 2);
            return (result.LogLikelihood - expected).square().mean().item<double>();
        })];
        Assert.InRange(errors[0] / errors[1], 6, 40); // 16 where probes are independent
    }

    [Fact]
    public void The_noise_is_that_from_which_the_data_is_drawn()
    {
        var flow = new Flow(FlowPath.Linear);
        var data = Mixture.InPlane.Draw(8, random);
        using var result = new Likelihood().Of(flow, Mixture.InPlane.Trained(flow), data);
        var drawn = new SamplingLoop<Flow>("back", new Dopri5<Flow>(1e-7, 1e-7), flow).Sample(
            Mixture.InPlane.Network(flow), new ReplayedNoise([result.Noise]));
        Assert.InRange((drawn - data).abs().max().item<double>(), 0, 1e-3);
    }

    [Fact]
    public void A_seed_gives_the_same_probes_and_no_tensor_stays_behind()
    {
        var flow = new Flow(FlowPath.Linear);
        var data = Mixture.InPlane.Draw(4, random);
        var network = Mixture.InPlane.Trained(flow);
        var before = LiveTensors.Count();
        using (var once = new Likelihood(2).Of(flow, network, data, seed: 5))
        using (var again = new Likelihood(2).Of(flow, network, data, seed: 5))
        using (var other = new Likelihood(2).Of(flow, network, data, seed: 6))
        {
            Assert.True(once.LogLikelihood.Equals(again.LogLikelihood));
            Assert.False(once.LogLikelihood.Equals(other.LogLikelihood));
        }
        Assert.Equal(before, LiveTensors.Count());
    }

    [Fact]
    public void A_model_tells_the_likelihood_of_data_and_keeps_its_gradients()
    {
        using var golden = new GoldenFile("sit", "sit");
        using var folder = new TemporaryFolder();
        SafeTensors.Save(folder["sit"], golden.Under("param."));
        using var model = FlowGolden.Load(folder["sit"]);
        var (data, labels) = (golden["in.data"], golden["in.y"]);
        var before = LiveTensors.Count();
        using (var result = new Likelihood(RelativeTolerance: 1e-3, AbsoluteTolerance: 1e-3).Of(model, data, new ClassLabels(labels)))
        {
            Assert.Equal([3], result.BitsPerDim.shape);
            Assert.All(result.BitsPerDim.data<double>().ToArray(), static bits => Assert.InRange(bits, -50, 50));
            Assert.Equal(data.shape, result.Noise.shape);
            Assert.False(result.BitsPerDim.requires_grad);
        }
        Assert.Equal(before, LiveTensors.Count());
        Assert.All(model.parameters(), static parameter => Assert.Null(parameter.grad));
    }

    [Fact]
    public void Of_a_linear_model_it_is_the_formula_of_the_matrix_exponential()
    {
        using var model = Stretch.Create();
        var data = randn([5, 1, 2, 2], ScalarType.Float64, generator: random);
        var before = LiveTensors.Count();
        using (var result = new Likelihood().Of(model, data, new NoCondition(5)))
        using (NewDisposeScope())
        {
            // x_0 = exp(-rate) x_1, and the density shrinks by the volume.
            var start = data * Math.Exp(-Stretch.Rate);
            var expected = -0.5 * start.square().flatten(1).sum(1) - 2 * Math.Log(2 * Math.PI) - 4 * Stretch.Rate;
            Assert.InRange((result.LogLikelihood - expected).abs().max().item<double>(), 0, 1e-3);
            Assert.InRange((result.Noise - start).abs().max().item<double>(), 0, 1e-4);
        }
        Assert.Equal(before, LiveTensors.Count());
        Assert.Contains(
            "5 samples were given with conditions for 4",
            Assert.Throws<DitException>(() => new Likelihood().Of(model, data, new NoCondition(4))).Message);
    }

    [Fact]
    public void Bad_input_is_told()
    {
        var flow = new Flow(FlowPath.Linear);
        Assert.Contains("0 probes", Assert.Throws<DitException>(static () => new Likelihood(0)).Message);
        var notImages = Assert.Throws<DitException>(() => new Likelihood().Of(flow, static (x, _) => x, zeros(2, 3)));
        Assert.StartsWith("The data of a likelihood must be of real numbers, (N, C, Y, X)", notImages.Message);
        var noGradient = Assert.Throws<DitException>(() => new Likelihood().Of(flow, static (x, _) => x.detach(), zeros(1, 1, 2, 2)));
        Assert.Contains("give the model's forward, not a session", noGradient.Message);
        using var stop = new CancellationTokenSource();
        stop.Cancel();
        Assert.ThrowsAny<OperationCanceledException>(() => new Likelihood().Of(
            flow, static (x, _) => x * 1, zeros(1, 1, 2, 2), cancellation: stop.Token));
    }
}
