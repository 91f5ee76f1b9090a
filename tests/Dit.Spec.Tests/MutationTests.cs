using CsCheck;

namespace Dit.Spec.Tests;

/// <summary>Specs that were edited at random: models or errors, never an exception.</summary>
public class MutationTests
{
    private static SchemaEvaluator Schema { get; } = new(SpecSchema.Json);

    private static readonly Gen<string> Inserted = Gen.OneOf(
        Gen.String[Gen.Char["abz019:{}[]-#&*'\"\n\t ,._/\\!%<>|?@~"], 0, 6],
        Gen.OneOf(
            "\r\n", "\r", "\u0085", "\u2028", "\uFEFF", "\0", "\ud800", "\U0001F600", "\u200b", "---\n", "...\n", "<<: ", "&a ", "*a",
            "!!int ", "\\u0041", "null", "1e400", "0x", "٣"));

    [Theory]
    [InlineData("tiny")]
    [InlineData("dit.dit.yaml")]
    [InlineData("xl2-conditioning.dit.yaml")]
    public void Mutated_specs_give_models_or_errors_in_their_text_and_never_an_exception(string file)
    {
        var whole = file == "tiny" ? Specs.Tiny : Specs.Shipped(file);
        var edits = Gen.Select(Gen.Int[0, whole.Length - 1], Gen.Int[0, 12], Inserted).Array[1, 4];
        var accepted = 0;
        foreach (var text in Samples.Of(edits, 5000).Select(list => list.Aggregate(whole, static (t, edit) =>
            t[..Math.Min(edit.Item1, t.Length)] + edit.Item3 + t[Math.Min(edit.Item1 + edit.Item2, t.Length)..])))
        {
            if (Invariants.Broken(text) is { } broken)
                Assert.Fail($"{broken}\n\nin\n\n{text}");
            if (SpecFile.Parse(text).Errors.Count > 0) continue;
            accepted++;
            Assert.True(Schema.Accepts(YamlJson.Read(text)), $"The schema refuses what the compiler takes:\n\n{text}");
        }
        Assert.True(accepted > 20, $"{accepted} specs survived their edits");
    }
}
