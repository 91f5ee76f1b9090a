namespace Dit.Spec.Tests;

public class DidYouMeanTests
{
    [Theory]
    [InlineData("widht", "width")]
    [InlineData("Depth", "depth")]
    [InlineData("patchsize", "patch_size")]
    [InlineData("temperature", null)]
    public void Only_a_near_word_is_suggested(string word, string? nearest) =>
        Assert.Equal(nearest, DidYouMean.Nearest(word, ["depth", "width", "heads", "patch_size"]));
}
