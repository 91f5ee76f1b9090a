namespace Dit.Spec.Tests;

/// <summary>Specs of UniDiffusers: what they mean, what they are written as, and what is wrong with others.</summary>
public class UniDiffuserTests
{
    private const string Tiny = """
        model: Tiny/2
        backbone: unidiffuser
        depth: 5
        width: 32
        heads: 4
        patch_size: 2
        input: { channels: 4, size: 8 }
        conditioning: none
        diffusion: { variance: fixed-small }
        autoencoder: none
        """;

    private static string Edited(string line, string replacement)
    {
        Assert.Contains(line, Tiny, StringComparison.Ordinal);
        return Tiny.Replace(line, replacement, StringComparison.Ordinal);
    }

    [Fact]
    public void Every_key_of_its_own_has_the_published_default()
    {
        var spec = Specs.Model(Tiny);

        Assert.Equal(
            new Backbone.UniDiffuser(5, 32, 4, 2, 128, ClipWidth: 512, TextTokens: 77, TextWidth: 64, DataType: false),
            spec.Backbone);
        Assert.Equal(("unidiffuser", "joint"), (spec.Backbone.Word, spec.Backbone.ConditioningWord));
        Assert.Equal(new JointSpec(512, 77, 64, HasDataType: false), spec.Backbone.Joint);
        Assert.Equal(Numerics.Official, spec.Numerics);
    }

    [Fact]
    public void Its_hash_is_that_of_its_text() => Assert.Equal("dd5a3c303380", Specs.Model(Tiny).Hash);

    [Theory]
    [InlineData("heads: 4")]
    [InlineData("heads: 4\nclip_width: 20\ntext_tokens: 5\ntext_width: 12\ndata_type: true\nmlp_ratio: 2.5")]
    public void What_is_written_is_read_as_the_same_model(string heads)
    {
        var spec = Specs.Model(Edited("heads: 4", heads));
        var text = SpecWriter.Write(spec);

        Assert.Equal(spec, Specs.Model(text));
        Assert.StartsWith("model: Tiny/2\nbackbone: unidiffuser\ndepth: 5\n", text, StringComparison.Ordinal);
        Assert.Contains("\nconditioning: none\n", text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("depth: 5", "depth: 12", "DIT125", 3, 8, "the long skips of a unidiffuser join as many blocks")]
    [InlineData("width: 32\nheads: 4", "width: 33\nheads: 3", "DIT103", 4, 8,
        "Width 33 is not a multiple of 2, which the sines and cosines of the timesteps need; 30 is")]
    [InlineData("conditioning: none", "conditioning: { classes: 10 }", "DIT126", 8, 15, "write conditioning: none")]
    [InlineData(
        "conditioning: none", "conditioning: { text: { tokens: 7, width: 5 } }", "DIT126", 8, 15, "by their times, not by a condition")]
    [InlineData("{ variance: fixed-small }", "{ variance: learned-range }", "DIT127", 9, 12, "variance: fixed-small")]
    [InlineData("{ variance: fixed-small }", "{ schedule: flow-linear }", "DIT127", 9, 12, "no schedule of a flow")]
    [InlineData("diffusion: { variance: fixed-small }\n", "", "DIT127", 1, 1, "variance: fixed-small")]
    [InlineData("heads: 4", "heads: 4\nqkv_bias: true", "DIT002", 6, 1, "Key 'qkv_bias' is of the backbone u-vit")]
    [InlineData("backbone: unidiffuser", "text_width: 64", "DIT002", 2, 1, "Key 'text_width' is of the backbone unidiffuser")]
    [InlineData("heads: 4", "heads: 4\ntext_tokens: 5000", "DIT007", 6, 14, "'text_tokens' is 5000; it must be from 1 to 4096")]
    [InlineData("heads: 4", "heads: 4\ndata_type: v1", "DIT004", 6, 12, "'data_type' must be true or false, not 'v1'")]
    public void A_mistake_is_an_error_at_its_place(string line, string replacement, string id, int row, int column, string words)
    {
        var error = SpecFile.Parse(Edited(line, replacement)).Errors.Single(error => error.Rule.Id == id);

        Assert.Equal((row, column), (error.At.Line, error.At.Column));
        Assert.Contains(words, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_condition_is_removed_by_one_edit() =>
        Assert.Equal("none", Assert.Single(SpecFile.Parse(Edited("conditioning: none", "conditioning: { classes: 2 }")).Errors).Fix?.Text);

    [Theory]
    [InlineData("false", 2, 0)]
    [InlineData("true", 3, 1)]
    public void Its_shapes_fit_and_the_place_of_the_data_type_is_a_table_of_its_own(string dataType, int context, int own)
    {
        var network = Description.Of(Specs.Model(Edited("heads: 4", $"heads: 4\ndata_type: {dataType}"))).Network;
        var (evaluation, errors) = Evaluation.Of(network);

        Assert.Empty(errors);
        Assert.Equal(
            ["(N, 4, 8, 8)", "(N, 1, 512)", "(N, L, 64)"], evaluation.Results.Select(static result => Shape.Text(result.Shape)));
        Assert.Equal([1, 2 + 77 + 1 + 16, 32], Parameters.Of(network).Single(static p => p.Name == "pos_embed").Shape);
        Assert.Equal(own, Parameters.Of(network).Count(static p => p.Name == "pos_embed_token"));
        Assert.Equal(context + 77 + 1 + 16, evaluation.Statements.Last(static s => s.Statement.Label == "last").Values[0].Shape[1].Size);
    }

    [Fact]
    public void A_session_calls_the_model() => Assert.Contains(
        "the tokens are not patches with positions",
        SessionReading.Of(Description.Of(Specs.Model(Tiny)).Network).Match(static _ => "steps", static because => because),
        StringComparison.Ordinal);

    // The paper counts 952 million.
    [Fact]
    public void The_published_model_has_the_papers_number_of_parameters()
    {
        var models = Specs.Models(Specs.Shipped("unidiffuser.dit.yaml")).ToDictionary(
            static model => model.Name, static model => ModelLayout.Of(model).ParameterCount);

        Assert.Equal(952, models["UniDiffuser-v0"] / 1_000_000);
        Assert.Equal(3 * 1536, models["UniDiffuser-v1"] - models["UniDiffuser-v0"]);
    }

    [Fact]
    public void A_data_type_is_named_in_a_difference()
    {
        var (a, b) = (Specs.Model(Tiny), Specs.Model(Edited("heads: 4", "heads: 4\ndata_type: true")));

        Assert.IsType<LoadVerdict.DoesNotLoad>(ModelDiff.Between(a, b).Verdict);
        Assert.Equal(["data_type"], ModelDiff.Between(a, b).Settings.Select(static change => change.Key));
    }
}
