namespace Dit.Generator.Tests;

/// <summary>The patches of an image of any size, which are counted when the network runs.</summary>
public class PatchCountTests
{
    // 4 x 4 patches, 16 tokens of a text.
    private const string Equal = """
        model: Pairs
        backbone: unidiffuser
        depth: 3
        width: 32
        heads: 2
        patch_size: 2
        clip_width: 16
        text_tokens: 16
        text_width: 16
        data_type: DATA_TYPE
        input: { channels: 4, size: 8 }
        conditioning: none
        diffusion: { variance: fixed-small, schedule: scaled-linear }
        autoencoder: kl-f8
        samplers: { ddim-5: { method: ddim, steps: 5 } }
        """;

    [Theory]
    [InlineData("false", "last.narrow(1, 2, 16)", "last.narrow(1, 19, grid.Patches)", "+ Positions.At(pos_embed, grid);")]
    [InlineData("true", "last.narrow(1, 3, 16)", "last.narrow(1, 20, grid.Patches)", "table.narrow(1, 2, 17 + grid.Patches)")]
    public void Patches_are_not_mistaken_for_a_text_of_as_many_tokens(string dataType, string words, string patches, string places)
    {
        var source = Source(Equal.Replace("DATA_TYPE", dataType));

        Assert.Contains($"Functional.Linear(text_out, {words})", source, StringComparison.Ordinal);
        Assert.Contains($"Functional.Linear(decoder_pred, {patches})", source, StringComparison.Ordinal);
        Assert.Contains(places, source, StringComparison.Ordinal);
    }

    private static string Source(string spec) =>
        Generate.From(new SpecText("pairs.dit.yaml", spec)).AssertCompiles().Sources["Pairs.g.cs"];
}
