using Dit.Commands.Tests.Tiny;
using Dit.Runtime;
using static TorchSharp.torch;

namespace Dit.Commands.Tests;

/// <summary>What <c>dit diff</c> takes beside specs, and the form for pull requests, on the command line.</summary>
public sealed class DiffSidesTests : IDisposable
{
    private static readonly string Demo = Path.Combine(AppContext.BaseDirectory, "weights", "shapes.safetensors");

    private readonly TestFolder folder = new();
    private readonly string shapes;

    public DiffSidesTests() => shapes = folder.File("shapes.dit.yaml", Definitions.Shapes.Card.Spec ?? "");

    public void Dispose() => folder.Dispose();

    private string Edited(string from, string to)
    {
        var text = File.ReadAllText(shapes);
        Assert.Contains(from, text, StringComparison.Ordinal);
        return folder.File("edited.dit.yaml", text.Replace(from, to, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("out.safetensors", "dit")]
    [InlineData("out.pt", "official")]
    [InlineData("out.weights", null)] // under an ending that says nothing
    [InlineData("out", "diffusers")]
    public void A_checkpoint_of_any_form_says_whether_it_fits_an_edited_spec(string name, string? form)
    {
        var weights = folder.Path(name);
        Cli.Run("convert", Demo, form is null ? folder.Path("a.pt") : weights, "--to", form ?? "official").Succeeds();
        if (form is null) File.Move(folder.Path("a.pt"), weights);

        Assert.Equal($"{weights} -> {shapes}\n1 model, nothing differs\n", Cli.Run("diff", weights, shapes).Succeeds());
        Assert.Contains(
            "but their weights were trained for the old heads.",
            Cli.Run("diff", weights, Edited("heads: 5", "heads: 4")).Succeeds(),
            StringComparison.Ordinal);
        var comment = Cli.Run("diff", weights, Edited("width: 160", "width: 320"), "--markdown").Succeeds();
        Assert.StartsWith("<!-- dit diff -->\n**Old checkpoints do not load** for `Shapes`.\n", comment, StringComparison.Ordinal);
        Assert.Equal(0, Cli.Run("diff", shapes, weights, "--exit-code").Code);
        Assert.Equal(3, Cli.Run("diff", Edited("depth: 4", "depth: 5"), weights, "--exit-code").Code);
    }

    [Fact]
    public void Of_a_folder_of_specs_a_checkpoint_is_compared_with_its_own()
    {
        Directory.CreateDirectory(folder.Path("specs"));
        folder.File("specs/shapes.dit.yaml", File.ReadAllText(shapes));
        folder.File("specs/other.dit.yaml", File.ReadAllText(shapes).Replace("model: Shapes", "model: Other", StringComparison.Ordinal));
        Assert.EndsWith("\n1 model, nothing differs\n", Cli.Run("diff", Demo, folder.Path("specs")).Succeeds(), StringComparison.Ordinal);
        Assert.EndsWith("\n1 model, nothing differs\n", Cli.Run("diff", folder.Path("specs"), Demo).Succeeds(), StringComparison.Ordinal);
        Assert.EndsWith("\n1 model, nothing differs\n", Cli.Run("diff", Demo, Demo).Succeeds(), StringComparison.Ordinal);

        using (var tiny = TinyText.Create()) Checkpoint.Save(tiny, folder.Path("tiny.safetensors"));
        Assert.Equal(
            $"'{folder.Path("tiny.safetensors")}' is a checkpoint of Tiny-Text, and '{folder.Path("specs")}' has no model of that name; it "
                + $"has Other, Shapes.",
            Cli.Run("diff", folder.Path("tiny.safetensors"), folder.Path("specs")).Mistake());
    }

    [Fact]
    public void A_checkpoint_without_a_spec_or_with_a_wrong_one_is_one_line()
    {
        var weights = folder.Path("a.safetensors");
        string Refused(Dictionary<string, string>? said)
        {
            using (var values = ones(2)) SafeTensors.Save(weights, [("x", values)], said);
            return Cli.Run("diff", weights, shapes).Mistake();
        }

        const string None =
            " carries no spec: it was not written by dit, or by a version that did not keep one in it. Name the spec of its model in place "
                + "of it.";
        Assert.Equal($"'{weights}'{None}", Refused(null));
        Assert.Equal($"'{weights}'{None}", Refused(new() { [ModelCard.SpecKey] = new string('#', CheckpointSpec.MaxBytes + 1) }));
        Assert.Equal(
            $"{weights} has 1 error.",
            Refused(new() { [ModelCard.SpecKey] = File.ReadAllText(shapes).Replace("heads: 5", "heads: 7", StringComparison.Ordinal) }));
        Assert.StartsWith($"{weights}(3,8): error DIT101: ", Cli.Run("diff", weights, shapes).Out, StringComparison.Ordinal);

        File.WriteAllText(folder.Path("cut.pt"), "PK\0\0");
        Assert.StartsWith(
            $"'{folder.Path("cut.pt")}' ", Cli.Run("diff", folder.Path("cut.pt"), shapes).Mistake(), StringComparison.Ordinal);
        Assert.Equal(
            "There is no file or folder 'main', and a checkpoint is not looked for at git revisions: name a spec, or a folder of specs.",
            Cli.Run("diff", "main", weights).Mistake());
        Assert.StartsWith(
            $"There is no file or folder '{folder.Path("none.pt")}'", Cli.Run("diff", folder.Path("none.pt"), shapes).Mistake(),
            StringComparison.Ordinal);
    }

    [Fact]
    public void A_spec_under_another_ending_is_still_a_spec()
    {
        var (text, wide) = (File.ReadAllText(shapes), folder.Path("wide"));
        File.WriteAllText(wide, text, System.Text.Encoding.Unicode);
        Assert.EndsWith(
            "\n1 model, nothing differs\n",
            Cli.Run("diff", folder.File("plain", text), wide).Succeeds(),
            StringComparison.Ordinal);
        Directory.CreateDirectory(folder.Path("mixed"));
        folder.File("mixed/config.json", "{}");
        folder.File("mixed/a.dit.yaml", text);
        Assert.EndsWith("\n1 model, nothing differs\n", Cli.Run("diff", folder.Path("mixed"), shapes).Succeeds(), StringComparison.Ordinal);
    }

    [Fact]
    public void The_comment_is_for_no_program_and_errors_are_as_without_it()
    {
        Assert.Equal(
            "--json and --markdown are two forms of one answer: ask for one of them.",
            Cli.Run("diff", shapes, shapes, "--json", "--markdown").Mistake());
        Assert.Equal(
            (0, 3),
            (
                Cli.Run("diff", shapes, shapes, "--markdown", "--exit-code").Code,
                Cli.Run("diff", shapes, Edited("heads: 5", "heads: 4"), "--markdown", "--exit-code").Code));
        var wrong = Edited("heads: 5", "heads: 7");
        var (plain, comment) = (Cli.Run("diff", shapes, wrong), Cli.Run("diff", shapes, wrong, "--markdown"));
        Assert.Equal((plain.Out, plain.Mistake()), (comment.Out, comment.Mistake()));
        Assert.DoesNotContain('\x1b', Cli.Run("diff", shapes, Edited("heads: 5", "heads: 4"), "--markdown").Succeeds());
        Assert.Contains("--markdown", Cli.Run("diff", "--help").Out, StringComparison.Ordinal);
    }
}
