using static Dit.Spec.Describe;

namespace Dit.Spec.Tests;

/// <summary>Which networks a session takes step by step, and why others call the model.</summary>
public class SessionReadingTests
{
    private static readonly Dim D = Networks.D;

    private static string Refusal(Module network)
    {
        Assert.Empty(Evaluation.Of(network).Errors); // the network is right: only a session cannot take it
        return SessionReading.Of(network).Match(static _ => "steps", static because => because);
    }

    private static Module Block(Member[] members, params Statement[] body) => Module(
        "Block", "A block", [new("x", Networks.Tokens, "Tokens"), new("c", Shape.Of(Networks.N, D), "Condition")], members, body, "Tokens");

    [Fact]
    public void A_plain_network_goes_in_steps() => SessionReading.Of(Networks.Of(Networks.Block())).Match(
        static steps =>
        {
            Assert.Equal(
                ("x_embedder", "pos_embed", "c", "blocks", "final_layer", false),
                (steps.Patches, steps.Positions, steps.Entering, steps.Blocks, steps.Final, steps.JoinsTokens));
            Assert.Equal(
                ["LearnedNorm", "Branch", "Residual", "LearnedNorm", "Branch", "Residual"],
                steps.Modules["Block"].Select(static op => op.GetType().Name));
            return true;
        },
        static because => throw new InvalidOperationException(because));

    [Fact]
    public void Post_norm_calls_the_model() => Assert.Equal(
        "Block, h: it is not the tokens and a branch beside them",
        Refusal(Networks.Of(Block(
            [new Member.Child("attn", Networks.Attention), Networks.Norm("norm1")],
            Let("h", Call("norm1", Add("x", Call("attn", "x")))), Return("h")))));

    [Fact]
    public void Erf_GELU_calls_the_model() => Assert.Equal(
        "OtherMlp is neither attention and a projection nor two linear layers with the tanh form of GELU",
        Refusal(Networks.Of(Networks.Block(Activation.Gelu))));

    [Fact]
    public void An_RMS_norm_calls_the_model() => Assert.Equal(
        "Block, h: the branch does not read the tokens, as they are or through a LayerNorm",
        Refusal(Networks.Of(Networks.Block(kind: NormKind.Rms))));

    [Fact]
    public void Two_lists_call_the_model() => Assert.Equal(
        "Tiny: the tokens pass through more than one list of blocks, in several streams, or with long skips",
        Refusal(Networks.Of(
            [new Member.Repeated("first", 1, Networks.Block()), new Member.Repeated("second", 1, Networks.Block())],
            [ForEach("first", ["tokens"], ["c"]), ForEach("second", ["tokens"], ["c"])])));

    [Fact]
    public void Long_skips_call_the_model() => Assert.Equal(
        "Tiny: the tokens pass through more than one list of blocks, in several streams, or with long skips",
        Refusal(Networks.Of([new Member.Repeated("blocks", 2, Networks.Block())], [ForEach("blocks", ["tokens"], ["c"], Skip.Push)])));

    [Fact]
    public void Two_conditions_call_the_model() => Assert.Equal(
        "Tiny: the blocks take more than one argument beside the tokens",
        Refusal(Networks.Of(
            [new Member.Repeated("blocks", 1, Module(
                "Block", "",
                [
                    new("x", Networks.Tokens, "Tokens"), new("c", Shape.Of(Networks.N, D), "One"),
                    new("d", Shape.Of(Networks.N, D), "Another"),
                ],
                [], [Return("x")], "Tokens"))],
            [ForEach("blocks", ["tokens"], ["c", "c"])])));

    [Fact]
    public void A_branch_that_is_no_submodule_calls_the_model() => Assert.Equal(
        "Block, the result: the branch is not attention or an MLP",
        Refusal(Networks.Of(Block([new Member.Linear("fc", D, D, Networks.Xavier)], Return(Add("x", Call("fc", "x")))))));

    [Theory]
    [InlineData("norm: rms", "Block, h: the branch does not read the tokens, as they are or through a LayerNorm")]
    [InlineData("shift: false", "Block, h: the branch does not read the tokens, as they are or through a LayerNorm")]
    [InlineData("qk_norm: rms", "Attention is neither attention and a projection nor two linear layers with the tanh form of GELU")]
    [InlineData("mlp: swiglu", "Mlp is neither attention and a projection nor two linear layers with the tanh form of GELU")]
    [InlineData("position: rope-2d", "Tiny2: the blocks take more than one argument beside the tokens")]
    public void A_block_that_differs_from_the_papers_calls_the_model(string key, string because) => Assert.Equal(
        because, Refusal(Description.Of(Specs.Model(Specs.With($"block: {{ {key} }}"))).Network));

    [Fact]
    public void A_regression_without_SiLU_calls_the_model() => Assert.Equal(
        "Block, m: only a SiLU and a linear layer of the condition are split",
        Refusal(Networks.Of(Block(
            [
                Networks.Norm("norm1", isAffine: false), new Member.Child("attn", Networks.Attention),
                Chain("adaLN_modulation", new Member.Linear("", D, 2 * D, Networks.Zero)),
            ],
            Split("m", AsToken(Call("adaLN_modulation", "c")), ["shift", "scale"]),
            Return(Add("x", Call("attn", new Value.Modulate("norm1", "x", "shift", "scale"))))))));
}
