using System.Security.Cryptography;
using System.Text.Json;
using Dit.Definitions;
using Dit.Runtime;

namespace Dit.Commands.Tests;

/// <summary><c>dit inspect</c> of pictures: how they were made, and the command that makes them again.</summary>
[Collection(WithTrainedShapes.Name)]
public sealed class ImageInspectionTests(TrainedShapes trained) : IDisposable
{
    private readonly TestFolder folder = new();

    private string[] Line(string output, params string[] more) =>
        [
            "sample", "--checkpoint", trained.Weights, "--steps", "2", "--count", "2", "--classes", "star,heart", "--seed", "5", "--out",
            folder.Path(output), .. more,
        ];

    public void Dispose() => folder.Dispose();

    [Theory]
    [InlineData("a.png")]
    [InlineData("a.jpg")]
    public void A_picture_says_how_it_was_made(string name)
    {
        Cli.Run(Line(name, "--cfg", "3", "--cfg-interval", "0.1,inf")).Succeeds();
        var texts = ImageTexts.Read(folder.Path(name));
        var hash = Convert.ToHexStringLower(SHA256.HashData(File.ReadAllBytes(trained.Weights)));
        Assert.Equal(
            [
                ("dit.model", "Shapes"), ("dit.spec", Shapes.Card.SpecHash), ("dit.checkpoint", $"sha256:{hash}"),
                ("dit.checkpoint.file", "weights.safetensors"), ("dit.classes", "8,5"), ("dit.class.names", "star, heart"),
                ("dit.sampler", "ddpm-100"), ("dit.method", "ddpm"), ("dit.steps", "2"), ("dit.evaluations", "2"),
                ("dit.guidance", "3"), ("dit.guidance.channels", "3"), ("dit.guidance.interval", "0.1,inf"), ("dit.seed", "5"),
                ("dit.first", "0"), ("dit.count", "2"),
            ],
            texts.Skip(1).Select(static text => (text.Key, text.Value)));
        Assert.StartsWith("dit ", texts["Software"], StringComparison.Ordinal);
    }

    [Fact]
    public void The_command_makes_the_picture_again()
    {
        var line = Line("a.png", "--batch 3 --cfg-channels all --dtype bf16 --weights model --first 7".Split(' '));
        line[2] = trained.Checkpoint;
        Cli.Run(line).Succeeds();
        Assert.Equal(ImageFile.Read(folder.Path("a.png")).Pixels.ToArray(), Again("a.png", out var command).Pixels.ToArray());
        Assert.Equal(
            "dit sample --model Shapes --checkpoint checkpoint.safetensors --weights model --classes 8,5 --sampler ddpm-100 --steps 2 "
                + "--cfg 2 --cfg-channels all --seed 5 --first 7 --count 2 --batch 3 --dtype bf16 --out again.png",
            command);
        Assert.Equal(File.ReadAllBytes(folder.Path("a.png")), File.ReadAllBytes(folder.Path("again.png")));
    }

    [Fact]
    public void A_single_picture_of_a_folder_is_made_again_alone()
    {
        Cli.Run(Line("run", "--first", "3")).Succeeds();
        var again = Again(Path.Combine("run", "0005-5-heart.png"), out var command);
        Assert.Contains(" --classes 5 ", command, StringComparison.Ordinal);
        Assert.Contains(" --seed 5 --first 5 --count 1 ", command, StringComparison.Ordinal);
        using var scope = TorchSharp.torch.NewDisposeScope();
        var image = ImageFile.ReadTensor(folder.Path("run", "0005-5-heart.png"));
        var layout = ImageGrid.Layout(1, 32, 32, new(1, Scale: 3, RowLabels: ["heart"]));
        var (x, y) = layout.Cell(0);
        var cell = again.ToTensor()[.., y..(y + 96), x..(x + 96)][.., TorchSharp.torch.TensorIndex.Slice(0, null, 3),
            TorchSharp.torch.TensorIndex.Slice(0, null, 3)];
        Assert.InRange((cell.to(TorchSharp.torch.float32) - image).abs().max().item<float>(), 0, 1); // a batch of another size
        Assert.Equal("5", ImageTexts.Read(folder.Path("run", "0005-5-heart.png"))["dit.index"]);
        Assert.False(ImageTexts.Read(folder.Path("run", "grid.png")).ContainsKey("dit.index"));
    }

    private RgbImage Again(string name, out string command)
    {
        var text = Cli.Run("inspect", folder.Path(name)).Succeeds();
        Assert.StartsWith($"{folder.Path(name)}: a picture made by dit ", text, StringComparison.Ordinal);
        Assert.Contains("\nThis command makes it again:\n", text, StringComparison.Ordinal);
        command = text.TrimEnd('\n').Split('\n')[^1];
        string[] words = [.. command.Split(' ').Skip(1).Select(word => word switch
        {
            "weights.safetensors" => trained.Weights,
            "checkpoint.safetensors" => trained.Checkpoint,
            "again.png" => folder.Path("again.png"),
            _ => word,
        })];
        Cli.Run(words).Succeeds();
        return ImageFile.Read(folder.Path("again.png"));
    }

    [Fact]
    public void Previews_and_animations_say_it_too()
    {
        Cli.Run(Line("a.png", "--preview", "1", "--gif")).Succeeds();
        Assert.Equal("2 of 2", ImageTexts.Read(folder.Path("a.preview.png"))["dit.step"]);
        Assert.Equal(ImageTexts.Read(folder.Path("a.png")), ImageTexts.Read(folder.Path("a.gif")));
        Assert.Contains("--seed 5", Cli.Run("inspect", folder.Path("a.gif")).Succeeds(), StringComparison.Ordinal);
    }

    [Fact]
    public void Json_has_every_text_and_the_command()
    {
        Cli.Run(Line("a.png")).Succeeds();
        using var json = JsonDocument.Parse(Cli.Run("inspect", folder.Path("a.png"), "--json").Succeeds());
        Assert.True(json.RootElement.GetProperty("isSample").GetBoolean());
        Assert.Equal("Shapes", json.RootElement.GetProperty("texts").GetProperty("dit.model").GetString());
        Assert.StartsWith("dit sample ", json.RootElement.GetProperty("command").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_picture_without_such_texts_a_cut_one_and_a_foreign_one_are_a_sentence()
    {
        var picture = ShapesDataset.Render(5, 3, 64);
        ImageFile.Write(folder.Path("plain.png"), picture);
        Assert.Equal(
            $"{folder.Path("plain.png")}: a picture that does not say how it was made: it has no text.\n",
            Cli.Run("inspect", folder.Path("plain.png")).Succeeds());
        ImageFile.Write(folder.Path("other.png"), picture, new Dictionary<string, string> { ["Author"] = "somebody\u001b[2J" });
        Assert.Equal(
            $"{folder.Path("other.png")}: a picture that does not say how it was made: its text is not of 'dit sample'.\n"
                + "  Author  somebody [2J\n",
            Cli.Run("inspect", folder.Path("other.png")).Succeeds());
        File.WriteAllBytes(folder.Path("cut.png"), File.ReadAllBytes(folder.Path("plain.png"))[..200]);
        Assert.Equal(
            $"{folder.Path("cut.png")} ends before the picture does.", Cli.Run("inspect", folder.Path("cut.png")).Mistake());
        Assert.EndsWith(
            "is text, not a PNG, JPEG, WebP or BMP file.",
            Cli.Run("inspect", folder.File("text.png", "not a picture")).Mistake(),
            StringComparison.Ordinal);
    }

    [Fact]
    public void A_value_of_a_strange_file_is_one_quoted_word()
    {
        var texts = new Dictionary<string, string>
        {
            ["dit.model"] = "No such model",
            ["dit.spec.file"] = "a b'; rm -rf ~ #.dit.yaml",
            ["dit.sampler"] = "--out",
            ["dit.seed"] = "1\n2",
        };
        ImageFile.Write(folder.Path("a.png"), ShapesDataset.Render(5, 3, 64), texts);
        Assert.EndsWith(
            "\ndit sample --model 'a b'\\''; rm -rf ~ #.dit.yaml' --sampler=--out --seed '1 2' --out again.png\n",
            Cli.Run("inspect", folder.Path("a.png")).Succeeds(),
            StringComparison.Ordinal);
    }

    [Fact]
    public void A_different_spec_of_the_same_name_is_said()
    {
        var texts = new Dictionary<string, string> { ["dit.model"] = "Shapes", ["dit.spec"] = "0123", ["dit.seed"] = "1" };
        ImageFile.Write(folder.Path("a.png"), ShapesDataset.Render(5, 3, 64), texts);
        Assert.Contains(
            $"The Shapes of this program has a different spec, with the hash {Shapes.Card.SpecHash}: the image may differ.",
            Cli.Run("inspect", folder.Path("a.png")).Succeeds(),
            StringComparison.Ordinal);
    }
}
