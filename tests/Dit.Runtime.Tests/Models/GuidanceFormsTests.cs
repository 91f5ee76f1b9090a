using TorchSharp;
using static TorchSharp.torch;

namespace Dit.Runtime.Tests;

/// <summary>Conventions, rescale and adaptive projected guidance, against numbers computed by hand.</summary>
public sealed class GuidanceFormsTests : IDisposable
{
    private readonly IDisposable scope = NewDisposeScope();

    public void Dispose() => scope.Dispose();

    private static Tensor Pixels(params double[] values) => tensor(values).reshape(1, 1, 1, values.Length);

    private static double[] Values(Tensor x) => [.. x.to(float64).data<double>()];

    private static void Close(double[] expected, Tensor actual, double tolerance = 1e-12) =>
        Assert.All(expected.Zip(Values(actual)), pair => Assert.Equal(pair.First, pair.Second, tolerance));

    private static GaussianDiffusion Process(Prediction prediction) =>
        new(NoiseSchedule.Linear(1000), prediction, ModelVariance.FixedSmall);

    [Fact]
    public void A_scale_counts_from_the_unconditional_output_or_from_the_conditional_one()
    {
        var (cond, uncond) = (Pixels(3, 4), Pixels(1, 1));
        Close([5, 7], new Guidance(2).Combine(cond, uncond, 1));
        Close([5, 7], new Guidance(1) { Convention = GuidanceConvention.UVit }.Combine(cond, uncond, 1));
        Assert.False(new Guidance(0) { Convention = GuidanceConvention.UVit }.Acts);
        Assert.False(new Guidance(1).Acts);
    }

    [Theory]
    [InlineData(1, 1.25, 2.25)] // guided 5, 9: deviation 2; conditional 3, 4: deviation 0.5
    [InlineData(0.5, 3.125, 5.625)]
    [InlineData(0, 5, 9)]
    public void Rescale_brings_the_deviation_back(double rescale, double first, double second) =>
        Close([first, second], new Guidance(2) { Rescale = rescale }.Combine(Pixels(3, 4), Pixels(1, -1), 1));

    [Fact]
    public void Rescale_is_of_each_sample_and_of_the_guided_channels()
    {
        var (cond, uncond) = (randn(3, 8, 4, 4, float64), randn(3, 8, 4, 4, float64));
        foreach (var (channels, guided) in new[] { (GuidanceChannels.All, 4), (GuidanceChannels.FirstThree, 3) })
        {
            var output = new Guidance(6) { Rescale = 1, Channels = channels }.Combine(cond, uncond, 4);
            for (var n = 0; n < 3; n++)
                Assert.Equal(Deviation(cond[n, ..guided]), Deviation(output[n, ..guided]), 1e-12);
            Assert.True(cond[.., guided..].Equals(output[.., guided..]));
        }
        var flat = zeros(1, 1, 2, 2, float64);
        Assert.True(new Guidance(2) { Rescale = 1 }.Combine(flat, flat, 1).Equals(flat));

        static double Deviation(Tensor x)
        {
            var values = Values(x);
            return Math.Sqrt(values.Average(v => v * v) - Math.Pow(values.Average(), 2));
        }
    }

    [Fact]
    public void The_part_along_the_predicted_data_is_taken_away()
    {
        // d = (2, 3), along (3, 4): 18/25 of it, (2.16, 2.88); orthogonal (-0.16, 0.12).
        var (cond, uncond) = (Pixels(3, 4), Pixels(1, 1));
        Close([3 - 0.32, 4 + 0.24], Projected(new(3) { Projection = new() }, cond, uncond));
        Close([3 + 2 * (-0.16 + 1.08), 4 + 2 * (0.12 + 1.44)], Projected(new(3) { Projection = new(eta: 0.5) }, cond, uncond));
        Close([7, 10], Projected(new(3) { Projection = new(eta: 1) }, cond, uncond)); // plain guidance
        var length = Math.Sqrt(13);
        Close([3 - 0.32 * 2 / length, 4 + 0.24 * 2 / length], Projected(new(3) { Projection = new(radius: 2) }, cond, uncond));
        Close([3 - 0.32, 4 + 0.24], Projected(new(3) { Projection = new(radius: 4) }, cond, uncond)); // shorter than the radius
        Close([3 - 0.32, 4 + 0.24], Projected(new(2) { Projection = new(), Convention = GuidanceConvention.UVit }, cond, uncond));
    }

    private static Tensor Projected(Guidance guidance, Tensor cond, Tensor uncond)
    {
        using var run = new GuidanceRun(guidance, Process(Prediction.StartX));
        return run.Combine(cond, uncond, zeros_like(cond), 500);
    }

    [Fact]
    public void Momentum_is_of_the_run_and_kept_before_the_difference_is_shortened()
    {
        var guidance = new Guidance(3) { Projection = new(eta: 1, radius: 1, momentum: -0.5) };
        using var run = new GuidanceRun(guidance, Process(Prediction.StartX));
        var first = Values(run.Combine(Pixels(3, 4), Pixels(1, 1), Pixels(0, 0), 500)); // d = (2, 3)
        Close([first[0], first[1]], Projected(guidance, Pixels(3, 4), Pixels(1, 1)));
        // d = (4, 0) - 0.5 (2, 3) = (3, -1.5), of length sqrt(11.25)
        var length = Math.Sqrt(11.25);
        Close([5 + 2 * 3 / length, 5 - 2 * 1.5 / length], run.Combine(Pixels(5, 5), Pixels(1, 5), Pixels(0, 0), 400));
        // d = (1, 1) - 0.5 (3, -1.5) = (-0.5, 1.75)
        length = Math.Sqrt(0.25 + 1.75 * 1.75);
        Close([2 - 2 * 0.5 / length, 2 + 2 * 1.75 / length], run.Combine(Pixels(2, 2), Pixels(1, 1), Pixels(0, 0), 300));
    }

    public static TheoryData<Prediction> Predictions => [Prediction.Epsilon, Prediction.StartX, Prediction.Velocity, Prediction.Score];

    /// <summary>The same predicted data gives the same guided data, whatever the network predicts.</summary>
    [Theory, MemberData(nameof(Predictions))]
    public void It_works_on_the_predicted_data_of_diffusions_and_flows(Prediction prediction)
    {
        foreach (var (process, of, t) in new (IProcess, Func<Prediction, IProcess>, double)[]
        {
            (Process(prediction), Process, 300), (new Flow(FlowPath.Gvp, prediction), static wanted => new Flow(FlowPath.Gvp, wanted), 0.3),
        })
        {
            var (x, dataOf, dataWithout) = (randn(2, 4, 3, 3, float64), randn(2, 4, 3, 3, float64), randn(2, 4, 3, 3, float64));
            var guidance = new Guidance(5) { Projection = new(0.2, 3, -0.5), Channels = GuidanceChannels.All };
            using var data = new GuidanceRun(guidance, of(Prediction.StartX));
            using var run = new GuidanceRun(guidance, process);
            for (var i = 0; i < 2; i++)
            {
                var expected = data.Combine(dataOf, dataWithout, x, t);
                var output = run.Combine(Output(dataOf), Output(dataWithout), x, t);
                Assert.True(process.Convert(output, x, t, Prediction.StartX).allclose(expected, rtol: 1e-9, atol: 1e-9));
                (dataOf, dataWithout) = (dataWithout * 0.5, dataOf);
            }

            Tensor Output(Tensor start) => of(Prediction.StartX).Convert(start, x, t, prediction);
        }
    }

    [Fact]
    public void Eta_one_without_more_is_plain_guidance_and_rescale_comes_after()
    {
        var (x, cond, uncond) = (randn(2, 4, 3, 3, float64), randn(2, 8, 3, 3, float64), randn(2, 8, 3, 3, float64));
        foreach (var channels in new[] { GuidanceChannels.All, GuidanceChannels.FirstThree })
        {
            var plain = new Guidance(4) { Channels = channels, Rescale = 0.7 };
            using var run = new GuidanceRun(plain with { Projection = new(eta: 1) }, Process(Prediction.Epsilon));
            Assert.True(plain.Combine(cond, uncond, 4).allclose(run.Combine(cond, uncond, x, 700), rtol: 1e-9, atol: 1e-9));
        }
    }

    [Theory]
    [InlineData(-0.1)]
    [InlineData(1.1)]
    [InlineData(double.NaN)]
    public void A_rescale_outside_0_to_1_is_named(double value) => Assert.Contains(
        "it must be a number from 0 to 1", Assert.Throws<DitException>(() => new Guidance(2) { Rescale = value }).Message,
        StringComparison.Ordinal);

    [Theory]
    [InlineData(-1, 1, 0, "eta -1")]
    [InlineData(0, 0, 0, "radius 0")]
    [InlineData(0, double.NaN, 0, "radius NaN")]
    [InlineData(0, 1, 1, "momentum 1")]
    [InlineData(0, 1, double.NaN, "momentum NaN")]
    public void Settings_out_of_range_are_named(double eta, double radius, double momentum, string named) => Assert.Contains(
        $"Adaptive projected guidance with {named} was asked for",
        Assert.Throws<DitException>(() => new AdaptiveProjection(eta, radius, momentum)).Message,
        StringComparison.Ordinal);

    [Fact]
    public void Two_outputs_alone_cannot_be_projected() => Assert.Contains(
        "draw with a sampler",
        Assert.Throws<DitException>(() => new Guidance(2) { Projection = new() }.Combine(Pixels(1), Pixels(0), 1)).Message,
        StringComparison.Ordinal);

    /// <summary>A sampler with a fused session draws what the loop draws with the model's forward and a run of
    /// guidance, leaves no tensor behind, and begins with new momentum each time.</summary>
    [Fact]
    public void Samplers_draw_so_with_their_sessions()
    {
        using var model = Stirred.Create<GoldenP2>();
        var sampler = GoldenP2.AllSamplers[0].WithSteps(6);
        long[] labels = [1, 2];
        var guidance = new Guidance(4)
        {
            Projection = new(0.1, 5, -0.5),
            Rescale = 0.5,
            Interval = new(0.05, 50),
            Channels = GuidanceChannels.All,
        };
        var drawn = sampler.Sample(model, [1, 2], guidance, seed: 5);
        var before = Tensor.TotalCount;
        using (var again = sampler.Sample(model, [1, 2], guidance, seed: 5)) Assert.True(drawn.Equals(again));
        GC.Collect();
        GC.WaitForPendingFinalizers();
        Assert.InRange(Tensor.TotalCount, 0, before);

        var (classes, none) = (tensor(labels), full(2, (long)GoldenP2.Card.NullClass, int64));
        using var run = new GuidanceRun(guidance, GoldenP2.Process);
        var noise = new KeyedNoise(5, 0, 2, GoldenP2.Card.Input, CPU);
        var loop = sampler.Loop.Sample(
            (x, t) =>
            {
                var cond = model.call(x, full(2, t), classes);
                return run.ActsAt(t) ? run.Combine(cond, model.call(x, full(2, t), none), x, t) : cond;
            },
            noise);
        Assert.True(drawn.allclose(loop, rtol: 1e-3, atol: 1e-4));
        Assert.False(drawn.allclose(sampler.Sample(model, [1, 2], guidance with { Projection = null }, seed: 5), rtol: 1e-2, atol: 1e-2));
    }
}
