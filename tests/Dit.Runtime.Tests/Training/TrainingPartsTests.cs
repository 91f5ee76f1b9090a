using TorchSharp;
using static TorchSharp.torch;

namespace Dit.Runtime.Tests;

public class TrainingPartsTests
{
    [Fact]
    public void The_recipe_defaults_are_the_papers()
    {
        var recipe = new TrainingRecipe();
        Assert.Equal((1e-4, 0.0, 0.9, 0.999), (recipe.LearningRate, recipe.WeightDecay, recipe.Beta1, recipe.Beta2));
        Assert.Equal((256, 400_000, 0.9999), (recipe.BatchSize, recipe.Steps, recipe.EmaDecay));
        Assert.True(recipe.HorizontalFlip);
        Assert.Null(recipe.GradientClip);
        Assert.Equal(1e-4, recipe.LearningRateAt(1));
        Assert.Equal(1e-4, recipe.LearningRateAt(400_000));
    }

    [Fact]
    public void Warmup_raises_the_learning_rate_in_a_line()
    {
        var recipe = new TrainingRecipe { LearningRate = 1, WarmupSteps = 4 };
        Assert.Equal([0.25, 0.5, 0.75, 1, 1], Enumerable.Range(1, 5).Select(recipe.LearningRateAt));
    }

    [Theory]
    [InlineData(LearningRateSchedule.Linear, new[] { 0.5, 1, 0.75, 0.5, 0.25 })]
    [InlineData(LearningRateSchedule.Cosine, new[] { 0.5, 1, 0.8535533905932737, 0.5, 0.14644660940672627 })]
    public void A_schedule_falls_after_the_warm_up_and_is_not_0_in_the_last_step(LearningRateSchedule schedule, double[] rates)
    {
        var recipe = new TrainingRecipe { LearningRate = 1, WarmupSteps = 2, Steps = 5, Schedule = schedule };
        Assert.All(rates, (rate, i) => Assert.Equal(rate, recipe.LearningRateAt(i + 1), 1e-12));
        Assert.Equal(1, (recipe with { WarmupSteps = 0 }).LearningRateAt(1));
    }

    [Theory, InlineData(4), InlineData(5), InlineData(32)]
    public void A_batch_in_parts_gives_the_gradients_of_the_whole(int parts)
    {
        using var scope = NewDisposeScope();
        using var model = Stirred.Create<GoldenP2>();
        var labels = arange(32, dtype: ScalarType.Int64).remainder(5);
        var times = Enumerable.Range(0, 32).Select(static i => i * 31.0).ToArray();
        var input = new StepInput<ClassLabels>(randn(32, 4, 8, 8), new(labels), times, randn(32, 4, 8, 8));
        var recipe = new TrainingRecipe { BatchSize = 32, MinSnrGamma = 5 };
        var (whole, expected) = Gradients(recipe);
        var (losses, gradients) = Gradients(recipe with { Accumulation = parts });
        Assert.Equal(whole.Total, losses.Total, 1e-6 * whole.Total);
        Assert.Equal(whole.Mse, losses.Mse, 1e-6);
        Assert.Equal(whole.VariationalBound, losses.VariationalBound, 1e-6);
        foreach (var (name, gradient) in expected) Close.To(gradient, gradients[name], 1e-6, name);

        (StepLosses, Dictionary<string, Tensor>) Gradients(TrainingRecipe recipe)
        {
            model.zero_grad();
            var losses = TrainingStep.Backward(model, GoldenP2.Process, input, recipe);
            return (losses, model.named_parameters().Where(static pair => pair.parameter.grad is not null)
                .ToDictionary(static pair => pair.name, static pair => pair.parameter.grad!.clone()));
        }
    }

    [Theory]
    [InlineData(Prediction.StartX)]
    [InlineData(Prediction.Epsilon)]
    [InlineData(Prediction.Velocity)]
    public void Min_snr_weighs_an_error_as_one_of_the_data(Prediction prediction)
    {
        var process = new GaussianDiffusion(NoiseSchedule.Linear(), prediction, ModelVariance.FixedSmall);
        foreach (var t in (double[])[0, 10, 200, 500, 900, 999])
        {
            // An error d of the prediction is an error of the data of d times this.
            var factor = prediction switch
            {
                Prediction.StartX => 1,
                Prediction.Epsilon => process.Sigma(t) / process.Alpha(t),
                _ => process.Sigma(t), // x_0 = alpha x_t - sigma v
            };
            var ratio = Math.Pow(process.Alpha(t) / process.Sigma(t), 2);
            Assert.Equal(Math.Min(ratio, 5) * factor * factor, MinSnr.WeightOf(process, t, 5), 1e-9);
        }
    }

    [Fact]
    public void Min_snr_is_in_the_loss_and_the_reported_error_is_not_weighted()
    {
        using var scope = NewDisposeScope();
        using var model = GoldenP2.Create();
        var input = new StepInput<ClassLabels>(
            randn(2, 4, 8, 8), new(tensor(new long[] { 1, 2 })), [3, 700], randn(2, 4, 8, 8));
        using var each = GoldenP2.Process.TrainingLosses(
            (x, t) => model.Predict(x, t, input.Condition),
            input.Images,
            input.Times,
            input.Noise);
        var (mse, bound) = (each.Mse!.data<float>().ToArray(), each.VariationalBound!.mean().item<float>());
        var losses = TrainingStep.Backward(model, GoldenP2.Process, input, new() { MinSnrGamma = 5 });
        Assert.Equal(mse.Average(), losses.Mse, 1e-5);
        var weighted = mse.Zip(input.Times, static (error, t) => error * MinSnr.WeightOf(GoldenP2.Process, t, 5)).Average();
        Assert.Equal(weighted + bound, losses.Total, 1e-5);
        Assert.NotEqual(mse.Average(), weighted, 1e-3);
        Assert.Contains("for Gaussian diffusions", Assert.Throws<DitException>(() => MinSnr.Require(new Flow(FlowPath.Linear))).Message);
    }

    public static TheoryData<TrainingRecipe, string> BadRecipes => new()
    {
        { new() { Steps = 0 }, "The steps of a training recipe must be at least 1; it is 0." },
        { new() { BatchSize = -1 }, "The batch of a training recipe must be at least 1; it is -1." },
        { new() { LearningRate = double.NaN }, "The learning rate of a training recipe must be above 0; it is NaN." },
        { new() { EmaDecay = 1 }, "The EMA decay of a training recipe must be from 0 up to, not including, 1; it is 1." },
        { new() { GradientClip = 0 }, "The gradient clip of a training recipe must be above 0; it is 0." },
        { new() { Accumulation = 257 }, "The accumulation of a training recipe must be from 1 to the batch; it is 257." },
        { new() { MinSnrGamma = 0 }, "The gamma of min-SNR of a training recipe must be above 0; it is 0." },
        { new() { WarmupSteps = -1 }, "The warm-up of a training recipe must be 0 or more steps; it is -1." },
    };

    [Theory, MemberData(nameof(BadRecipes))]
    public void A_recipe_with_an_impossible_number_is_refused(TrainingRecipe recipe, string message) =>
        Assert.Equal(message, Assert.Throws<DitException>(recipe.Validate).Message);

    [Fact]
    public void Label_dropout_hides_the_wanted_share_and_keeps_the_rest()
    {
        using var random = new Generator(3);
        using var labels = arange(20_000, dtype: ScalarType.Int64).remainder(10);
        using var hidden = LabelDropout.Apply(labels, 0.1, 10, random);
        var pairs = labels.data<long>().Zip(hidden.data<long>()).ToArray();
        var share = pairs.Count(pair => pair.Second == 10) / 20_000.0;
        Assert.InRange(share, 0.09, 0.11);
        Assert.All(pairs, pair => Assert.True(pair.Second == 10 || pair.Second == pair.First));
    }

    [Theory]
    [InlineData(0, false)]
    [InlineData(1, true)]
    public void Label_dropout_of_nothing_or_all_is_exact(double probability, bool allHidden)
    {
        using var random = new Generator(3);
        using var labels = zeros(100, dtype: ScalarType.Int64);
        using var hidden = LabelDropout.Apply(labels, probability, 7, random);
        Assert.All(hidden.data<long>().ToArray(), label => Assert.Equal(allHidden ? 7 : 0, label));
    }

    [Fact]
    public void The_average_follows_the_weights_by_its_formula_and_leaves_the_positions()
    {
        using var model = TinyDenoiser.Create();
        using var average = new ExponentialMovingAverage(model, 0.9);
        var expected = model.proj.weight!.data<float>().ToArray();
        for (var step = 0; step < 3; step++)
        {
            using (no_grad()) model.proj.weight.mul_(1.5);
            average.Update();
            expected = [.. expected.Zip(model.proj.weight.data<float>(), (old, now) => 0.9f * old + 0.1f * now)];
        }
        Assert.Equal(model.state_dict().Keys, average.Tensors.Keys);
        Assert.All(average.Tensors["proj.weight"].data<float>().Zip(expected), pair => Assert.Equal(pair.Second, pair.First, 1e-6));
        Assert.True(average.Tensors["pos_embed"].equal(model.pos_embed).all().item<bool>());
    }

    [Fact]
    public void An_average_that_warms_up_leaves_its_start_at_once()
    {
        var recipe = new TrainingRecipe { EmaDecay = 0.5, EmaWarmup = true };
        Assert.Equal([0.1, 2.0 / 11, 3.0 / 12], Enumerable.Range(1, 3).Select(recipe.EmaDecayAt)); // (1 + t) / (10 + t) from t = 0
        Assert.Equal(0.5, recipe.EmaDecayAt(9), 1e-12);
        Assert.Equal(0.5, recipe.EmaDecayAt(10));
        Assert.Equal(0.9999, new TrainingRecipe().EmaDecayAt(1));
    }

    [Fact]
    public void The_average_owns_its_tensors()
    {
        using var model = TinyDenoiser.Create();
        var before = LiveTensors.Count();
        using (var scope = NewDisposeScope())
        {
            var average = new ExponentialMovingAverage(model, 0.5);
            scope.DisposeEverything();
            average.Update();
            Assert.True(average.IsFinite());
            average.Dispose();
        }
        Assert.Equal(before, LiveTensors.Count());
    }

    [Fact]
    public void One_weight_that_is_not_a_number_spoils_the_average()
    {
        using var model = TinyDenoiser.Create();
        using var average = new ExponentialMovingAverage(model, 0.5);
        using (no_grad()) model.proj.bias!.fill_(double.NaN);
        average.Update();
        Assert.False(average.IsFinite());
    }

    [Theory, InlineData(0), InlineData(2)]
    public void A_failure_while_preparing_is_thrown_to_the_one_who_takes(int ahead)
    {
        static IEnumerable<MemoryStream> Two()
        {
            yield return new MemoryStream();
            throw new DitException("broken");
        }
        using var prefetcher = new Prefetcher<MemoryStream>(_ => Two(), ahead);
        prefetcher.Take()?.Dispose();
        Assert.Equal("broken", Assert.Throws<DitException>(() => prefetcher.Take()).Message);
    }

    [Fact]
    public void What_was_prepared_and_not_taken_is_disposed()
    {
        var made = new List<MemoryStream>();
        IEnumerable<MemoryStream> Endless()
        {
            while (true)
            {
                made.Add(new MemoryStream());
                yield return made[^1];
            }
        }
        using (var prefetcher = new Prefetcher<MemoryStream>(_ => Endless(), 2)) prefetcher.Take()?.Dispose();
        Assert.All(made, stream => Assert.False(stream.CanRead));
    }

    [Theory, InlineData(0), InlineData(2)]
    public void A_sequence_that_waits_is_woken_by_cancellation_and_closed(int ahead)
    {
        var closed = false;
        using var stop = new CancellationTokenSource(TimeSpan.FromMilliseconds(50));
        using (var prefetcher = new Prefetcher<MemoryStream>(Waiting, ahead, stop.Token)) Assert.Null(prefetcher.Take());
        Assert.True(closed);

        IEnumerable<MemoryStream> Waiting(CancellationToken cancellation)
        {
            try
            {
                cancellation.WaitHandle.WaitOne();
                cancellation.ThrowIfCancellationRequested();
                yield return new MemoryStream();
            }
            finally
            {
                closed = true;
            }
        }
    }

    [Fact]
    public void What_is_prepared_when_it_is_taken_is_prepared_on_that_thread()
    {
        using var prefetcher = new Prefetcher<MemoryStream>(_ => Here(Environment.CurrentManagedThreadId), ahead: 0);
        prefetcher.Take()?.Dispose();
        Assert.Equal("The sequence has ended.", Assert.Throws<InvalidOperationException>(() => prefetcher.Take()).Message);

        static IEnumerable<MemoryStream> Here(int thread)
        {
            Assert.Equal(thread, Environment.CurrentManagedThreadId);
            yield return new MemoryStream();
        }
    }
}
