using TorchSharp;
using static TorchSharp.torch;

namespace Dit.Runtime.Tests;

/// <summary>Training in several processes gives what one gives, to float rounding.</summary>
public sealed class DataParallelTests : IDisposable
{
    private static readonly TrainingRecipe Recipe = new()
    {
        Steps = 12,
        BatchSize = 7,
        LearningRate = 1e-2,
        EmaDecay = 0.9,
        Seed = 5,
    };

    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    private TrainingFolder Run(string name) => new(folder[name]) { SaveEvery = 4 };

    private static TrainingResult Train(
        TrainingFolder run, ProcessGroup group, TrainingRecipe? recipe = null, TrainingSet<ClassLabels>? data = null,
        TrainingCheckpoint? from = null, IProgress<TrainingProgress>? progress = null, CancellationToken cancellation = default)
    {
        using var model = TinyDenoiser.Create();
        return new Trainer(recipe ?? Recipe, run) { Processes = group }.Run(
            model, data ?? ColorSet.Of(), progress, cancellation, from: from);
    }

    private static TrainingMetrics[] Lines(TrainingFolder run) => [.. TrainingMetrics.Read(run.Metrics)];

    private static void RequireClose(TrainingFolder expected, TrainingFolder actual)
    {
        Assert.All(Lines(expected).Zip(Lines(actual)), static pair =>
        {
            Assert.Equal(pair.First.Step, pair.Second.Step);
            Assert.Equal(pair.First.Loss, pair.Second.Loss, 1e-5 * pair.First.Loss);
            Assert.Equal(pair.First.Mse, pair.Second.Mse, 1e-5);
            Assert.Equal(pair.First.VariationalBound, pair.Second.VariationalBound, 1e-5);
            Assert.Equal(pair.First.GradientNorm, pair.Second.GradientNorm, 1e-5 * pair.First.GradientNorm);
            Assert.Equal(pair.First.SamplesByTime, pair.Second.SamplesByTime);
            Assert.All(
                pair.First.MseByTime.Zip(pair.Second.MseByTime),
                static mean => Assert.Equal(mean.First ?? -1, mean.Second ?? -1, 1e-5));
        });
        Assert.Equal(Lines(expected).Length, Lines(actual).Length);
    }

    [Theory, InlineData(2, 1), InlineData(3, 2), InlineData(7, 3)]
    public void Losses_norms_and_errors_by_time_are_those_of_one_process(int size, int parts)
    {
        var recipe = Recipe with { Accumulation = parts, GradientClip = 1 };
        Train(Run("one"), ProcessGroup.Single, recipe);
        var results = InMemoryProcesses.Run(size, group => Train(Run("several"), group, recipe));
        RequireClose(Run("one"), Run("several"));
        Assert.All(results, static result => Assert.Equal((12, false), (result.Step, result.Cancelled)));
        Assert.All(results.Skip(1), static result => Assert.Empty(result.Files)); // the first alone writes
        Assert.Equal(Files("one"), Files("several"));

        string[] Files(string name) => [.. Directory.GetFiles(Run(name).Path).Select(file => Path.GetFileName(file)).Order()];
    }

    [Fact]
    public void A_run_goes_on_bit_for_bit_in_as_many_processes()
    {
        InMemoryProcesses.Run(2, group => Train(Run("whole"), group));
        InMemoryProcesses.Run(2, group => Train(Run("run"), group, Recipe with { Steps = 4 }));
        File.Delete(Run("run").Weights);
        InMemoryProcesses.Run(2, group => Train(Run("run"), group, from: TrainingCheckpoint.Newest(Run("run"))));
        Assert.Equal(File.ReadAllBytes(Run("whole").Weights), File.ReadAllBytes(Run("run").Weights));
        Assert.Equal(File.ReadAllBytes(Run("whole").LossTable), File.ReadAllBytes(Run("run").LossTable));
    }

    [Fact]
    public void A_request_to_stop_that_reaches_one_process_stops_all_at_the_same_step()
    {
        using var stop = new CancellationTokenSource();
        var results = InMemoryProcesses.Run(3, group => group.Rank == 1
            ? Train(
                Run("run"),
                group,
                progress: new Each<TrainingProgress>(now =>
                {
                    if (now.Step == 5) stop.Cancel();
                }),
                cancellation: stop.Token)
            : Train(Run("run"), group));
        Assert.All(results, static result => Assert.Equal((5, true), (result.Step, result.Cancelled)));
        Assert.Equal(5, TrainingCheckpoint.Newest(Run("run")).Step);
    }

    [Fact]
    public void An_image_that_one_process_cannot_read_ends_all_and_the_steps_before_are_kept()
    {
        var messages = InMemoryProcesses.Run(3, group =>
        {
            var (data, loads) = (ColorSet.Of(), 0);
            var failing = data with
            {
                Load = (indices, flips) => group.Rank == 2 && ++loads == 6
                    ? throw new DitException("'x.png' is damaged.")
                    : data.Load(indices, flips),
            };
            return Assert.Throws<SharedMistakeException>(() => Train(Run("run"), group, data: failing)).Message;
        });
        var expected = $"'x.png' is damaged; the last good checkpoint is kept in '{Run("run").Checkpoint}'.";
        Assert.All(messages, message => Assert.Equal(expected, message));
        Assert.Equal(5, TrainingCheckpoint.Newest(Run("run")).Step);
    }

    [Fact]
    public void The_cause_of_a_loss_that_is_not_finite_may_be_in_the_part_of_any_process()
    {
        var messages = InMemoryProcesses.Run(2, group =>
        {
            using var model = OfClasses.Create();
            var data = TrainingSet.OfClasses(12, ["a", "b", "c"], (indices, _) => (
                full([indices.Length, 3, 8, 8], group.Rank == 1 ? float.NaN : 0.5),
                tensor(Array.ConvertAll(indices, static i => i % 3L))));
            return Assert.Throws<SharedMistakeException>(
                () => new Trainer(Recipe, Run("run")) { Processes = group }.Run(model, data)).Message;
        });
        Assert.Equal(messages[0], messages[1]);
        Assert.StartsWith("The loss is NaN at step 1; no checkpoint had been saved.", messages[0], StringComparison.Ordinal);
        Assert.Contains("Cause: the output of '", messages[0], StringComparison.Ordinal);
    }

    [Fact]
    public void Processes_with_different_weights_do_not_train()
    {
        var messages = InMemoryProcesses.Run(2, group =>
        {
            using var model = TinyDenoiser.Create(seed: group.Rank);
            return Assert.Throws<SharedMistakeException>(
                () => new Trainer(Recipe, Run("run")) { Processes = group }.Run(model, ColorSet.Of())).Message;
        });
        Assert.All(messages, static message =>
            Assert.StartsWith("The weights of process 1 differ from those of process 0.", message, StringComparison.Ordinal));
    }

    [Fact]
    public void A_batch_has_an_image_for_each_process()
    {
        var messages = InMemoryProcesses.Run(3, group => Assert.Throws<SharedMistakeException>(
            () => Train(Run("run"), group, Recipe with { BatchSize = 2 })).Message);
        Assert.All(messages, static message => Assert.Equal(
            "A batch of 2 cannot be divided among 3 processes, each of which takes 1 image or more: start at most 2 processes, or make "
                + "the batch larger.",
            message));
    }

    [Theory, InlineData(false), InlineData(true)]
    public void A_part_of_an_input_has_the_numbers_of_the_whole(bool draws)
    {
        var data = ColorSet.Of();
        if (draws) data = data with { Draw = static (images, random) => images + randn(images.shape, generator: random) };
        var wholes = Inputs(BatchShare.Whole);
        var parts = Enumerable.Range(0, 3).Select(rank => Inputs(new(rank, 3))).ToArray();
        for (var step = 0; step < wholes.Length; step++)
        {
            Assert.Equal(wholes[step].Times, parts.SelectMany(part => part[step].Times));
            Same(static input => input.Images);
            Same(static input => input.Condition.Values);
            Same(static input => input.Noise);

            void Same(Func<StepInput<ClassLabels>, Tensor> of)
            {
                using var joined = cat([.. parts.Select(part => of(part[step]))]);
                Assert.Equal(of(wholes[step]).bytes.ToArray(), joined.bytes.ToArray());
            }
        }
        foreach (var input in parts.Append(wholes).SelectMany(static inputs => inputs)) input.Dispose();

        StepInput<ClassLabels>[] Inputs(BatchShare share) =>
            [.. StepInput.Sequence(Recipe, TinyDenoiser.Card, TinyDenoiser.Process, data, first: 3, workers: 0, default, share).Take(2)];
    }

    [Fact]
    public void Times_by_the_second_moment_of_the_loss_are_those_of_the_whole_batch()
    {
        var moment = new LossSecondMoment(TinyDenoiser.Process, seed: 3);
        double[] times = [.. Enumerable.Range(0, 10 * TinyDenoiser.Process.Timesteps).Select(static i => (double)(i / 10))];
        using (var losses = tensor(Array.ConvertAll(times, static t => t + 1)))
            moment.Add(times, losses);
        using var none = zeros(0);
        var whole = moment.Of(step: 7, Input(7));
        var parts = Enumerable.Range(0, 3).Select(rank =>
        {
            var (from, to) = new BatchShare(rank, 3).Of(7);
            return moment.Of(step: 7, Input(to - from), (from, to));
        }).ToArray();
        Assert.Equal(whole.Times, parts.SelectMany(static part => part.Times));
        Assert.NotNull(whole.Weights);
        Assert.Equal(whole.Weights, parts.SelectMany(static part => part.Weights ?? []));

        StepInput<NoCondition> Input(int n) => new(none, new(n), new double[n], none);
    }

    [Fact]
    public void Gradients_of_every_backbone_are_added_while_the_backward_pass_goes_on()
    {
        RequireSum<GoldenP2, ClassLabels, GaussianDiffusion>(GoldenP2.Process, 4, 8, Labels(10));
        RequireSum<UClassConv, ClassLabels, GaussianDiffusion>(UClassConv.Process, 4, 8, Labels(10));
        RequireSum<OfText, TextEmbeddings, GaussianDiffusion>(OfText.Process, 3, 8, static n => new(randn(n, 3, 6)));
        RequireSum<OfNothing, NoCondition, GaussianDiffusion>(OfNothing.Process, 3, 8, static n => new(n));

        static Func<int, ClassLabels> Labels(int classes) =>
            n => new(arange(n, dtype: ScalarType.Int64).remainder(classes));
    }

    private static void RequireSum<TModel, TCondition, TProcess>(
        TProcess process, int channels, int size, Func<int, TCondition> condition)
        where TModel : nn.Module, IModel<TModel, TCondition, TProcess>
        where TCondition : ICondition<TCondition>
        where TProcess : IProcess
    {
        const int N = 6, Small = 600;
        using var scope = NewDisposeScope();
        using var random = new Generator(3);
        var times = Enumerable.Range(0, N).Select(static i => i * 150.0).ToArray();
        var whole = new StepInput<TCondition>(
            randn([N, channels, size, size], generator: random), condition(N), times, randn([N, channels, size, size], generator: random));
        using var one = Stirred.Create<TModel>();
        TrainingStep.Backward(one, process, whole);
        StepInput<TCondition>[] parts = [.. whole.Split(2)];
        var early = InMemoryProcesses.Run(2, group =>
        {
            using var inner = NewDisposeScope();
            using var model = Stirred.Create<TModel>();
            var trained = model.parameters().Where(static p => p.requires_grad).ToArray();
            using var reducer = new GradientReducer(model, trained, group, new FlatSum(), Small);
            for (var step = 0; step < 2; step++) // a second time, as in a run
            {
                model.zero_grad();
                TrainingStep.Backward(model, process, parts[group.Rank], recipe: null, watch: null, of: new(N, reducer.Arm));
                reducer.Finish();
            }
            foreach (var ((name, expected), (_, actual)) in one.named_parameters().Zip(model.named_parameters()))
            {
                var what = $"{typeof(TModel).Name}, {name},";
                if (expected.grad is not { IsInvalid: false } gradient) Assert.True(actual.grad is null or { IsInvalid: true }, what);
                else Close.To(gradient, actual.grad!, 1e-6, what);
            }
            return reducer.Early;
        });
        Assert.All(early, count => Assert.True(count > 1, $"{typeof(TModel).Name}: {count} buckets were early."));
    }
}
