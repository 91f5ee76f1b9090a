using System.Globalization;

namespace Dit.Spec.Tests;

/// <summary>Rules about the matrix of a family.</summary>
public class FamilyRuleTests
{
    private const string Family = """
        family: T-{size}-{patch_size}
        matrix:
          size:
            S: { depth: 2, width: 32, heads: 4 }
            B: { depth: 4, width: 64, heads: 4 }
          patch_size: [2, 4]
        input: { channels: 4, size: 8 }
        conditioning: { classes: 10 }
        """;

    [Theory]
    [InlineData(
        "B: { depth: 4,",
        "B: {",
        "DIT014",
        "B",
        "'B' of the axis 'size' leaves 'depth' out, which S of that axis gives; add 'depth: ...', a whole number from 1 to 1000")]
    [InlineData("B: { depth: 4,", "B: { detph: 4,", "DIT002", "detph", "Unknown key 'matrix.size.B.detph'; did you mean 'depth'?")]
    [InlineData("B: { depth: 4,", "B: { depth: 4, depth: 5,", "DIT005", "depth", "Key 'matrix.size.B.depth' appears twice")]
    [InlineData("B: { depth: 4,", "B: { depth: 4, <<: 2,", "DIT012", "<<", "Merge keys are not used")]
    [InlineData("B: { depth: 4,", "no: { depth: 4,", "DIT013", "no", "The name of a matrix cell is no, which YAML readers take for false")]
    [InlineData(
        "conditioning: { classes: 10 }",
        "conditioning: { classes: 10 }\ndepth: 3",
        "DIT015",
        "depth",
        "Key 'depth' is given here and by the axis 'size' of the matrix; keep one of them")]
    [InlineData(
        "B: { depth: 4,",
        "B: { patch_size: 2, depth: 4,",
        "DIT015",
        "patch_size",
        "Key 'patch_size' is given by two axes of the matrix, 'size' and 'patch_size'; keep one of them")]
    [InlineData(
        "conditioning: { classes: 10 }",
        "",
        "DIT003",
        "family",
        "Key 'conditioning' is missing; add 'conditioning: ...', a mapping such as { classes: 1000 }, or the word none")]
    [InlineData(
        "patch_size: [2, 4]", "patchsize: [2, 4]", "DIT002", "patchsize", "Unknown key 'matrix.patchsize'; did you mean 'patch_size'?")]
    [InlineData("patch_size: [2, 4]", "patch_size: [2, 3]", "DIT102", "3", "Input height 8 is not divisible by patch size 3; 9 is")]
    [InlineData("patch_size: [2, 4]", "patch_size: [2, 4.0]", "DIT004", "4.0", "not '4.0'; write 4")]
    [InlineData(
        "family:",
        "model: T\nfamily:",
        "DIT002",
        "model",
        "'model' names a single model, but this file declares a family; keep one of the two")]
    [InlineData(
        "family: T-{size}-{patch_size}",
        "model: T",
        "DIT002",
        "model",
        "'model' names a single model, but this file declares a family; keep one of the two")]
    [InlineData("  size:", "  matrix: [1]\n  size:", "DIT002", "matrix", "Unknown key 'matrix.matrix'")]
    public void One_mistake_gives_one_error_at_its_place(string text, string replacement, string id, string at, string words)
    {
        Assert.Contains(text, Family);
        var spec = Family.Replace(text, replacement);
        if (replacement.Contains("patchsize")) spec = spec.Replace("{patch_size}", "{patchsize}") + "\npatch_size: 2";
        if (replacement.Contains("matrix: [1]")) spec = spec.Replace("T-", "T-{matrix}-");

        var error = Assert.Single(SpecFile.Parse(spec).Errors);

        Assert.Equal((id, at), (error.Rule.Id, spec.Substring(error.At.Start, error.At.Length)));
        Assert.Contains(words, error.Message);
    }

    [Fact]
    public void A_key_with_a_default_may_be_given_by_some_cells() =>
        Assert.Equal(
            [128, 128, 128, 128],
            Specs.Models(Family.Replace("B: { depth: 4,", "B: { mlp_ratio: 2, depth: 4,")).Select(static m => m.HiddenWidth));

    [Fact]
    public void A_matrix_that_multiplies_out_to_too_many_models_says_how()
    {
        static string Values(int count) =>
            string.Join(", ", Enumerable.Range(1, count).Select(static i => i.ToString(CultureInfo.InvariantCulture)));
        var spec = Family
            .Replace("T-", "T-{depth}-{heads}-")
            .Replace("  patch_size:", $"  depth: [{Values(1000)}]\n  heads: [{Values(1000)}]\n  patch_size:");

        var error = Assert.Single(SpecFile.Parse(spec).Errors);

        Assert.Equal("DIT016", error.Rule.Id);
        Assert.Contains("The axes of the matrix multiply out to 2 x 1000 x 1000 x 2 models; a family has at most 256", error.Message);
    }

    [Fact]
    public void A_mistake_that_all_members_share_is_one_error() =>
        Assert.Equal(["DIT007"], SpecFile.Parse(Family.Replace("channels: 4", "channels: 0")).Errors.Select(static e => e.Rule.Id));
}
