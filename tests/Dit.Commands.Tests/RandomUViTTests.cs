using Dit.Runtime;
using Dit.Spec;
using TorchSharp;
using static TorchSharp.torch;

namespace Dit.Commands.Tests;

/// <summary>
/// Any legal U-ViT generates, compiles, trains and samples, and its session computes what it computes.
/// </summary>
public class RandomUViTTests
{
    public static TheoryData<int> Seeds => [.. Enumerable.Range(0, 12)];

    private static string Spec(Random random)
    {
        string Of(params string[] choices) => choices[random.Next(choices.Length)];

        var (heads, patch) = (random.Next(1, 4), random.Next(1, 4));
        return $$"""
            model: RandomUViT
            backbone: u-vit
            depth: {{2 * random.Next(1, 4) + 1}}
            width: {{2 * heads * random.Next(1, 7)}}
            heads: {{heads}}
            patch_size: {{patch}}
            mlp_ratio: {{Of("1", "2.5", "4")}}
            qkv_bias: {{Of("true", "false")}}
            time_mlp: {{Of("true", "false")}}
            final_convolution: {{Of("true", "false")}}
            input: { channels: {{random.Next(1, 5)}}, size: [{{patch * random.Next(1, 4)}}, {{patch * random.Next(1, 5)}}] }
            conditioning: {{Of(
                "none", "{ classes: 3 }", "{ classes: 3, dropout: 0 }", "{ text: { tokens: 4, width: 5 } }",
                "{ text: { tokens: 4, width: 5 }, dropout: 0 }")}}
            diffusion: {{Of(
                "{ variance: learned-range }", "{ variance: fixed-small, schedule: scaled-linear }",
                "{ prediction: velocity, variance: fixed-large }", "{ schedule: flow-linear }", "{ schedule: flow-gvp, variance: ignored }")}}
            autoencoder: none
            samplers:
              two: { method: euler, steps: 2, clip_denoised: false }

            """;
    }

    [Theory, MemberData(nameof(Seeds))]
    public void It_generates_compiles_trains_and_samples(int seed)
    {
        var model = Assert.Single(SpecFile.Parse(Spec(new Random(seed))).Models).Spec;

        CompiledSpecs.Load(SpecWriter.Write(model), CancellationToken.None).Accept(new TrainsAndSamples());
    }

    private sealed class TrainsAndSamples : IModelVisitor<int>
    {
        public int Visit<TModel, TCondition, TProcess>()
            where TModel : nn.Module, IModel<TModel, TCondition, TProcess>
            where TCondition : ICondition<TCondition>
            where TProcess : IProcess
        {
            using var scope = NewDisposeScope();
            using var random = new torch.Generator(1);
            using var model = TModel.Create(seed: 3);
            var (card, condition) = (TModel.Card, Condition<TCondition>(TModel.Card));
            var images = randn(card.Input.Batch(2), generator: random);
            var before = model.state_dict().ToDictionary(static p => p.Key, static p => p.Value.clone());
            using var optimizer = optim.AdamW(model.parameters(), 1e-2);

            foreach (var _ in Enumerable.Range(0, 2))
            {
                optimizer.zero_grad();
                var x = images + 0.5 * randn_like(images);
                (model.Predict(x, tensor(new[] { 0.25f, 0.75f }), condition) - 0.3).square().mean().backward();
                optimizer.step();
            }

            // A learned null text is trained by samples that are dropped.
            Assert.All(
                model.state_dict().Where(static p => p.Key != "null_text"),
                p => Assert.False(p.Value.Equals(before[p.Key]), p.Key));
            using var session = model.CreateSession();
            Assert.DoesNotContain("forward", session.Engine, StringComparison.Ordinal);
            using (no_grad())
            {
                var (expected, given) = (
                    model.Predict(images, tensor(new[] { 3f, 0.5f }), condition),
                    session.Forward(images, tensor(new[] { 3f, 0.5f }), condition));
                Assert.True((expected - given).abs().max().item<float>() <= 1e-5 * Math.Max(1, expected.abs().max().item<float>()));
            }
            var sampled = Assert.Single(TModel.AllSamplers).Sample(model, condition, seed: 5);
            Assert.Equal(images.shape, sampled.shape);
            Assert.True(sampled.isfinite().all().item<bool>());
            return 0;
        }

        private static TCondition Condition<TCondition>(ModelCard card) => card.Condition.Match<object>(
            static _ => new NoCondition(2),
            static _ => new ClassLabels(tensor(new long[] { 0, 2 })),
            static text => new TextEmbeddings(randn(2, text.Tokens, text.Width))) is TCondition condition
                ? condition
                : throw new InvalidOperationException();
    }
}
