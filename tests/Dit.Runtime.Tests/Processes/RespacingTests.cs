using CsCheck;

namespace Dit.Runtime.Tests;

public class RespacingTests
{
    [Fact]
    public void All_timesteps_is_the_identity()
    {
        var whole = new GaussianDiffusion(NoiseSchedule.Linear(), Prediction.Epsilon, ModelVariance.LearnedRange);
        var same = whole.Respace(Respacing.Parse("1000"));
        Assert.Equal<int>(whole.TimestepMap, same.TimestepMap);
        for (var i = 0; i < 1000; i++) Assert.Equal(whole.Schedule.Betas[i], same.Schedule.Betas[i], 1e-15);
    }

    [Fact]
    public void Even_steps_are_distinct_rising_and_reach_both_ends() =>
        Gen.Select(Gen.Int[2, 1000], Gen.Int[0, 500]).Sample((steps, more) =>
        {
            var timesteps = steps + more;
            var retained = Respacing.Even(steps).Retain(timesteps);
            Assert.Equal(steps, retained.Length);
            Assert.Equal((0, timesteps - 1), (retained[0], retained[^1]));
            Assert.All(retained.Zip(retained.Skip(1)), pair => Assert.True(pair.First < pair.Second));
        }, iter: 200);

    [Fact]
    public void A_stride_is_whole_and_gives_exactly_the_steps_asked_for() =>
        Gen.Select(Gen.Int[1, 60], Gen.Int[60, 1000]).Sample((stride, timesteps) =>
        {
            var steps = (timesteps + stride - 1) / stride;
            var retained = Respacing.Ddim(steps).Retain(timesteps);
            Assert.Equal(steps, retained.Length);
            Assert.Single(retained.Zip(retained.Skip(1), (a, b) => b - a).Distinct());
        }, iter: 200);

    [Fact]
    public void Respacing_keeps_the_noise_of_the_timesteps_it_visits() =>
        Gen.Int[1, 1000].Sample(steps =>
        {
            var whole = new GaussianDiffusion(NoiseSchedule.SquaredCosine(), Prediction.Epsilon, ModelVariance.FixedSmall);
            var fewer = whole.Respace(Respacing.Even(steps));
            for (var i = 0; i < steps; i++)
            {
                // The process is rebuilt from its betas: where next to no signal is left, 1 - beta has few digits to
                // give.
                var expected = whole.Schedule.AlphasCumprod[fewer.TimestepMap[i]];
                var rounding = Math.Max(1e-9, 1e-15 / expected);
                Assert.InRange(fewer.Schedule.AlphasCumprod[i] / expected, 1 - rounding, 1 + rounding);
            }
        }, iter: 50);

    [Fact]
    public void Respacing_twice_still_maps_to_the_original_timesteps()
    {
        var whole = new GaussianDiffusion(NoiseSchedule.Linear(), Prediction.Epsilon, ModelVariance.LearnedRange);
        Assert.Equal<int>([0, 200, 400, 600, 800], whole.Respace(Respacing.Ddim(50)).Respace(Respacing.Ddim(5)).TimestepMap);
    }

    [Fact]
    public void A_stride_that_no_whole_number_gives_names_the_steps_that_work()
    {
        var error = Assert.Throws<DitException>(() => Respacing.Ddim(300).Retain(1000));
        Assert.Equal(
            "No whole stride picks exactly 300 of 1000 timesteps: the nearest numbers that work are 125, 143, 167, 200, 250, 334.",
            error.Message);
    }

    [Fact]
    public void Steps_without_a_whole_stride_are_spread_evenly()
    {
        Assert.Equal(Respacing.Ddim(50), Respacing.StrideOrEven(50, 1000));
        Assert.Equal(Respacing.Even(300), Respacing.StrideOrEven(300, 1000));
    }

    [Fact]
    public void A_section_too_short_for_its_steps_is_named()
    {
        var error = Assert.Throws<DitException>(() => Respacing.Parse("10,600").Retain(1000));
        Assert.Equal("Section 2 of 2 holds 500 of the 1000 timesteps, too few for the 600 steps asked of it.", error.Message);
    }

    [Theory]
    [InlineData("")]
    [InlineData("ten")]
    [InlineData("ddim")]
    [InlineData("ddim-5")]
    [InlineData("10,,20")]
    [InlineData("2.5")]
    public void Text_that_is_no_respacing_is_quoted(string text) =>
        Assert.Contains($"\"{text}\"", Assert.Throws<DitException>(() => Respacing.Parse(text)).Message);

    [Theory]
    [InlineData("0")]
    [InlineData("10,0")]
    [InlineData("ddim0")]
    public void No_step_at_all_is_refused(string text) =>
        Assert.Contains("at least 1", Assert.Throws<DitException>(() => Respacing.Parse(text)).Message);

    [Theory]
    [InlineData("250")]
    [InlineData("10,15,20")]
    [InlineData("ddim50")]
    public void A_respacing_prints_as_it_is_read(string text)
    {
        var respacing = Respacing.Parse(text);
        Assert.Equal(text, respacing.ToString());
        Assert.Equal(respacing, Respacing.Parse(text));
        Assert.Equal(respacing.GetHashCode(), Respacing.Parse(text).GetHashCode());
    }
}
