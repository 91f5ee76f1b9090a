using System.Globalization;
using System.Text.Json;
using TorchSharp;
using static TorchSharp.torch;

namespace Dit.Runtime;

/// <summary>A checkpoint of a run, from which the run goes on as if it had not been interrupted.</summary>
/// <remarks>
/// What a step draws depends on the seed and on the number of the step alone, so weights, their average, AdamW's
/// moments and the losses are all there is to restore: a resumed run gives the same bits as one that was not
/// interrupted, with the same number of threads.
/// </remarks>
/// <param name="Path">The file.</param>
/// <param name="Step">Steps that the run has made.</param>
/// <param name="Recipe">The recipe of the run.</param>
/// <param name="Spec">The YAML of the model's spec; null where the file does not carry it.</param>
/// <param name="Notes">What a user should know: newer checkpoints that cannot be used, and why.</param>
public sealed record TrainingCheckpoint(string Path, int Step, TrainingRecipe Recipe, string? Spec, IReadOnlyList<string> Notes)
{
    internal const string StepKey = "dit.step";
    internal const string LossKey = "dit.loss";
    internal const string RecipeKey = "dit.recipe";
    internal const string ImagesKey = "dit.images";
    internal const string LossScaleKey = "dit.loss_scale";
    internal const string RunKey = "dit.run";
    internal const string LossesName = "run.losses";
    internal const string OptimizerPrefix = "optimizer.";

    /// <summary>
    /// The settings of the run as the text of a run file (<see cref="TrainingFolder.RunText"/>); null where the file
    /// does not carry them.
    /// </summary>
    public string? RunText { get; init; }

    /// <summary>The newest checkpoint of a run's folder that is whole.</summary>
    /// <param name="folder">The folder.</param>
    /// <exception cref="DitException">There is none.</exception>
    public static TrainingCheckpoint Newest(TrainingFolder folder)
    {
        var notes = new List<string>();
        foreach (var path in CheckpointShelf.NewestFirst(folder))
            try
            {
                return Read(path, [.. notes]);
            }
            catch (DitException mistake)
            {
                notes.Add($"'{path}' was passed over: {mistake.Message}");
            }
        throw new DitException(notes.Count == 0
            ? $"There is no checkpoint in '{folder.Path}' to resume from: name the folder of a run with --out, or start a new run."
            : $"No checkpoint in '{folder.Path}' can be resumed from. {string.Join(" ", notes)}");
    }

    private static TrainingCheckpoint Read(string path, IReadOnlyList<string> notes)
    {
        using var file = SafeTensorsFile.Open(path);
        if (!file.Tensors.ContainsKey(LossesName))
            throw new DitException($"It has no state of an optimizer, so a run cannot be resumed from it; an earlier version wrote it.");
        return new(
            path,
            int.Parse(file.Metadata[StepKey], CultureInfo.InvariantCulture),
            JsonSerializer.Deserialize(file.Metadata[RecipeKey], TrainingJson.Default.TrainingRecipe)
                ?? throw new DitException("It has no recipe."),
            file.Metadata.GetValueOrDefault(ModelCard.SpecKey),
            notes)
        {
            RunText = file.Metadata.GetValueOrDefault(RunKey),
        };
    }

    /// <summary>Makes sure that a run with these values is the same run.</summary>
    /// <param name="recipe">Its recipe; the number of steps may differ, and whether activations are kept.</param>
    /// <param name="card">Its model.</param>
    /// <param name="images">How many images there are.</param>
    /// <param name="classes">The names of the classes.</param>
    /// <exception cref="DitException">It is not; the message names every difference.</exception>
    internal void Require(TrainingRecipe recipe, ModelCard card, int images, IReadOnlyList<string> classes)
    {
        using var file = SafeTensorsFile.Open(Path);
        string[] differences =
        [
            .. Different("the model is", file.Metadata.GetValueOrDefault(ModelCard.NameKey), card.Name),
            .. Different("the spec's hash is", file.Metadata.GetValueOrDefault(ModelCard.SpecHashKey), card.SpecHash),
            .. Different(
                "the number of images is", file.Metadata.GetValueOrDefault(ImagesKey), images.ToString(CultureInfo.InvariantCulture)),
            .. Different(
                "the classes are",
                file.Metadata.GetValueOrDefault(TrainingFolder.ClassesKey),
                card.Condition is ModelCondition.Classes ? TrainingFolder.Json(classes) : null),
            .. Differences(Recipe with { Steps = recipe.Steps, ActivationCheckpointing = recipe.ActivationCheckpointing }, recipe),
        ];
        if (differences.Length > 0)
            throw new DitException(
                $"'{Path}' is of a different run: {string.Join("; ", differences)}. Resume with the values of the run, or start a new "
                    + $"one.");
    }

    /// <summary>Puts everything back as it was.</summary>
    /// <param name="learned">What is trained: the model, or the state of its adapters.</param>
    /// <param name="lora">The adapters; null where the model is trained.</param>
    /// <param name="optimizer">The optimizer.</param>
    /// <param name="times">The draws of times by their losses; null where they are drawn uniformly.</param>
    /// <returns>The losses of the steps that were made.</returns>
    /// <exception cref="DitException">The adapters were trained for different weights.</exception>
    internal IReadOnlyList<StepLosses> Restore(nn.Module learned, Lora? lora, AdamWWithEma optimizer, LossSecondMoment? times)
    {
        using var scope = NewDisposeScope();
        using var noGradients = no_grad();
        using var file = SafeTensorsFile.Open(Path);
        if (lora is not null && file.Metadata.GetValueOrDefault(LoraConfig.BaseKey) != lora.Base)
            throw new DitException(
                $"The adapters in '{Path}' were trained for different weights of the model: go on with those that the run began with.");
        foreach (var (name, tensor) in learned.state_dict()) Copy(tensor, $"model.{name}");
        foreach (var (name, tensor) in optimizer.Average.Tensors) Copy(tensor, $"ema.{name}");
        optimizer.Restore(Step, Scale(file), name => file.Read(OptimizerPrefix + name));
        times?.Restore(file);
        using var losses = file.Read(LossesName);
        return [.. losses.data<double>().ToArray().Chunk(3).Select(static step => new StepLosses(step[0], step[1], step[2]))];

        void Copy(Tensor to, string name)
        {
            using var saved = file.Read(name);
            to.copy_(saved);
        }
    }

    private static LossScale Scale(SafeTensorsFile file) =>
        file.Metadata.TryGetValue(LossScaleKey, out var saved)
        && JsonSerializer.Deserialize(saved, TrainingJson.Default.LossScale) is { } scale
            ? scale
            : LossScale.None;

    private static IEnumerable<string> Different(string what, string? saved, string? given)
    {
        if (saved != given) yield return $"{what} {saved ?? "not said"} there and {given ?? "none"} here";
    }

    // All values of the recipe by their names in its JSON, so that none can be forgotten.
    private static IEnumerable<string> Differences(TrainingRecipe saved, TrainingRecipe given)
    {
        var (before, after) = (Values(saved), Values(given));
        return before.Keys.Where(key => before[key] != after[key]).Select(key => $"{key} is {before[key]} there and {after[key]} here");

        static Dictionary<string, string> Values(TrainingRecipe recipe)
        {
            using var json = JsonSerializer.SerializeToDocument(recipe, TrainingJson.Default.TrainingRecipe);
            return json.RootElement.EnumerateObject().ToDictionary(static value => value.Name, static value => value.Value.GetRawText());
        }
    }
}
