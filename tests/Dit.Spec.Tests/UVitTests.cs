using System.Text.Json;

namespace Dit.Spec.Tests;

/// <summary>Specs of U-ViTs: what they mean, what they are written as, and what is wrong with others.</summary>
public class UVitTests
{
    private const string Tiny = """
        model: Tiny/2
        backbone: u-vit
        depth: 5
        width: 32
        heads: 4
        patch_size: 2
        input: { channels: 4, size: 8 }
        conditioning: { classes: 10 }
        autoencoder: none
        """;

    private static string Edited(string line, string replacement)
    {
        Assert.Contains(line, Tiny, StringComparison.Ordinal);
        return Tiny.Replace(line, replacement, StringComparison.Ordinal);
    }

    [Fact]
    public void Every_key_of_its_own_has_a_default()
    {
        var spec = Specs.Model(Tiny);

        Assert.Equal(new Backbone.UVit(5, 32, 4, 2, 128, QkvBias: false, TimeMlp: false, FinalConvolution: true), spec.Backbone);
        Assert.Equal(("u-vit", "tokens"), (spec.Backbone.Word, spec.Backbone.ConditioningWord));
        Assert.Equal(Numerics.Official, spec.Numerics);
    }

    [Fact]
    public void Its_hash_is_that_of_its_text() => Assert.Equal("a7f48fdffef6", Specs.Model(Tiny).Hash);

    [Theory]
    [InlineData("conditioning: none")]
    [InlineData("conditioning: { classes: 10, dropout: 0 }")]
    [InlineData("conditioning: { text: { tokens: 7, width: 5 } }")]
    [InlineData("conditioning: { classes: 10 }\nqkv_bias: true\ntime_mlp: true\nfinal_convolution: false\nmlp_ratio: 2.5")]
    public void What_is_written_is_read_as_the_same_model(string conditioning)
    {
        var spec = Specs.Model(Edited("conditioning: { classes: 10 }", conditioning));
        var text = SpecWriter.Write(spec);

        Assert.Equal(spec, Specs.Model(text));
        Assert.StartsWith("model: Tiny/2\nbackbone: u-vit\ndepth: 5\n", text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("depth: 5", "depth: 12", "DIT125", 3, 8,
        "Depth 12 is not an odd number of 3 or more: the long skips of a u-vit join as many blocks before the middle one as behind it; 13 "
            + "is"
    )]
    [InlineData("conditioning: { classes: 10 }", "conditioning: { text: { tokens: 7, width: 5, mask: true } }", "DIT122", 8, 52,
        "Masked text is for the variant adaln-zero+cross-attention, and this one has backbone: u-vit, which uses all tokens; leave out")]
    [InlineData("conditioning: { classes: 10 }", "conditioning: { micro_conditions: true, text: { tokens: 7, width: 5 } }", "DIT122", 8, 35,
        "Micro-conditions are for the variant adaln-zero+cross-attention, and this one has backbone: u-vit; leave them out")]
    [InlineData("depth: 5", "depth: 1", "DIT125", 3, 8, "; 3 is")]
    [InlineData("depth: 5", "depth: 1000", "DIT125", 3, 8, "; 999 is")]
    [InlineData("width: 32\nheads: 4", "width: 33\nheads: 3", "DIT103", 4, 8,
        "Width 33 is not a multiple of 2, which the sines and cosines of the timestep need; 30 is")]
    [InlineData("conditioning: {", "conditioning: { variant: adaln-zero,", "DIT002", 8, 17,
        "Key 'conditioning.variant' is of the backbone dit, and this model has a different one; remove the key")]
    [InlineData("heads: 4", "heads: 4\nblock: { mlp: gelu }", "DIT002", 6, 1, "Key 'block' is of the backbone dit")]
    [InlineData("heads: 4", "heads: 4\nnumerics: diffusers", "DIT002", 6, 1, "Key 'numerics' is of the backbone dit")]
    [InlineData("backbone: u-vit", "time_mlp: true", "DIT002", 2, 1, "Key 'time_mlp' is of the backbone u-vit")]
    [InlineData("heads: 4", "heads: 4\ntime_mlp: yes", "DIT004", 6, 11, "'time_mlp' must be true or false, not 'yes'")]
    public void A_mistake_is_an_error_at_its_place(string line, string replacement, string id, int row, int column, string words)
    {
        var error = Assert.Single(SpecFile.Parse(Edited(line, replacement)).Errors);

        Assert.Equal((id, row, column), (error.Rule.Id, error.At.Line, error.At.Column));
        Assert.Contains(words, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_family_is_checked_for_keys_of_other_backbones()
    {
        const string family = """
            family: Tiny-{depth}
            backbone: u-vit
            matrix:
              depth: [3, 5]
            width: 32
            heads: 4
            patch_size: 2
            numerics: official
            input: { channels: 4, size: 8 }
            conditioning: { classes: 10 }
            autoencoder: none
            """;

        var error = Assert.Single(SpecFile.Parse(family).Errors);

        Assert.Equal((Rule.UnknownKey, 8), (error.Rule, error.At.Line));
        Assert.Equal(2, SpecFile.Parse(family.Replace("numerics: official\n", "", StringComparison.Ordinal)).Models.Count);
    }

    [Fact]
    public void An_even_depth_is_fixed_by_one_edit() =>
        Assert.Equal("13", Assert.Single(SpecFile.Parse(Edited("depth: 5", "depth: 12")).Errors).Fix?.Text);

    // Learned positions are of one grid; those of the same number of patches have the same shape and mean others.
    [Theory]
    [InlineData("size: [8, 16]", "size: [16, 8]", typeof(LoadVerdict.LoadsWithOtherMeaning))]
    [InlineData("size: [8, 16]", "size: [8, 8]", typeof(LoadVerdict.DoesNotLoad))]
    public void Learned_positions_are_not_recomputed(string from, string to, Type verdict)
    {
        var (a, b) = (Specs.Model(Edited("size: 8", from)), Specs.Model(Edited("size: 8", to)));

        Assert.IsType(verdict, ModelDiff.Between(a, b).Verdict);
    }

    [Theory]
    [InlineData("conditioning: none", 1)]
    [InlineData("conditioning: { classes: 10 }", 2)]
    [InlineData("conditioning: { text: { tokens: 7, width: 5 } }", 8)]
    [InlineData("conditioning: { text: { tokens: 7, width: 5 }, dropout: 0 }\nqkv_bias: true\ntime_mlp: true\nfinal_convolution: false", 8)]
    public void Its_shapes_fit_and_its_positions_are_those_of_all_tokens(string conditioning, int others)
    {
        var network = Description.Of(Specs.Model(Edited("conditioning: { classes: 10 }", conditioning))).Network;

        Assert.Empty(Evaluation.Of(network).Errors);
        Assert.Equal(
            EquatableArray.Of<long>(1, others + 16, 32),
            Parameters.Of(network).Single(static parameter => parameter.Name == "pos_embed").Shape);
    }

    /// <summary>The published sizes whose parameters are recorded.</summary>
    public static TheoryData<string> Official =>
        [.. Recorded.RootElement.EnumerateObject().Select(static model => model.Name)];

    private static JsonDocument Recorded => JsonDocument.Parse(
        File.ReadAllText(Path.Combine(Specs.RepositoryRoot, "tests", "golden", "uvit", "official-models.json")));

    [Theory, MemberData(nameof(Official))]
    public void A_published_model_has_the_official_number_of_parameters(string name)
    {
        var (model, config) = (Recorded.RootElement.GetProperty(name), Recorded.RootElement.GetProperty(name).GetProperty("config"));
        int Of(string key) => config.GetProperty(key).GetInt32();
        var rows = Of("num_classes");
        var conditioning = rows < 0 ? "none" : $"{{ classes: {rows - rows % 10}, dropout: {(rows % 10 == 1 ? "0.1" : "0")} }}";
        var convolution = !config.TryGetProperty("conv", out var conv) || conv.GetBoolean() ? "true" : "false";

        // The official code counts the blocks besides the middle one.
        var spec = Specs.Model($$"""
            model: Published
            backbone: u-vit
            depth: {{Of("depth") + 1}}
            width: {{Of("embed_dim")}}
            heads: {{Of("num_heads")}}
            patch_size: {{Of("patch_size")}}
            final_convolution: {{convolution}}
            input: { channels: {{Of("in_chans")}}, size: {{Of("img_size")}} }
            conditioning: {{conditioning}}
            diffusion: { variance: fixed-small }
            autoencoder: none
            """);

        Assert.Equal(model.GetProperty("params").GetInt64(), ModelLayout.Of(spec).ParameterCount);
        var shipped = new[] { "u-vit.dit.yaml", "u-vit-pixels.dit.yaml" }.SelectMany(static file => Specs.Models(Specs.Shipped(file)));
        Assert.Contains(shipped, model => model.Backbone == spec.Backbone && model.Input == spec.Input
            && ModelLayout.Of(model).ParameterCount == ModelLayout.Of(spec).ParameterCount);
    }

    [Fact]
    public void A_session_takes_it_step_by_step()
    {
        var steps = SessionReading.Of(Description.Of(Specs.Model(Tiny)).Network)
            .Match(static steps => steps, static because => throw new InvalidOperationException(because));

        Assert.Equal(("context", 2, true, true), (steps.Entering, (int)steps.ContextTokens, steps.JoinsTokens, steps.IsContextFirst));
        Assert.Equal(
            ["Each", "One", "Each", "LearnedNorm", "Output", "Convolution"],
            steps.Stages.Select(static stage => stage is SessionStage.Own own ? own.Op.GetType().Name : stage.GetType().Name));
    }
}
