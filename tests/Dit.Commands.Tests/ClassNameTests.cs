using Dit.Definitions;
using Dit.Runtime;

namespace Dit.Commands.Tests;

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
        Assert.Equal(
            ["crane", "maillot"],
            ImageNet.Names.GroupBy(static names => names[0]).Where(static group => group.Count() > 1).Select(static group => group.Key));
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
        Assert.Equal(
            "2 classes of DiT-XL/2 are called 'crane': 134 crane, 517 crane; give the number of the one that is meant.",
            Refused(() => names.Labels(["crane"])));
        Assert.Equal(
            "2 classes of DiT-XL/2 are called 'Panda': 387 lesser panda, 388 giant panda; give the number of the one that is meant.",
            Refused(() => names.Labels(["Panda"])));
        Assert.Equal([264, 474], names.Labels(["Cardigan", "cardigan"])); // a dog and a garment
        Assert.Contains("264 Cardigan, 474 cardigan", Refused(() => names.Labels(["CARDIGAN"])), StringComparison.Ordinal);
    }

    [Fact]
    public void A_name_of_no_class_is_answered_with_the_nearest()
    {
        var names = Read(DiTXL2.Card);
        Assert.Equal(
            "DiT-XL/2 has no class 'goldn retriever'; did you mean 'golden retriever'?",
            Refused(() => names.Labels(["goldn retriever"])));
        Assert.Equal("DiT-XL/2 has no class '1000'; its classes are 0 to 999.", Refused(() => names.Labels(["1000"])));
    }

    [Fact]
    public void A_checkpoint_names_its_classes_itself()
    {
        Assert.Equal(
            [1],
            Read(DiTXL2.Card, (TrainingFolder.ClassesKey, """["a","b, c"]""")).Names.Select(static names => names.Count).Distinct());
        var names = Read(Shapes.Card, ("id2label", """{"1": "ice bear, polar bear", "3": "otter", "10": "none"}"""));
        Assert.Equal([1, 1, 3, 9], names.Labels(["polar bear", "Ice bear", "otter", "9"]));
        Assert.Equal(("ice bear", "0", "3 otter"), (names.NameOf(1), names.NameOf(0), names.Describe(3)));
        Assert.Equal(
            "first",
            Read(Shapes.Card, (TrainingFolder.ClassesKey, """["first"]"""), ("id2label", """{"0":"second"}""")).NameOf(0));
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

    private ClassNames Trained(params string[] names) =>
        Read(Shapes.Card, (TrainingFolder.ClassesKey, System.Text.Json.JsonSerializer.Serialize(names)));

    [Fact]
    public void A_number_is_never_the_label_of_a_class_that_is_called_otherwise()
    {
        var digits = Trained("0", "3", "7", "9");
        Assert.Equal([1, 2, 3], digits.Labels(["3,7", "9"]));
        foreach (var other in (string[])["1", "2", "4", "03", "33"])
            Assert.StartsWith($"Shapes has no class '{other}'", Refused(() => digits.Labels([other])), StringComparison.Ordinal);
        Assert.Equal("Shapes has no class '1'; its classes are called 0, 3, 7, 9.", Refused(() => digits.Labels(["1"])));
        Assert.Equal("Shapes has no class '03'; did you mean '3'?", Refused(() => digits.Labels(["03"])));
        // one name that is a number is enough
        Assert.StartsWith("Shapes has no class '0'", Refused(() => Trained("1", "cat").Labels(["0"])), StringComparison.Ordinal);
        Assert.Equal([0], Trained("cat", "3rd").Labels(["0"]));

        var random = new Random(1);
        for (var i = 0; i < 100; i++) // folders of numbers, whatever they are
        {
            string[] names =
            [
                .. Enumerable
                    .Range(0, 20)
                    .OrderBy(_ => random.Next())
                    .Take(random.Next(1, 10))
                    .Select(static n => n.ToString(System.Globalization.CultureInfo.InvariantCulture)),
            ];
            var classes = Trained(names);
            foreach (var word in Enumerable.Range(0, 20).Select(static n => n.ToString(System.Globalization.CultureInfo.InvariantCulture)))
                if (Array.IndexOf(names, word) is var at and >= 0) Assert.Equal([at], classes.Labels([word]));
                else Refused(() => classes.Labels([word]));
        }
    }

    [Fact]
    public void A_class_that_was_never_trained_is_refused()
    {
        var four = Trained("a", "b", "c", "d");
        Assert.Equal([3, 0], four.Labels(["3", "a"]));
        Assert.Equal(
            "Shapes has 10 classes, and these weights were trained on 4 of them, a, b, c, d: class 7 was never trained.",
            Refused(() => four.Labels(["a,7"])));
        Assert.Equal("Shapes has no class '10'; its classes are a, b, c, d, or 0 to 3.", Refused(() => four.Labels(["10"])));
        Assert.Equal([0, 1, 2, 3], four.Labels([]));
        Assert.Equal([9], Trained().Labels(["9"])); // nothing is known of what was trained
    }

    [Fact]
    public void Several_names_of_one_class_are_that_class_once()
    {
        var names = Read(DiTXL2.Card);
        Assert.Equal([0], names.Labels(["tench, Tinca tinca"]));
        Assert.Equal([0, 207, 360], names.Labels(["tench,Tinca tinca,golden retriever, otter"]));
        Assert.Equal([388], names.Labels([string.Join(", ", ImageNet.Names[388])])); // one of its names is another class's as well
        Assert.All(Enumerable.Range(0, 1000), label => Assert.Contains(label, Whole(label)));
        Assert.Equal([207, 207], names.Labels(["golden retriever,golden retriever"])); // asked for twice
        Assert.Equal([0, 0], names.Labels(["tench", "Tinca tinca"]));

        // The line of a class in the usual list; only a line that two classes share cannot be told apart.
        int[] Whole(int label) =>
            ImageNet.Names[label].Count == 1
            && ImageNet.Names.Count(other => other.Contains(ImageNet.Names[label][0], StringComparer.OrdinalIgnoreCase)) > 1
                ? [label]
                : [.. names.Labels([string.Join(", ", ImageNet.Names[label])])];
    }

    [Theory]
    [InlineData("tench, Tinca tinca", 0)]
    [InlineData("tench,Tinca tinca", 0)]
    [InlineData("\"tench, Tinca tinca\"", 0)]
    [InlineData("a ", 1)]
    [InlineData("\"a \"", 1)]
    [InlineData("a", 2)]
    [InlineData("a, b", 3)]
    [InlineData("a,b", 3)]
    [InlineData("\"q\"", 4)]
    [InlineData("\"\"\"q\"\"\"", 4)]
    [InlineData("5\" gun", 5)]
    [InlineData("caf\u00E9", 6)]
    [InlineData("cafe\u0301", 6)]
    [InlineData("CAFE\u0301", 6)]
    [InlineData("  CAFÉ ", 6)]
    [InlineData("two  words", 7)]
    [InlineData("two\u00A0words", 7)]
    public void A_name_may_have_commas_spaces_quotes_and_accents(string word, int label) =>
        Assert.Equal(
            [label],
            Trained("tench, Tinca tinca", "a ", "a", "a, b", "\"q\"", "5\" gun", "cafe\u0301", "two words", "b").Labels([word]));

    [Fact]
    public void A_name_that_two_classes_have_but_for_spaces_is_refused_unless_it_is_written_exactly()
    {
        var names = Trained("a ", "a", "c");
        Assert.Equal([0, 1, 0], names.Labels(["a ,a", "\"a \""]));
        Assert.StartsWith("2 classes of Shapes are called 'A'", Refused(() => names.Labels(["A"])), StringComparison.Ordinal);
        Assert.StartsWith("2 classes of Shapes are called 'a'", Refused(() => names.Labels(["c, a"])), StringComparison.Ordinal);
    }

    [Fact]
    public void Quotes_keep_names_apart()
    {
        var names = Trained("a", "b", "a, b");
        Assert.Equal([2], names.Labels(["a,b"]));
        Assert.Equal([0, 1], names.Labels(["\"a\",\"b\""]));
        Assert.Equal([0, 1], names.Labels(["a", "b"]));
        Assert.Equal([2, 0], names.Labels([" \"a, b\" , a"]));
        // in quotes it is a name
        Assert.StartsWith("Shapes has no class '0'", Refused(() => names.Labels(["\"0\""])), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("")]
    [InlineData("  ")]
    [InlineData(",")]
    [InlineData(" , ,")]
    [InlineData("\t")]
    public void A_list_of_nothing_is_refused_and_does_not_mean_all(string word)
    {
        foreach (string[] words in (string[][])[[word], ["cat", word], [word, "cat"]])
            Assert.Equal(
                "--classes names no class: give names or numbers, or leave it out.",
                Refused(() => Trained("cat", "dog").Labels(words)));
        Assert.Equal([0, 1], Trained("cat", "dog").Labels([",cat,,dog,"]));
    }

    // Any names: each is found as it is written, alone and in quotes, and in the other Unicode form.
    [Fact]
    public void Every_name_is_found_by_itself()
    {
        const string Letters = "aA é e\u0301,\"'ö\u0308\uAC00\u1100\u1161 ß-_7";
        var random = new Random(7);
        for (var round = 0; round < 300; round++)
        {
            string[] names =
            [
                .. Enumerable
                    .Range(0, 5)
                    .Select(_ => new string([.. Enumerable.Range(0, random.Next(1, 6)).Select(_ => Letters[random.Next(Letters.Length)])]))
                    .Distinct(),
            ];
            var classes = Trained(names);
            foreach (var (label, name) in names.Index())
            {
                Assert.Equal([label], classes.Labels([name]));
                var quoted = $"\"{name.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";
                if (!names.Contains(quoted)) Assert.Equal([label], classes.Labels([quoted]));
            }
        }
    }
}
