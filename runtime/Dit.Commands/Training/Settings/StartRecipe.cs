using Dit.Runtime;

namespace Dit.Commands;

/// <summary>The recipe that has the settings which neither a run file nor an option gives.</summary>
internal enum StartRecipe
{
    /// <summary><see cref="Short"/> for small models of small images, else <see cref="Paper"/>.</summary>
    Auto,

    /// <summary><see cref="TrainingRecipe.Short"/>.</summary>
    Short,

    /// <summary>The recipe of the DiT paper.</summary>
    Paper,
}

/// <summary>Which recipe a run starts from.</summary>
internal static class StartRecipes
{
    /// <summary>The longest side of small images, in pixels.</summary>
    public const int SmallSide = 64;

    /// <summary>The parameters of a small model at most, in millions.</summary>
    public const int SmallMillions = 20;

    /// <summary>What <c>--recipe</c> is.</summary>
    public static string Help { get; } =
        "The recipe that the other settings start from: 'short' for runs of minutes to hours on small images, 'paper' for that of the "
            + $"DiT paper; 'auto' is short for models of pixels up to {SmallSide} x {SmallSide} with at most "
            + $"{SmallMillions} million parameters.";

    /// <summary>The settings that a run of a model starts from.</summary>
    public static RunSettings Settings(StartRecipe asked, ModelCard card) =>
        asked == StartRecipe.Short || (asked == StartRecipe.Auto && IsSmall(card)) ? Short : new() { Start = StartRecipe.Paper };

    /// <summary>The settings of short runs.</summary>
    public static RunSettings Short { get; } = new() { Start = StartRecipe.Short, Recipe = TrainingRecipe.Short };

    /// <summary>What is said of a run before it starts.</summary>
    /// <param name="start">The recipe it starts from.</param>
    /// <param name="prediction">What its model predicts.</param>
    /// <param name="isAnew">Whether it starts from initial weights.</param>
    public static IEnumerable<string> Notes(StartRecipe start, Prediction prediction, bool isAnew)
    {
        if (start != StartRecipe.Short) yield break;
        yield return "Recipe: short, for small images; --recipe paper is that of the DiT paper";
        if (isAnew && prediction is Prediction.Epsilon or Prediction.Score)
            yield return
                "Note: the model predicts noise, and learns little in a short run; with 'prediction: start-x' in the spec it learns much "
                    + "sooner, as docs/training.md shows";
    }

    private static bool IsSmall(ModelCard card) =>
        card.Autoencoder is null && Math.Max(card.Input.Height, card.Input.Width) <= SmallSide
            && card.Parameters <= SmallMillions * 1_000_000L;
}
