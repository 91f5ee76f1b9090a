using static TorchSharp.torch;

namespace Dit.Runtime.Tests;

/// <summary>Timesteps drawn by the second moment of their loss (arXiv 2102.09672, equation 18).</summary>
public sealed class LossSecondMomentTests : IDisposable
{
    private const int Few = 25;

    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    private static GaussianDiffusion Learned(int timesteps) =>
        new(NoiseSchedule.Linear(timesteps), Prediction.Epsilon, ModelVariance.LearnedRange);

    // A loss that grows with the timestep.
    private static LossSecondMoment Filled(GaussianDiffusion process, int each = LossSecondMoment.History)
    {
        var sampler = new LossSecondMoment(process, seed: 3);
        foreach (var round in Enumerable.Range(0, each))
            Add(sampler, [.. process.TimestepMap.Select(static t => (double)t)], t => (float)(0.1 + t * (1 + 0.1 * round)));
        return sampler;
    }

    private static void Add(LossSecondMoment sampler, double[] times, Func<double, float> loss)
    {
        using var losses = tensor(Array.ConvertAll(times, time => loss(time)));
        sampler.Add(times, losses);
    }

    private static StepInput<ClassLabels> Input(int n)
    {
        var labels = arange(n, dtype: ScalarType.Int64).remainder(3);
        double[] times = [.. Enumerable.Range(0, n).Select(static i => (double)(i % Few))];
        return new(randn(n, 3, 4, 4), new(labels), times, randn(n, 3, 4, 4));
    }

    [Fact]
    public void Probabilities_are_the_roots_of_the_second_moments_of_the_last_ten_losses()
    {
        var sampler = new LossSecondMoment(Learned(Few), seed: 0);
        var (random, last) = (new Random(5), Enumerable.Range(0, Few).Select(static _ => new Queue<float>()).ToArray());
        for (var batch = 0; batch < 150; batch++)
        {
            double[] times = [.. Enumerable.Range(0, 8).Select(_ => (double)random.Next(Few))];
            float[] values = [.. times.Select(t => (float)(random.NextDouble() * (t + 1)))];
            using (var losses = tensor(values)) sampler.Add(times, losses);
            foreach (var (t, value) in times.Zip(values))
            {
                last[(int)t].Enqueue(value);
                if (last[(int)t].Count > 10) last[(int)t].Dequeue();
            }
            if (last.Any(static queue => queue.Count < 10))
            {
                Assert.Null(sampler.Probabilities());
                continue;
            }
            double[] roots = [.. last.Select(static queue => Math.Sqrt(queue.Average(static x => (double)x * x)))];
            var actual = sampler.Probabilities() ?? [];
            Assert.Equal(Few, actual.Length);
            // A thousandth is spread evenly, so that a timestep without a loss is still drawn.
            Assert.All(roots.Zip(actual), pair => Assert.Equal(0.999 * pair.First / roots.Sum() + 0.001 / Few, pair.Second, 1e-12));
        }
        Assert.NotNull(sampler.Probabilities());
    }

    [Fact]
    public void Times_are_drawn_by_their_probabilities_and_weights_leave_the_expected_loss_as_it_is()
    {
        using var scope = NewDisposeScope();
        var process = Learned(Few);
        var sampler = Filled(process);
        var p = sampler.Probabilities() ?? [];
        Assert.Equal(1, p.Sum(), 1e-12);
        var input = Input(100);
        var (counts, sum, squares, all) = (new double[Few], 0.0, 0.0, 0);
        for (var step = 1; step <= 2000; step++)
        {
            var drawn = sampler.Of(step, input);
            Assert.Same(input.Images, drawn.Images);
            foreach (var (t, weight) in drawn.Times.Zip(drawn.Weights ?? []))
            {
                counts[(int)t]++;
                Assert.Equal(1 / (Few * p[(int)t]), weight, 1e-12);
                var value = weight * Loss(t);
                (sum, squares, all) = (sum + value, squares + value * value, all + 1);
            }
        }
        Assert.Equal(200_000, all);
        // Within five standard deviations of what is expected.
        Assert.All(counts, (count, t) =>
            Assert.InRange(count, all * p[t] - 5 * Math.Sqrt(all * p[t]), all * p[t] + 5 * Math.Sqrt(all * p[t])));
        var (mean, uniform) = (sum / all, Enumerable.Range(0, Few).Average(static t => Loss(t)));
        Assert.Equal(uniform, mean, 5 * Math.Sqrt((squares / all - mean * mean) / all));
        // The same estimate from uniform times varies more: what the sampling is for.
        var spread = Enumerable.Range(0, Few).Average(t => Math.Pow(Loss(t) - uniform, 2));
        Assert.True(squares / all - mean * mean < 0.1 * spread);

        static double Loss(double t) => 0.1 + t;
    }

    [Fact]
    public void What_is_drawn_depends_on_the_seed_the_step_and_the_losses_and_is_uniform_at_first()
    {
        using var scope = NewDisposeScope();
        var (process, input) = (Learned(Few), Input(64));
        Assert.Same(input, Filled(process, each: 9).Of(1, input));
        var (a, b) = (Filled(process), Filled(process));
        Assert.Equal(a.Of(5, input).Times, b.Of(5, input).Times);
        Assert.NotEqual(a.Of(5, input).Times, a.Of(6, input).Times);
        Add(b, [24], static _ => 1e4f);
        Assert.True(b.Of(5, input).Times.Count(static t => t == 24) > a.Of(5, input).Times.Count(static t => t == 24) + 20);
        var silent = new LossSecondMoment(process, 0);
        foreach (var _ in Enumerable.Range(0, 10)) Add(silent, [.. Enumerable.Range(0, Few).Select(static t => (double)t)], static _ => 0);
        Assert.All(silent.Probabilities() ?? [], static p => Assert.Equal(1.0 / Few, p, 1e-12));
    }

    [Theory, InlineData(1), InlineData(3)]
    public void Weights_are_in_the_loss_its_parts_and_its_gradient(int parts)
    {
        using var scope = NewDisposeScope();
        using var model = TinyDenoiser.Create();
        var process = TinyDenoiser.Process;
        double[] weights = [0.1, 2, 0.7, 1, 3, 0.25];
        var input = Input(6) with { Times = [3, 700, 20, 999, 0, 500], Weights = weights };
        List<float> seen = [];
        var losses = TrainingStep.Backward(
            model, process, input, new() { BatchSize = 6, Accumulation = parts }, (_, total, _) => seen.AddRange(total.data<float>()));
        var gradient = Gradient();
        model.zero_grad();
        using var each = process.TrainingLosses((x, t) => model.Predict(x, t, input.Condition), input.Images, input.Times, input.Noise);
        using var weighted = (each.Total * tensor(weights, ScalarType.Float32)).mean();
        weighted.backward();
        Assert.Equal(weighted.item<float>(), losses.Total, 1e-5 * losses.Total);
        Assert.Equal(losses.Mse + losses.VariationalBound, losses.Total, 1e-5 * losses.Total);
        Close.To(Gradient(), gradient, 1e-5);
        Assert.All(each.Total.data<float>().ToArray().Zip(seen), static pair => Assert.Equal(pair.First, pair.Second, 1e-5)); // as they are

        Tensor Gradient() => model.proj.weight.grad?.clone() ?? throw new InvalidOperationException("There is no gradient.");
    }

    private static readonly TrainingRecipe Recipe = new()
    {
        Steps = 34,
        BatchSize = 1000,
        LearningRate = 1e-2,
        EmaDecay = 0.5,
        Seed = 5,
        TimeSampling = TimeSampling.LossSecondMoment,
    };

    private TrainingFolder Train(string name, TrainingRecipe recipe, int stopAfter = int.MaxValue, TrainingCheckpoint? from = null)
    {
        var run = new TrainingFolder(folder[name]);
        using var model = TinyDenoiser.Create();
        using var stop = new CancellationTokenSource();
        new Trainer(recipe, run).Run(
            model, ColorSet.Of(), new Each<TrainingProgress>(now => { if (now.Step == stopAfter) stop.Cancel(); }), stop.Token, from: from);
        return run;
    }

    [Fact]
    public void A_run_that_goes_on_gives_the_same_bits_before_and_after_all_timesteps_are_known()
    {
        var whole = Train("whole", Recipe);
        foreach (var stopAfter in (int[])[4, 32])
        {
            var broken = Train($"broken {stopAfter}", Recipe, stopAfter);
            Train($"broken {stopAfter}", Recipe, from: TrainingCheckpoint.Newest(broken));
            Assert.Equal(File.ReadAllBytes(whole.Weights), File.ReadAllBytes(broken.Weights));
            Assert.Equal(File.ReadAllBytes(whole.Checkpoint), File.ReadAllBytes(broken.Checkpoint));
        }

        var uniform = Train("uniform", Recipe with { TimeSampling = TimeSampling.Uniform });
        var (own, theirs) = (File.ReadAllLines(whole.LossTable), File.ReadAllLines(uniform.LossTable));
        Assert.Equal(own[..10], theirs[..10]); // the first steps are drawn alike
        Assert.NotEqual(own[^1], theirs[^1]); // the last ones are not
        Assert.Contains(
            "TimeSampling is \"LossSecondMoment\" there and \"Uniform\" here",
            Assert.Throws<DitException>(() => Train(
                "whole", Recipe with { TimeSampling = TimeSampling.Uniform }, from: TrainingCheckpoint.Newest(whole))).Message,
            StringComparison.Ordinal);
        using var file = SafeTensorsFile.Open(whole.Checkpoint);
        using var counts = file.Read("run.time_counts");
        Assert.Equal(34_000, counts.sum().item<long>());
        Assert.True(counts.min().item<long>() >= 10);
    }

    [Fact]
    public void A_run_leaves_no_tensor_behind()
    {
        using var model = TinyDenoiser.Create();
        var run = new TrainingFolder(folder["run"]);
        new Trainer(Recipe with { Steps = 1 }, run).Run(model, ColorSet.Of());
        var before = LiveTensors.Count();
        new Trainer(Recipe with { Steps = 31 }, run).Run(model, ColorSet.Of(), from: TrainingCheckpoint.Newest(run));
        Assert.Equal(before, LiveTensors.Count());
    }

    [Fact]
    public void A_process_without_such_a_loss_is_refused_with_the_reason()
    {
        Assert.Contains(
            "a model of a fixed variance has no such loss",
            Refused(new GaussianDiffusion(NoiseSchedule.Linear(), Prediction.Epsilon, ModelVariance.FixedSmall)),
            StringComparison.Ordinal);
        Assert.Contains("the times of a flow are continuous", Refused(new Flow(FlowPath.Linear)), StringComparison.Ordinal);
        var run = new TrainingFolder(folder["flow"]);
        using var model = FlowPixels.Create();
        var data = TrainingSet.OfClasses(
            4, ["a"], static (indices, _) => (zeros(indices.Length, 3, 4, 8), zeros(indices.Length, ScalarType.Int64)));
        Assert.Contains(
            "the times of a flow are continuous",
            Assert.Throws<DitException>(() => new Trainer(Recipe, run).Run(model, data)).Message,
            StringComparison.Ordinal);
        Assert.False(Directory.Exists(run.Path));

        static string Refused(IProcess process) => Assert.Throws<DitException>(() => LossSecondMoment.Require(process)).Message;
    }
}
