using TorchSharp;
using static TorchSharp.torch;

namespace Dit.Runtime.Tests;

/// <summary>Samplers of generated models that are conditioned on text and on nothing.</summary>
public sealed class ConditionSamplerTests : IDisposable
{
    private const long Seed = 5;

    private readonly IDisposable scope = NewDisposeScope();

    public void Dispose() => scope.Dispose();

    /// <summary>Texts that differ; of each seed the same.</summary>
    private static TextEmbeddings Texts(int count, ulong seed = 1)
    {
        using var random = new Generator(seed);
        return new(randn([count, 3, 6], generator: random));
    }

    private static TextEmbeddings Only(TextEmbeddings texts, int index) => texts.Map(tensor => tensor[index].unsqueeze(0));

    private static Tensor Noise(int count, ulong seed = 2)
    {
        using var random = new Generator(seed);
        return randn([count, 3, 4, 8], generator: random);
    }

    [Fact]
    public void A_sample_of_a_text_does_not_depend_on_its_batch_and_depends_on_its_text()
    {
        using var model = Stirred.Create<OfText>();
        var texts = Texts(4);
        var batch = OfText.Samplers.Ddpm10.Sample(model, texts, guidance: 2, seed: Seed);
        Assert.Equal([4, 3, 4, 8], batch.shape);
        var alone = OfText.Samplers.Ddpm10.Sample(model, Only(texts, 2), guidance: 2, seed: Seed, options: new() { FirstIndex = 2 });
        Close.To(batch[2], alone[0], Close.OneStep);
        var other = OfText.Samplers.Ddpm10.Sample(model, Only(texts, 1), guidance: 2, seed: Seed, options: new() { FirstIndex = 2 });
        Assert.False(alone.allclose(other, atol: 1e-3));
    }

    [Fact]
    public void A_sample_of_nothing_does_not_depend_on_its_batch()
    {
        using var model = Stirred.Create<OfNothing>();
        var batch = OfNothing.Samplers.Ddpm10.Sample(model, 4, Seed);
        Assert.Equal([4, 3, 4, 8], batch.shape);
        Close.To(batch.narrow(0, 1, 2), OfNothing.Samplers.Ddpm10.Sample(model, 2, Seed, options: new() { FirstIndex = 1 }), Close.OneStep);
        Assert.False(batch.allclose(OfNothing.Samplers.Ddpm10.Sample(model, 4, Seed + 1), atol: 1e-3));
    }

    [Fact]
    public void Samples_are_the_loop_over_the_models_forward_pass()
    {
        using var text = Stirred.Create<OfPooledText>();
        using var nothing = Stirred.Create<OfNothing>();
        var texts = Texts(2);
        Close.To(
            OfPooledText.Samplers.Ddpm10.Loop.Sample((x, t) => text.forward(x, full(x.shape[0], t), texts), Start()),
            OfPooledText.Samplers.Ddpm10.Sample(text, texts, guidance: 1, seed: Seed), Close.OneStep);
        Close.To(
            OfPooledText.Samplers.Ddpm10.Loop.Sample(
                (x, t) => text.ForwardWithGuidance(x, full(x.shape[0], t), texts, 3, GuidanceChannels.All),
                Start()),
            OfPooledText.Samplers.Ddpm10.Sample(text, texts, guidance: new(3) { Channels = GuidanceChannels.All }, seed: Seed),
            Close.OneStep);
        Close.To(
            OfNothing.Samplers.Ddpm10.Loop.Sample((x, t) => nothing.forward(x, full(x.shape[0], t)), Start()),
            OfNothing.Samplers.Ddpm10.Sample(nothing, 2, Seed), Close.OneStep);

        static INoiseSource Start() => new KeyedNoise(Seed, 0, 2, OfNothing.Card.Input, CPU);
    }

    [Fact]
    public void Guidance_is_two_passes_combined_and_with_scale_one_the_forward_pass()
    {
        using var model = Stirred.Create<OfText>();
        using var frozen = no_grad();
        var (x, t, texts) = (Noise(2), tensor(new long[] { 3, 700 }), Texts(2));
        var none = texts with { DropMask = ones(2, ScalarType.Bool) };
        var expected = Guidance.Combine(
            model.forward(x, t, texts), model.forward(x, t, none), 3, GuidanceChannels.FirstThree, inputChannels: 3);
        Close.To(expected, model.ForwardWithGuidance(x, t, texts, 3), Close.OneStep);
        Close.To(model.forward(x, t, texts), model.ForwardWithGuidance(x, t, texts, 1), Close.OneStep);
        Assert.False(expected.allclose(model.forward(x, t, texts), atol: 1e-3));
    }

    [Fact]
    public void A_hidden_text_is_the_null_text_whatever_it_said()
    {
        using var model = Stirred.Create<OfText>();
        using var frozen = no_grad();
        var (x, t) = (Noise(2), tensor(new long[] { 3, 700 }));
        var hidden = tensor(new[] { true, false });
        var seen = model.forward(x, t, Texts(2) with { DropMask = hidden });
        var nothing = model.state_dict()["y_embedder.null_text"];
        Close.To(model.forward(x, t, new(stack([nothing, Texts(2).Values[1]]))), seen, Close.OneStep);
        var others = new TextEmbeddings(stack([Texts(1, seed: 9).Values[0], Texts(2).Values[1]]), hidden);
        Close.To(model.forward(x, t, others), seen, 0);
    }

    [Fact]
    public void Texts_that_do_not_fit_are_named_with_both_shapes()
    {
        using var model = OfText.Create();
        Refused(
            "Of-Text: text must have the shape (2, 3, 6), one sequence of embeddings for each sample, but has (2, 3, 5).",
            new(zeros(2, 3, 5)));
        Refused(
            "Of-Text: text must have the shape (2, 3, 6), one sequence of embeddings for each sample, but has (2, 4, 6).",
            new(zeros(2, 4, 6)));
        Refused(
            "Of-Text: text must have the shape (2, 3, 6), one sequence of embeddings for each sample, but has (1, 3, 6).",
            new(zeros(1, 3, 6)));
        Refused(
            "Of-Text: text must have the shape (2, 3, 6), one sequence of embeddings for each sample, but has (2, 18).",
            new(zeros(2, 18)));
        Refused(
            "Of-Text: text.DropMask must have the shape (2,), one value for each sample, but has (3).",
            new(zeros(2, 3, 6), zeros(3, ScalarType.Bool)));
        Refused("Of-Text: text.DropMask must be of type Bool, but is of type Int64.", new(zeros(2, 3, 6), zeros(2, ScalarType.Int64)));

        void Refused(string message, TextEmbeddings text) =>
            Assert.Equal(message, Assert.Throws<DitException>(() => model.forward(Noise(2), zeros(2), text)).Message);
    }

    [Fact]
    public void A_model_that_always_saw_its_text_is_not_guided_and_hides_none()
    {
        using var model = OfTextAlways.Create();
        var texts = Texts(1);
        Assert.Equal(
            "Of-TextAlways: no text can be dropped: its spec has conditioning.dropout 0, so it has no null text.",
            Assert.Throws<DitException>(() => model.forward(Noise(1), zeros(1), texts with { DropMask = ones(1, ScalarType.Bool) })).Message
        );
        Assert.Equal(
            "Of-TextAlways cannot be guided: its spec has conditioning.dropout 0, so it has no null text. Sample with guidance 1, or "
                + "give a negative text.",
            Assert.Throws<DitException>(() => OfTextAlways.Samplers.Ddim5.Sample(model, texts, guidance: 2)).Message);
        Assert.Equal([1, 3, 4, 8], OfTextAlways.Samplers.Ddim5.Sample(model, texts).shape);
    }

    [Fact]
    public void Samplers_refuse_no_text_and_no_image()
    {
        using var text = OfText.Create();
        using var nothing = OfNothing.Create();
        Assert.Throws<DitException>(() => OfText.Samplers.Ddim5.Sample(text, new TextEmbeddings(zeros(0, 3, 6))));
        Assert.Throws<DitException>(() => OfNothing.Samplers.Ddim5.Sample(nothing, 0));
    }

    [Fact]
    public void Inversion_runs_the_loop_backwards_under_texts_and_guidance_and_under_nothing()
    {
        using var text = Stirred.Create<OfText>();
        using var nothing = Stirred.Create<OfNothing>();
        var (samples, texts) = (Noise(2), Texts(2));
        Close.To(
            OfText.Samplers.Ddim5.Loop.Invert((x, t) => text.ForwardWithGuidance(x, full(x.shape[0], t), texts, 1.5), samples),
            OfText.Samplers.Ddim5.Invert(text, samples, texts, guidance: 1.5), Close.OneStep);
        Close.To(
            OfNothing.Samplers.Ddim5.Loop.Invert((x, t) => nothing.forward(x, full(x.shape[0], t)), samples),
            OfNothing.Samplers.Ddim5.Invert(nothing, samples), Close.OneStep);
        Assert.Contains(
            "cannot be run backwards",
            Assert.Throws<DitException>(() => OfText.Samplers.Ddpm10.Invert(text, samples, texts)).Message);
        Assert.Contains(
            "cannot be run backwards",
            Assert.Throws<DitException>(() => OfNothing.Samplers.Ddpm10.Invert(nothing, samples)).Message);
    }

    [Fact]
    public void Models_that_were_moved_to_another_type_predict_the_same()
    {
        using var frozen = no_grad();
        using var text = Stirred.Create<OfText>();
        using var classes = Stirred.Create<OfClasses>();
        using var nothing = Stirred.Create<OfNothing>();
        var (x, t, texts, labels) = (Noise(1), tensor(new long[] { 700 }), Texts(1), tensor(new long[] { 2 }));
        Tensor[] before = [text.forward(x, t, texts), classes.forward(x, t, labels), nothing.forward(x, t)];
        text.to(ScalarType.Float64);
        classes.to(ScalarType.Float64);
        nothing.to(ScalarType.Float64);
        x = x.to(ScalarType.Float64);
        Tensor[] after = [text.forward(x, t, texts), classes.forward(x, t, labels), nothing.forward(x, t)];
        Assert.All(before.Zip(after), static pair =>
        {
            Assert.Equal(ScalarType.Float64, pair.Second.dtype);
            Close.To(pair.First, pair.Second.to(ScalarType.Float32), Close.OneStep);
        });
    }

    [Fact]
    public void Samplers_of_every_condition_run_at_another_number_of_steps()
    {
        using var nothing = Stirred.Create<OfNothing>();
        Assert.Equal<(string, int?)>(("ddpm-4", 4), (OfText.Samplers.Ddpm10.WithSteps(4).Name, OfText.Samplers.Ddpm10.WithSteps(4).Steps));
        Assert.Equal<(string, int?)>(
            ("ddim-4", 4),
            (OfNothing.Samplers.Ddim5.WithSteps(4).Name, OfNothing.Samplers.Ddim5.WithSteps(4).Steps));
        Assert.Equal(["ddpm-10", "ddim-5"], OfText.AllSamplers.Select(static s => s.Name));
    }

    [Fact]
    public void A_thousand_sampling_steps_leave_no_tensor_behind()
    {
        using var text = OfText.Create();
        using var nothing = OfNothing.Create();
        var texts = Texts(1);
        OfText.Samplers.Ddpm10.Sample(text, texts, guidance: 2).Dispose();
        OfNothing.Samplers.Ddpm10.Sample(nothing, 1).Dispose();
        var before = LiveTensors.Count();

        OfText.Samplers.Ddpm10.WithSteps(1000).Sample(text, texts, guidance: 2).Dispose();
        Assert.Equal(before, LiveTensors.Count());
        OfNothing.Samplers.Ddpm10.WithSteps(1000).Sample(nothing, 1).Dispose();
        Assert.Equal(before, LiveTensors.Count());
    }
}
