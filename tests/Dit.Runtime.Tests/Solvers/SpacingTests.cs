namespace Dit.Runtime.Tests;

/// <summary>What golden/solvers does not tell of spacings.</summary>
public sealed class SpacingTests
{
    private static readonly GaussianDiffusion Gaussian = new(NoiseSchedule.Linear(), Prediction.Epsilon, ModelVariance.FixedSmall);
    private static readonly Flow Linear = new(FlowPath.Linear);

    private static readonly Spacing[] Everywhere =
        [Spacing.Time, Spacing.LogSnr, Spacing.Karras, Spacing.Exponential, Spacing.Beta, Spacing.Linspace];

    [Fact]
    public void Noise_falls_from_the_noise_to_the_data()
    {
        foreach (var spacing in Everywhere.Concat([Spacing.Leading, Spacing.LeadingFrom(1), Spacing.Trailing])) Check(spacing, Gaussian);
        foreach (var path in new[] { FlowPath.Linear, FlowPath.Gvp, FlowPath.Vp })
            foreach (var spacing in Everywhere)
            {
                Check(spacing, new Flow(path));
                Check(spacing with { Shift = 3 }, new Flow(path));
            }

        static void Check(Spacing spacing, IProcess process)
        {
            foreach (var steps in new[] { 1, 2, 7, 40 })
            {
                var nodes = spacing.Nodes(process, steps);
                Assert.Equal(steps + 1, nodes.Length);
                Assert.Equal(new(process.DataTime, 1, 0), nodes[^1]);
                Assert.All(nodes.Zip(nodes.Skip(1)), pair => Assert.True(
                    pair.First.Sigma / pair.First.Alpha > pair.Second.Sigma / pair.Second.Alpha, $"{spacing} {steps} {pair}"));
            }
        }
    }

    [Fact]
    public void Time_is_uniform_and_shifted_as_in_stable_diffusion_3()
    {
        Assert.Equal([0, 0.25, 0.5, 0.75, 1], Spacing.Time.Nodes(Linear, 4).Select(static node => node.Time));
        Assert.Equal([999, 799, 599, 399, 199, -1], Spacing.Time.Nodes(Gaussian, 5).Select(static node => node.Time));
        Assert.All(
            Spacing.Shifted(3).Nodes(Linear, 4).Zip([1, 0.9, 0.75, 0.5, 0]),
            static pair => Assert.Equal(pair.Second, pair.First.Sigma, 1e-12));
    }

    [Fact]
    public void Lambda_is_uniform_between_the_ends()
    {
        foreach (var process in new IProcess[] { Gaussian, Linear })
        {
            var nodes = (Spacing.LogSnr with { EndsAtData = false }).Nodes(process, 12);
            var h = (nodes[^1].Lambda - nodes[0].Lambda) / 12;
            Assert.All(nodes.Zip(nodes.Skip(1)), pair => Assert.Equal(h, pair.Second.Lambda - pair.First.Lambda, 1e-6));
            Assert.All(nodes, node => Assert.Equal(process.Sigma(node.Time), node.Sigma));
        }
    }

    [Fact]
    public void Noise_beyond_the_lowest_lambda_is_left_out()
    {
        var cosine = new GaussianDiffusion(NoiseSchedule.SquaredCosine(), Prediction.StartX, ModelVariance.FixedSmall);
        foreach (var process in new IProcess[] { cosine, Linear, new Flow(FlowPath.Gvp) })
        {
            Assert.All(
                Everywhere.Where(spacing => process is Flow || spacing != Spacing.Linspace),
                spacing => Assert.Equal(-4, FirstOf(spacing with { MinLambda = -4 }, process).Lambda, 1e-9));
            Assert.Equal(-5.1, FirstOf(Spacing.LogSnr, process).Lambda, 1e-9);
            Assert.Equal(-Math.Log(80), FirstOf(Spacing.Karras, process).Lambda, 1e-9);
        }
        Assert.Equal(-4, FirstOf(Spacing.Shifted(3) with { MinLambda = -4 }, Linear).Lambda, 1e-9);
        // The last whole timestep that is not beyond it.
        Assert.All([Spacing.Linspace, Spacing.Trailing], spacing =>
        {
            var first = FirstOf(spacing with { MinLambda = -4 }, cosine);
            Assert.True(first.Lambda >= -4 && cosine.NoiseLevel(first.Time + 1) > Math.Exp(4));
        });
        // The linear schedule ends before the limit.
        Assert.Equal(999, FirstOf(Spacing.LogSnr, Gaussian).Time);

        static NoiseNode FirstOf(Spacing spacing, IProcess process) => spacing.Nodes(process, 5)[0];
    }

    [Fact]
    public void Spacings_that_a_process_does_not_have_are_refused()
    {
        Refused("leading picks whole timesteps, and a flow has none", () => Spacing.Leading.Nodes(Linear, 4));
        Refused("trailing picks whole timesteps, and a flow has none", () => Spacing.Trailing.Nodes(Linear, 4));
        Refused("A shift of 3 was given for a Gaussian diffusion", () => Spacing.Shifted(3).Nodes(Gaussian, 4));
        Refused("A shift of 0 was given", static () => Spacing.Shifted(0));
        Refused("A shift of NaN was given", static () => Spacing.Time with { Shift = double.NaN });
        Refused("An offset of -1 was given", static () => Spacing.LeadingFrom(-1));
        Refused("would begin at timestep 1000, but the process ends at 999", () => Spacing.LeadingFrom(1).Nodes(Gaussian, 999));
        Refused("0 steps were asked for", () => Spacing.Time.Nodes(Linear, 0));
        Refused("which has 1000 timesteps, allows 999 at most", () => Spacing.Linspace.Nodes(Gaussian, 1000));
        Refused("which has 1000 timesteps, allows 1000 at most", () => Spacing.Trailing.Nodes(Gaussian, 1001));
        var silent = new GaussianDiffusion(NoiseSchedule.FromBetas([0.1, 0.5, 1]), Prediction.Velocity, ModelVariance.FixedSmall);
        Refused(
            "alpha is 0 there: use trailing",
            () => (Spacing.Karras with { MinLambda = double.NegativeInfinity }).Nodes(silent, 2));
        Refused("A lowest lambda of NaN", static () => Spacing.Time with { MinLambda = double.NaN });
        Refused(
            "A lowest lambda of 6 was given, but lambda reaches only 4.605",
            () => (Spacing.Time with { MinLambda = 6 }).Nodes(Gaussian, 2));
        Assert.Equal(0, Spacing.Trailing.Nodes(silent, 3)[0].Alpha);

        static void Refused(string message, Func<object> make) =>
            Assert.Contains(message, Assert.Throws<DitException>(make).Message);
    }
}
