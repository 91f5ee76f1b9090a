using System.Text.Json;
using TorchSharp;
using static TorchSharp.torch;

namespace Dit.Runtime.Tests;

/// <summary>
/// The flow of LightningDiT's published code: predictions, losses, gradients and trajectories of the generated model.
/// Its fixed steps are those of torchdiffeq.
/// </summary>
public sealed class LightningTransportTests : IDisposable
{
    private const double Adaptive = 1e-3; // the reference itself is no nearer to the solution
    private const double Scale = 6.7, FirstGuided = 0.11; // of guidance; before that time the prediction is conditional

    private readonly DisposeScope scope = NewDisposeScope();
    private readonly GoldenFile golden = new("transport", "lightningdit");
    private readonly LightningReleased model;

    public LightningTransportTests()
    {
        using var folder = new TemporaryFolder();
        SafeTensors.Save(folder["released"], golden.Under("param."));
        model = LightningReleased.Load(folder["released"]);
    }

    public void Dispose()
    {
        model.Dispose();
        golden.Dispose();
        scope.Dispose();
    }

    public static TheoryData<string, Flow> Losses => new()
    {
        { "uniform", LightningReleased.Process },
        { "lognorm", LightningReleased.Process },
        { "shifted", LightningReleased.Process },
        { "GVP", new Flow(FlowPath.Gvp, training: LightningReleased.Process.Training) },
    };

    [Theory, MemberData(nameof(Losses))]
    public void Predictions_and_losses_agree(string name, Flow flow)
    {
        using var frozen = no_grad();
        var predicted = zeros(0);
        var losses = LossesOf(name, flow, output => predicted = output.alias().MoveToOuterDisposeScope());

        Close.To(golden[$"out.{name}.pred"], predicted, Close.OneStep, "prediction");
        Close.To(golden[$"loss.{name}.mse"], losses.Mse ?? zeros(0), Close.OneStep, "mse");
        Close.To(golden[$"loss.{name}.cos"], losses.Cosine ?? zeros(0), Close.OneStep, "cosine");
        Close.To(golden[$"loss.{name}.total"], losses.Total.mean().view(1), Close.OneStep, "total");
    }

    [Fact]
    public void Gradients_of_the_loss_agree_for_every_parameter()
    {
        LossesOf("lognorm", LightningReleased.Process, static _ => { }).Total.mean().backward();

        var trained = model.named_parameters().Where(static p => p.parameter.requires_grad).ToArray();
        Assert.Equal(golden.Under("grad.lognorm.").Select(static g => g.Name).Order(), trained.Select(static p => p.name).Order());
        foreach (var (name, parameter) in trained)
            Close.To(golden[$"grad.lognorm.{name}"], parameter.grad ?? zeros(0), Close.OneStep, name);
    }

    private DiffusionLosses LossesOf(string name, Flow flow, Action<Tensor> see) => flow.TrainingLosses(
        (x, t) =>
        {
            var output = model.call(x, t, golden["in.y"]);
            see(output);
            return output;
        },
        golden["in.x1"],
        golden[$"in.{name}.t"].to(ScalarType.Float64).data<double>().ToArray(),
        golden[$"in.{name}.x0"]);

    private static readonly string[] Fixed =
    [
        .. from steps in new[] { 6, 11 }
           from shift in new[] { "0.0", "0.3" }
           from kind in new[] { "plain", "cfg" }
           select $"euler.shift{shift}.steps{steps}.{kind}",
        "midpoint.shift0.3.steps6.plain", "heun3.shift0.3.steps6.plain", "rk4.shift0.3.steps6.plain",
    ];

    private static readonly string[] Adapted = ["dopri5.shift0.0.steps6.cfg", "dopri5.shift0.3.steps6.plain"];

    public static TheoryData<string> FixedCases => new(Fixed);

    public static TheoryData<string> AdaptiveCases => new(Adapted);

    [Fact]
    public void Every_trajectory_is_compared() => Assert.Equal(
        JsonDocument.Parse(golden.Metadata["ode_cases"]).RootElement.EnumerateArray().Select(static name => name.GetString()).Order(),
        Fixed.Concat(Adapted).Order());

    [Theory, MemberData(nameof(FixedCases))]
    public void Every_state_of_fixed_steps_agrees(string name)
    {
        var (expected, times) = (golden[$"ode.{name}.states"], golden[$"ode.{name}.t"]);
        var (steps, spacing) = ((int)times.shape[0] - 1, SpacingOf(name));
        Solver<Flow> solver = name.Split('.')[0] switch
        {
            "euler" => new Euler<Flow>(steps, spacing),
            "midpoint" => new RungeKutta<Flow>(steps, ButcherTableau.Midpoint, spacing),
            "heun3" => new RungeKutta<Flow>(steps, ButcherTableau.Heun3, spacing),
            _ => new RungeKutta<Flow>(steps, ButcherTableau.Rk4, spacing),
        };
        foreach (var inSession in new[] { false, true })
        {
            var (states, reports) = Run(name, solver, inSession);
            Assert.Equal(steps, states.Count);
            for (var i = 0; i < steps; i++)
            {
                Assert.Equal(times[i].item<float>(), reports[i].Time, 1e-6);
                Close.To(Meant(expected[i + 1]), states[i], Close.Loop, $"state {i + 1}");
            }
            Assert.Equal(solver.EvaluationsFor(LightningReleased.Process), reports[^1].Evaluations);
        }
    }

    [Theory, MemberData(nameof(AdaptiveCases))]
    public void The_end_of_adaptive_steps_agrees(string name)
    {
        var (z, y, isGuided) = (golden["in.ode_z"], golden["in.ode_y"], name.EndsWith("cfg", StringComparison.Ordinal));
        var reports = new List<SamplingProgress>();
        var drawn = new Sampler<LightningReleased, ClassLabels, Flow>(name, new Dopri5<Flow>()).Loop.Sample(
            isGuided ? (x, t) => WithSecondHalf(x, t, y) : (x, t) => model.call(x, full(x.shape[0], t), y),
            new ReplayedNoise([isGuided ? cat([z, z]) : z]),
            new Each<SamplingProgress>(reports.Add));
        Close.To(Meant(golden[$"ode.{name}.states"][0]), Meant(drawn), Adaptive, name);
        Assert.Equal(2 + 6 * (reports[^1].Step + reports[^1].Rejected), reports[^1].Evaluations);
    }

    // The second half of a guided batch is left from the published layout.
    private Tensor Meant(Tensor states) => states.narrow(0, 0, golden["in.ode_z"].shape[0]);

    private static Spacing? SpacingOf(string name) => name.Contains("shift0.3", StringComparison.Ordinal) ? Spacing.Shifted(1 / 0.3) : null;

    private (List<Tensor> States, List<SamplingProgress> Reports) Run(string name, Solver<Flow> solver, bool inSession)
    {
        var (z, y, isGuided) = (golden["in.ode_z"], golden["in.ode_y"], name.EndsWith("cfg", StringComparison.Ordinal));
        var (states, reports) = (new List<Tensor>(), new List<SamplingProgress>());
        var sampler = new Sampler<LightningReleased, ClassLabels, Flow>(name, solver);
        if (inSession)
            sampler.Sample(model, y, isGuided ? InTheInterval : null, options: new()
            {
                Start = z,
                Progress = new Each<SamplingProgress>(reports.Add),
                Observe = Keep,
            });
        else
            sampler.Loop.Sample(
                isGuided ? (x, t) => Guided(x, t, y) : (x, t) => model.call(x, full(x.shape[0], t), y),
                new ReplayedNoise([z]),
                new Each<SamplingProgress>(reports.Add),
                observe: Keep);
        return (states, reports);

        void Keep(SamplingState at)
        {
            states.Add(at.State.clone());
            scope.Attach(states[^1]);
        }
    }

    private static Guidance InTheInterval => new(Scale)
    {
        Channels = GuidanceChannels.FirstThree,
        Interval = new(0, ((IProcess)LightningReleased.Process).NoiseLevel(FirstGuided)),
    };

    private Tensor Guided(Tensor x, double t, Tensor labels) =>
        model.ForwardWithGuidance(x, full(x.shape[0], t), labels, t < FirstGuided ? 1 : Scale, GuidanceChannels.FirstThree);

    // The published layout: the second half has the guided channels of the first, and the others under the null class.
    // Adaptive steps depend on it, as their error counts over the whole batch.
    private Tensor WithSecondHalf(Tensor x, double t, Tensor labels)
    {
        using var inner = NewDisposeScope();
        var (half, channels) = (x.chunk(2)[0], x.shape[1]);
        var guided = Guided(half, t, labels);
        var unconditional = model.call(half, full(half.shape[0], t), full_like(labels, LightningReleased.Card.NullClass));
        var second = cat([guided.narrow(1, 0, 3), unconditional.narrow(1, 3, channels - 3)], dim: 1);
        return cat([guided, second]).MoveToOuterDisposeScope();
    }
}
