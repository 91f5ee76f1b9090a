namespace Dit.Commands.Tests;

/// <summary><c>dit check --python</c> and <c>--diagram</c>.</summary>
public sealed class ReadingTests : IDisposable
{
    private const string Family = """
        family: Two-{size}
        matrix:
          size: { S: { width: 64 }, L: { width: 128 } }
        depth: 2
        heads: 4
        patch_size: 2
        input: { channels: 3, size: 8 }
        conditioning: { classes: 5 }
        autoencoder: none
        samplers:
          ddim-10: { method: ddim, steps: 10 }
        """;

    private static readonly string Single = Family.Replace(
        "family: Two-{size}\nmatrix:\n  size: { S: { width: 64 }, L: { width: 128 } }", "model: One\nwidth: 64", StringComparison.Ordinal);

    private readonly TestFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void Both_files_are_written_and_named_below_the_table()
    {
        var (python, diagram) = (folder.Path("model.py"), folder.Path("block.svg"));
        var result = Cli.Run("check", folder.File("one.dit.yaml", Single), "--python", python, "--diagram", diagram);
        var lines = result.Succeeds().TrimEnd().Split('\n');

        Assert.StartsWith("One (class One, ", lines[0], StringComparison.Ordinal);
        Assert.Equal([$"Wrote {python}: One, in PyTorch", $"Wrote {diagram}: One, its block"], lines[^2..]);
        var spec = Assert.Single(Dit.Spec.SpecFile.Parse(Single).Models).Spec;
        Assert.Equal(Dit.Spec.PythonModel.Of(spec), File.ReadAllText(python));
        Assert.Equal(Dit.Spec.Diagram.Of(Dit.Spec.Diagram.Block(Dit.Spec.Description.Of(spec).Network), "One"), File.ReadAllText(diagram));
    }

    [Fact]
    public void Of_a_family_it_is_the_first_model_and_a_notice_says_so()
    {
        var (spec, file) = (folder.File("two.dit.yaml", Family), folder.Path("model.py"));
        var result = Cli.Run("check", "--json", spec, "--python", file);

        Assert.Equal(
            (0, $"dit: note: '{spec}' declares 2 models, and {file} has the first. For the next, check \"{spec}#Two-L\".\n"),
            (result.Code, result.Error));
        Assert.Contains("class TwoS(nn.Module):", File.ReadAllText(file), StringComparison.Ordinal);
        using var json = System.Text.Json.JsonDocument.Parse(result.Out); // nothing but the report
        Assert.Equal(2, json.RootElement.GetProperty("models").GetArrayLength());
    }

    [Theory]
    [InlineData("Two-L")]
    [InlineData("twol")]
    public void A_model_of_a_family_is_chosen_by_its_name_or_class(string name)
    {
        var file = folder.Path("model.py");
        var text = Cli.Run("check", $"{folder.File("two.dit.yaml", Family)}#{name}", "--python", file).Succeeds();

        Assert.Contains("class TwoL(nn.Module):", File.ReadAllText(file), StringComparison.Ordinal);
        Assert.StartsWith("Two-L (class TwoL, ", text, StringComparison.Ordinal);
        Assert.DoesNotContain("Two-S", text, StringComparison.Ordinal);
    }

    [Fact]
    public void A_model_that_the_family_does_not_have_is_a_mistake()
    {
        var spec = folder.File("two.dit.yaml", Family);
        Assert.Equal($"'{spec}' declares no model 'Three'; it has Two-S, Two-L.", Cli.Run("check", $"{spec}#Three").Mistake());
    }

    [Theory]
    [InlineData("--python", "model.txt", "--python writes a .py file, and '{0}' does not end in .py.")]
    [InlineData("--diagram", "block.png", "--diagram writes a .svg file, and '{0}' does not end in .svg.")]
    [InlineData("--diagram", "block", "--diagram writes a .svg file, and '{0}' does not end in .svg.")]
    public void A_file_of_another_ending_is_refused_before_anything_is_written(string option, string name, string message)
    {
        var file = folder.Path(name);
        var (other, good) = option == "--python" ? ("--diagram", "good.svg") : ("--python", "good.py");
        var result = Cli.Run("check", folder.File("one.dit.yaml", Single), other, folder.Path(good), option, file);

        Assert.Equal(string.Format(System.Globalization.CultureInfo.InvariantCulture, message, file), result.Mistake());
        Assert.Equal(("", "one.dit.yaml"), (result.Out, Assert.Single(folder.Files())));
    }

    [Fact]
    public void A_path_that_cannot_be_written_is_one_error_without_the_table()
    {
        var file = folder.Path("missing", "model.py");
        var result = Cli.Run("check", folder.File("one.dit.yaml", Single), "--python", file);

        Assert.Equal($"Cannot write '{file}': the folder '{folder.Path("missing")}' does not exist.", result.Mistake());
        Assert.Equal("", result.Out);
    }

    [Fact]
    public void A_spec_with_errors_leaves_the_old_file()
    {
        var spec = folder.File("one.dit.yaml", Single.Replace("heads: 4", "heads: 5", StringComparison.Ordinal));
        var file = folder.File("model.py", "old");

        Assert.Equal($"{spec} has 1 error.", Cli.Run("check", spec, "--python", file).Mistake());
        Assert.Equal("old", File.ReadAllText(file));
    }
}
