using static TorchSharp.torch;

namespace Dit.Runtime.Tests;

public sealed class SamplerTests : IDisposable
{
    private readonly IDisposable scope = NewDisposeScope();
    private readonly StubModel model = new();

    public void Dispose()
    {
        model.Dispose();
        scope.Dispose();
    }

    private static float[] Values(Tensor x) => [.. x.data<float>()];

    [Fact]
    public void A_sample_has_the_models_shape_and_is_float32()
    {
        var sample = StubModel.Ddpm10.Sample(model, tensor(new long[] { 1, 2, 3 }));
        Assert.Equal([3L, 2, 4, 4], sample.shape);
        Assert.Equal(ScalarType.Float32, sample.dtype);
    }

    [Fact]
    public void The_same_seed_gives_the_same_bytes_and_another_seed_others()
    {
        var first = Values(StubModel.Ddpm10.Sample(model, [1, 2], seed: 5));
        Assert.Equal(first, Values(StubModel.Ddpm10.Sample(model, [1, 2], seed: 5)));
        Assert.NotEqual(first, Values(StubModel.Ddpm10.Sample(model, [1, 2], seed: 6)));
    }

    [Fact]
    public void A_sample_does_not_depend_on_its_batch()
    {
        var batch = StubModel.Ddpm10.Sample(model, [4, 5, 6, 7], guidance: 2, seed: 5);
        var alone = StubModel.Ddpm10.Sample(model, [6], guidance: 2, seed: 5, options: new() { FirstIndex = 2 });
        Assert.Equal(Values(batch[2]), Values(alone[0]));
    }

    [Fact]
    public void Labels_may_be_a_tensor_an_array_or_a_list()
    {
        var expected = Values(StubModel.Ddim5.Sample(model, tensor(new long[] { 1, 10 })));
        Assert.Equal(expected, Values(StubModel.Ddim5.Sample(model, new[] { 1, 10 })));
        Assert.Equal(expected, Values(StubModel.Ddim5.Sample(model, new List<int> { 1, 10 })));
        Assert.Equal(expected, Values(StubModel.Ddim5.Sample(model, tensor(new[] { 1, 10 }))));
    }

    [Fact]
    public void No_guidance_is_one_plain_pass_per_step_and_guidance_one_guided_pass()
    {
        StubModel.Ddim5.Sample(model, [1]);
        Assert.Equal(Enumerable.Repeat(false, 5), model.Calls.Select(static call => call.Guided));
        model.Calls.Clear();
        StubModel.Ddim5.Sample(model, [1], guidance: 4);
        Assert.Equal(Enumerable.Repeat(true, 5), model.Calls.Select(static call => call.Guided));
    }

    [Fact]
    public void Guidance_of_all_channels_differs_from_none()
    {
        var plain = Values(StubModel.Ddim5.Sample(model, [1]));
        Assert.NotEqual(plain, Values(StubModel.Ddim5.Sample(model, [1], guidance: new(4) { Channels = GuidanceChannels.All })));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Sampling_leaves_the_models_mode_alone(bool training)
    {
        model.train(training);
        StubModel.Ddim5.Sample(model, [1]);
        Assert.All(model.Calls, call => Assert.Equal(training, call.Training));
        Assert.Equal(training, model.training);
    }

    [Fact]
    public void Cancelling_restores_the_model_and_leaves_no_tensor_behind()
    {
        using var cancellation = new CancellationTokenSource();
        var before = LiveTensors.Count();
        var progress = new Each<SamplingProgress>(at => { if (at.Step == 3) cancellation.Cancel(); });
        Assert.ThrowsAny<OperationCanceledException>(() =>
            StubModel.Ddpm10.Sample(model, [1, 2], options: new() { Progress = progress, Cancellation = cancellation.Token }));
        Assert.Equal(3, progress.Seen.Count);
        Assert.True(model.training);
        Assert.Equal(before, LiveTensors.Count());
    }

    [Fact]
    public void A_model_in_bfloat16_is_fed_bfloat16_while_the_state_stays_float32()
    {
        using var half = new StubModel(ScalarType.BFloat16);
        StubModel.Ddim5.Sample(half, [1], options: new() { Observe = at => Assert.Equal(ScalarType.Float32, at.State.dtype) });
        Assert.All(half.Calls, call => Assert.Equal(ScalarType.BFloat16, call.Input));
    }

    [Fact]
    public void Sampling_leaves_only_the_sample()
    {
        var before = LiveTensors.Count();
        using (StubModel.Ddpm10.Sample(model, [1, 2], guidance: 3)) Assert.Equal(before + 1, LiveTensors.Count());
        Assert.Equal(before, LiveTensors.Count());
    }

    [Fact]
    public void A_sampler_says_what_it_is()
    {
        Sampler sampler = StubModel.Ddim5;
        Assert.Equal<(string, string, int?, int?)>(
            ("ddim-5", "ddim", 5, 5),
            (sampler.Name, sampler.Method, sampler.Steps, sampler.Evaluations));
        Assert.Equal((2, 1000), sampler.StepsRange);
        Assert.Equal(new Ddim(5), StubModel.Ddim5.Solver);
        Assert.Equal([0, 200, 400, 600, 800], StubModel.Ddim5.Solver.Times(StubModel.Process));
        Assert.Equal("ddpm", StubModel.Ddpm10.Method);
    }

    [Fact]
    public void The_same_method_runs_at_another_number_of_steps()
    {
        var faster = StubModel.Ddpm10.WithSteps(4);
        Assert.Equal<(string, int?)>(("ddpm-4", 4), (faster.Name, faster.Steps));
        Assert.Equal([0, 333, 666, 999], faster.Solver.Times(StubModel.Process));
        Assert.Equal(1000, faster.WithSteps(1000).Steps);
        Assert.Equal("best", new Sampler<StubModel, ClassLabels, GaussianDiffusion>("best", new Ddpm(10)).WithSteps(5).Name);
    }

    [Fact]
    public void Ddim_spreads_steps_evenly_where_no_stride_gives_them() =>
        Assert.Equal((0.0, 999.0), (new Ddim(300).Times(StubModel.Process)[0], new Ddim(300).Times(StubModel.Process)[^1]));

    [Fact]
    public void Inversion_runs_the_loop_backwards_under_labels_and_guidance()
    {
        var sample = randn(2, 2, 4, 4);
        var labels = tensor(new long[] { 1, 2 });
        var classes = cat([labels, full_like(labels, StubModel.Card.NullClass)]);
        var expected = StubModel.Ddim5.Loop.Invert(
            (x, t) => new Guidance(1.5).Combine(model.call(x, full(2, t), labels), model.call(x, full(2, t), classes[2..]), 2),
            sample);
        Assert.Equal(Values(expected), Values(StubModel.Ddim5.Invert(model, sample, [1, 2], guidance: 1.5)));
        Refused("cannot be run backwards", () => StubModel.Ddpm10.Invert(model, sample, [1, 2]));
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(11)]
    public void A_label_out_of_range_is_named(int label) =>
        Refused($"Label {label} does not exist: Stub/1 has classes 0 to 9, and 10 for no class.", () =>
            StubModel.Ddim5.Sample(model, [1, label]));

    [Fact]
    public void Other_mistakes_are_named()
    {
        Refused("No label was given", () => StubModel.Ddim5.Sample(model, Array.Empty<int>()));
        Refused("A guidance scale of NaN", () => StubModel.Ddim5.Sample(model, [1], guidance: double.NaN));
        Refused("Labels of type Float32 and shape (2)", () => StubModel.Ddim5.Sample(model, ones(2)));
        Refused("Labels of type Int64 and shape (1, 1)", () => StubModel.Ddim5.Sample(model, ones([1, 1], dtype: ScalarType.Int64)));
        Refused("The sampler x cannot take 1 for its number of steps: its process allows 2 to 1000.", () =>
            new Sampler<StubModel, ClassLabels, GaussianDiffusion>("x", new Ddpm(1)));
        Refused($"{StubModel.Ddim5.Name} cannot be made to take 1001 steps: its process allows 2 to 1000.", () =>
            StubModel.Ddim5.WithSteps(1001));
        Refused($"{StubModel.Ddim5.Name} cannot be made to take 1 steps: its process allows 2 to 1000.", () =>
            StubModel.Ddim5.WithSteps(1));
        Refused("An eta of 2", () => new Ddim(10, Eta: 2));
    }

    private static void Refused(string message, Func<object> act) => Assert.Contains(message, Assert.Throws<DitException>(act).Message);
}
