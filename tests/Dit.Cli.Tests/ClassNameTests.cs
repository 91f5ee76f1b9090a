using Dit.Cli.Commands;
using Dit.Definitions;
using Dit.Runtime;

namespace Dit.Cli.Tests;

/// <summary>What classes are called, and which are meant.</summary>
public sealed class ClassNameTests : IDisposable
{
    private readonly TestFolder folder = new();

    public void Dispose() => folder.Dispose();

    private ClassNames Read(ModelCard card, params (string Key, string Value)[] metadata)
    {
        SafeTensors.Save(folder.Path("a.safetensors"), [], metadata.ToDictionary(static pair => pair.Key, static pair => pair.Value));
        return ClassNames.Of(card, folder.Path("a.safetensors"));
    }

    private static string Refused(Func<object> act) => Assert.Throws<DitException>(act).Message;

    [Theory]
    [InlineData(0, "tench")]
    [InlineData(88, "macaw")]
    [InlineData(151, "Chihuahua")]
    [InlineData(207, "golden retriever")]
    [InlineData(279, "Arctic fox")]
    [InlineData(360, "otter")]
    [InlineData(387, "lesser panda")]
    [InlineData(417, "balloon")]
    [InlineData(517, "crane")]
    [InlineData(701, "parachute")]
    [InlineData(974, "geyser")]
    [InlineData(979, "valley")]
    [InlineData(999, "toilet tissue")]
    public void The_classes_of_ImageNet_are_in_their_usual_order(int label, string name) => Assert.Equal(name, ImageNet.Names[label][0]);

    [Fact]
    public void The_thousand_classes_of_ImageNet_have_names_that_a_command_line_can_say()
    {
        Assert.Equal(1000, ImageNet.Names.Count);
        Assert.All(ImageNet.Names.SelectMany(static names => names), static name =>
        {
            Assert.Matches("^[A-Za-z][A-Za-z0-9 '.-]*[A-Za-z0-9.]$", name);
            Assert.DoesNotContain("  ", name, StringComparison.Ordinal);
        });
        Assert.All(ImageNet.Names, static names => Assert.Equal(names.Count, names.Distinct().Count()));
        Assert.Equal(["crane", "maillot"], ImageNet.Names.GroupBy(static names => names[0]).Where(static group => group.Count() > 1).Select(static group => group.Key));
    }

    [Fact]
    public void A_model_of_a_thousand_classes_over_latents_has_those_of_ImageNet()
    {
        var names = Read(DiTXL2.Card);
        Assert.Equal([207, 360, 387, 974], names.Labels(["golden retriever,otter", "Red Panda", "974"]));
        Assert.Equal([207, 279], names.Labels([" GOLDEN RETRIEVER , white fox,"]));
        Assert.Equal(("lesser panda", "387 lesser panda"), (names.NameOf(387), names.Describe(387)));
        Assert.Equal(Enumerable.Range(0, 16), names.Labels([]));
    }

    [Fact]
    public void Other_models_have_them_not()
    {
        Assert.Empty(Read(DiTXL2.Card with { Condition = new ModelCondition.Classes(999, 0.1) }).Names);
        Assert.Empty(Read(Shapes.Card with { Condition = new ModelCondition.Classes(1000, 0.1) }).Names);
        Assert.Equal(("7", "7"), (Read(Shapes.Card).NameOf(7), Read(Shapes.Card).Describe(7)));
    }

    [Fact]
    public void A_name_of_two_classes_is_refused_with_both_numbers()
    {
        var names = Read(DiTXL2.Card);
        Assert.Equal("2 classes of DiT-XL/2 are called 'crane': 134 crane, 517 crane; give the number of the one that is meant.", Refused(() => names.Labels(["crane"])));
        Assert.Equal("2 classes of DiT-XL/2 are called 'Panda': 387 lesser panda, 388 giant panda; give the number of the one that is meant.", Refused(() => names.Labels(["Panda"])));
        Assert.Equal([264, 474], names.Labels(["Cardigan", "cardigan"])); // a dog and a garment
        Assert.Contains("264 Cardigan, 474 cardigan", Refused(() => names.Labels(["CARDIGAN"])), StringComparison.Ordinal);
    }

    [Fact]
    public void A_name_of_no_class_is_answered_with_the_nearest()
    {
        var names = Read(DiTXL2.Card);
        Assert.Equal("DiT-XL/2 has no class 'goldn retriever'; did you mean 'golden retriever'?", Refused(() => names.Labels(["goldn retriever"])));
        Assert.Equal("DiT-XL/2 has no class '1000'; its classes are 0 to 999.", Refused(() => names.Labels(["1000"])));
    }

    [Fact]
    public void A_checkpoint_names_its_classes_itself()
    {
        Assert.Equal([1], Read(DiTXL2.Card, (TrainingFolder.ClassesKey, """["a","b, c"]""")).Names.Select(static names => names.Count).Distinct());
        var names = Read(Shapes.Card, ("id2label", """{"1": "ice bear, polar bear", "3": "otter", "10": "none"}"""));
        Assert.Equal([1, 1, 3, 9], names.Labels(["polar bear", "Ice bear", "otter", "9"]));
        Assert.Equal(("ice bear", "0", "3 otter"), (names.NameOf(1), names.NameOf(0), names.Describe(3)));
        Assert.Equal("first", Read(Shapes.Card, (TrainingFolder.ClassesKey, """["first"]"""), ("id2label", """{"0":"second"}""")).NameOf(0));
    }

    [Theory]
    [InlineData("not json")]
    [InlineData("[]")]
    [InlineData("null")]
    [InlineData("""{"0": 1}""")]
    [InlineData("""{"0": null}""")]
    [InlineData("""{"0": ""}""")]
    [InlineData("""{"-1": "a"}""")]
    [InlineData("""{"11": "a"}""")]
    [InlineData("""{"a": "a"}""")]
    [InlineData("""{"0": "\u001b[2J"}""")]
    public void A_damaged_map_of_names_is_one_line(string json) => Assert.Equal(
        $"The metadata id2label of '{folder.Path("a.safetensors")}' is not a JSON object with names for the classes 0 to 9.",
        Refused(() => Read(Shapes.Card, ("id2label", json))));
}
