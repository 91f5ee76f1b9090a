using TorchSharp;
using static TorchSharp.torch;

namespace Dit.Runtime.Tests;

/// <summary>Losses and gradients far above the usual ones: what is one, and what becomes of the run.</summary>
public sealed class SpikeTests : IDisposable
{
    private const int BadStep = 115; // later than the steps that a median needs

    private static readonly TrainingRecipe Recipe = new()
    {
        Steps = 130,
        BatchSize = 12,
        LearningRate = 1e-3,
        EmaDecay = 0.9,
        Seed = 5,
    };

    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    private TrainingFolder Run(string name = "run", int saveEvery = 20) => new(folder[name], saveEvery);

    // The gradient of one step is far too large.
    private TrainingResult Train(
        TrainingFolder run, SpikeAction action, float boost, TrainingRecipe? recipe = null, int stopAfter = int.MaxValue,
        TrainingCheckpoint? from = null, List<string>? notes = null, Action<TinyDenoiser, int>? each = null)
    {
        using var model = TinyDenoiser.Create();
        using var stop = new CancellationTokenSource();
        var watch = new Each<TrainingProgress>(now =>
        {
            model.GradientBoost = now.Step == BadStep - 1 ? boost : 0;
            each?.Invoke(model, now.Step);
            if (now.Step == stopAfter) stop.Cancel();
        });
        return new Trainer(recipe ?? Recipe, run) { OnSpike = action, Notice = text => notes?.Add(text) }
            .Run(model, ColorSet.Of(), watch, stop.Token, from: from);
    }

    private static float[] Weights(TrainingFolder run, string name = "proj.weight")
    {
        using var file = SafeTensorsFile.Open(run.Weights);
        using var read = file.Read(name);
        return read.data<float>().ToArray();
    }

    [Fact]
    public void A_gradient_far_above_the_usual_ends_the_run_before_the_step()
    {
        var message = Assert.Throws<DitException>(() => Train(Run(), SpikeAction.Stop, 1e6f)).Message;
        Assert.StartsWith($"The norm of the gradient at step {BadStep} is ", message, StringComparison.Ordinal);
        Assert.Contains($"; the last good checkpoint is kept in '{Run().Checkpoint}'. The gradient of 'proj.bias' is 100", message);
        Assert.EndsWith("resume with --on-spike ignore, or skip to leave such steps out.", message, StringComparison.Ordinal);
        Assert.Equal(100, TrainingCheckpoint.Newest(Run()).Step);
        Assert.Equal(BadStep - 1, TrainingMetrics.Read(Run().Metrics)[^1].Step);
    }

    [Fact]
    public void Ignored_or_clipped_it_changes_nothing_about_the_run()
    {
        Assert.Equal(130, Train(Run("ignored"), SpikeAction.Ignore, 1e6f).Step);
        Assert.Equal(130, Train(Run("clipped"), SpikeAction.Stop, 1e6f, Recipe with { GradientClip = 1 }).Step);
        Assert.Equal(130, Train(Run("small"), SpikeAction.Stop, 10).Step);
    }

    [Fact]
    public void A_skipped_step_leaves_the_weights_and_a_run_that_goes_on_skips_it_too()
    {
        List<string> notes = [];
        Train(Run("whole"), SpikeAction.Skip, 1e6f, notes: notes);
        Assert.EndsWith(": the step was skipped.", Assert.Single(notes), StringComparison.Ordinal);
        Train(Run("before"), SpikeAction.Skip, 0, Recipe with { Steps = BadStep - 1 });
        Train(Run("after"), SpikeAction.Skip, 1e6f, Recipe with { Steps = BadStep });
        Assert.Equal(Weights(Run("before")), Weights(Run("after")));
        foreach (var stop in (int[])[BadStep - 5, BadStep + 3])
        {
            var broken = Run($"broken {stop}");
            Train(broken, SpikeAction.Skip, 1e6f, stopAfter: stop);
            Train(broken, SpikeAction.Skip, 1e6f, from: TrainingCheckpoint.Newest(broken));
            Assert.Equal(File.ReadAllBytes(Run("whole").Weights), File.ReadAllBytes(broken.Weights));
            Assert.Equal(File.ReadAllBytes(Run("whole").Checkpoint), File.ReadAllBytes(broken.Checkpoint));
        }
    }

    [Fact]
    public void Steps_are_not_skipped_for_ever()
    {
        List<string> notes = [];
        var message = Assert.Throws<DitException>(() => Train(Run(), SpikeAction.Skip, 1e6f, notes: notes, each: static (model, step) =>
        {
            if (step >= BadStep) model.GradientBoost = 1e6f;
        })).Message;
        Assert.Equal(10, notes.Count);
        Assert.StartsWith($"The norm of the gradient at step {BadStep + 10} is ", message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_loss_that_stays_high_ends_the_run_and_names_the_module_and_the_checkpoint_before()
    {
        var clipped = Recipe with { GradientClip = 1, EmaDecay = 0.99 }; // else the gradient is found first
        var message = Assert.Throws<DitException>(() => Train(Run(saveEvery: 4), SpikeAction.Stop, 0, clipped, each: static (model, step) =>
        {
            if (step != BadStep) return;
            using (no_grad()) model.proj.weight.mul_(1000);
        })).Message;
        // 12 samples of a step, 128 in 11 steps
        Assert.StartsWith($"The loss at step {BadStep + 11} is ", message, StringComparison.Ordinal);
        Assert.Contains($", and it has been high since step {BadStep + 1}; ", message, StringComparison.Ordinal);
        Assert.Contains("the output of 'proj' has grown most: ", message, StringComparison.Ordinal);
        // The checkpoints since then are no good ones. The newest two are of steps 120 and 124; the one with the least
        // loss is kept too.
        var kept = Directory.GetFiles(folder["run"], "checkpoint*");
        Assert.Contains(kept, path => message.Contains($"'{path}'", StringComparison.Ordinal) && StepOf(path) <= BadStep);

        static int StepOf(string path)
        {
            using var file = SafeTensorsFile.Open(path);
            return int.Parse(file.Metadata["dit.step"]);
        }
    }

    public static TheoryData<int> Batches => [1, 2, 8, 64];

    /// <summary>
    /// Losses with the tails of a learned variance's bound, and with errors that range over orders of magnitude
    /// with the time.
    /// </summary>
    private static IEnumerable<double> Noisy(int batch, int steps)
    {
        var random = new Random(batch);
        for (var step = 0; step < steps; step++)
            yield return Enumerable.Range(0, batch).Average(_ =>
                Math.Pow(0.002, random.NextDouble()) + (random.NextDouble() < 0.002 ? 2 / Math.Pow(random.NextDouble(), 1 / 1.1) : 0));
    }

    private static TrainingMetrics Line(int step, double loss, double norm = 1) => new() { Step = step, Loss = loss, GradientNorm = norm };

    [Theory, MemberData(nameof(Batches))]
    public void Noise_is_no_spike_and_divergence_is_one(int batch)
    {
        const int Steps = 20_000;
        var watch = new SpikeWatch(batch, clipped: false);
        var step = 0;
        foreach (var loss in Noisy(batch, Steps))
        {
            Assert.Null(watch.Of(++step, loss, 1));
            watch.Add(Line(step, loss));
        }
        var needed = Math.Max(10, (128 + batch - 1) / batch);
        foreach (var loss in Noisy(batch, needed).Select(static loss => 1e3 + loss))
        {
            var spike = watch.Of(++step, loss, 1);
            watch.Add(Line(step, loss));
            // A high loss just before belongs to it.
            if (spike is not null)
            {
                Assert.InRange(spike.FirstStep, Steps - 20, Steps + 1);
                Assert.InRange(step, Steps + needed - 20, Steps + needed);
                return;
            }
        }
        Assert.Fail("The divergence was not found.");
    }

    [Fact]
    public void A_run_that_begins_or_has_gone_on_with_a_high_loss_is_not_ended()
    {
        var watch = new SpikeWatch(64, clipped: false);
        for (var step = 1; step <= 1000; step++)
        {
            var loss = step switch { < 50 => 1, < 200 => 0.1, _ => 5 }; // and somebody resumes with 'ignore' at 200
            if (step is < 200 or > 500) Assert.Null(watch.Of(step, loss, 1));
            watch.Add(Line(step, loss));
        }
    }

    [Theory, InlineData(0), InlineData(-1)]
    public void Values_that_are_not_positive_have_no_ratios(double usual)
    {
        var watch = new SpikeWatch(8, clipped: false);
        for (var step = 1; step <= 300; step++)
        {
            Assert.Null(watch.Of(step, step < 200 ? usual : 5, step < 200 ? 0 : 5));
            watch.Add(Line(step, step < 200 ? usual : 5, step < 200 ? 0 : 5));
        }
    }

    [Theory, InlineData(true), InlineData(false)]
    public void A_norm_is_compared_with_the_last_ones_unless_gradients_are_clipped(bool clipped)
    {
        var watch = new SpikeWatch(8, clipped);
        for (var step = 1; step <= 99; step++) watch.Add(Line(step, 1, step % 2 == 0 ? 2 : 4));
        Assert.Null(watch.Of(100, 1, 1e9)); // too early to tell
        watch.Add(Line(100, 1, 4));
        Assert.Null(watch.Of(101, 1, 2900));
        Assert.Equal(!clipped, watch.Of(101, 1, 4001) is { IsOfGradient: true, MayBeSkipped: true });
    }
}
