namespace Dit.Spec.Tests;

public class ModelsPageTests
{
    public static TheoryData<string> Families => [.. ModelsPage.Families.Select(static family => family.Family)];

    [Fact]
    public void Every_family_has_a_note_and_no_note_is_left_over()
    {
        Assert.Equal(
            ModelsPage.Families.Select(static family => family.Family).Order(), FamilyNote.All.Select(static note => note.Name).Order());
        Assert.All(FamilyNote.All, static note => Assert.Subset(
            ModelsPage.Families.Single(family => family.Family == note.Name).Models.Select(static spec => spec.Name).ToHashSet(),
            note.Files.Keys.ToHashSet()));
    }

    [Fact]
    public void The_page_is_the_one_written_from_the_specs()
    {
        WrittenFile.Match("docs/models.md", ModelsPage.Markdown());
        Assert.Contains("(docs/models.md)", File.ReadAllText(Path.Combine(Specs.RepositoryRoot, "README.md")), StringComparison.Ordinal);
    }

    [Theory, MemberData(nameof(Families))]
    public void The_diagram_is_the_one_that_the_description_draws(string family)
    {
        var spec = ModelsPage.Families.Single(one => one.Family == family).Models[0];
        WrittenFile.Match(
            $"docs/{ModelsPage.DiagramOf(family)}", Diagram.Of(Diagram.Block(Description.Of(spec).Network), spec.Name));
    }

    [Theory]
    [InlineData("DiT-XL/2", "DiT")]
    [InlineData("DiT-XL/2-512", "DiT")]
    [InlineData("U-ViT-S/2-Deep-COCO", "U-ViT")]
    [InlineData("PixArt-XL/2-1024-MS", "PixArt")]
    [InlineData("LightningDiT-XL/1", "LightningDiT")]
    [InlineData("Shapes-Flow", "Shapes-Flow")]
    [InlineData("Mine", "Mine")]
    [InlineData("XL/2", "XL/2")]
    [InlineData("-", "-")]
    public void A_family_is_what_comes_before_the_size(string name, string family) => Assert.Equal(family, ModelFamily.Of(name));
}
