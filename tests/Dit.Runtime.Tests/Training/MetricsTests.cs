using System.Globalization;
using TorchSharp;
using static TorchSharp.torch;

namespace Dit.Runtime.Tests;

/// <summary>The metrics of a run: what they hold, while it goes on and after it was interrupted.</summary>
public sealed class MetricsTests : IDisposable
{
    private static readonly TrainingRecipe Recipe = new()
    {
        Steps = 12,
        BatchSize = 5,
        LearningRate = 1e-2,
        WarmupSteps = 6,
        EmaDecay = 0.9,
        Seed = 5,
    };

    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    private TrainingFolder Run(string name = "run", int saveEvery = 1000) => new(folder[name], saveEvery);

    private static void Train(
        TrainingFolder run, TrainingRecipe? recipe = null, TrainingCheckpoint? from = null, Action<TrainingProgress>? watch = null)
    {
        using var model = TinyDenoiser.Create();
        new Trainer(recipe ?? Recipe, run).Run(model, ColorSet.Of(), new Each<TrainingProgress>(now => watch?.Invoke(now)), from: from);
    }

    // Speed, wait and memory differ from run to run.
    private static string[] Repeatable(string path) =>
    [
        .. TrainingMetrics.Read(path).Select(static line =>
            (line with { ImagesPerSecond = 0, DataWaitSeconds = 0, MemoryBytes = 0 }).ToJson()),
    ];

    [Theory, InlineData(null, 1), InlineData(null, 2), InlineData(1e-3, 1)]
    public void A_line_holds_what_its_step_gave(double? clip, int parts)
    {
        var reports = new List<TrainingProgress>();
        var recipe = Recipe with { GradientClip = clip, Accumulation = parts };
        Train(Run(), recipe, watch: reports.Add);
        var lines = TrainingMetrics.Read(Run().Metrics);
        Assert.Equal(Enumerable.Range(1, 12), lines.Select(static line => line.Step));
        Assert.Equal(
            reports.Select(static now => (now.Losses, now.GradientNorm, now.MemoryBytes)),
            lines.Select(static line => (
                new StepLosses(line.Loss, line.Mse, line.VariationalBound), line.GradientNorm, line.MemoryBytes)));
        Assert.Equal(lines.Select(line => recipe.LearningRateAt(line.Step)), lines.Select(static line => line.LearningRate));
        Assert.Equal(FirstNorm(recipe), lines[0].GradientNorm, 1e-6 * lines[0].GradientNorm);
        Assert.All(lines, static line =>
        {
            Assert.True(line is { ImagesPerSecond: > 0, DataWaitSeconds: >= 0, MemoryBytes: > 1_000_000 });
            Assert.Equal(5 * line.Step, line.SamplesByTime.Sum());
        });
        Assert.All(reports, static now => Assert.InRange(now.DataWait, 0, 1));
        Assert.True(File.Exists(Run().LossByTimePlot));
    }

    // In float64, from the gradients of the first step.
    private static double FirstNorm(TrainingRecipe recipe)
    {
        using var scope = NewDisposeScope();
        using var model = TinyDenoiser.Create();
        using var input = StepInput.Sequence(recipe, TinyDenoiser.Card, TinyDenoiser.Process, ColorSet.Of()).First();
        TrainingStep.Backward(model, TinyDenoiser.Process, input, recipe);
        return Math.Sqrt(model.parameters().Where(static p => p.requires_grad)
            .Sum(static p => p.grad!.data<float>().ToArray().Sum(static g => (double)g * g)));
    }

    [Fact]
    public void A_run_without_a_clip_has_the_weights_of_one_with_a_clip_that_never_acts()
    {
        Train(Run("free"));
        Train(Run("loose"), Recipe with { GradientClip = 1e9 });
        using var free = SafeTensorsFile.Open(Run("free").Weights);
        using var loose = SafeTensorsFile.Open(Run("loose").Weights);
        foreach (var name in free.Tensors.Keys)
        {
            using var scope = NewDisposeScope();
            Assert.True(free.Read(name).allclose(loose.Read(name), rtol: 1e-5), name);
        }
    }

    [Theory, InlineData(5), InlineData(8), InlineData(11)]
    public void A_run_that_was_killed_and_goes_on_has_the_metrics_of_one_without_a_break(int killedAfter)
    {
        Train(Run("whole"));
        Train(Run("first", 4), watch: now =>
        {
            if (now.Step != killedAfter) return;
            Directory.CreateDirectory(folder["killed"]);
            foreach (var file in Directory.GetFiles(folder["first"]))
                if (Path.GetFileName(file) != FolderClaim.LockName) File.Copy(file, folder[$"killed/{Path.GetFileName(file)}"]);
        });
        var killed = Run("killed", 4);
        Assert.Equal(killedAfter, TrainingMetrics.Read(killed.Metrics).Count); // nothing waits in this process
        File.AppendAllText(killed.Metrics, "{\"step\":");
        var from = TrainingCheckpoint.Newest(killed);
        Assert.Equal((killedAfter - 1) / 4 * 4, from.Step);
        Train(killed, from: from);
        Assert.Equal(Repeatable(Run("whole").Metrics), Repeatable(killed.Metrics));
        Assert.Equal(File.ReadAllBytes(Run("whole").LossByTimePlot), File.ReadAllBytes(killed.LossByTimePlot));
        Assert.Equal(File.ReadAllBytes(Run("whole").Weights), File.ReadAllBytes(killed.Weights));
    }

    [Fact]
    public void A_run_of_an_earlier_version_goes_on_and_its_metrics_begin_there()
    {
        Train(Run(), Recipe with { Steps = 7 });
        File.Delete(Run().Metrics);
        Train(Run(), from: TrainingCheckpoint.Newest(Run()));
        Assert.Equal([8, 9, 10, 11, 12], TrainingMetrics.Read(Run().Metrics).Select(static line => line.Step));
    }

    [Fact]
    public void A_damaged_line_is_named_and_resuming_removes_it()
    {
        Train(Run());
        var lines = File.ReadAllLines(Run().Metrics);
        lines[3] = "{\"step\":4}"; // without a loss
        File.WriteAllText(Run().Metrics, string.Join('\n', lines) + "\n");
        Assert.Equal(
            $"Line 4 of '{Run().Metrics}' is damaged: it does not hold the metrics of a step.",
            Assert.Throws<DitException>(() => TrainingMetrics.Read(Run().Metrics)).Message);
        var kept = new List<int>();
        MetricsFile.Cut(Run().Metrics, 6, line => kept.Add(line.Step));
        Assert.Equal([1, 2, 3, 5, 6], kept);
        Assert.Equal(kept, TrainingMetrics.Read(Run().Metrics).Select(static line => line.Step));
        Assert.StartsWith(
            "Cannot read '", Assert.Throws<DitException>(() => TrainingMetrics.Read(folder["none"])).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Lines_are_found_whatever_their_length()
    {
        string[] lines = [new('a', 70_000), "", "b", new('c', 200_000)];
        File.WriteAllText(folder["lines"], string.Concat(lines.Select(static line => line + "\n")) + "rest");
        Assert.Equal(lines, MetricsFile.Lines(folder["lines"]));
    }

    [Fact]
    public void Whole_timesteps_are_split_evenly_from_the_data_to_the_noise()
    {
        var process = TinyDenoiser.Process; // 1,000 timesteps
        var four = new LossByTime(process, 4);
        Assert.Equal(["0-249", "250-499", "500-749", "750-999"], four.Names);
        Assert.Equal(
            Enumerable.Range(0, 1000).Select(static t => t / 250), Enumerable.Range(0, 1000).Select(t => four.IntervalOf(t)));
        Assert.Equal(["0-332", "333-665", "666-999"], new LossByTime(process, 3).Names);
        Assert.Equal(["0-999"], new LossByTime(process, 1).Names);
    }

    [Fact]
    public void The_times_of_a_flow_run_from_1_which_is_data_to_0()
    {
        var two = new LossByTime(new Flow(FlowPath.Linear), 2);
        Assert.Equal(["0.5-1", "0-0.5"], two.Names);
        Assert.Equal([0, 0, 1, 1, 1], new[] { 1, 0.75, 0.4999, 0.25, 0 }.Select(two.IntervalOf));
    }

    [Fact]
    public void A_running_mean_is_that_of_the_samples_and_forgets_old_ones()
    {
        var byTime = new LossByTime(TinyDenoiser.Process, 2);
        using var errors = tensor(new float[] { 1, 2, 6 });
        byTime.Add([10, 20, 900], errors);
        Assert.Equal([1.5, 6], byTime.Means);
        Assert.Equal([2, 1], byTime.Samples);
        using var zeros = torch.zeros(5000);
        byTime.Add([.. Enumerable.Repeat(10.0, 5000)], zeros);
        Assert.InRange(byTime.Means[0] ?? 1, 0, 0.01);
        Assert.Equal(6, byTime.Means[1]);
        Assert.Null(new LossByTime(TinyDenoiser.Process, 2).Means[0]);
    }

    [Fact]
    public void A_long_run_has_curves_of_bounded_length_whether_it_was_interrupted_or_not()
    {
        var (whole, resumed) = (new LossByTime(TinyDenoiser.Process, 1), new LossByTime(TinyDenoiser.Process, 1));
        using var error = torch.ones(1);
        for (var step = 1; step <= 9000; step++)
        {
            whole.Add([step % 1000], error);
            whole.EndStep(step);
            resumed.Restore(new() { Step = step, Loss = 1, MseByTime = whole.Means, SamplesByTime = whole.Samples });
        }
        Assert.InRange(whole.Curves()[0].Points.Count, 1000, 2048);
        Assert.Equal(whole.Curves()[0].Points, resumed.Curves()[0].Points);
    }

    [Theory, InlineData(0), InlineData(17)]
    public void The_number_of_intervals_has_a_range(int count) => Assert.Equal(
        string.Create(CultureInfo.InvariantCulture, $"The error can be measured in 1 to 16 intervals of time, not in {count}."),
        Assert.Throws<DitException>(() => Train(Run() with { TimeBuckets = count })).Message);

    [Fact]
    public void A_different_number_of_intervals_begins_anew_when_a_run_goes_on()
    {
        Train(Run(), Recipe with { Steps = 7 });
        Train(Run() with { TimeBuckets = 16 }, from: TrainingCheckpoint.Newest(Run()));
        var last = TrainingMetrics.Read(Run().Metrics)[^1];
        Assert.Equal((16, 25), (last.MseByTime.Count, last.SamplesByTime.Sum()));
    }

    [Theory]
    [InlineData(3e38f, " Cause: the output of 'blocks.0.mlp")]
    [InlineData(float.PositiveInfinity, " Cause: the weight blocks.0.mlp.fc1.weight holds ")]
    public void A_loss_that_is_not_finite_names_the_first_module_or_weight(float value, string cause)
    {
        using var model = GoldenP2.Create();
        var weight = model.named_parameters().First(static one => one.name == "blocks.0.mlp.fc1.weight").parameter;
        var latents = TrainingSet.OfClasses(12, ["a", "b"], (indices, _) =>
            (randn(indices.Length, 4, 8, 8), tensor(indices.Select(i => i % 2L).ToArray())));
        var message = Assert.Throws<DitException>(() => new Trainer(Recipe, Run()).Run(model, latents, new Each<TrainingProgress>(_ =>
        {
            using (no_grad()) weight.fill_(value);
        }))).Message;
        Assert.StartsWith("The loss is ", message, StringComparison.Ordinal);
        Assert.Contains($" at step 2; no checkpoint had been saved.{cause}", message, StringComparison.Ordinal);
    }

    [Theory, InlineData(null), InlineData(1.0)]
    public void A_gradient_that_is_not_finite_ends_the_run_before_it_spoils_the_weights(double? clip)
    {
        using var model = TinyDenoiser.Create();
        var watch = new Each<TrainingProgress>(now => model.SpoilsGradients = now.Step == 3);
        var message = Assert.Throws<DitException>(
            () => new Trainer(Recipe with { GradientClip = clip }, Run(saveEvery: 2)).Run(model, ColorSet.Of(), watch)).Message;
        Assert.StartsWith(
            $"The norm of the gradient is NaN at step 4; the last good checkpoint is kept in '{Run().Checkpoint}'. Cause: the gradient of "
                + "'proj.",
            message,
            StringComparison.Ordinal);
        Assert.All(model.parameters(), static p => Assert.True(p.isfinite().all().item<bool>()));
    }

    [Fact]
    public void A_gradient_that_is_not_finite_is_named()
    {
        using var scope = NewDisposeScope();
        using var model = TinyDenoiser.Create();
        model.proj.weight!.sum().backward();
        Assert.Equal(Math.Sqrt(model.proj.weight!.numel()), GradientNorm.Of(model.parameters()), 1e-5);
        Assert.Equal(" Cause: the sum of the squares of the gradient is too large for its type.", NonFiniteCause.OfGradient(model));
        (model.proj.bias! * float.PositiveInfinity).sum().backward();
        Assert.Equal(double.PositiveInfinity, GradientNorm.Of(model.parameters()));
        Assert.StartsWith(" Cause: the gradient of 'proj.bias' holds ", NonFiniteCause.OfGradient(model), StringComparison.Ordinal);
    }
}
