namespace Dit.Spec.Tests.Diffing;

public class SpecDiffTests
{
    private static readonly string Family = Specs.Shipped("dit.dit.yaml");

    private static SpecDiff Between(string a, string b) => SpecDiff.Between(Specs.Models(a), Specs.Models(b));

    private static string Edit(string text, string from, string to)
    {
        Assert.Contains(from, text, StringComparison.Ordinal);
        return text.Replace(from, to, StringComparison.Ordinal);
    }

    [Fact]
    public void A_family_is_equal_to_itself_in_any_order()
    {
        Assert.False(Between(Family, Family).Differs);
        Assert.False(Between(Family, Edit(Family, "[2, 4, 8]", "[8, 2, 4]")).Differs);
    }

    [Fact]
    public void Members_of_families_are_matched_by_name()
    {
        var diff = Between(Family, Edit(Edit(Family, "[2, 4, 8]", "[2, 4, 16]"), "depth: 28", "depth: 24"));

        Assert.Equal(
            ["DiT-S/2", "DiT-S/4", "DiT-B/2", "DiT-B/4", "DiT-L/2", "DiT-L/4", "DiT-XL/2", "DiT-XL/4"],
            diff.Models.Select(static m => m.B.Name));
        Assert.Equal(["DiT-XL/2", "DiT-XL/4"], diff.Models.Where(static m => m.Differs).Select(static m => m.A.Name));
        Assert.Equal(["DiT-S/16", "DiT-B/16", "DiT-L/16", "DiT-XL/16"], diff.Added.Select(static m => m.Name));
        Assert.Equal(["DiT-S/8", "DiT-B/8", "DiT-L/8", "DiT-XL/8"], diff.Removed.Select(static m => m.Name));
    }

    [Fact]
    public void A_model_alone_on_each_side_is_the_same_model_whatever_it_is_called()
    {
        var diff = Between(Specs.Tiny, Edit(Edit(Specs.Tiny, "Tiny/2", "Huge"), "depth: 2", "depth: 9"));

        Assert.Equal(["model", "depth"], Assert.Single(diff.Models).Settings.Select(static s => s.Key));
        Assert.Empty(diff.Added);
        Assert.Empty(diff.Removed);
    }

    [Fact]
    public void A_family_that_is_renamed_keeps_its_checkpoints()
    {
        var diff = Between(Family, Edit(Family, "family: DiT-", "family: Mine-"));

        Assert.Equal(12, diff.Models.Count);
        Assert.All(diff.Models, static m => Assert.IsType<LoadVerdict.AsItIs>(m.Verdict));
        Assert.All(diff.Models, static m => Assert.Equal(m.A.Name.Replace("DiT", "Mine", StringComparison.Ordinal), m.B.Name));
    }

    [Fact]
    public void A_renamed_model_that_also_changed_is_a_new_one_among_many()
    {
        var diff = Between(Family, Edit(Edit(Family, "    XL: {", "    XXL: {"), "depth: 28", "depth: 30"));

        Assert.Equal(9, diff.Models.Count);
        Assert.Equal((3, 3), (diff.Added.Count, diff.Removed.Count));
        Assert.True(diff.Differs);
    }
}
