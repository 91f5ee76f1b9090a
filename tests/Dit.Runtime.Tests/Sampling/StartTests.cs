using TorchSharp;
using static TorchSharp.torch;

namespace Dit.Runtime.Tests;

/// <summary>Samplers that are given where to start and what noise to take.</summary>
public sealed class StartTests : IDisposable
{
    private const double RoundTrip = 5e-2; // of inverting and sampling in 250 steps: its own error, not rounding

    private readonly IDisposable scope = NewDisposeScope();

    public void Dispose() => scope.Dispose();

    private static Tensor Images(int count, ulong seed = 3)
    {
        using var random = new Generator(seed);
        return randn([count, 3, 4, 8], generator: random);
    }

    private static TextEmbeddings Texts(int count)
    {
        using var random = new Generator(1);
        return new(randn([count, 3, 6], generator: random));
    }

    /// <summary>
    /// Noise that counts how often it was asked, and is not its receiver's to forget: nobody's dispose scope has it.
    /// </summary>
    private sealed class Counting(params long[] shape) : INoiseSource
    {
        public int Asked { get; private set; }

        public Tensor Next()
        {
            Asked++;
            return zeros(shape).DetachFromDisposeScope();
        }

        public void Dispose() => throw new InvalidOperationException("It is the caller's.");
    }

    // The last step of an inversion leaves nothing but the predicted noise, so what predicts it has to see it in its
    // input, as trained models do. A hook makes these see it: they predict what they are given, and a little of their
    // own. Samplers that do not clip, since a clipped step cannot be run backwards.
    [Fact]
    public void Inverting_and_sampling_again_returns_what_there_was_for_every_kind_of_model()
    {
        var images = Images(2);
        using var classes = Stirred.Create<OfClasses>();
        classes.register_forward_hook(static (_, x, _, _, output) => Seen(x, output));
        var ofClasses = new Sampler<OfClasses, ClassLabels, GaussianDiffusion>("ddim-250", new Ddim(250));
        var noise = ofClasses.Invert(classes, images, [0, 2], guidance: 1.2);
        Close.To(images, ofClasses.Sample(classes, [0, 2], guidance: 1.2, options: new() { Start = noise }), RoundTrip, "classes");
        Assert.False(
            images.allclose(ofClasses.Sample(classes, [0, 2], guidance: 1.2, options: new() { Start = noise.flip(0) }), atol: 0.1));

        using var texts = Stirred.Create<OfText>();
        texts.register_forward_hook(static (_, x, _, _, output) => Seen(x, output));
        var ofText = new Sampler<OfText, TextEmbeddings, GaussianDiffusion>("ddim-250", new Ddim(250));
        Close.To(
            images,
            ofText.Sample(texts, Texts(2), options: new() { Start = ofText.Invert(texts, images, Texts(2)) }),
            RoundTrip,
            "texts");

        using var nothing = Stirred.Create<OfNothing>();
        nothing.register_forward_hook(static (_, x, _, output) => Seen(x, output));
        var ofNothing = new Sampler<OfNothing, NoCondition, GaussianDiffusion>("ddim-250", new Ddim(250));
        Close.To(images, ofNothing.Sample(nothing, 2, options: new() { Start = ofNothing.Invert(nothing, images) }), RoundTrip, "nothing");

        static Tensor Seen(Tensor x, Tensor output) => cat([x, x], dim: 1) + 0.01 * output;
    }

    [Fact]
    public void A_start_that_is_the_seeds_own_changes_nothing_with_and_without_noise_in_the_steps()
    {
        using var model = Stirred.Create<OfClasses>();
        using var keyed = new KeyedNoise(9, 4, 2, OfClasses.Card.Input, CPU);
        var start = keyed.Next();
        foreach (var sampler in OfClasses.AllSamplers)
        {
            var expected = sampler.Sample(model, [0, 2], guidance: 2, seed: 9, options: new() { FirstIndex = 4 });
            Assert.True(
                expected.Equals(sampler.Sample(model, [0, 2], guidance: 2, seed: 9, options: new() { FirstIndex = 4, Start = start })),
                sampler.Name);
            Assert.False(
                expected.Equals(sampler.Sample(model, [0, 2], guidance: 2, seed: 9, options: new() { FirstIndex = 4, Start = Images(2) })),
                sampler.Name);
        }
        Assert.Equal(3, start.shape[1]); // still the caller's
    }

    [Fact]
    public void A_noise_source_takes_the_place_of_the_seed()
    {
        using var model = Stirred.Create<OfClasses>();
        using var texts = Stirred.Create<OfText>();
        using var nothing = Stirred.Create<OfNothing>();
        using (var noise = Keyed())
            Assert.True(
                OfClasses
                    .Samplers.Ddpm10.Sample(model, [0, 2], seed: 9)
                    .Equals(OfClasses.Samplers.Ddpm10.Sample(model, [0, 2], seed: 1, options: new() { Noise = noise })));
        using (var noise = Keyed())
            Assert.True(
                OfText
                    .Samplers.Ddpm10.Sample(texts, Texts(2), seed: 9)
                    .Equals(OfText.Samplers.Ddpm10.Sample(texts, Texts(2), options: new() { Noise = noise })));
        using (var noise = Keyed())
            Assert.True(
                OfNothing
                    .Samplers.Ddpm10.Sample(nothing, 2, seed: 9)
                    .Equals(OfNothing.Samplers.Ddpm10.Sample(nothing, 2, options: new() { Noise = noise })));

        static KeyedNoise Keyed() => new(9, 0, 2, OfClasses.Card.Input, CPU);
    }

    [Fact]
    public void Noise_is_asked_for_once_for_the_start_and_once_for_each_noisy_step_and_nothing_is_left_of_it()
    {
        using var model = Stirred.Create<OfClasses>();
        var before = LiveTensors.Count();
        foreach (
            var (sampler, start, asked) in new[]
            {
                (OfClasses.Samplers.Ddpm10, false, 10),
                (OfClasses.Samplers.Ddpm10, true, 9),
                (OfClasses.Samplers.Ddim5, false, 1),
                (OfClasses.Samplers.Ddim5, true, 0),
            })
        {
            var noise = new Counting(2, 3, 4, 8);
            using var given = start ? Images(2) : null;
            sampler.Sample(model, [0, 2], options: new() { Start = given, Noise = noise }).Dispose();
            Assert.Equal(asked, noise.Asked);
        }
        Assert.Equal(before, LiveTensors.Count());
    }

    [Fact]
    public void A_start_may_be_of_any_real_type()
    {
        using var model = Stirred.Create<OfClasses>();
        var start = Images(1).to(ScalarType.BFloat16);
        var expected = OfClasses.Samplers.Ddim5.Sample(model, [1], options: new() { Start = start.to(ScalarType.Float32) });
        foreach (var type in (ScalarType[])[ScalarType.BFloat16, ScalarType.Float64])
        {
            var drawn = OfClasses.Samplers.Ddim5.Sample(model, [1], options: new() { Start = start.to(type) });
            Assert.Equal(ScalarType.Float32, drawn.dtype);
            Assert.True(expected.Equals(drawn));
        }
    }

    [Fact]
    public void What_is_no_start_and_no_noise_is_named()
    {
        using var model = OfClasses.Create();
        using var texts = OfText.Create();
        using var nothing = OfNothing.Create();
        var (ddpm, ddim) = (OfClasses.Samplers.Ddpm10, OfClasses.Samplers.Ddim5);
        foreach (long[] shape in (long[][])[[], [2], [3, 4, 8], [1, 3, 4, 8], [3, 3, 4, 8], [2, 4, 4, 8], [2, 3, 8, 4], [2, 3, 4, 8, 1]])
        {
            var wrong = zeros(shape);
            var has = $"must have the shape (2, 3, 4, 8), one for each sample, but has ({string.Join(", ", shape)}).";
            Refused($"Of-Classes: start {has}", () => ddpm.Sample(model, [0, 2], options: new() { Start = wrong }));
            Refused($"Of-Text: start {has}", () => OfText.Samplers.Ddim5.Sample(texts, Texts(2), options: new() { Start = wrong }));
            Refused($"Of-Nothing: start {has}", () => OfNothing.Samplers.Ddim5.Sample(nothing, 2, options: new() { Start = wrong }));
            Refused($"Of-Classes: samples {has}", () => ddim.Invert(model, wrong, [0, 2]));
            Refused($"Of-Text: samples {has}", () => OfText.Samplers.Ddim5.Invert(texts, wrong, Texts(2)));
            Refused($"Of-Classes: the noise of the start {has}", () =>
                ddpm.Sample(model, [0, 2], options: new() { Noise = new Counting(shape) }));
        }
        Refused("Of-Nothing: samples must have the shape (1, 3, 4, 8), one for each sample, but has ().", () =>
            OfNothing.Samplers.Ddim5.Invert(nothing, zeros([])));
        Refused("Of-Nothing: samples must have the shape (1, 3, 4, 8), one for each sample, but has (0, 3, 4, 8).", () =>
            OfNothing.Samplers.Ddim5.Invert(nothing, zeros(0, 3, 4, 8)));
        Refused("Of-Classes: start must be of real numbers, but is of type Int64.", () =>
            ddpm.Sample(model, [0, 2], options: new() { Start = zeros([2, 3, 4, 8], ScalarType.Int64) }));
        // One image's noise would be spread over both in silence.
        Refused(
            "The noise source gave Float32 of shape (1, 3, 4, 8): noise for a step is real and has the shape of the state, (2, 3, 4, 8).",
            () => ddpm.Sample(model, [0, 2], options: new() { Start = zeros(2, 3, 4, 8), Noise = new Counting(1, 3, 4, 8) }));
        Refused("The noise source gave Int64 of shape (2, 3, 4, 8)", () =>
            ddpm.Loop.Sample(
                (x, _) => cat([x, x], dim: 1),
                new ReplayedNoise([zeros([2, 3, 4, 8], ScalarType.Int64)]),
                start: zeros(2, 3, 4, 8)));
        Refused("The start of a sampling loop must be of real numbers, (N, C, Y, X), but is Float32 of shape (2).", () =>
            ddpm.Loop.Sample((x, _) => x, new ReplayedNoise([zeros(2)])));
        Refused("Noise for 0 images", () => OfNothing.Samplers.Ddim5.Sample(nothing, 0));
        Refused("Of-Nothing: start must have the shape (1, 3, 4, 8)", () =>
            OfNothing.Samplers.Ddim5.Sample(nothing, 0, options: new() { Start = zeros(0, 3, 4, 8), Noise = new Counting(0, 3, 4, 8) }));
    }

    [Fact]
    public void A_request_that_is_given_up_stops_before_anything_is_drawn()
    {
        using var model = Stirred.Create<OfClasses>();
        var noise = new Counting(1, 3, 4, 8);
        var before = LiveTensors.Count();
        Assert.ThrowsAny<OperationCanceledException>(() =>
            OfClasses.Samplers.Ddim5.Sample(
                model,
                [1],
                options: new() { Cancellation = new CancellationToken(canceled: true), Noise = noise }));
        Assert.Equal((0, before), (noise.Asked, LiveTensors.Count()));
    }

    private static void Refused(string message, Func<Tensor> act) =>
        Assert.StartsWith(message, Assert.Throws<DitException>(act).Message, StringComparison.Ordinal);
}
