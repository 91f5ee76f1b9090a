using CsCheck;

namespace Dit.Spec.Tests;

/// <summary>What an error suggests is right: putting it there takes the error away.</summary>
public class FixTests
{
    private static readonly Gen<string> Number = Gen.OneOf(
        Gen.Int[1, 64].Select(static n => $"{n}"),
        Gen.Int[1, 2000].Select(static n => $"{n}"),
        Gen.Int[1, 16384].Select(static n => $"{n}"),
        Gen.Int[1, 4000].Select(static n => $"{n}.0"),
        Gen.Int[1, 400].Select(static n => $"'{n}'"),
        Gen.Int[1, 400].Select(static n => $"0x{n:x}"),
        Gen.Int[1, 400].Select(static n => $"+{n}"),
        Gen.OneOf(
            "1_000", "1e2", "08", "010", "1,024", "0b1000", "٣٢", ".5", "1.", "0.25", "0,5", "5e-1", "2.5e1", "-0", "1.3", "0.0101",
            "0.017", "no", "~", "\"8\""));

    private static readonly Gen<string> Word = Gen.OneOf(
        "ddim",
        "dimm",
        "ddpm",
        "heun",
        "euler",
        "linear",
        "linaer",
        "flow-vp",
        "flow-gvp",
        "squared_cosine",
        "Epsilon",
        "startx",
        "start-x",
        "velocity",
        "veloctiy",
        "learned-rang",
        "learned-range",
        "fixed-smal",
        "fixed-large",
        "none",
        "nonne",
        "kl-f8",
        "klf8",
        "adaln",
        "adaln-zreo",
        "in-contxt",
        "cross_attention");

    private static readonly Gen<string> Name = Gen.OneOf(
        "Tiny", "no", "On", "Block", "class", "Layer", "true", "'Linear'", "torch", "DitModels");

    private static readonly Gen<string> Spec =
        from numbers in Number.Array[11]
        from words in Word.Array[6]
        from name in Name
        from usual in Gen.Bool.Array[8]
        from square in Gen.Bool
        from slip in Gen.Int[0, 400]
        let text = $"""
            model: {name}
            depth: 2
            width: {(usual[0] ? "32" : numbers[0])}
            heads: {(usual[1] ? "4" : numbers[1])}
            patch_size: {(usual[2] ? "1" : numbers[2])}
            mlp_ratio: {numbers[3]}
            input:
              channels: 4
              size: {(square ? numbers[4] : $"[{numbers[4]}, {numbers[5]}]")}
            conditioning: {"{"} variant: {words[0]}, classes: {numbers[6]}, dropout: {(slip % 5 == 0 ? "1" : slip % 3 == 0 ? numbers[7] : "0.1")} {"}"}
            diffusion: {"{"} prediction: {(usual[5] ? "epsilon" : words[1])}, variance: {(usual[5] ? "fixed-small" : words[2])}, schedule: {(usual[4] ? "linear" : words[3])}, timesteps: {(usual[3] ? "50" : numbers[8])} {"}"}
            autoencoder: {words[4]}
            samplers:
              a1: {"{"} method: {(usual[6] ? "ddim" : words[5])}, steps:{(slip % 7 == 0 ? "" : " ")}{numbers[9]} {"}"}
            """
        select slip < text.Length ? text.Remove(slip, slip % 2) : text; // half of them with a letter less

    [Fact]
    public void A_suggestion_takes_its_error_away()
    {
        var tried = new Dictionary<string, int>();
        foreach (var spec in Samples.Of(Spec, 4000))
        {
            var text = spec;
            for (
                var fixes = 0;
                fixes < 40 && SpecFile.Parse(text).Errors.FirstOrDefault(static e => e.Fix is not null) is { Fix: { } fix } error;
                fixes++)
            {
                var put = Invariants.Apply(text, fix);
                var left = SpecFile.Parse(put).Errors;
                Assert.False(
                    left.Any(e => e.Rule == error.Rule && e.At.Start == error.At.Start && e.Message == error.Message)
                        || (fix.At == error.At && left.Any(e => e.Rule == error.Rule && e.At.Start == error.At.Start)),
                    $"{error.Message}: putting '{fix.Text}' there leaves\n{string.Join("\n", left)}\nin\n{put}");
                tried[error.Rule.Id] = tried.GetValueOrDefault(error.Rule.Id) + 1;
                text = put;
            }
            Assert.DoesNotContain(SpecFile.Parse(text).Errors, static e => e.Fix is not null); // it comes to an end
        }

        Assert.All(
            (string[])
                [
                    "DIT002",
                    "DIT004",
                    "DIT006",
                    "DIT008",
                    "DIT013",
                    "DIT101",
                    "DIT102",
                    "DIT103",
                    "DIT104",
                    "DIT105",
                    "DIT106",
                    "DIT109",
                    "DIT110",
                    "DIT112",
                ],
            id => Assert.True(tried.GetValueOrDefault(id) >= 10, $"{id} was tried {tried.GetValueOrDefault(id)} times"));
    }
}
