using System.Globalization;
using Dit.Runtime;
using Dit.Spec;
using TorchSharp;
using static TorchSharp.torch;

namespace Dit.Commands;

/// <summary>Trains a model, whatever its type.</summary>
/// <param name="context">The world.</param>
/// <param name="settings">How to train, on what, and where the files go.</param>
/// <param name="from">The checkpoint of the run that goes on; null starts a new run.</param>
/// <param name="checkpoint">The weights that a new run starts from; null for initial ones.</param>
/// <param name="device">Where to compute.</param>
/// <param name="processes">The processes that train together.</param>
/// <param name="verify">Whether a few steps are trained only to see whether resuming changes a bit.</param>
internal sealed partial class TrainVisitor(
    CommandContext context,
    RunSettings settings,
    TrainingCheckpoint? from,
    ICheckpointFile? checkpoint,
    Device device,
    ProcessGroup processes,
    bool verify) : IModelVisitor<int>
{
    private readonly string data = settings.Data?.Value
        ?? throw new DitException("Which data? Name the folder with --data, or as 'data' in a run file.");
    private readonly TrainingRecipe recipe = settings.Recipe;
    private readonly TrainingFolder folder =
        settings.Folder with { SampleEvery = settings.SampleEvery ?? settings.Folder.SaveEvery };

    public int Visit<TModel, TCondition, TProcess>()
        where TModel : nn.Module, IModel<TModel, TCondition, TProcess>
        where TCondition : ICondition<TCondition>
        where TProcess : IProcess
    {
        var (card, labels) = (TModel.Card, TCondition.Labels);
        if (labels == ImageLabels.Other)
            throw new DitException(
                $"{card.Name} is conditioned on "
                    + $"{card.Condition.Match(static _ => "nothing", static _ => "classes", static _ => "text")}, "
                + "and 'dit train' knows images and classes only: train it from code, as docs/training.md shows.");
        CaptionChoice.Require(card, labels, settings.Captions?.Value, data);
        recipe.Validate();
        if (from is not null) RequireSameSpec(card, from);
        PathRules.RequireOutside(folder.Path, data);
        foreach (var sentence in Start<TModel>(context.Notice)?.Sentences() ?? []) context.Out.WriteLine(sentence);
        using var latents = Latents(card);
        if (latents is not null)
        {
            using var captionsOfLatents = settings.Captions?.Value is { } file ? CaptionFile.Open(file, card, latents) : null;
            return TrainOnLatents<TModel, TCondition, TProcess>(
                TrainingSet.OfLatents<TCondition>(latents, card, captionsOfLatents), RecipeOf(latents));
        }
        var images = labels == ImageLabels.Classes ? ImageFolder.Open(data) : ImageFolder.OpenUnlabeled(data);
        using var captions = settings.Captions?.Value is { } path ? CaptionFile.Open(path, card, images) : null;
        return TrainOnImages<TModel, TCondition, TProcess>(images, captions);
    }

    public int VisitJoint<TModel>()
        where TModel : nn.Module, IJointModel<TModel> =>
        throw new DitException(
            $"{TModel.Card.Name} denoises images and texts jointly, and 'dit train' knows images and classes only: train it from "
                + $"code.");

    /// <summary>What a new run takes over from the checkpoint of <c>--from</c>; null without one.</summary>
    private FineTuning? Start<TModel>(Action<string>? notice = null)
        where TModel : nn.Module, IModel<TModel> =>
        checkpoint is null ? null : WhereAdaptersNeedAll(TModel.Card, FineTuning.Of<TModel>(checkpoint, notice: notice));

    // What starts anew is in no file, and adapters for it would be for nothing that can be loaded again.
    private FineTuning WhereAdaptersNeedAll(ModelCard card, FineTuning start) =>
        recipe.Lora is null || start.Anew.Count + start.Interpolated.Count == 0
            ? start
            : throw new DitException(
                $"--lora needs all weights of {card.Name}, and '{checkpoint?.Path}' does not have "
                    + $"{Amount.Few([.. start.Anew, .. start.Interpolated])} as the model has them: "
                    + "train the model first, without --lora.");

    /// <summary>The data as latents; null where the data are images and the model takes them.</summary>
    private LatentFolder? Latents(ModelCard card)
    {
        // which the training set refuses
        if (card.Autoencoder is not { } autoencoder) return LatentFolder.IsAt(data) ? LatentFolder.Open(data) : null;
        if (LatentFolder.IsAt(data) || LatentFolder.IsBegunAt(data) || !Directory.Exists(data)) return LatentFolder.Open(data);
        throw new DitException(
            $"{card.Name} works on the latents of {autoencoder.Name}, and {data} is no folder of latents: make one with 'dit encode "
                + $"--data {data} --vae FILE --model {card.Name} --out DIR'.");
    }

    /// <summary>Latents are mirrored where they can be, unless something else was asked for.</summary>
    private TrainingRecipe RecipeOf(LatentFolder latents)
    {
        if (latents.Description.Mirrored || !recipe.HorizontalFlip) return recipe;
        if (settings.FlipAsked)
            throw new DitException(
                $"The latents in {latents.Root} are not there mirrored, and a latent cannot be mirrored: leave --flip out, or encode "
                    + $"again with --flip.");
        context.Out.WriteLine("No image is mirrored, since the latents were encoded without --flip.");
        return recipe with { HorizontalFlip = false };
    }

    // The settings as they are in the end: any that follow from the data, and the model by the spec beside them.
    private TrainingFolder FolderOf(ModelCard card, TrainingRecipe recipe)
    {
        var model = card.Spec is null ? new RunPath(card.Name, "") { IsName = true } : new RunPath(TrainingFolder.SpecName, folder.Path);
        return folder with { RunText = RunFile.Write(settings with { Recipe = recipe, Model = model }, folder.Path) };
    }

    private int TrainOnImages<TModel, TCondition, TProcess>(ImageFolder images, CaptionFile? captions)
        where TModel : nn.Module, IModel<TModel, TCondition, TProcess>
        where TCondition : ICondition<TCondition>
        where TProcess : IProcess
    {
        var unreadable = UnreadableChoice.Of(settings.SkipUnreadable, settings.Strict);
        var folder = FolderOf(TModel.Card, recipe);
        using var decoder = Decoder(TModel.Card);
        var trainer = TrainerOf(recipe, folder, decoder);
        trainer.RequireFit(SetOf(images), TModel.Card, device); // before the images are checked, which takes a while
        if (verify) return Verify<TModel, TCondition, TProcess>(SetOf(images), recipe);
        using var claim = Claim(folder);
        var (readable, sizes) = Survey(images, unreadable);
        return Train<TModel, TCondition, TProcess>(trainer, SetOf(readable), recipe, claim, sizes);

        TrainingSet<TCondition> SetOf(ImageFolder images) => TrainingSet.Of<TCondition>(images, TModel.Card.Input, captions);
    }

    /// <summary>Claims the folder for the first process, which writes the files; null in the others.</summary>
    private FolderClaim? Claim(TrainingFolder folder)
    {
        FolderClaim? claim = null;
        processes.InFirst(() => claim = folder.Claim(resume: from is not null));
        return claim;
    }

    private (ImageFolder Images, ImageSizes? Sizes) Survey(ImageFolder images, UnreadableChoice unreadable)
    {
        (ImageFolder, ImageSizes?) seen = default;
        processes.Agree(() => seen = ImageData.Survey(context, images, unreadable));
        return seen;
    }

    private int TrainOnLatents<TModel, TCondition, TProcess>(TrainingSet<TCondition> latents, TrainingRecipe recipe)
        where TModel : nn.Module, IModel<TModel, TCondition, TProcess>
        where TCondition : ICondition<TCondition>
        where TProcess : IProcess
    {
        var folder = FolderOf(TModel.Card, recipe);
        using var decoder = Decoder(TModel.Card);
        var trainer = TrainerOf(recipe, folder, decoder);
        trainer.RequireFit(latents, TModel.Card, device);
        if (verify) return Verify<TModel, TCondition, TProcess>(latents, recipe);
        using var claim = Claim(folder);
        return Train<TModel, TCondition, TProcess>(trainer, latents, recipe, claim, sizes: null);
    }

    private int Train<TModel, TCondition, TProcess>(
        Trainer trainer, TrainingSet<TCondition> images, TrainingRecipe recipe, FolderClaim? claim, ImageSizes? sizes)
        where TModel : nn.Module, IModel<TModel, TCondition, TProcess>
        where TCondition : ICondition<TCondition>
        where TProcess : IProcess
    {
        var (card, count) = (TModel.Card, images.Classes.Count);
        context.Out.WriteLine(
            $"{(from is null ? "Training" : $"Going on after step {from.Step} with")} "
                + (recipe.Lora is { } lora ? $"adapters of rank {lora.Rank} for " : "") + $"{card.Name} "
                + $"({Amount.Of(card.Parameters, "parameter")}) on "
                + $"{Amount.Of(images.Count, "image")}{(count == 0 ? "" : $" of {Amount.Of(count, "class", "classes")}")}");
        if (from is null)
            foreach (var line in StartRecipes.Notes(settings.Start, TModel.AnyProcess.Prediction, checkpoint is null))
                context.Out.WriteLine(line);
        if (device.type == DeviceType.CPU)
            context.Out.WriteLine($"Memory{(processes.Size > 1 ? " of each process" : "")}: {trainer.PlanMemory(card).OfAvailable()}");
        if (ImageData.Comparison(count, card.Classes, sizes, card.Input, LargeBatch(recipe.BatchSize, images.Count)) is { } note)
            context.Out.WriteLine(note);
        if (SlowAverage(recipe) is { } warning) context.Out.WriteLine(warning);
        if (NoSamples(card) is { } sentence) context.Out.WriteLine(sentence);
        using var model = TModel.Create(device, seed: recipe.Seed);
        Start<TModel>()?.Fill(model);
        try
        {
            return Report(Recorded(() => Progress.Show(context, progress => trainer.Run<TModel, TCondition, TProcess>(
                model,
                images,
                progress.Select<TrainingProgress>(now => Describe(now, from?.Step ?? 0, card)),
                context.Cancellation,
                claim,
                from))));
        }
        finally
        {
            ImageData.Report(context, images.Unreadable(), folder.UnreadableList);
        }
    }

    /// <summary>A checkpoint of a changed spec is refused with what was changed.</summary>
    private static void RequireSameSpec(ModelCard card, TrainingCheckpoint from)
    {
        if (from.Spec is not { } before || card.Spec is not { } after || before == after) return;
        var diff = SpecDiff.Between(SpecsOf(before), SpecsOf(after));
        if (!diff.Differs) return;
        throw new DitException(
            $"'{from.Path}' was trained with a different spec ({string.Join("; ", DiffSummary.Of(diff))}): resume without --model, "
                + $"which "
                + "takes the spec of the run, or start a new run.");

        static ModelSpec[] SpecsOf(string yaml) => [.. SpecFile.Parse(yaml).Models.Select(static model => model.Spec)];
    }

    private int Report(TrainingResult result)
    {
        if (!result.Cancelled)
        {
            foreach (var file in (string[])[.. result.Files, .. Written()]) context.Out.WriteLine($"Wrote {file}");
            if (recipe.PostHocEma is not null) context.Out.WriteLine($"Wrote {folder.Averages}, for 'dit average'");
            return 0;
        }
        var kept = result.Files.Count == 0 && from is null
            ? "nothing was written"
            : $"the checkpoint is in {folder.Checkpoint}, and --resume goes on from it";
        context.Say($"stopped after step {result.Step} of {recipe.Steps}; {kept}.");
        return DitCommand.Stopped;
    }

    private static string? LargeBatch(int batch, int images) =>
        batch > images ? $"a batch of {batch} is larger than the data, and holds images more than once" : null;

    /// <summary>
    /// A warning where the finished weights, which are the moving average, would still be much like the untrained
    /// start.
    /// </summary>
    internal static string? SlowAverage(TrainingRecipe recipe)
    {
        const double Enough = 5; // e^-5: less than a hundredth of the start is left
        var start = Enumerable.Range(1, recipe.Steps).Aggregate(1.0, (left, step) => left * recipe.EmaDecayAt(step));
        if (start <= Math.Exp(-Enough)) return null;
        var fitting = Math.Floor(Math.Max(0, 1 - Enough / recipe.Steps) * 1e4) / 1e4;
        return string.Create(CultureInfo.InvariantCulture,
            $"Warning: with --ema {recipe.EmaDecay} the weights after {Amount.Of(recipe.Steps, "step")} are still {start:P0} the untrained "
                + $"start; --ema {fitting}{(WarmupHelps(recipe) ? " or --ema-warmup" : "")} fits so short a run.");

        static bool WarmupHelps(TrainingRecipe recipe) =>
            !recipe.EmaWarmup && SlowAverage(recipe with { EmaWarmup = true }) is null;
    }

    // The bound is there where the variance is learned; without it the loss is the mean squared error.
    private static WorkProgress Describe(TrainingProgress now, int before, ModelCard card)
    {
        string[] speed =
        [
            Text($"step {now.Step}/{now.Steps}"),
            Text($"loss {now.Losses.Total:F4}"),
            Text($"{now.StepsPerSecond:F2} steps/s"),
            Text($"{now.ImagesPerSecond:F0} images/s"),
            Text($"norm {now.GradientNorm:G3}"),
            Text($"data wait {100 * now.DataWait:F0} %"),
        ];
        string[] parts =
            card.OutputChannels == card.Input.Channels
                ? []
                : [Text($"mse {now.Losses.Mse:F4}"), Text($"vb {now.Losses.VariationalBound:F4}")];
        return new((double)now.Step / now.Steps, [.. speed, .. parts, $"memory {Amount.Bytes(now.MemoryBytes)}"])
        {
            Before = (double)before / now.Steps,
        };

        static string Text(FormattableString text) => FormattableString.Invariant(text);
    }
}
