using TorchSharp;
using static TorchSharp.torch;

namespace Dit.Runtime.Tests;

/// <summary>The seven ways to draw of a joint model, on the small network whose outputs are recorded.</summary>
public sealed class JointSamplerTests : IDisposable
{
    private static readonly JointSampler<JointV1Small> Sampler = JointV1Small.Samplers.Dpm4;

    private readonly GoldenFile golden = new("unidiffuser-v1", "unidiffuser");
    private readonly JointV1Small model = JointV1Small.Create();
    private readonly JointImage image;
    private readonly JointText text;

    public JointSamplerTests()
    {
        using var frozen = no_grad();
        using var scope = NewDisposeScope();
        var state = model.state_dict();
        foreach (var (name, value) in golden.Under("param.")) state[name].copy_(value);
        image = new(golden["in.img"].clone().DetachFromDisposeScope(), golden["in.clip_img"].clone().DetachFromDisposeScope());
        text = new(golden["in.text"].clone().DetachFromDisposeScope());
    }

    public void Dispose()
    {
        golden.Dispose();
        model.Dispose();
        image.Dispose();
        text.Dispose();
    }

    /// <summary>Each way, with guidance where it has some, as the tensors that it draws.</summary>
    public static TheoryData<string> Ways =>
        ["joint", "text to image", "image to text", "image", "text", "image variation", "text variation"];

    private Tensor[] Draw(
        string way, Guidance? guidance = null, long seed = 0, JointOptions? options = null, JointSampler<JointV1Small>? by = null)
    {
        var sampler = by ?? Sampler;
        return way switch
        {
            "joint" => Parts(sampler.Joint(model, 2, guidance, seed, options)),
            "text to image" => Parts(sampler.TextToImage(model, text, guidance, seed, options)),
            "image to text" => [sampler.ImageToText(model, image, guidance, seed, options).Tokens],
            "image" => Parts(sampler.Image(model, 2, seed, options)),
            "text" => [sampler.Text(model, 2, seed, options).Tokens],
            "image variation" => Parts(sampler.ImageVariation(model, image, guidance, seed, options)),
            "text variation" => [sampler.TextVariation(model, text, guidance, seed, options).Tokens],
            _ => throw new ArgumentOutOfRangeException(nameof(way)),
        };
    }

    private static Tensor[] Parts(JointImage drawn) => [drawn.Latents, drawn.Clip];

    private static Tensor[] Parts(JointPair drawn) => [drawn.Image.Latents, drawn.Image.Clip, drawn.Text.Tokens];

    private static bool Same(Tensor[] a, Tensor[] b) => a.Zip(b).All(static pair => pair.First.Equals(pair.Second));

    [Theory, MemberData(nameof(Ways))]
    public void A_way_draws_finite_tensors_of_its_shapes_by_the_seed(string way)
    {
        using var scope = NewDisposeScope();
        var first = Draw(way, 2.5, seed: 3);

        Assert.All(first, static drawn => Assert.True(drawn.isfinite().all().item<bool>()));
        Assert.All(first, static drawn => Assert.Contains(
            string.Join(" ", drawn.shape), (string[])["2 4 8 8", "2 1 20", "2 5 12"]));
        Assert.True(Same(first, Draw(way, 2.5, seed: 3)));
        Assert.False(Same(first, Draw(way, 2.5, seed: 4)));
    }

    // The second sample alone is the second of two, up to the rounding of matrix products of a different size.
    [Theory]
    [InlineData("joint")]
    [InlineData("image")]
    [InlineData("text")]
    public void A_sample_is_a_function_of_seed_and_index(string way)
    {
        using var scope = NewDisposeScope();
        var (two, sampler) = (Draw(way, seed: 5), Sampler);
        var options = new JointOptions { FirstIndex = 1 };
        Tensor[] one = way switch
        {
            "joint" => Parts(sampler.Joint(model, 1, seed: 5, options: options)),
            "image" => Parts(sampler.Image(model, 1, seed: 5, options: options)),
            _ => [sampler.Text(model, 1, seed: 5, options: options).Tokens],
        };

        foreach (var (both, alone) in two.Zip(one)) Close.To(both.narrow(0, 1, 1), alone, Close.Loop, way);
    }

    [Theory, MemberData(nameof(Ways))]
    public void A_way_leaves_nothing_behind(string way)
    {
        Once();
        var before = LiveTensors.Count();
        for (var i = 0; i < 3; i++) Once();
        Assert.Equal(before, LiveTensors.Count());

        void Once()
        {
            foreach (var drawn in Draw(way, 2)) drawn.Dispose();
        }
    }

    [Theory]
    [InlineData("joint")]
    [InlineData("text to image")]
    [InlineData("image to text")]
    public void Guidance_of_1_is_none_and_the_papers_scale_is_one_less(string way)
    {
        using var scope = NewDisposeScope();

        Assert.True(Same(Draw(way), Draw(way, 1)));
        Assert.False(Same(Draw(way), Draw(way, 3)));
        Assert.True(Same(Draw(way, 3), Draw(way, new Guidance(2) { Convention = GuidanceConvention.UVit })));
        Assert.True(Same(Draw(way), Draw(way, new Guidance(3) { Interval = new(1e6, 2e6) })));
    }

    [Theory]
    [InlineData("text to image", true)]
    [InlineData("image to text", false)]
    public void What_is_known_matters_and_stays_the_callers(string way, bool isText)
    {
        using var scope = NewDisposeScope();
        var before = Draw(way);
        var known = isText ? text.Tokens : image.Clip;
        known.add_(1);

        Assert.False(Same(before, Draw(way)));
        Assert.False(known.IsInvalid);
    }

    // DDIM in one step is at the first timestep, which the network counts as 1: from a known start it gives the data
    // that belongs to the predicted noise.
    [Fact]
    public void A_guided_step_is_the_papers_formula()
    {
        using var frozen = no_grad();
        using var scope = NewDisposeScope();
        var sampler = new JointSampler<JointV1Small>("one", new Ddim(Steps: 1));
        var calls = new List<(double Image, double Text, Tensor Words, Tensor Predicted)>();
        model.register_forward_hook((_, image, clip, words, imageTimes, textTimes, kinds, output) =>
        {
            calls.Add((imageTimes[0].item<float>(), textTimes[0].item<float>(), words.clone().DetachFromDisposeScope(),
                output.Image.clone().DetachFromDisposeScope()));
            return output;
        });

        var drawn = sampler.TextToImage(model, text, guidance: 3, seed: 7);

        Assert.Equal([(1, 0), (1, 1000)], calls.Select(static call => (call.Image, call.Text)));
        Assert.True(calls[0].Words.Equals(text.Tokens));
        Assert.InRange(calls[1].Words.std().item<float>(), 0.7f, 1.3f);
        var noise = calls[1].Predicted + (calls[0].Predicted - calls[1].Predicted) * 3;
        using var start = new KeyedNoise(7, 0, 2, new ImageShape(1, 1, 4 * 8 * 8 + 20), CPU);
        var x = start.Next().narrow(3, 0, 4 * 8 * 8).reshape(2, 4, 8, 8);
        Close.To(((IProcess)JointV1Small.Process).Convert(noise, x, 0, Prediction.StartX), drawn.Latents, Close.Loop);
        foreach (var (_, _, words, predicted) in calls)
        {
            words.Dispose();
            predicted.Dispose();
        }
    }

    [Fact]
    public void Bad_input_is_one_error()
    {
        using var scope = NewDisposeScope();
        string Message(Action draw) => Assert.Throws<DitException>(draw).Message;

        Assert.Contains("the texts must be real numbers of the shape (2, 5, 12), but are Float32 of (2, 5, 11)",
            Message(() => Sampler.TextToImage(model, new(zeros(2, 5, 11)))), StringComparison.Ordinal);
        Assert.Contains("the CLIP embeddings must be real numbers of the shape (2, 1, 20)",
            Message(() => Sampler.ImageToText(model, new(zeros(2, 4, 8, 8), zeros(1, 1, 20)))), StringComparison.Ordinal);
        Assert.Contains(
            "the latents",
            Message(() => Sampler.ImageVariation(model, new(zeros(4), zeros(1, 1, 20)))),
            StringComparison.Ordinal);
        Assert.Contains("it takes at least 1", Message(() => Sampler.Image(model, 0)), StringComparison.Ordinal);
        Assert.Contains("must be a finite number", Message(() => Sampler.Joint(model, 1, double.NaN)), StringComparison.Ordinal);
        Assert.Contains("leave out the projection", Message(() => Sampler.Joint(model, 1, new Guidance(2) { Rescale = 0.5 })),
            StringComparison.Ordinal);
        Assert.Contains("2 is no kind of data", Message(() => Sampler.Text(model, 1, options: new() { DataType = 2 })),
            StringComparison.Ordinal);
        using var older = JointV0Small.Create();
        Assert.Contains("does not tell kinds of data apart",
            Message(() => JointV0Small.Samplers.Dpm4.Text(older, 1, options: new() { DataType = 0 })), StringComparison.Ordinal);
    }

    // The golden values of the network are of square images; here rows and columns differ.
    [Fact]
    public void Images_are_drawn_and_known_at_another_size()
    {
        using var scope = NewDisposeScope();
        var wide = new JointOptions { Size = new(128, 96) };
        using var known = new JointImage(image.Latents.repeat(1, 1, 2, 2).narrow(2, 0, 12), image.Clip.alias());

        Assert.Equal([2, 4, 12, 16], Draw("text to image", 2, options: wide)[0].shape);
        Assert.Equal([[2, 4, 12, 16], [2, 1, 20], [2, 5, 12]], Draw("joint", 2, options: wide).Select(static drawn => drawn.shape));
        Assert.Equal([2, 5, 12], Draw("text variation", 2, options: wide)[0].shape);
        Assert.Equal([2, 5, 12], Sampler.ImageToText(model, known, options: wide).Tokens.shape);
        Assert.True(Same(Draw("joint", 2), Draw("joint", 2, options: new() { Size = new(64, 64) })));
        Assert.Contains(
            "must be real numbers of the shape (2, 4, 8, 8), but are Float32 of (2, 4, 12, 16)",
            Assert.Throws<DitException>(() => Sampler.ImageToText(model, known)).Message,
            StringComparison.Ordinal);
        Assert.Contains(
            "multiples of 16",
            Assert.Throws<DitException>(() => Sampler.Image(model, 1, options: new() { Size = new(100, 96) })).Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public void Each_step_shows_what_is_drawn_so_far()
    {
        using var scope = NewDisposeScope();
        var shown = new List<(int Step, Tensor Latents)>();
        var drawn = Draw("joint", options: new()
        {
            Observe = state => shown.Add((
                state.Progress.Step, JointV1Small.Modalities.LatentsOf(state.PredictedStart).clone().DetachFromDisposeScope())),
        });

        Assert.Equal([1, 2, 3, 4], shown.Select(static seen => seen.Step));
        Close.To(drawn[0], shown[^1].Latents, Close.Loop, "the last step shows the image");
        foreach (var (_, latents) in shown) latents.Dispose();
    }

    [Fact]
    public void A_sampler_says_what_it_costs_and_takes_other_steps()
    {
        var fewer = Sampler.WithSteps(3);

        Assert.Equal(("dpm-4", "dpm-solver++", 4, 4), (Sampler.Name, Sampler.Method, Sampler.Steps, Sampler.Evaluations));
        Assert.Equal(("dpm-3", 3), (fewer.Name, fewer.Steps));
        Assert.Equal(2, Sampler.StepsRange?.Fewest);
        Assert.Throws<DitException>(() => Sampler.WithSteps(1));
    }

    [Fact]
    public void Kinds_of_data_differ_and_an_ancestral_solver_draws_too()
    {
        using var scope = NewDisposeScope();

        Assert.False(Same(Draw("text", options: new() { DataType = 0 }), Draw("text")));
        Assert.True(Same(Draw("text", options: new() { DataType = 1 }), Draw("text")));
        Assert.True(Same(Draw("joint", by: JointV1Small.Samplers.Ddpm4), Draw("joint", by: JointV1Small.Samplers.Ddpm4)));
    }

    [Fact]
    public void A_run_can_be_watched_and_canceled()
    {
        using var scope = NewDisposeScope();
        using var source = new CancellationTokenSource();
        var steps = new List<int>();
        var watch = new Watch(report => { steps.Add(report.Step); if (report.Step == 2) source.Cancel(); });

        Assert.Throws<OperationCanceledException>(() =>
            Sampler.Image(model, 1, options: new() { Progress = watch, Cancellation = source.Token }));
        Assert.Equal([1, 2], steps);
    }

    private sealed class Watch(Action<SamplingProgress> report) : IProgress<SamplingProgress>
    {
        public void Report(SamplingProgress value) => report(value);
    }
}
