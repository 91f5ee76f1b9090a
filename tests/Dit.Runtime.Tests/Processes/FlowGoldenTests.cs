using static TorchSharp.torch;

namespace Dit.Runtime.Tests;

/// <summary>
/// Flows against what the published code of SiT computed, by a generated model that loads its weights, and the times
/// that LightningDiT trains at.
/// </summary>
public sealed class FlowGoldenTests : IDisposable
{
    private readonly IDisposable scope = NewDisposeScope();
    private readonly GoldenFile sit = new("sit", "sit");
    private readonly GoldenFile lightning = new("transport", "lightningdit");
    private readonly TemporaryFolder folder = new();
    private readonly FlowGolden model;

    public FlowGoldenTests()
    {
        SafeTensors.Save(folder["sit"], sit.Under("param."));
        model = FlowGolden.Load(folder["sit"]);
    }

    public void Dispose()
    {
        model.Dispose();
        folder.Dispose();
        lightning.Dispose();
        sit.Dispose();
        scope.Dispose();
    }

    public static TheoryData<string> Paths => new("Linear", "GVP", "VP");

    public static TheoryData<string, Prediction, string, FlowWeight> Losses
    {
        get
        {
            var losses = new TheoryData<string, Prediction, string, FlowWeight>();
            foreach (var path in (string[])["Linear", "GVP", "VP"])
            {
                losses.Add(path, Prediction.Velocity, "velocity.none", FlowWeight.Uniform);
                foreach (var weight in Enum.GetValues<FlowWeight>())
                {
                    var name = weight == FlowWeight.Uniform ? "none" : $"{weight}".ToLowerInvariant();
                    losses.Add(path, Prediction.Epsilon, $"noise.{name}", weight);
                    losses.Add(path, Prediction.Score, $"score.{name}", weight);
                }
            }
            return losses;
        }
    }

    private static double[] Times(Tensor t) => [.. t.to(ScalarType.Float64).data<double>()];

    private static FlowPath PathOf(string name) => name switch
    {
        "Linear" => FlowPath.Linear,
        "GVP" => FlowPath.Gvp,
        _ => FlowPath.Vp,
    };

    private TrainedNetwork Network => (x, t) => model.call(x, t, sit["in.y"]);

    [Fact]
    public void The_generated_model_computes_what_SiT_does()
    {
        var output = Network(sit["in.data"], sit["in.t"]);
        using var session = model.CreateSession();

        Close.To(sit["out.model"], output.narrow(1, 0, 4), Close.OneStep, "output");
        Close.To(
            sit["out.model"], session.Forward(sit["in.data"], sit["in.t"], new(sit["in.y"])).narrow(1, 0, 4), Close.OneStep, "session");
        Assert.Equal((FlowPath.Linear, Prediction.Velocity), (FlowGolden.Process.Path, FlowGolden.Process.Prediction));
    }

    [Theory, MemberData(nameof(Paths))]
    public void Paths_agree(string path)
    {
        IProcess flow = new Flow(PathOf(path));
        var t = Times(sit["in.t"]);

        Close.To(sit[$"plan.{path}.xt"], flow.Noised(sit["in.data"], t, sit["in.noise"]), Close.OneStep, "x_t");
        Close.To(sit[$"plan.{path}.ut"], flow.Target(sit["in.data"], t, sit["in.noise"]), Close.OneStep, "velocity");
    }

    [Theory, MemberData(nameof(Losses))]
    public void Losses_agree(string path, Prediction prediction, string name, FlowWeight weight)
    {
        var flow = new Flow(PathOf(path), prediction, new() { Weight = weight });

        var losses = flow.TrainingLosses(Network, sit["in.data"], Times(sit["in.t"]), sit["in.noise"]);

        Close.To(sit[$"loss.{path}.{name}"], losses.Total, Close.OneStep, name);
        Assert.True(losses.Total.Equals(losses.Mse ?? zeros(0)));
    }

    [Theory, MemberData(nameof(Paths))]
    public void Drift_and_score_of_the_probability_flow_agree(string path)
    {
        IProcess flow = new Flow(PathOf(path));
        var (xt, t) = (sit[$"plan.{path}.xt"], Times(sit["in.t"]));
        var output = Network(xt, sit["in.t"]);

        Close.To(sit[$"drift.{path}"], flow.Convert(output, xt, t, Prediction.Velocity), Close.OneStep, "drift");
        Close.To(sit[$"score.{path}"], flow.Convert(output, xt, t, Prediction.Score), Close.OneStep, "score");
    }

    // The mean of 0.8 of "shifted" is part of its recorded numbers.
    [Theory]
    [InlineData("lognorm", 0), InlineData("GVP", 0), InlineData("shifted", 0.8)]
    public void Logit_normal_times_agree(string name, double mean)
    {
        var flow = new Flow(FlowPath.Linear);
        var times = new TrainingTimes.LogitNormal(mean);

        var t = Array.ConvertAll(
            lightning[$"in.{name}.normal"].data<double>().ToArray(), normal => flow.TrainingTime(times.TimeOf(normal - mean)));

        Close.To(lightning[$"in.{name}.t"], tensor(t).to(ScalarType.Float32), Close.OneStep, name);
    }
}
