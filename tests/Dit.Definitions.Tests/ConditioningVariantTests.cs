using Dit.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace Dit.Definitions.Tests;

/// <summary>
/// DiT-XL/2 under the four conditioning variants: the figures of the paper's figure 5 and table 4, from the plan and
/// from the modules.
/// </summary>
public class ConditioningVariantTests
{
    public static TheoryData<string, string, double, double> Paper => new()
    {
        { "DiT-XL/2-InContext", "in-context", 449, 119.37 },
        { "DiT-XL/2-CrossAttention", "cross-attention", 598, 137.62 },
        { "DiT-XL/2-AdaLN", "adaln", 600, 118.56 },
        { "DiT-XL/2", "adaln-zero", 675, 118.64 },
    };

    [Theory, MemberData(nameof(Paper))]
    public void The_plan_gives_the_papers_parameters_and_macs(string name, string variant, double millions, double gmacs)
    {
        var card = Model(name).Card;

        Assert.Equal(variant, card.Conditioning);
        Assert.Equal(millions, Math.Round(card.TrainableParameters / 1e6)); // the position table is not trained
        Assert.Equal(gmacs, Math.Round(card.Macs / 1e9, 2));
    }

    [Theory, MemberData(nameof(Paper))]
    public void The_modules_own_parameters_and_shapes_give_them_again(string name, string variant, double millions, double gmacs)
    {
        var (trained, macs) = Model(name).Accept(new CountModule());

        Assert.Equal(millions, Math.Round(trained / 1e6));
        Assert.Equal(gmacs, Math.Round(macs / 1e9, 2));
        Assert.Equal(
            (Model(name).Card.TrainableParameters, Model(name).Card.Macs, variant),
            (trained, macs, Model(name).Card.Conditioning));
    }

    [Fact]
    public void At_latent_64_it_takes_the_papers_524_6()
    {
        Assert.Equal(524.6, Math.Round(DiTXL2512.Card.Macs / 1e9, 1));
        Assert.Equal(DiTXL2512.Card.Macs, Model("DiT-XL/2-512").Accept(new CountModule()).Macs);
        Assert.Equal(1024, DiTXL2512.Card.Tokens);
    }

    private static ModelDefinition Model(string name) => DitModels.All.Single(m => m.Card.Name == name);

    /// <summary>
    /// Counts by the shapes of the module's parameters and the number of rows that each meets; nothing of the plan is
    /// used.
    /// </summary>
    private sealed class CountModule : IModelVisitor<(long Trained, long Macs)>
    {
        public (long Trained, long Macs) Visit<TModel, TCondition, TProcess>()
            where TModel : nn.Module, IModel<TModel, TCondition, TProcess>
            where TCondition : ICondition<TCondition>
            where TProcess : IProcess
        {
            using var model = TModel.Create(META);
            var state = model.state_dict();
            var tokens = state["pos_embed"].shape[1];
            var width = state["pos_embed"].shape[2];
            var inContext = !state.Keys.Any(static k => k.Contains("adaLN") || k.Contains("cross_attn"));
            var inBlocks = inContext ? tokens + 2 : tokens; // the timestep and the class
            var macs = state.Sum(p => Macs(p.Key, p.Value, tokens, inBlocks));
            foreach (var block in Enumerable.Range(0, TModel.Card.Depth).Select(static i => $"blocks.{i}."))
            {
                macs += 2 * inBlocks * inBlocks * width + 2 * inBlocks * width;                   // scores and mix; two norms
                if (state.ContainsKey($"{block}cross_attn.kv.weight")) macs += 2 * tokens * 2 * width;
            }
            // the final norm
            return (model.parameters().Where(static p => p.requires_grad).Sum(static p => p.numel()), macs + tokens * width);
        }

        private static long Macs(string name, Tensor tensor, long tokens, long inBlocks) =>
            name == "pos_embed" || name.Contains("embedding_table") || tensor.dim() < 2 ? 0
            : tensor.numel() * (name.Contains("adaLN") || name.StartsWith("t_embedder", StringComparison.Ordinal) ? 1
                : name.Contains("cross_attn.kv") ? 2
                : name.StartsWith("blocks.", StringComparison.Ordinal) ? inBlocks
                : tokens);
    }
}
