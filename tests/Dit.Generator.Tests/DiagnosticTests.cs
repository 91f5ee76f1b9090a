using System.Text;
using Microsoft.CodeAnalysis;

namespace Dit.Generator.Tests;

/// <summary>Spec errors as the compiler shows them.</summary>
public class DiagnosticTests
{
    private const string FiveMistakes = """
        model: Wrong/2
        depth: 0
        width: 1152
        heads: 20
        patch_size: 2
        input: { channels: 4, size: 33 }
        conditioning: { variant: adaln-zreo, classes: 10 }
        diffusion: { timesteps: 100 }
        samplers:
          slow: { method: ddpm, steps: 250 }
        """;

    [Fact]
    public void Five_mistakes_are_five_compiler_errors_each_with_its_id_file_line_column_and_remedy()
    {
        var found = Generate.From(new SpecText("models/wrong.dit.yaml", FiveMistakes)).Diagnostics;

        Assert.Equal(
            [
                "models/wrong.dit.yaml(2,8): error DIT007: 'depth' is 0; it must be from 1 to 1000",
                "models/wrong.dit.yaml(3,8): error DIT101: Width 1152 is not divisible by 20 heads; 1160 is",
                "models/wrong.dit.yaml(5,13): error DIT102: Input height 33 is not divisible by patch size 2; 32 is",
                "models/wrong.dit.yaml(7,26): error DIT006: 'conditioning.variant' cannot be 'adaln-zreo'; did you mean 'adaln-zero'?",
                "models/wrong.dit.yaml(10,32): error DIT106: Sampler 'slow' takes 250 steps, but the process has 100; ask for at most 100",
            ],
            found.Select(Text));
    }

    [Fact]
    public void Two_files_that_declare_one_class_are_an_error_and_the_other_models_are_still_written()
    {
        var spec = FiveMistakes
            .Replace("depth: 0", "depth: 1\nautoencoder: none")
            .Replace("heads: 20", "heads: 16")
            .Replace("size: 33", "size: 32")
            .Replace("adaln-zreo", "adaln-zero").Replace("steps: 250", "steps: 50");
        var run = Generate.From(
            new SpecText("a.dit.yaml", spec),
            new SpecText("b.dit.yaml", spec.Replace("Wrong/2", "Wrong-2")),
            new SpecText("c.dit.yaml", spec.Replace("Wrong/2", "Right/2")));

        Assert.Equal(
            "b.dit.yaml(1,8): error DIT107: Model 'Wrong-2' would be the class Wrong2, as 'Wrong/2' is already (a.dit.yaml, line 1); give "
                + "it another name",
            Text(Assert.Single(run.Diagnostics)));
        // The first of a name is written: code that uses it has no error of its own beside this one.
        Assert.Equal(["DitModels.g.cs", "Right2.g.cs", "Wrong2.g.cs"], run.Sources.Keys.Order());
        Assert.Contains("from a.dit.yaml", run.Sources["Wrong2.g.cs"]);
        Assert.Empty(run.CompilerComplaints());
    }

    private const string Latents = """
        model: Latents
        depth: 1
        width: 8
        heads: 2
        patch_size: 2
        input: { channels: 4, size: 4 }
        conditioning: { classes: 2 }
        samplers:
          ddim-10: { method: ddim, steps: 10 }
        """;

    [Fact]
    public void A_warning_stands_at_its_place_and_the_model_is_written()
    {
        var run = Generate.From(new SpecText("a.dit.yaml", Latents));

        Assert.StartsWith(
            "a.dit.yaml(6,20): warning DIT116: An input of 4 channels may be latents, but without 'autoencoder' the samplers clip it to "
                + "[-1, 1]; ",
            Text(Assert.Single(run.Diagnostics)));
        Assert.Contains("Steps: 10, Eta: 0, ClipDenoised: true));", run.Sources["Latents.g.cs"]);
    }

    [Theory]
    [InlineData("patch_size: 2", "patch_size: 2\nautoencoder: none", true)]
    [InlineData("patch_size: 2", "patch_size: 2\nautoencoder: kl-f8", false)]
    [InlineData("steps: 10", "steps: 10, clip_denoised: false", false)]
    [InlineData("steps: 10", "steps: 10, clip_denoised: true", true)]
    public void What_answers_the_warning_is_what_is_generated(string text, string replacement, bool clips)
    {
        var run = Generate.From(new SpecText("a.dit.yaml", Latents.Replace(text, replacement))).AssertCompiles();

        Assert.Equal(clips, run.Sources["Latents.g.cs"].Contains("ClipDenoised: true"));
    }

    [Fact]
    public void A_warning_and_an_error_of_another_file_are_both_reported() => Assert.Equal(
        ["DIT101", "DIT116"],
        Generate
            .From(new SpecText("a.dit.yaml", Latents), new SpecText("b.dit.yaml", Latents.Replace("heads: 2", "heads: 3")))
            .Diagnostics.Select(static d => d.Id)
            .Order());

    [Fact]
    public void What_was_not_utf8_is_an_error_however_the_compiler_has_read_it()
    {
        var named = Latents.Replace("model: Latents", "model: Gr\u00fcn").Replace("patch_size: 2", "patch_size: 2\nautoencoder: none");
        Assert.Empty(Generate.From(new SpecText("a.dit.yaml", named, Encoding.UTF8)).Diagnostics);
        Assert.Empty(Generate.From(new SpecText("a.dit.yaml", named, Encoding.Unicode)).Diagnostics);
        Assert.Equal(
            "a.dit.yaml(1,10): error DIT018: The file is not UTF-8: it was read as iso-8859-1, and this character depends on that; save "
                + "the file as UTF-8",
            Text(Assert.Single(Generate.From(new SpecText("a.dit.yaml", named, Encoding.Latin1)).Diagnostics)));
        Assert.StartsWith(
            "a.dit.yaml(1,10): error DIT018: Here is U+FFFD REPLACEMENT CHARACTER, ",
            Text(Assert.Single(Generate.From(new SpecText("a.dit.yaml", named.Replace('\u00fc', '\uFFFD'))).Diagnostics)));
    }

    [Fact]
    public void A_file_of_something_else_is_one_compiler_error() => Assert.StartsWith(
        "a.dit.yaml(1,1): error DIT019: This is not a spec: ",
        Text(Assert.Single(Generate.From(new SpecText("a.dit.yaml", "{\n  \"name\": \"x\",\n  \"version\": \"1\"\n}\n")).Diagnostics)));

    [Fact]
    public void Names_that_are_legal_but_unusual_compile()
    {
        const string spec = "depth: 1\nwidth: 8\nheads: 2\npatch_size: 2\ninput: { channels: 3, size: 4 }\nconditioning: { classes: 2 }\n";
        Generate.From(
            new SpecText("a.dit.yaml", "model: tiny\n" + spec),
            new SpecText("b.dit.yaml", "model: 'My \"quoted\" <model> // & more'\n" + spec),
            new SpecText(
                "c.dit.yaml",
                "model: Tensors\n" + spec + "samplers: { card: { method: ddpm, steps: 5 }, a--b: { method: ddim, steps: 7 } }\n"))
        .AssertCompiles();
    }

    [Theory]
    [InlineData("a.dit.yaml"), InlineData("a.dit.yml"), InlineData("A.DIT.YML"), InlineData("models/.dit.Yaml")]
    public void A_spec_is_known_by_either_ending(string path) =>
        Assert.NotEmpty(Generate.From(new SpecText(path, FiveMistakes)).Diagnostics);

    [Fact]
    public void Other_files_are_left_alone()
    {
        var run = Generate.From(
            new SpecText("settings.yaml", "model: A"),
            new SpecText("settings.yml", "model: A"),
            new SpecText("dit.yaml.txt", "model: A"),
            new SpecText("adit.yaml", "model: A"));

        Assert.Empty(run.Diagnostics);
        Assert.Empty(run.Sources);
    }

    private static string Text(Diagnostic diagnostic)
    {
        var span = diagnostic.Location.GetLineSpan();
        var start = span.StartLinePosition;
        return $"{span.Path}({start.Line + 1},{start.Character + 1}): "
            + $"{(diagnostic.Severity == DiagnosticSeverity.Error ? "error" : "warning")} {diagnostic.Id}: "
            + $"{diagnostic.GetMessage(System.Globalization.CultureInfo.InvariantCulture)}";
    }

    [Fact]
    public void A_diagnostic_leads_to_its_page_where_the_repository_has_an_address()
    {
        Assert.Null(Diagnostics.HelpLink("DIT101", null));
        var page = Diagnostics.HelpLink("DIT101", "https://example.org/o/n") ?? "";
        Assert.StartsWith("https://example.org/o/n/blob/HEAD/", page, StringComparison.Ordinal);
        Assert.True(File.Exists(Path.Combine(Repository.Root, page["https://example.org/o/n/blob/HEAD/".Length..])), page);
    }
}
