using Dit.Definitions;
using Dit.Runtime;

namespace Dit.Commands.Tests;

/// <summary>Which recipe a run starts from, and what is left to the user.</summary>
public sealed class StartRecipeTests : IDisposable
{
    private readonly TestFolder folder = new();

    public void Dispose() => folder.Dispose();

    private CliResult Train(string prediction, params string[] more)
    {
        if (!Directory.Exists(folder.Path("data"))) ShapesDataset.Write(folder.Path("data"), 10, 1, size: 8);
        var process = $"prediction: {prediction}, variance: fixed-small, schedule: squared-cosine";
        folder.File("small.dit.yaml", SmallSpec.Of(classes: 10).Replace("schedule: squared-cosine", process, StringComparison.Ordinal));
        return Cli.Run(
        [
            "train", "--data", folder.Path("data"), "--model", folder.Path("small.dit.yaml"), "--out", folder.Path("run"), "--steps", "1",
            .. more,
        ]);
    }

    private string[] Lines(string file = "run.yaml") => File.ReadAllLines(folder.Path("run", file));

    [Theory]
    [InlineData("Shapes", StartRecipe.Auto, StartRecipe.Short)]
    [InlineData("Shapes", StartRecipe.Paper, StartRecipe.Paper)]
    [InlineData("DiT-XL/2", StartRecipe.Auto, StartRecipe.Paper)]
    [InlineData("DiT-XL/2", StartRecipe.Short, StartRecipe.Short)]
    [InlineData("U-ViT-S/2-CIFAR10", StartRecipe.Auto, StartRecipe.Paper)] // 44 million parameters
    public void A_small_model_of_small_images_starts_from_the_short_recipe(string name, object asked, object expected)
    {
        var card = DitModels.All.Single(model => model.Card.Name == name).Card;
        var settings = StartRecipes.Settings((StartRecipe)asked, card);
        Assert.Equal(expected, settings.Start);
        Assert.Equal((StartRecipe)expected == StartRecipe.Short ? TrainingRecipe.Short : new(), settings.Recipe);
    }

    [Fact]
    public void Options_and_the_run_file_win_over_the_recipe()
    {
        var file = folder.File("run.yaml", "learning_rate: 0.5\nbatch: 3\n");
        Assert.DoesNotContain("Note: the model predicts", Train("start-x", file, "--batch", "2", "--flip").Succeeds());
        string[] expected =
        [
            "recipe: short", "steps: 1", "batch: 2", "learning_rate: 0.5", "warmup: 200", "clip: 1", "ema: 0.999", "ema_warmup: true",
            "flip: true",
        ];
        Assert.All(expected, line => Assert.Contains(line, Lines()));
    }

    [Fact]
    public void The_recipe_of_the_paper_is_one_word_away()
    {
        var text = Train("epsilon", "--recipe", "paper", "--batch", "2").Succeeds();
        Assert.DoesNotContain("Recipe:", text);
        Assert.DoesNotContain("Note: the model predicts", text);
        string[] expected = ["recipe: paper", "learning_rate: 0.0001", "warmup: 0", "ema: 0.9999", "ema_warmup: false", "flip: true"];
        Assert.All(expected, line => Assert.Contains(line, Lines()));
        Assert.DoesNotContain(Lines(), static line => line.StartsWith("clip:", StringComparison.Ordinal));
    }

    [Fact]
    public void A_model_of_noise_is_told_of_in_a_short_run()
    {
        var text = Train("epsilon", "--batch", "2").Succeeds();
        Assert.Contains("Recipe: short, for small images; --recipe paper is that of the DiT paper\n", text);
        Assert.Contains("Note: the model predicts noise, and learns little in a short run", text);
    }

    [Fact]
    public void A_run_goes_on_with_the_recipe_it_began_with()
    {
        Train("start-x", "--batch", "2").Succeeds();
        var before = Lines();
        string[] resumed = ["train", "--resume", "--out", folder.Path("run"), "--steps", "2"];
        Assert.Equal(
            "--recipe is where a new run starts from, and --resume goes on with a run's own: leave it out.",
            Cli.Run([.. resumed, "--recipe", "paper"]).Mistake());
        Assert.DoesNotContain("Recipe:", Cli.Run([.. resumed, "--recipe", "short"]).Succeeds());
        Assert.Equal(before.Select(static line => line == "steps: 1" ? "steps: 2" : line), Lines());
    }
}
