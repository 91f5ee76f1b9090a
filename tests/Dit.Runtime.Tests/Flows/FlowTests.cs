using TorchSharp;
using static TorchSharp.torch;

namespace Dit.Runtime.Tests;

/// <summary>
/// A process and solvers that the library does not have, against the exact solution for Gaussian data: x_0 = m + s z
/// goes through
/// x_t = alpha m + sqrt(alpha^2 s^2 + sigma^2) z with one z for all times.
/// </summary>
public sealed class FlowTests : IDisposable
{
    private const double Mean = 1.5, Deviation = 0.5;

    private static readonly GaussianDiffusion Gaussian = new(NoiseSchedule.Linear(), Prediction.Epsilon, ModelVariance.FixedSmall);

    private readonly IDisposable scope = NewDisposeScope();
    private readonly TemporaryFolder folder = new();

    public void Dispose()
    {
        scope.Dispose();
        folder.Dispose();
    }

    private static double Spread(IProcess process, double t) =>
        Math.Sqrt(Math.Pow(process.Alpha(t) * Deviation, 2) + Math.Pow(process.Sigma(t), 2));

    /// <summary>What the best network of a process predicts: the conditional mean of the data, as the prediction that
    /// the process wants.</summary>
    private static Denoiser Exact(IProcess process) => (x, t) =>
    {
        var (alpha, sigma) = (process.Alpha(t), process.Sigma(t));
        var centered = x - alpha * Mean;
        var variance = Math.Pow(Spread(process, t), 2);
        var (start, epsilon) = (Mean + centered * (alpha * Deviation * Deviation / variance), centered * (sigma / variance));
        var weights = process.Weights(process.Prediction, t);
        return start * weights.Start + epsilon * weights.Noise;
    };

    /// <summary>The largest error of a solver that starts from given noise, in float64.</summary>
    private static double Error<TProcess>(TProcess process, Solver<TProcess> solver)
        where TProcess : IProcess
    {
        using var scope = NewDisposeScope();
        var noise = tensor(new[] { -1.5, -0.3, 0.4, 2.0 }).view(1, 1, 2, 2);
        var z = (noise - process.Alpha(process.NoiseTime) * Mean) / Spread(process, process.NoiseTime);
        var drawn = new SamplingLoop<TProcess>("exact", solver, process).Sample(Exact(process), new ReplayedNoise([noise]));
        return (drawn - (Mean + Deviation * z)).abs().max().item<double>();
    }

    private static double Order(Func<int, double> errorOf, int steps) => Math.Log2(errorOf(steps) / errorOf(2 * steps));

    [Fact]
    public void Euler_is_of_first_order_on_a_flow()
    {
        Assert.InRange(Order(static steps => Error(new ToyFlow(), new Euler(steps)), 80), 0.85, 1.15);
        Assert.InRange(Error(new ToyFlow(), new Euler(640)), 0, 5e-3);
    }

    [Fact]
    public void A_solver_with_a_history_is_of_second_order_on_a_flow_and_on_a_diffusion_and_of_first_without()
    {
        Assert.InRange(Order(static steps => Error(new ToyFlow(), new TwoStep<ToyFlow>(steps)), 80), 1.9, 2.3);
        Assert.InRange(Order(static steps => Error(Gaussian, new TwoStep<GaussianDiffusion>(steps)), 48), 1.9, 2.3);
        Assert.InRange(Order(static steps => Error(new ToyFlow(), new TwoStep<ToyFlow>(steps, Order: 1)), 80), 0.9, 1.1);
        Assert.InRange(Order(static steps => Error(Gaussian, new TwoStep<GaussianDiffusion>(steps, Order: 1)), 48), 0.9, 1.1);
    }

    [Fact]
    public void An_adaptive_solver_meets_its_tolerance_with_as_many_steps_as_that_takes()
    {
        var steps = new List<SamplingProgress>();
        var noise = randn([1, 1, 2, 2]);
        var loop = new SamplingLoop<ToyFlow>("adaptive", new AdaptiveEuler(1e-4), new ToyFlow());
        loop.Sample(Exact(loop.Process), new ReplayedNoise([noise]), new Each<SamplingProgress>(steps.Add));
        Assert.True(steps.Count > 64, $"{steps.Count} steps"); // more than the trace holds at first
        Assert.All(steps, static at => Assert.Null(at.Steps));
        Assert.Equal(steps.Select(static at => at.Share).Order(), steps.Select(static at => at.Share));
        Assert.InRange(Error(new ToyFlow(), new AdaptiveEuler(1e-4)), 0, 0.02);
        Assert.True(Error(new ToyFlow(), new AdaptiveEuler(1e-2)) > Error(new ToyFlow(), new AdaptiveEuler(1e-4)));
    }

    [Theory]
    [InlineData(Prediction.Epsilon), InlineData(Prediction.StartX), InlineData(Prediction.Velocity), InlineData(Prediction.Score)]
    public void Every_prediction_becomes_every_other(Prediction prediction)
    {
        using var random = new Generator(2);
        Tensor data = randn([2, 1, 2, 2], ScalarType.Float64, generator: random),
            noise = randn([2, 1, 2, 2], ScalarType.Float64, generator: random);
        foreach (
            IProcess process in (IProcess[])
                [new ToyFlow(), new GaussianDiffusion(NoiseSchedule.Linear(), prediction, ModelVariance.FixedSmall)])
        {
            var t = process is ToyFlow ? 0.3 : 417;
            var (alpha, sigma) = (process.Alpha(t), process.Sigma(t));
            var x = process.Noised(data, [t, t], noise);
            Assert.Equal(0, (x - (alpha * data + sigma * noise)).abs().max().item<double>(), 1e-6);
            var target = process.Target(data, [t, t], noise);
            Assert.Equal(0, (process.Convert(target, x, t, Prediction.StartX) - data).abs().max().item<double>(), 1e-5);
            Assert.Equal(0, (process.Convert(target, x, t, Prediction.Epsilon) - noise).abs().max().item<double>(), 1e-5);
            Assert.Equal(0, (process.Convert(target, x, t, Prediction.Score) + noise / sigma).abs().max().item<double>(), 1e-5);
        }
    }

    [Theory, InlineData(Prediction.StartX), InlineData(Prediction.Velocity), InlineData(Prediction.Score)]
    public void A_diffusion_samples_the_same_whatever_its_network_predicts(Prediction prediction)
    {
        var noise = randn([2, 1, 2, 2], ScalarType.Float64);
        var expected = Drawn(Gaussian);
        Close.To(
            expected.to(ScalarType.Float32),
            Drawn(new(NoiseSchedule.Linear(), prediction, ModelVariance.FixedSmall)).to(ScalarType.Float32),
            1e-3);

        Tensor Drawn(GaussianDiffusion process) =>
            new SamplingLoop<GaussianDiffusion>("ddim", new Ddim(50), process).Sample(Exact(process), new ReplayedNoise([noise]));
    }

    /// <summary>Images of one number for each class, -1 and 2, with a little noise.</summary>
    private static TrainingSet<ClassLabels> Data => TrainingSet.OfClasses(400, ["low", "high"], static (indices, _) =>
    {
        using var scope = NewDisposeScope();
        var labels = tensor(Array.ConvertAll(indices, static i => i % 2L));
        var images = (labels.to(ScalarType.Float32) * 3 - 1).view(-1, 1, 1, 1).expand(-1, 1, 2, 2) + 0.2 * randn(indices.Length, 1, 2, 2);
        return (images.MoveToOuterDisposeScope(), labels.MoveToOuterDisposeScope());
    });

    [Fact]
    public void A_model_of_a_flow_is_trained_by_the_trainer_and_sampled_by_a_sampler_with_and_without_a_session()
    {
        manual_seed(1);
        using var model = FlowModel.Create();
        var losses = new List<double>();
        var recipe = new TrainingRecipe { Steps = 600, BatchSize = 128, LearningRate = 3e-2, EmaDecay = 0.9, Seed = 3 };
        new Trainer(recipe, new TrainingFolder(folder["flow"])).Run(
            model,
            Data,
            new Each<TrainingProgress>(at => losses.Add(at.Losses.Mse)));
        Assert.True(losses[^50..].Average() < 0.5 * losses[..10].Average(), $"{losses[..10].Average()} to {losses[^50..].Average()}");

        using var session = SessionOf(model);
        foreach (var sampler in FlowModel.AllSamplers)
        {
            int[] labels = [.. Enumerable.Range(0, 64).Select(static i => i % 2)];
            var drawn = sampler.Sample(model, labels, guidance: 1.2, seed: 5);
            foreach (var (label, mean) in new[] { (0, -1.0), (1, 2.0) })
                Assert.InRange(drawn[TensorIndex.Slice(label, 64, 2)].mean().item<float>(), mean - 0.4, mean + 0.4);
            Assert.True(
                drawn.Equals(sampler.Sample(model, labels, guidance: 1.2, seed: 5, options: new() { Session = session })),
                sampler.Name);
            var live = LiveTensors.Count();
            sampler.Sample(model, labels, guidance: new(1.2) { Interval = new(0.2, 5) }).Dispose();
            Assert.Equal(live, LiveTensors.Count());
        }
        Assert.Equal<(int?, int?)>((null, 20), (FlowModel.Adaptive.Evaluations, FlowModel.TwoStep20.WithSteps(20).Evaluations));
    }

    [Fact]
    public void A_fused_session_computes_times_that_nobody_announced()
    {
        using var model = Stirred.Create<OfClasses>();
        var (silent, announced) = (
            new Sampler<OfClasses, ClassLabels, GaussianDiffusion>("2m", new TwoStep<GaussianDiffusion>(6)),
            OfClasses.Samplers.Ddim5);
        var labels = tensor(new long[] { 0, 2 });
        foreach (var loop in new[] { silent, announced })
        {
            var expected = loop.Loop.Sample(
                (x, t) => model.call(x, full(2, t), labels),
                new KeyedNoise(5, 0, 2, OfClasses.Card.Input, CPU));
            Close.To(expected, loop.Sample(model, labels, seed: 5), Close.OneStep, loop.Name);
        }
    }

    private static InferenceSession<ClassLabels> SessionOf<TModel>(IModel<TModel, ClassLabels, ToyFlow> model)
        where TModel : nn.Module, IModel<TModel, ClassLabels, ToyFlow> => model.CreateSession();
}
