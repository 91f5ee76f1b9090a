using Dit.Runtime;
using Dit.Spec;
using TorchSharp;
using Xunit.Abstractions;
using static TorchSharp.torch;

namespace Dit.Commands.Tests;

/// <summary>
/// Any legal spec generates, compiles, trains and samples, and its session computes what its <c>forward</c> computes.
/// </summary>
public class RandomSpecTests(ITestOutputHelper output)
{
    private const int Specs = 24;

    public static TheoryData<int> Seeds => [.. Enumerable.Range(0, Specs)];

    [Theory, MemberData(nameof(Seeds))]
    public void It_generates_compiles_trains_and_samples(int seed)
    {
        var text = RandomSpec.Of(seed);
        output.WriteLine($"seed {seed}:\n{text}"); // shown where the test fails
        var file = SpecFile.Parse(text);
        Assert.Empty(file.Errors.Concat(file.Warnings));

        var model = CompiledSpecs.Load(SpecWriter.Write(Assert.Single(file.Models).Spec), CancellationToken.None);

        model.Accept(new TrainsAndSamples(seed));
    }

    // What is never drawn is never tested.
    [Fact]
    public void Every_word_of_every_key_is_drawn()
    {
        var drawn = string.Concat(Enumerable.Range(0, Specs).Select(RandomSpec.Of));

        Assert.All(
            new[]
            {
                "norm: rms", "norm: layer", "mlp: gelu-tanh", "mlp: gelu,", "mlp: swiglu", "qk_norm: none", "qk_norm: layer",
                "qk_norm: rms", "position: none", "position: rope-2d", "shift: true", "shift: false", "modulation: per-block",
                "modulation: shared", "numerics: diffusers", "positions: {}", "scale: 2", "base: 2", "scale: 0.75",
                "variant: adaln-zero,", "variant: adaln,", "variant: in-context", "variant: cross-attention",
                "variant: adaln-zero+cross-attention", "mask: true", "mask: false", "micro_conditions: true", "none: true",
                "conditioning: none", "classes: 3 }", "classes: 3, dropout: 0 ", "text: { tokens: 4, width: 5 }, dropout: 0 ",
                "qkv_bias: true", "qkv_bias: false", "time_mlp: true", "time_mlp: false", "final_convolution: true",
                "final_convolution: false", "learned-range", "fixed-small", "fixed-large", "ignored", "prediction: score",
                "prediction: velocity", "prediction: start-x", "prediction: epsilon", "flow-linear", "flow-gvp", "flow-vp",
            },
            word => Assert.Contains(word, drawn, StringComparison.Ordinal));
    }

    /// <param name="seed">Of all that is drawn.</param>
    private sealed class TrainsAndSamples(int seed) : IModelVisitor<int>
    {
        private const int Samples = 4, Dropped = 3, Steps = 3;

        private const double Forward = 1e-5, Steady = 1e-4; // of one pass, and of a few steps

        public int Visit<TModel, TCondition, TProcess>()
            where TModel : nn.Module, IModel<TModel, TCondition, TProcess>
            where TCondition : ICondition<TCondition>
            where TProcess : IProcess
        {
            using var random = new torch.Generator((ulong)seed);
            using var model = TModel.Create(seed: seed);
            Stir(model, random);
            using var condition = Condition<TCondition>(TModel.Card, random);

            Trains<TModel, TCondition, TProcess>(model, condition, random);
            Agrees<TModel, TCondition, TProcess>(model, condition, random);
            Draws<TModel, TCondition, TProcess>(model, condition);
            return 0;
        }

        // New models are zero at the end.
        private static void Stir(nn.Module model, torch.Generator random)
        {
            using var scope = NewDisposeScope();
            using var frozen = no_grad();
            foreach (var parameter in model.parameters().Where(static p => p.requires_grad))
                parameter.add_(0.1 * randn(parameter.shape, generator: random));
        }

        private static void Trains<TModel, TCondition, TProcess>(TModel model, TCondition condition, torch.Generator random)
            where TModel : nn.Module, IModel<TModel, TCondition, TProcess>
            where TCondition : ICondition<TCondition>
            where TProcess : IProcess
        {
            var before = model.state_dict().ToDictionary(static p => p.Key, static p => p.Value.clone());
            var trained = model.named_parameters().Where(static p => p.parameter.requires_grad).Select(static p => p.name).ToHashSet();
            var recipe = new TrainingRecipe { LearningRate = 1e-3 };
            using (var optimizer = new AdamWWithEma(model, recipe))
            {
                Step();
                var live = LiveTensors();
                for (var step = 2; step <= Steps; step++) Step();
                Assert.Equal(live, LiveTensors());

                void Step()
                {
                    model.zero_grad();
                    using (var input = Input<TCondition>(TModel.Card, TModel.Process, condition, random))
                        Assert.True(double.IsFinite(TrainingStep.Backward(model, TModel.Process, input).Total), "the loss is finite");
                    optimizer.Step(recipe.LearningRate);
                }
            }
            Assert.All(model.state_dict(), p => Assert.NotEqual(trained.Contains(p.Key), p.Value.Equals(before[p.Key])));
            foreach (var values in before.Values) values.Dispose();
        }

        private static StepInput<TCondition> Input<TCondition>(
            ModelCard card, IProcess process, TCondition condition, torch.Generator random)
            where TCondition : ICondition<TCondition>
        {
            using var scope = NewDisposeScope();
            var images = randn(card.Input.Batch(Samples), generator: random).clamp(-1, 1);
            var seen = condition.Drop(card, random).Map(static values => values.clone().DetachFromDisposeScope());
            return new(
                images.DetachFromDisposeScope(), seen, process.DrawTimes(Samples, random),
                randn(images.shape, generator: random).DetachFromDisposeScope());
        }

        private static void Agrees<TModel, TCondition, TProcess>(TModel model, TCondition condition, torch.Generator random)
            where TModel : nn.Module, IModel<TModel, TCondition, TProcess>
            where TCondition : ICondition<TCondition>
            where TProcess : IProcess
        {
            using var scope = NewDisposeScope();
            using var frozen = no_grad();
            using var session = model.CreateSession();
            Assert.DoesNotContain("forward", session.Engine, StringComparison.Ordinal); // it has steps of its own
            var x = randn(TModel.Card.Input.Batch(Samples), generator: random);
            var t = tensor(Array.ConvertAll(TModel.Process.DrawTimes(Samples, random), static time => (float)time));

            Close(model.Predict(x, t, condition), session.Forward(x, t, condition), Forward, session.Engine);
        }

        private void Draws<TModel, TCondition, TProcess>(TModel model, TCondition condition)
            where TModel : nn.Module, IModel<TModel, TCondition, TProcess>
            where TCondition : ICondition<TCondition>
            where TProcess : IProcess
        {
            using var scope = NewDisposeScope();
            var sampler = Assert.Single(TModel.AllSamplers);
            var guidance = new Guidance(TModel.Card.CanBeGuided ? 1.5 : 1) { Channels = GuidanceChannels.All };
            using var forward = InferenceSession.Of<TCondition>(model, model.Predict, "as it is");

            var drawn = sampler.Sample(model, condition, guidance, seed);

            Assert.True(drawn.isfinite().all().item<bool>());
            Close(sampler.Sample(model, condition, guidance, seed, new() { Session = forward }), drawn, Steady, sampler.Method);
        }

        // Whatever can be dropped is, of one sample.
        private static TCondition Condition<TCondition>(ModelCard card, torch.Generator random) => card.Condition.Match<object>(
            static _ => new NoCondition(Samples),
            _ => new ClassLabels(tensor(new long[] { 0, 2, 1, card.CanBeGuided ? card.NullClass : 1 })),
            text => Texts(card, text, random)) is TCondition condition
                ? condition
                : throw new InvalidOperationException($"{card.Name} is not conditioned on {typeof(TCondition).Name}.");

        private static object Texts(ModelCard card, ModelCondition.Text of, torch.Generator random)
        {
            var dropped = card.CanBeGuided ? tensor(Enumerable.Range(0, Samples).Select(static i => i == Dropped).ToArray()) : null;
            var all = new TextEmbeddings(randn([Samples, of.Tokens, of.Width], generator: random), dropped);
            var texts = of.IsMasked ? all.WithLengths([1, 2, of.Tokens, 3]) : all;
            return of.HasSizes ? SizedText.Of(texts, 640, 1024) : texts;
        }

        private static long LiveTensors()
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
            return Tensor.TotalCount;
        }

        private static void Close(Tensor expected, Tensor given, double tolerance, string what)
        {
            var difference = (expected - given).abs().max().item<float>() / Math.Max(1, expected.abs().max().item<float>());
            Assert.Equal(expected.shape, given.shape);
            Assert.True(difference <= tolerance, $"{what} differs by {difference:g3}, allowed is {tolerance:g3}.");
        }
    }
}
