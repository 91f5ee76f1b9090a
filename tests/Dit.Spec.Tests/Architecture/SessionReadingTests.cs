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
                ("x_embedder", "pos_embed", "c", false, false),
                (steps.Patches, steps.Positions, steps.Entering, steps.JoinsTokens, steps.IsContextFirst));
            Assert.Equal([new SessionStage.Each("blocks", Pushes: false), new SessionStage.One("final_layer")], steps.Stages);
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

    [Theory]
    [InlineData(Activation.GeluTanh)]
    [InlineData(Activation.Gelu)]
    public void Both_forms_of_GELU_go_in_steps(Activation form) => Assert.True(SessionReading.Of(Networks.Of(Networks.Block(form))).Match(
        steps => steps.Modules.Values.SelectMany(static ops => ops).OfType<SessionOp.Mlp>().Single().Activation == form,
        static because => throw new InvalidOperationException(because)));

    [Fact]
    public void An_RMS_norm_goes_in_steps() => Assert.Contains(
        Steps(Networks.Of(Networks.Block(kind: NormKind.Rms))).Modules["Block"],
        static op => op is SessionOp.LearnedNorm { Norm.Kind: NormKind.Rms });

    [Fact]
    public void Two_lists_and_long_skips_go_in_steps()
    {
        var last = Module(
            "Last", "A block that takes a long skip",
            [
                new("x", Networks.Tokens, "Tokens"), new("c", Shape.Of(Networks.N, D), "Condition"),
                new("skip", Networks.Tokens, "Tokens"),
            ],
            [new Member.Linear("skip_linear", 2 * D, D, Networks.Xavier), new Member.Child("attn", Networks.Attention)],
            [
                Let("joined", Call("skip_linear", JoinFeatures("x", "skip"))),
                Return(Add("joined", Call("attn", "joined"))),
            ],
            "Tokens");
        var network = Networks.Of(
            [new Member.Repeated("first", 2, Networks.Block()), new Member.Repeated("last", 2, last)],
            [ForEach("first", ["tokens"], ["c"], Skip.Push), ForEach("last", ["tokens"], ["c"], Skip.Pop)]);

        Assert.Empty(Evaluation.Of(network).Errors);
        var steps = SessionReading.Of(network).Match(static steps => steps, static because => throw new InvalidOperationException(because));

        Assert.Equal(
            [
                new SessionStage.Each("first", Pushes: true), new SessionStage.Each("last", Pushes: false),
                new SessionStage.One("final_layer"),
            ],
            steps.Stages);
        Assert.Equal(["Pop", "Identity", "Branch", "Residual"], steps.Modules["Last"].Select(static op => op.GetType().Name));
    }

    [Theory]
    [InlineData("skip", "x")]
    [InlineData("x", "x")]
    public void Other_features_beside_the_tokens_call_the_model(string left, string right)
    {
        var last = Module(
            "Last", "",
            [
                new("x", Networks.Tokens, "Tokens"), new("c", Shape.Of(Networks.N, D), "Condition"),
                new("skip", Networks.Tokens, "Tokens"),
            ],
            [new Member.Linear("skip_linear", 2 * D, D, Networks.Xavier), new Member.Child("attn", Networks.Attention)],
            [Let("joined", Call("skip_linear", JoinFeatures(left, right))), Return(Add("joined", Call("attn", "joined")))],
            "Tokens");

        Assert.Equal("Last, joined: it is not the tokens and a branch beside them", Refusal(Networks.Of(
            [new Member.Repeated("first", 1, Networks.Block()), new Member.Repeated("last", 1, last)],
            [ForEach("first", ["tokens"], ["c"], Skip.Push), ForEach("last", ["tokens"], ["c"], Skip.Pop)])));
    }

    [Fact]
    public void Two_conditions_call_the_model() => Assert.Equal(
        "Tiny: the blocks take other arguments than a condition, tokens to attend to and a mask of these",
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

    private static SessionNetwork Steps(Module network) =>
        SessionReading.Of(network).Match(static steps => steps, static because => throw new InvalidOperationException(because));

    private static SessionNetwork Steps(string block) => Steps(Description.Of(Specs.Model(Specs.With($"block: {{ {block} }}"))).Network);

    [Fact]
    public void Blocks_that_differ_from_the_papers_go_in_steps()
    {
        var norm = Steps("norm: rms").Modules["Block"].OfType<SessionOp.AdaptiveNorm>().First();
        Assert.Equal((NormKind.Rms, 0, 1), (norm.Norm.Kind, norm.Shift?.Index, norm.Scale.Index));

        var scaled = Steps("shift: false").Modules["Block"].OfType<SessionOp.AdaptiveNorm>().ToArray();
        Assert.All(scaled, static one => Assert.Null(one.Shift));
        Assert.Equal([0, 2], scaled.Select(static one => one.Scale.Index));

        Assert.IsType<SessionOp.SwiGlu>(Assert.Single(Steps("mlp: swiglu").Modules["Mlp"]));

        var attention = Assert.IsType<SessionOp.Attention>(Assert.Single(Steps("qk_norm: rms").Modules["Attention"]));
        Assert.Equal(
            ("q_norm", "k_norm", false), (attention.QueryNorm?.Name, attention.KeyNorm?.Name, attention.IsRotary));

        var rotary = Steps("position: rope-2d");
        Assert.Equal("feat_rope", rotary.Rotary);
        Assert.Equal("c", rotary.Entering);
        Assert.True(Assert.IsType<SessionOp.Attention>(Assert.Single(rotary.Modules["Attention"])).IsRotary);
        Assert.Null(Steps("norm: rms").Rotary);
    }

    private static SessionNetwork Attending(string block) => Steps(Description.Of(Specs.Model(Specs.With(
        $"{block}\nconditioning:\n  variant: adaln-zero+cross-attention\n  text: {{ tokens: 7, width: 5, mask: true }}"))).Network);

    [Fact]
    public void A_shared_modulation_and_attention_to_a_masked_text_go_in_steps()
    {
        var steps = Attending("block: { modulation: shared }");

        Assert.Equal(("c", 0, "t_block"), (steps.Entering, (int)steps.ContextTokens, steps.SharedModulation?.Name));
        Assert.Equal(("context", 7, "mask"), (steps.Attended?.Name, (int)(steps.Attended?.Tokens ?? 0), steps.Attended?.Mask));
        Assert.Equal(
            ["Table", "AdaptiveNorm", "Branch", "Residual", "Identity", "Branch", "Residual", "AdaptiveNorm", "Branch", "Residual"],
            steps.Modules["Block"].Select(static op => op.GetType().Name));
        Assert.True(Assert.IsType<SessionOp.Table>(steps.Modules["Block"][0]).IsShared);
        Assert.False(Assert.IsType<SessionOp.Table>(steps.Modules["FinalLayer"][0]).IsShared);
        Assert.True(Assert.IsType<SessionOp.CrossAttention>(Assert.Single(steps.Modules["CrossAttention"])).IsMasked);

        Assert.Null(Attending("block: { modulation: per-block }").SharedModulation);
        Assert.Equal("t_block", Steps("modulation: shared").SharedModulation?.Name);
        Assert.Null(Steps("modulation: shared").Attended);
    }

    [Fact]
    public void Every_model_that_ships_and_denoises_an_image_goes_in_steps()
    {
        var models = Directory.GetFiles(Path.Combine(Specs.RepositoryRoot, "definitions"), "*.dit.yaml")
            .SelectMany(static file => Specs.Models(File.ReadAllText(file)))
            .Where(static spec => spec.Backbone.Joint is null)
            .ToArray();

        Assert.Contains(models, static spec => spec.Name == "PixArt-XL/2-1024-MS");
        Assert.All(models, static spec => Assert.Equal("steps", Refusal(Description.Of(spec).Network)));
    }

    [Fact]
    public void Tokens_that_change_with_the_time_are_not_attended_to_beside_a_modulation()
    {
        var one = Shape.Of(Networks.N, 1, D);
        var attention = Module(
            "CrossAttention", "", [new("x", Networks.Tokens, "Tokens"), new("context", one, "The condition's tokens")],
            [Networks.Linear("q", D, D), Networks.Linear("kv", D, 2 * D), Networks.Linear("proj", D, D)],
            [Return(Call("proj", new Value.CrossAttention(Call("q", "x"), Call("kv", "context"), 4)))], "Tokens");
        var block = Module(
            "Block", "",
            [
                new("x", Networks.Tokens, "Tokens"), new("c", Shape.Of(Networks.N, D), "Condition"),
                new("context", one, "The condition's tokens"),
            ],
            [Networks.Norm("norm1"), new Member.Child("attn", attention)],
            [Return(Add("x", Call("attn", Call("norm1", "x"), "context")))], "Tokens");

        Assert.Equal(
            "Tiny: the blocks take other arguments than a condition, tokens to attend to and a mask of these",
            Refusal(Networks.Of(
                [new Member.Repeated("blocks", 1, block)],
                [Let("context", AsToken("c")), ForEach("blocks", ["tokens"], ["c", "context"])])));
    }

    [Fact]
    public void A_mask_that_attention_does_not_read_calls_the_model()
    {
        var network = Description.Of(Specs.Model(Specs.With(
            "conditioning:\n  variant: adaln-zero+cross-attention\n  text: { tokens: 7, width: 5, mask: true }"))).Network;

        Assert.Equal(
            "Tiny2: the mask of the condition's tokens is not that of all attention to them",
            Refusal(Unmasked(network)));
    }

    private static Module Unmasked(Module module) => module with
    {
        Members = module.Members.Select(static member => member switch
        {
            Member.Repeated list => list with { Module = Unmasked(list.Module) },
            Member.Child child => child with { Module = Unmasked(child.Module) },
            _ => member,
        }).ToEquatableArray(),
        Body = module.Body.Select(static statement => statement switch
        {
            Statement.Let { Value: Value.CrossAttention attention } let => let with { Value = attention with { Mask = null } },
            _ => statement,
        }).ToEquatableArray(),
    };

    [Fact]
    public void A_regression_without_SiLU_calls_the_model() => Assert.Equal(
        "Block, m: only a SiLU and a linear layer of the condition, or a table that is added to it, are split",
        Refusal(Networks.Of(Block(
            [
                Networks.Norm("norm1", isAffine: false), new Member.Child("attn", Networks.Attention),
                Chain("adaLN_modulation", new Member.Linear("", D, 2 * D, Networks.Zero)),
            ],
            Split("m", AsToken(Call("adaLN_modulation", "c")), ["shift", "scale"]),
            Return(Add("x", Call("attn", new Value.Modulate("norm1", "x", "shift", "scale"))))))));
}
