using TorchSharp;
using static TorchSharp.torch;

namespace Dit.Runtime.Tests;

/// <summary>Guidance away from a condition that is given, in place of the model's null condition.</summary>
public sealed class NegativeConditionTests : IDisposable
{
    private const double Scale = 2.5;
    private const int Samples = 3;

    private readonly IDisposable scope = NewDisposeScope();

    public void Dispose() => scope.Dispose();

    /// <summary>Every model here that is conditioned on text or classes, with and without a null condition.</summary>
    public static TheoryData<string> Models =>
        [.. DitModels.All.Where(static m => m.Card.Condition is not ModelCondition.None).Select(static m => m.Card.Name)];

    [Theory, MemberData(nameof(Models))]
    public void Guidance_is_the_formula_with_the_negative_condition_and_session_and_forward_agree(string name) =>
        DitModels.All.Single(m => m.Card.Name == name).Accept(new IsTheFormula());

    private sealed class IsTheFormula : IModelVisitor<int>
    {
        public int Visit<TModel, TCondition, TProcess>()
            where TModel : nn.Module, IModel<TModel, TCondition, TProcess>
            where TCondition : ICondition<TCondition>
            where TProcess : IProcess
        {
            using var model = Stirred.Create<TModel>();
            using var forward = InferenceSession.Of<TCondition>(model, model.Predict, "as it is");
            var (condition, start) = (Condition<TCondition>(TModel.Card, Samples, 0), randn(TModel.Card.Input.Batch(Samples)));
            var solver = new Euler<TProcess>(2);
            var sampler = new Sampler<TModel, TCondition, TProcess>("two", solver);
            var guidance = new Guidance(Scale) { Channels = GuidanceChannels.All };

            foreach (var count in new[] { 1, Samples })
            {
                var negative = Condition<TCondition>(TModel.Card, count, 1);
                var given = new SamplingOptions<TCondition> { Negative = negative, Noise = new ReplayedNoise([start]) };
                var each = negative.At(count == 1 ? new int[Samples] : [0, 1, 2]);
                Tensor expected;
                using (no_grad())
                    expected = new SamplingLoop<TProcess>("two", solver, TModel.Process).Sample(
                        (x, t) => ByHand(x, time => model.Predict(x, time, condition), time => model.Predict(x, time, each), t),
                        new ReplayedNoise([start]));

                // Guidance and steps enlarge what Strassen's scheme rounds differently.
                Close.To(expected, sampler.Sample(model, condition, guidance, options: given), 5 * Close.Loop, $"{count} of a session");
                var plain = given with { Session = forward, Noise = new ReplayedNoise([start]) };
                Close.To(expected, sampler.Sample(model, condition, guidance, options: plain), Close.Loop, $"{count} of forward");
            }
            return 0;
        }

        private static Tensor ByHand(Tensor x, Func<Tensor, Tensor> conditional, Func<Tensor, Tensor> negative, double t)
        {
            var (c, times) = (x.shape[1], full(x.shape[0], t));
            var (wanted, unwanted) = (conditional(times), negative(times));
            var guided = unwanted + Scale * (wanted - unwanted);
            return cat([guided.narrow(1, 0, c), wanted.narrow(1, c, wanted.shape[1] - c)], dim: 1);
        }
    }

    // Of each kind the same.
    private static TCondition Condition<TCondition>(ModelCard card, int n, int kind)
        where TCondition : ICondition<TCondition>
    {
        using var random = new Generator((ulong)(kind + 1));
        return AnyCondition.Of<TCondition>(
            card, classes => tensor(Enumerable.Range(kind, n).Select(i => (long)(i % classes)).ToArray()),
            text => new(randn([n, text.Tokens, text.Width], generator: random)), n);
    }

    private static TextEmbeddings Texts(int n, int kind) => Condition<TextEmbeddings>(OfText.Card, n, kind);

    [Fact]
    public void Masks_of_some_texts_leave_all_tokens_of_the_others()
    {
        var (masked, whole) = (Texts(1, 0).WithLengths([2]), Texts(2, 1) with { DropMask = tensor(new[] { true, false }) });

        var both = masked.Append(whole);

        Assert.Equal([true, true, false, true, true, true, true, true, true], both.Mask?.data<bool>().ToArray() ?? []);
        Assert.Equal([false, true, false], both.DropMask?.data<bool>().ToArray() ?? []);
        Assert.True(both.Values.Equals(cat([masked.Values, whole.Values])));
        Assert.Null(masked.Append(masked).DropMask);
        Assert.Null(whole.Append(whole).Mask);
    }

    [Fact]
    public void Without_guidance_it_plays_no_part_and_a_run_leaves_no_tensor_behind()
    {
        using var model = Stirred.Create<OfText>();
        var (texts, options) = (Texts(2, 0), new SamplingOptions<TextEmbeddings> { Negative = Texts(1, 1) });
        using (var plain = OfText.Samplers.Ddim5.Sample(model, texts))
        using (var same = OfText.Samplers.Ddim5.Sample(model, texts, options: options))
            Assert.True(plain.Equals(same));

        var live = LiveTensors.Count();
        OfText.Samplers.Ddim5.Sample(model, texts, guidance: 2, options: options).Dispose();

        Assert.Equal(live, LiveTensors.Count());
    }

    [Fact]
    public void What_does_not_fit_is_one_sentence()
    {
        using var text = Stirred.Create<OfText>();
        using var nothing = Stirred.Create<OfNothing>();

        Assert.Equal(
            "Of-Text: 2 negative conditions were given for 3 samples: give one for all, or one for each.", Refused(Texts(2, 1)).Message);
        Assert.Equal(
            "Of-Text: text must have the shape (1, 3, 6), one sequence of embeddings for each sample, but has (1, 3, 5).",
            Refused(new(zeros(1, 3, 5))).Message);
        Assert.Equal(
            "Of-Nothing cannot be guided: it is conditioned on nothing. Sample with guidance 1.",
            Assert.Throws<DitException>(() =>
                OfNothing.Samplers.Ddim5.Sample(model: nothing, new NoCondition(1), 2, options: new() { Negative = new(1) })).Message);
        var spoiled = Texts(1, 1);
        spoiled.Values[0, 1, 2] = tensor(float.NaN);
        Assert.Contains("what it is conditioned on holds 1 NaN", Refused(spoiled).Message, StringComparison.Ordinal);

        DitException Refused(TextEmbeddings negative) => Assert.ThrowsAny<DitException>(() =>
            OfText.Samplers.Ddim5.Sample(text, Texts(3, 0), guidance: 2, options: new() { Negative = negative }));
    }
}
