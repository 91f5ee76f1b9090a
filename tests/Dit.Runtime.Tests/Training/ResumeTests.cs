using static TorchSharp.torch;

namespace Dit.Runtime.Tests;

/// <summary>A run that is interrupted and goes on.</summary>
public sealed class ResumeTests : IDisposable
{
    private static readonly TrainingRecipe Recipe = new()
    {
        Steps = 12, BatchSize = 5, LearningRate = 1e-2, WeightDecay = 0.1, WarmupSteps = 6, EmaDecay = 0.9, GradientClip = 1, Seed = 5,
    };

    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    private TrainingFolder Run(string name, int saveEvery = 1000) => new(folder[name], saveEvery);

    private static TrainingResult Train(
        TrainingFolder run, TrainingRecipe? recipe = null, int stopAfter = int.MaxValue, TrainingCheckpoint? from = null,
        TrainingSet<ClassLabels>? data = null)
    {
        // What a resumed model is created with must not matter.
        using var model = TinyDenoiser.Create();
        if (from is not null)
            using (no_grad())
            using (NewDisposeScope())
                foreach (var parameter in model.parameters()) parameter.fill_(from.Step);
        using var stop = new CancellationTokenSource();
        var watch = new Each<TrainingProgress>(now => { if (now.Step == stopAfter) stop.Cancel(); });
        return new Trainer(recipe ?? Recipe, run).Run(model, data ?? ColorSet.Of(), watch, stop.Token, from: from);
    }

    private static void RequireSame(TrainingFolder expected, TrainingFolder actual)
    {
        Assert.Equal(File.ReadAllBytes(expected.Weights), File.ReadAllBytes(actual.Weights));
        Assert.Equal(File.ReadAllBytes(expected.Checkpoint), File.ReadAllBytes(actual.Checkpoint)); // moments and losses too
        Assert.Equal(File.ReadAllText(expected.LossTable), File.ReadAllText(actual.LossTable));
    }

    [Theory, InlineData(1), InlineData(5), InlineData(6), InlineData(11), InlineData(12)]
    public void A_run_that_goes_on_gives_the_same_bits_as_one_without_a_break(int stopAfter)
    {
        var (whole, broken) = (Run("whole"), Run("broken"));
        Train(whole);
        Assert.Equal(stopAfter, Train(broken, stopAfter: stopAfter).Step);
        var from = TrainingCheckpoint.Newest(broken);
        Assert.Equal((stopAfter, Recipe), (from.Step, from.Recipe));
        Assert.Empty(from.Notes);
        Assert.Equal((12, false), (Train(broken, from: from) is var result ? (result.Step, result.Cancelled) : default));
        RequireSame(whole, broken);
    }

    [Fact]
    public void The_operators_of_libtorch_go_on_as_exactly()
    {
        using var model = TinyDenoiser.Create();
        using var again = TinyDenoiser.Create();
        using var optimizer = new AdamWWithEma(model, Recipe); // outside a run there are no kernels
        for (var step = 0; step < 3; step++) Step(model, optimizer, step);
        again.load_state_dict(model.state_dict());
        using var resumed = new AdamWWithEma(again, Recipe);
        foreach (var (name, tensor) in resumed.Average.Tensors) tensor.copy_(optimizer.Average.Tensors[name]);
        var moments = optimizer.Moments.ToDictionary();
        resumed.Restore(optimizer.Steps, name => moments[name].clone());
        Step(model, optimizer, 3);
        Step(again, resumed, 3);
        foreach (var (name, tensor) in model.state_dict()) Assert.True(tensor.eq(again.state_dict()[name]).all().item<bool>(), name);
        foreach (var (name, tensor) in optimizer.Average.Tensors)
            Assert.True(tensor.eq(resumed.Average.Tensors[name]).all().item<bool>(), name);

        static void Step(TinyDenoiser model, AdamWWithEma optimizer, int step)
        {
            using var scope = NewDisposeScope();
            model.zero_grad();
            using var input = StepInput.Sequence(Recipe, TinyDenoiser.Card, TinyDenoiser.Process, ColorSet.Of(), step).First();
            TrainingStep.Backward(model, TinyDenoiser.Process, input);
            optimizer.Step(1e-2);
        }
    }

    [Fact]
    public void A_run_can_be_made_longer()
    {
        var (whole, longer) = (Run("whole"), Run("longer"));
        Train(whole);
        Train(longer, Recipe with { Steps = 7 });
        Train(longer, from: TrainingCheckpoint.Newest(longer));
        RequireSame(whole, longer);
    }

    [Theory, InlineData(0), InlineData(100), InlineData(-1)]
    public void A_truncated_newest_checkpoint_is_passed_over_and_named(int left)
    {
        var (whole, broken) = (Run("whole", 3), Run("broken", 3));
        Train(whole);
        Train(broken, stopAfter: 9);
        var content = File.ReadAllBytes(broken.Checkpoint);
        File.WriteAllBytes(broken.Checkpoint, content[..(left < 0 ? content.Length + left : left)]);
        var from = TrainingCheckpoint.Newest(broken);
        Assert.Equal(6, from.Step);
        Assert.StartsWith($"'{broken.Checkpoint}' was passed over: ", Assert.Single(from.Notes), StringComparison.Ordinal);
        Train(broken, from: from);
        RequireSame(whole, broken);
    }

    [Fact]
    public void A_process_that_was_killed_while_it_renamed_loses_nothing()
    {
        var run = Run("run", 2);
        Train(run, stopAfter: 8);
        var (newest, earlier) = (File.ReadAllBytes(run.Checkpoint), folder["run/checkpoint-00000006.safetensors"]);
        Assert.True(File.Exists(earlier));
        // Written whole, not renamed yet; the newest has got the name of its step.
        File.Move(run.Checkpoint, folder["run/checkpoint-00000008.safetensors"]);
        Assert.Equal(8, TrainingCheckpoint.Newest(run).Step);
        // Written whole, nothing renamed.
        File.Move(earlier, run.Checkpoint);
        Assert.Equal(8, TrainingCheckpoint.Newest(run).Step);
        File.WriteAllText(folder[$"run/.{Guid.NewGuid():N}.tmp"], "half of a checkpoint");
        Train(run, from: TrainingCheckpoint.Newest(run), stopAfter: 9);
        Assert.Empty(Directory.GetFiles(folder["run"], "*.tmp"));
        Assert.Equal(9, TrainingCheckpoint.Newest(run).Step);
        Assert.NotEqual(newest, File.ReadAllBytes(run.Checkpoint));
    }

    [Fact]
    public void The_last_ones_and_the_best_one_are_kept()
    {
        var run = Run("run", 1) with { Keep = 2 };
        var loss = new List<double>();
        using var model = TinyDenoiser.Create();
        new Trainer(Recipe, run).Run(model, ColorSet.Of(), new Each<TrainingProgress>(now =>
        {
            loss.Add(now.Losses.Total);
            if (now.Step != 5) return;
            using (NewDisposeScope())
            using (no_grad())
                model.proj.bias!.fill_(9); // from now on the loss is larger
        }));
        double[] means = [.. loss.Select((_, last) => loss.Take(last + 1).Average())];
        var best = Array.IndexOf(means, means.Min()) + 1;
        Assert.InRange(best, 1, 10); // else it is one of the last two, and nothing is shown
        Assert.Equal(
            new[] { best, 11, 12 }.Distinct().Order(),
            CheckpointShelf.NewestFirst(run).Select(static path =>
            {
                using var file = SafeTensorsFile.Open(path);
                return int.Parse(file.Metadata["dit.step"], System.Globalization.CultureInfo.InvariantCulture);
            }).Order());
    }

    [Fact]
    public void A_checkpoint_that_cannot_be_written_ends_the_run_and_the_last_good_one_stays()
    {
        var run = Run("run", 2);
        Directory.CreateDirectory(folder["run/checkpoint-00000004.safetensors"]); // as good as a full disk
        var message = Assert.Throws<DitException>(() => Train(run)).Message;
        Assert.EndsWith($"; the last good checkpoint is kept in '{run.Checkpoint}'.", message, StringComparison.Ordinal);
        Directory.Delete(folder["run/checkpoint-00000004.safetensors"]);
        var from = TrainingCheckpoint.Newest(run);
        Assert.Equal(2, from.Step);
        Train(run, from: from);
        var whole = Run("whole", 2);
        Train(whole);
        RequireSame(whole, run);
    }

    [Fact]
    public void A_time_saves_too()
    {
        var run = Run("run") with { SaveAfter = TimeSpan.FromTicks(1) };
        using var model = TinyDenoiser.Create();
        var saved = 0;
        new Trainer(Recipe, run).Run(model, ColorSet.Of(), new Each<TrainingProgress>(_ => saved += File.Exists(run.Checkpoint) ? 1 : 0));
        Assert.Equal(11, saved); // before the first step's report there is none
    }

    [Fact]
    public void A_checkpoint_of_a_different_run_is_refused_with_every_difference()
    {
        var run = Run("run");
        Train(run, stopAfter: 3);
        var from = TrainingCheckpoint.Newest(run);
        var message = Assert.Throws<DitException>(() => Train(
            run, Recipe with { BatchSize = 6, Seed = 7, Steps = 99 }, from: from, data: ColorSet.Of(13, 2))).Message;
        Assert.Equal(
            $"'{run.Checkpoint}' is of a different run: the number of images is 12 there and 13 here; "
                + "the classes are [\"color 0\",\"color 1\",\"color 2\"] there and [\"color 0\",\"color 1\"] here; "
                + "BatchSize is 5 there and 6 here; Seed is 5 there and 7 here. Resume with the values of the run, or start a new one.",
            message);
        Assert.Contains("the spec's hash is tiny-hash there and other here", Assert.Throws<DitException>(
            () => from.Require(Recipe, TinyDenoiser.Card with { SpecHash = "other" }, 12, ColorSet.Of().Classes)).Message);
    }

    [Fact]
    public void A_folder_without_a_checkpoint_and_one_of_an_earlier_version_cannot_be_resumed()
    {
        Assert.Equal(
            $"There is no checkpoint in '{folder["none"]}' to resume from: name the folder of a run with --out, or start a new run.",
            Assert.Throws<DitException>(() => TrainingCheckpoint.Newest(Run("none"))).Message);
        Directory.CreateDirectory(folder["old"]);
        using (var some = zeros(2)) SafeTensors.Save(Run("old").Checkpoint, [("ema.x", some)]);
        Assert.Contains("has no state of an optimizer", Assert.Throws<DitException>(() => TrainingCheckpoint.Newest(Run("old"))).Message);
    }

    [Fact]
    public void Many_breaks_leave_no_tensor_behind()
    {
        var run = Run("run", 1);
        using var model = TinyDenoiser.Create();
        new Trainer(Recipe with { Steps = 1 }, run).Run(model, ColorSet.Of());
        var before = LiveTensors.Count();
        for (var step = 2; step <= 6; step++)
            new Trainer(Recipe with { Steps = step }, run).Run(model, ColorSet.Of(), from: TrainingCheckpoint.Newest(run));
        Assert.Equal(before, LiveTensors.Count());
    }
}
