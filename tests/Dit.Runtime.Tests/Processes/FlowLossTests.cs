using static TorchSharp.torch;

namespace Dit.Runtime.Tests;

/// <summary>What flows are trained at and on, where no published value is recorded.</summary>
public sealed class FlowLossTests : IDisposable
{
    private static readonly double[] t = [0.2, 0.55, 0.9];

    private readonly IDisposable scope = NewDisposeScope();
    private readonly Tensor data;
    private readonly Tensor noise;
    private readonly Tensor output;

    public FlowLossTests()
    {
        var random = new Generator(4);
        (data, noise, output) = (Draw(), Draw(), Draw());

        Tensor Draw() => randn([3, 4, 2, 2], ScalarType.Float64, generator: random);
    }

    public void Dispose() => scope.Dispose();

    public static TheoryData<string, Prediction, Prediction> Pairs
    {
        get
        {
            var pairs = new TheoryData<string, Prediction, Prediction>();
            foreach (var path in (string[])["linear", "gvp", "vp"])
                foreach (var prediction in Enum.GetValues<Prediction>())
                    foreach (var loss in Enum.GetValues<Prediction>())
                        pairs.Add(path, prediction, loss);
            return pairs;
        }
    }

    private static FlowPath PathOf(string name) => ((FlowPath[])[FlowPath.Linear, FlowPath.Gvp, FlowPath.Vp]).Single(p => $"{p}" == name);

    private DiffusionLosses Losses(Flow flow) => flow.TrainingLosses((_, _) => output, data, t, noise);

    [Theory, MemberData(nameof(Pairs))]
    public void A_loss_in_another_space_is_the_error_of_the_converted_prediction(string path, Prediction prediction, Prediction loss)
    {
        IProcess flow = new Flow(PathOf(path), prediction, new() { Loss = loss, CosineLoss = true });
        IProcess other = new Flow(PathOf(path), loss);
        var xt = flow.Noised(data, t, noise);
        var (converted, wanted) = (flow.Convert(output, xt, t, loss), other.Target(data, t, noise));
        if (loss == Prediction.Score) (converted, wanted) = (converted * Sigmas(flow), wanted * Sigmas(flow)); // as SiT measures it

        var losses = Losses((Flow)flow);

        var expected = (converted - wanted).square().mean([1, 2, 3]);
        Assert.True(allclose(expected, losses.Mse ?? zeros(0), rtol: 1e-5), $"{expected} {losses.Mse}");
        var cosine = 1 - (converted * wanted).sum(1) / (converted.square().sum(1) * wanted.square().sum(1)).sqrt();
        Assert.True(allclose(cosine.mean([1, 2]), losses.Cosine ?? zeros(0), rtol: 1e-4), $"{cosine.mean([1, 2])} {losses.Cosine}");
    }

    private static Tensor Sigmas(IProcess flow) => tensor([.. t.Select(flow.Sigma)], 3, 1, 1, 1);

    [Theory, InlineData("linear"), InlineData("gvp"), InlineData("vp")]
    public void The_velocity_weight_of_the_noise_is_the_error_of_the_velocity(string path)
    {
        var weighted = Losses(new(PathOf(path), Prediction.Epsilon, new() { Weight = FlowWeight.Velocity }));
        var velocity = Losses(new(PathOf(path), Prediction.Epsilon, new() { Loss = Prediction.Velocity }));

        Assert.True(allclose(weighted.Total, velocity.Total, rtol: 1e-6));
    }

    [Fact]
    public void The_second_half_of_twice_the_channels_is_not_used()
    {
        var flow = new Flow(FlowPath.Linear);
        using var more = cat([output, noise], dim: 1);

        Assert.True(Losses(flow).Total.Equals(flow.TrainingLosses((_, _) => more, data, t, noise).Total));
        var error = Assert.Throws<DitException>(() => flow.TrainingLosses((_, _) => more.narrow(1, 0, 6), data, t, noise));
        Assert.Contains("(3, 6, 2, 2)", error.Message);
    }

    [Fact]
    public void Training_leaves_out_the_ends_where_the_published_code_does()
    {
        Assert.Equal((0, 1), new Flow(FlowPath.Linear).TrainingInterval);
        Assert.Equal((0, 1), new Flow(FlowPath.Gvp).TrainingInterval);
        Assert.Equal((1e-3, 1 - 1e-3), new Flow(FlowPath.Linear, Prediction.Epsilon).TrainingInterval);
        Assert.Equal((1e-3, 1 - 1e-3), new Flow(FlowPath.Gvp, Prediction.Score).TrainingInterval);
        Assert.Equal((0, 1 - 1e-5), new Flow(FlowPath.Vp).TrainingInterval);
        Assert.Equal((0, 1 - 1e-5), new Flow(FlowPath.Vp, Prediction.Score).TrainingInterval);
    }

    [Theory, InlineData(1.0, 0.5), InlineData(3.0, 0.25), InlineData(1 / 3.0, 0.75)]
    public void A_shift_above_1_moves_times_towards_the_noise(double shift, double moved)
    {
        var flow = new Flow(FlowPath.Linear, training: new() { Shift = shift });

        Assert.Equal(moved, flow.TrainingTime(0.5), 1e-12);
        Assert.Equal((0, 1), (flow.TrainingTime(0), flow.TrainingTime(1)));
        var noise = 0.4; // the share of noise, as Esser et al. have time
        Assert.Equal(1 - shift * noise / (1 + (shift - 1) * noise), flow.TrainingTime(1 - noise), 1e-12);
    }

    [Fact]
    public void Drawn_times_have_the_distribution_that_is_asked_for()
    {
        using var random = new Generator(7);
        var uniform = new Flow(FlowPath.Linear, Prediction.Epsilon).DrawTimes(20_000, random);
        Assert.All(uniform, static time => Assert.InRange(time, 1e-3, 1 - 1e-3));
        Assert.Equal(0.5, uniform.Average(), 0.01);
        Assert.Equal(1 / 12.0, uniform.Select(static time => (time - 0.5) * (time - 0.5)).Average(), 0.002);

        var normal = new Flow(FlowPath.Linear, training: new() { Times = new TrainingTimes.LogitNormal(0.8, 0.5) })
            .DrawTimes(20_000, random)
            .Select(static time => Math.Log(time / (1 - time)))
            .ToArray();
        Assert.Equal(0.8, normal.Average(), 0.02);
        Assert.Equal(0.5, Math.Sqrt(normal.Select(static number => (number - 0.8) * (number - 0.8)).Average()), 0.02);
    }

    [Fact]
    public void Settings_that_contradict_each_other_are_refused()
    {
        Assert.Contains("weight", Refused(new() { Weight = FlowWeight.Likelihood }));
        Assert.Contains("weight", Refused(new() { Weight = FlowWeight.Velocity, Loss = Prediction.StartX }));
        Assert.Contains("shift of 0", Refused(new() { Shift = 0 }));
        Assert.Contains("shift of NaN", Refused(new() { Shift = double.NaN }));
        Assert.Contains("deviation 0", Assert.Throws<DitException>(static () => new TrainingTimes.LogitNormal(1, 0)).Message);

        static string Refused(FlowTraining training) =>
            Assert.Throws<DitException>(() => new Flow(FlowPath.Linear, training: training)).Message;
    }
}
