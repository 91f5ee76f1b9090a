using System.Reflection;
using System.Text.Json;
using Dit.Spec;

namespace Dit.Commands.Tests;

public sealed class DiffTests : IDisposable
{
    private const string Small = """
        model: Small
        depth: 2
        width: 64
        heads: 4
        patch_size: 2
        input: { channels: 3, size: 8 }
        conditioning: { classes: 5 }
        samplers:
          ddim-10: { method: ddim, steps: 10 }
        """;

    private const string Family = """
        family: Net-{size}/{patch_size}
        matrix:
          size:
            A: { depth: 2, width: 64, heads: 4 }
            B: { depth: 3, width: 128, heads: 8 }
          patch_size: [2, 4]
        input: { channels: 3, size: 8 }
        conditioning: { classes: 5 }
        """;

    private readonly TestFolder folder = new();

    public void Dispose() => folder.Dispose();

    private (string A, string B) Files(string text, params (string From, string To)[] edits) =>
        (folder.File("a.dit.yaml", text), folder.File("b.dit.yaml", Edited(text, edits)));

    private static string Edited(string text, params (string From, string To)[] edits) => edits.Aggregate(text, static (now, edit) =>
    {
        Assert.Contains(edit.From, now, StringComparison.Ordinal);
        return now.Replace(edit.From, edit.To, StringComparison.Ordinal);
    });

    [Fact]
    public void A_family_is_a_row_for_each_model_and_a_section_for_what_changed()
    {
        var (a, b) = Files(Family, ("heads: 8", "heads: 4"), ("classes: 5", "classes: 7"));

        Assert.Equal(
            $"""
            {a} -> {b}
            4 models changed

              model    parameters                   MACs      activations, training           old checkpoints
              Net-A/2  182,104 -> 182,232  +0.07 %    1.76 M  180.36 kB                       do not load
              Net-A/4  188,320 -> 188,448  +0.07 %  513.28 k   47.40 kB                       do not load
              Net-B/2  980,504 -> 980,760  +0.03 %   10.10 M  523.40 kB -> 522.63 kB  -0.1 %  do not load
              Net-B/4  992,864 -> 993,120  +0.03 %    2.83 M  134.50 kB -> 134.31 kB  -0.1 %  do not load
              Activations are those of one image in float32; guidance doubles those of sampling.

            Net-A/2, Net-A/4
              conditioning.classes  5 -> 7
              Old checkpoints do not load: 1 tensor changes its shape; 31 of 32 stay as they are.
                y_embedder.embedding_table.weight  6 x 64 -> 8 x 64

            Net-B/2, Net-B/4
              heads                 8 -> 4  shapes do not show it: attention splits the channels into other heads
              conditioning.classes  5 -> 7
              Old checkpoints do not load: 1 tensor changes its shape; 41 of 42 stay as they are.
                y_embedder.embedding_table.weight  6 x 128 -> 8 x 128

            """.ReplaceLineEndings("\n"), Cli.Run("diff", a, b).Succeeds());
    }

    [Fact]
    public void Unchanged_models_are_one_line_in_text_and_whole_in_json()
    {
        var (a, b) = Files(Family, ("A: { depth: 2", "A: { depth: 3"));
        var lines = Cli.Run("diff", a, b).Succeeds().Split('\n');

        Assert.Contains("2 models changed, 2 unchanged", lines);
        Assert.Equal(
            "  2 models unchanged: Net-B/2, Net-B/4",
            Assert.Single(lines, static line => line.Contains("Net-B", StringComparison.Ordinal)));
        using var json = JsonDocument.Parse(Cli.Run("diff", "--json", a, b).Succeeds());
        Assert.Equal(
            ["changed", "changed", "unchanged", "unchanged"],
            json.RootElement.GetProperty("models").EnumerateArray().Select(static m => m.GetProperty("status").GetString()));
    }

    [Fact]
    public void Many_unchanged_models_are_counted()
    {
        var shipped = File.ReadAllText(Path.Combine(Specs, "dit.dit.yaml"));
        var (a, b) = Files(shipped, ("XL: { depth: 28,", "XL: { depth: 27,"));
        var lines = Cli.Run("diff", a, b).Succeeds().Split('\n');

        Assert.Single(lines, static line => line == "  9 models unchanged");
        Assert.DoesNotContain(lines, static line => line.Contains("DiT-B", StringComparison.Ordinal));
        Assert.True(lines.Length < 30, $"{lines.Length} lines");
    }

    [Fact]
    public void Bytes_that_are_not_utf8_are_an_error_of_their_file()
    {
        var a = folder.File("a.dit.yaml", Small);
        var b = folder.Path("b.dit.yaml");
        File.WriteAllBytes(b, [.. System.Text.Encoding.Latin1.GetBytes(Edited(Small, ("model: Small", "model: Gr\u00fcn")))]);

        var result = Cli.Run("diff", a, b);

        Assert.Equal($"{b}(1,10): error DIT018: The byte 0xFC here is not UTF-8; save the file as UTF-8\n", result.Out);
        Assert.Equal($"{b} has 1 error.", result.Mistake());
    }

    [Fact]
    public void Lines_of_tensors_that_not_all_models_share_name_their_models()
    {
        var (a, b) = Files(Family, ("size: 8", "size: 16"));
        var lines = Cli.Run("diff", a, b).Succeeds().Split('\n');

        Assert.Contains("All 4 models", lines);
        Assert.Contains("    pos_embed  1 x 16 x 64 -> 1 x 64 x 64    Net-A/2", lines);
        Assert.Contains("    pos_embed  1 x 4 x 128 -> 1 x 16 x 128   Net-B/4", lines);
        Assert.Equal(4, lines.Count(static line => line.EndsWith("load with new positions", StringComparison.Ordinal)));
    }

    [Theory]
    [InlineData(
        "heads: 4",
        "heads: 8",
        "load, but mean something else",
        "Old checkpoints load without complaint, as every name and shape is the same, but their weights were trained for the old heads.")]
    [InlineData("steps: 10", "steps: 20", "load as they are", "Old checkpoints load as they are, and mean what they did.")]
    [InlineData("model: Small", "model: Other", "load as they are", "the class Small becomes Other; code that names it must follow")]
    [InlineData(
        "size: 8",
        "size: [4, 16]",
        "load with new positions",
        "Old checkpoints load without complaint, as the position table keeps its shape, but its rows are in the order of the old grid: "
            + "recompute it.")]
    [InlineData("depth: 2", "depth: 4", "do not load", "    blocks.2-3  20 x  appear, 149,376 parameters")]
    [InlineData("depth: 2", "depth: 1", "do not load", "    blocks.1  10 x  go, 74,688 parameters")]
    public void One_model_has_its_verdict_in_the_table_and_in_words(string from, string to, string verdict, string words)
    {
        var (a, b) = Files(Small, (from, to));
        var lines = Cli.Run("diff", a, b).Succeeds().Split('\n');

        Assert.EndsWith("  " + verdict, lines[4], StringComparison.Ordinal);
        Assert.Contains(lines, line => line.Contains(words, StringComparison.Ordinal));
    }

    [Fact]
    public void A_row_is_one_plain_line_however_long_the_names_are()
    {
        var (a, b) = Files(Small, ("model: Small", $"model: {new string('x', 90)}"));
        var lines = Cli.Run("diff", a, b).Succeeds().Split('\n');

        Assert.Contains(lines, static line =>
            line.Contains($"Small -> {new string('x', 90)}  ", StringComparison.Ordinal)
            && line.EndsWith("load as they are", StringComparison.Ordinal));
        Assert.All(lines, static line => Assert.Equal(line.TrimEnd(), line));
        Assert.DoesNotContain(lines, static line => line.Any(char.IsControl));
    }

    // The most telling form of the numbers that fits, and no line that is wider than the window.
    [Theory]
    [InlineData(
        200,
        "  DiT-XL/2  675,129,632 -> 676,014,368    +0.1 %  118.64 G -> 524.61 G  +342.2 %  664.88 MB ->   2.66 GB  +299.9 %   18.87 MB -> "
            + "75.50 MB  +300.0 %  load with new positions")]
    [InlineData(
        160,
        "  DiT-XL/2  676.01 M    +0.1 %  524.61 G  +342.2 %    2.66 GB  +299.9 %    75.50 MB  +300.0 %     load with new positions")]
    [InlineData(100, "  DiT-XL/2  675.13 M -> 676.01 M    +0.1 %  118.64 G -> 524.61 G  +342.2 %  load with new positions")]
    [InlineData(80, "  DiT-XL/2  676.01 M    +0.1 %  524.61 G  +342.2 %  load with new positions")]
    public void Numbers_are_told_as_far_as_the_window_is_wide(int width, string row)
    {
        var shipped = Path.Combine(Specs, "dit.dit.yaml");
        var (a, b) = (ModelsOf(File.ReadAllText(shipped)), ModelsOf(Edited(File.ReadAllText(shipped), ("size: 32 }", "size: 64 }"))));

        string[] lines =
        [
            .. DiffText
                .Lines("a", "b", SpecDiff.Between(a, b), width)
                .Select(static line => string.Concat(line.Select(static cell => cell.Text))),
        ];

        Assert.Contains(row, lines);
        Assert.All(lines, line => Assert.True(line.Length <= width, line));
    }

    private static string Specs { get; } =
        Path.Combine(
            typeof(DiffTests).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>().Single(static a => a.Key == "RepositoryRoot").Value
                ?? "",
            "definitions");

    private static IReadOnlyList<ModelSpec> ModelsOf(string text) => [.. SpecFile.Parse(text).Models.Select(static m => m.Spec)];

    [Fact]
    public void Equal_specs_are_two_lines_whatever_their_text()
    {
        var (a, b) = Files(Small, ("model: Small", "# a comment\nmodel: 'Small'"));

        Assert.Equal($"{a} -> {b}\n1 model, nothing differs\n", Cli.Run("diff", a, b).Succeeds());
    }

    [Fact]
    public void The_exit_code_tells_a_difference_when_asked()
    {
        var (a, b) = Files(Small, ("depth: 2", "depth: 3"));

        Assert.Equal(0, Cli.Run("diff", a, b).Code);
        Assert.Equal((3, ""), (Cli.Run("diff", "--exit-code", a, b).Code, Cli.Run("diff", "--exit-code", a, b).Error));
        Assert.Equal(3, Cli.Run("diff", "--exit-code", "--json", a, b).Code);
        Assert.Equal(0, Cli.Run("diff", "--exit-code", a, a).Code);
    }

    [Fact]
    public void Json_holds_what_the_text_says()
    {
        var (a, b) = Files(Small, ("classes: 5", "classes: 6"), ("steps: 10", "steps: 12"), ("depth: 2", "depth: 3"));
        using var json = JsonDocument.Parse(Cli.Run("diff", "--json", a, b).Succeeds());
        var root = json.RootElement;

        Assert.Equal(
            (a, b, true),
            (root.GetProperty("a").GetString(), root.GetProperty("b").GetString(), root.GetProperty("differs").GetBoolean()));
        Assert.Equal(0, root.GetProperty("errors").GetArrayLength());
        var model = Assert.Single(root.GetProperty("models").EnumerateArray());
        Assert.Equal(
            ("Small", "changed", "no"),
            (
                model.GetProperty("name").GetString(),
                model.GetProperty("status").GetString(),
                model.GetProperty("checkpoint").GetProperty("loads").GetString()));
        Assert.Equal(
            74_688 + 64,
            model.GetProperty("b").GetProperty("parameters").GetInt64() - model.GetProperty("a").GetProperty("parameters").GetInt64());
        Assert.NotEqual(
            model.GetProperty("a").GetProperty("specHash").GetString(), model.GetProperty("b").GetProperty("specHash").GetString());
        Assert.Equal(
            ["depth tensors", "conditioning.classes tensors", "samplers.ddim-10 sampling"],
            model
                .GetProperty("settings")
                .EnumerateArray()
                .Select(static s => $"{s.GetProperty("key").GetString()} {s.GetProperty("bearing").GetString()}"));
        var parameters = model.GetProperty("parameters").EnumerateArray().ToArray();
        Assert.Equal(11, parameters.Length);
        Assert.Equal(
            [6, 64, 7, 64],
            parameters[0]
                .GetProperty("from")
                .EnumerateArray()
                .Concat(parameters[0].GetProperty("to").EnumerateArray())
                .Select(static side => side.GetInt32()));
        Assert.Equal(
            ("blocks.2.attn.qkv.weight", "appeared", JsonValueKind.Null),
            (
                parameters[1].GetProperty("name").GetString(), parameters[1].GetProperty("change").GetString(),
                parameters[1].GetProperty("from").ValueKind));
        Assert.Equal(31, model.GetProperty("keptParameters").GetInt32());
    }

    [Theory]
    [InlineData("heads: 4", "heads: 8", "means-something-else", "heads")]
    [InlineData("steps: 10", "steps: 20", "as-it-is", "")]
    [InlineData("size: 8", "size: 16", "recompute-positions", "")]
    [InlineData("classes: 5", "classes: 9", "no", "y_embedder.embedding_table.weight")]
    public void Json_has_a_word_for_each_verdict(string from, string to, string loads, string because)
    {
        var (a, b) = Files(Small, (from, to));
        using var json = JsonDocument.Parse(Cli.Run("diff", "--json", a, b).Succeeds());
        var checkpoint = json.RootElement.GetProperty("models")[0].GetProperty("checkpoint");

        Assert.Equal(loads, checkpoint.GetProperty("loads").GetString());
        Assert.Equal(because, string.Join(",", checkpoint.GetProperty("because").EnumerateArray().Select(static b => b.GetString())));
    }

    [Fact]
    public void Folders_are_compared_model_by_model_without_build_outputs()
    {
        foreach (var name in new[] { "old", "new/deep", "new/bin" }) Directory.CreateDirectory(folder.Path(name));
        folder.File("old/small.dit.yaml", Small);
        folder.File("old/gone.dit.yaml", Edited(Small, ("model: Small", "model: Gone"), ("depth: 2", "depth: 1")));
        folder.File("new/deep/moved.dit.yaml", Edited(Small, ("depth: 2", "depth: 3")));
        folder.File("new/fresh.dit.yaml", Edited(Small, ("model: Small", "model: Fresh"), ("depth: 2", "depth: 4")));
        folder.File("new/bin/copy.dit.yaml", Small);
        folder.File("new/notes.yaml", "not: a spec");

        var text = Cli.Run("diff", folder.Path("old"), folder.Path("new")).Succeeds();

        Assert.Contains("\n1 model changed, 1 added, 1 removed\n", text, StringComparison.Ordinal);
        Assert.Matches(@"\n  Small +[\d,]+ -> [\d,]+ .*do not load\n  Fresh .*new model\n  Gone .*model removed\n", text);
    }

    [Fact]
    public void Every_error_of_both_sides_has_its_place()
    {
        var (a, b) = (
            folder.File("a.dit.yaml", Edited(Small, ("heads: 4", "heads: 5"))),
            folder.File("b.dit.yaml", Edited(Small, ("depth: 2", "depht: 2"), ("heads: 4", "heads: 7"))));
        var result = Cli.Run("diff", a, b);

        var lines = result.Out.TrimEnd().Split('\n');
        Assert.Equal(3, lines.Length);
        Assert.StartsWith($"{a}(3,8): error DIT101: Width 64 is not divisible by 5 heads", lines[0], StringComparison.Ordinal);
        Assert.All(lines[1..], line => Assert.StartsWith($"{b}(", line, StringComparison.Ordinal));
        Assert.Equal($"{a} and {b} have 3 errors.", result.Mistake());
    }

    [Fact]
    public void Errors_as_json_are_whole()
    {
        var (a, b) = Files(Small, ("heads: 4", "heads: 5"));
        var result = Cli.Run("diff", "--json", a, b);
        using var json = JsonDocument.Parse(result.Out);

        var error = Assert.Single(json.RootElement.GetProperty("errors").EnumerateArray());
        Assert.Equal(
            (b, "DIT101", 3, 8),
            (
                error.GetProperty("file").GetString(), error.GetProperty("id").GetString(), error.GetProperty("line").GetInt32(),
                error.GetProperty("column").GetInt32()));
        Assert.Equal(JsonValueKind.Null, json.RootElement.GetProperty("differs").ValueKind);
        Assert.Equal($"{b} has 1 error.", result.Mistake());
    }

    [Fact]
    public void Two_files_with_one_class_collide()
    {
        var (a, b) = Files(Small, ("depth: 2", "depth: 3"));

        Assert.Contains("DIT107", Cli.Run("diff", folder.Root, b).Out, StringComparison.Ordinal);
        Assert.EndsWith("has 1 error.", Cli.Run("diff", a, folder.Root).Mistake(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_folder_is_read_by_either_ending_of_its_specs()
    {
        foreach (var side in (string[])["a", "b"]) Directory.CreateDirectory(folder.Path(side));
        folder.File(Path.Combine("a", "one.dit.yml"), Small);
        folder.File(Path.Combine("b", "one.DIT.YAML"), Small);
        folder.File(Path.Combine("b", "settings.yml"), "no: spec");

        Assert.StartsWith(
            $"{folder.Path("a")} -> {folder.Path("b")}\n",
            Cli.Run("diff", folder.Path("a"), folder.Path("b")).Succeeds(),
            StringComparison.Ordinal);
    }

    [Fact]
    public void What_is_not_there_is_one_line()
    {
        var a = folder.File("a.dit.yaml", Small);
        var none = folder.Path("none.dit.yaml");
        Directory.CreateDirectory(folder.Path("empty"));

        Assert.Equal($"There is no file or folder '{none}'.", Cli.Run("diff", a, none).Mistake());
        Assert.Equal($"There is no file or folder '{none}'.", Cli.Run("diff", none, a).Mistake());
        Assert.Equal(@"There is no file or folder 'C:\none'.", Cli.Run("diff", @"C:\none", a).Mistake());
        Assert.Equal("There is no file or folder 'C:/none'.", Cli.Run("diff", "C:/none", a).Mistake());
        Assert.Equal("There is no file or folder '-main:x'.", Cli.Run("diff", "--", "-main:x", a).Mistake());
        Assert.Equal(
            $"There is no *.dit.yaml or *.dit.yml file in '{folder.Path("empty")}'.",
            Cli.Run("diff", a, folder.Path("empty")).Mistake());
    }
}
