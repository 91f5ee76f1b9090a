using static TorchSharp.torch;

namespace Dit.Runtime.Tests;

public sealed class GuidanceIntervalTests : IDisposable
{
    private readonly IDisposable scope = NewDisposeScope();
    private readonly StubModel model = new();

    public void Dispose()
    {
        model.Dispose();
        scope.Dispose();
    }

    private static float[] Values(Tensor x) => [.. x.data<float>()];

    /// <summary>The noise level of each step of a sampler, from noise to data.</summary>
    private static double[] Sigmas(Sampler<StubModel, ClassLabels, GaussianDiffusion> sampler) =>
        [
            .. sampler
                .Solver.Times(StubModel.Process)
                .Select(static t => Math.Sqrt(1 / StubModel.Process.Schedule.AlphasCumprod[(int)t] - 1))
                .Reverse(),
        ];

    [Fact]
    public void Guidance_acts_above_the_lower_end_and_up_to_the_upper_one()
    {
        var sigmas = Sigmas(StubModel.Ddpm10);
        StubModel.Ddpm10.Sample(model, [1], guidance: new(4) { Interval = new(sigmas[7], sigmas[3]) });
        Assert.Equal(
            [false, false, false, true, true, true, true, false, false, false], // steps 3 to 6: the end at step 7 is left out
            model.Calls.Select(static call => call.Guided));
    }

    [Fact]
    public void A_step_outside_the_interval_is_one_pass_of_the_batch()
    {
        var sigmas = Sigmas(StubModel.Ddim5);
        StubModel.Ddim5.Sample(model, [1, 2, 3], guidance: new(4) { Interval = new(0, sigmas[^1]) });
        Assert.Equal(4 * 1 + 1 * 2, model.Passes);
    }

    [Fact]
    public void An_interval_of_all_noise_levels_is_no_interval_bit_for_bit()
    {
        var expected = Values(StubModel.Ddpm10.Sample(model, [1, 2], guidance: 4, seed: 3));
        Assert.Equal(
            expected,
            Values(StubModel.Ddpm10.Sample(model, [1, 2], guidance: new(4) { Interval = new(0, double.PositiveInfinity) }, seed: 3)));
        Assert.All(model.Calls, static call => Assert.True(call.Guided));
    }

    [Fact]
    public void An_empty_interval_is_guidance_of_one_bit_for_bit()
    {
        var expected = Values(StubModel.Ddpm10.Sample(model, [1, 2], seed: 3));
        Assert.Equal(expected, Values(StubModel.Ddpm10.Sample(model, [1, 2], guidance: new(4) { Interval = new(1, 1) }, seed: 3)));
        Assert.All(model.Calls, static call => Assert.False(call.Guided));
    }

    [Fact]
    public void Labels_in_a_tensor_take_an_interval_as_well()
    {
        var expected = Values(StubModel.Ddim5.Sample(model, [1, 2], guidance: new(4) { Interval = new(0.5, 5) }));
        Assert.Equal(
            expected,
            Values(StubModel.Ddim5.Sample(model, tensor(new long[] { 1, 2 }), guidance: new(4) { Interval = new(0.5, 5) })));
        Assert.NotEqual(expected, Values(StubModel.Ddim5.Sample(model, [1, 2], guidance: 4)));
    }

    [Fact]
    public void Inversion_guides_at_the_same_noise_levels()
    {
        var sigmas = Sigmas(StubModel.Ddim5);
        StubModel.Ddim5.Invert(model, randn(1, 2, 4, 4), [1], guidance: new(2) { Interval = new(sigmas[3], sigmas[1]) });
        Assert.Equal([false, false, true, true, false], model.Calls.Select(static call => call.Guided)); // from data to noise
    }

    [Fact]
    public void Texts_are_guided_inside_the_interval_only()
    {
        using var model = Stirred.Create<OfText>();
        using var random = new Generator(1);
        var texts = new TextEmbeddings(randn([2, 3, 6], generator: random));
        var sampler = OfText.Samplers.Ddpm10;
        var full = sampler.Sample(model, texts, guidance: new(3) { Interval = new(0, double.PositiveInfinity) });
        Assert.Equal(Values(sampler.Sample(model, texts, guidance: 3)), Values(full));
        var none = sampler.Sample(model, texts, guidance: new(3) { Interval = new(0, 0) });
        Assert.Equal(Values(sampler.Sample(model, texts)), Values(none));
        Assert.NotEqual(Values(full), Values(sampler.Sample(model, texts, guidance: new(3) { Interval = new(0, 1) })));
    }

    [Fact]
    public void An_interval_leaves_no_tensor_behind()
    {
        var before = LiveTensors.Count();
        using (StubModel.Ddpm10.Sample(model, [1, 2], guidance: new(3) { Interval = new(0.5, 5) }))
            Assert.Equal(before + 1, LiveTensors.Count());
        Assert.Equal(before, LiveTensors.Count());
    }

    [Theory]
    [InlineData(-1, 1)]
    [InlineData(2, 1)]
    [InlineData(double.NaN, 1)]
    [InlineData(0, double.NaN)]
    [InlineData(double.PositiveInfinity, double.PositiveInfinity)]
    public void Ends_that_make_no_interval_are_named(double low, double high) => Assert.Equal(
        FormattableString.Invariant(
            $"Guidance from sigma {low} to {high} was asked for: the lower end is a number of at least 0, and the upper one at least that, or infinity."),
        Assert.Throws<DitException>(() => new GuidanceInterval(low, high)).Message);

    [Fact]
    public void Intervals_are_values() =>
        Assert.Equal(
            (new GuidanceInterval(0.28, 2.9), "0.28 to 2.9"),
            (new GuidanceInterval(0.28, 2.9), new GuidanceInterval(0.28, 2.9).ToString()));
}
