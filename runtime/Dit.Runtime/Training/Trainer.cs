using System.Diagnostics;
using Dit.Runtime.Kernels;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Dit.Runtime;

/// <summary>Trains a model by a recipe and leaves checkpoints in a folder.</summary>
/// <remarks>
/// The compiler holds model and data together: a set of labeled images trains class-conditional models, a set of images
/// with texts
/// text-conditional ones, and images alone unconditional ones.
/// </remarks>
/// <param name="recipe">How to train.</param>
/// <param name="folder">Where the files go.</param>
public sealed class Trainer(TrainingRecipe recipe, TrainingFolder folder)
{
    private const int PreparedAhead = 2;

    /// <summary>Trains to the recipe's last step, or until cancelled.</summary>
    /// <remarks>The same recipe, data, initial model and number of threads give the same weights. A cancelled run saves
    /// where it is; it cannot be resumed.</remarks>
    /// <typeparam name="TModel">The generated model.</typeparam>
    /// <typeparam name="TCondition">What it is conditioned on.</typeparam>
    /// <typeparam name="TProcess">The process it is trained for.</typeparam>
    /// <param name="model">The model to train, float32, in place.</param>
    /// <param name="data">The images and their conditions.</param>
    /// <param name="progress">Receives a report after each step, on this thread.</param>
    /// <param name="cancellation">Ends the run after the step at hand.</param>
    /// <param name="claim">The folder's claim, where <see cref="TrainingFolder.Claim"/> took it before; it stays the
    /// caller's. Without it, the run claims the folder.</param>
    /// <exception cref="DitException">
    /// The recipe, the data or the folder is not fit for the model; an image cannot be read, and the steps made until
    /// then are saved; or
    /// the loss is no longer finite, and the last checkpoint stays as it is.
    /// </exception>
    public TrainingResult Run<TModel, TCondition, TProcess>(
        IModel<TModel, TCondition, TProcess> model,
        TrainingSet<TCondition> data,
        IProgress<TrainingProgress>? progress = null,
        CancellationToken cancellation = default,
        FolderClaim? claim = null)
        where TModel : nn.Module, IModel<TModel, TCondition, TProcess>
        where TCondition : ICondition<TCondition>
        where TProcess : IProcess
    {
        var trained = (TModel)model;
        Check(trained, TModel.Card);
        RequireFit(data, TModel.Card, trained.parameters().First().device);
        claim?.Require(folder.Path);
        using var own = claim is null ? folder.Claim() : null; // a run that fails at its first image leaves nothing
        return Train<TModel, TCondition, TProcess>(trained, data, progress, cancellation);
    }

    /// <summary>Finds out before anything is read or created whether data and recipe fit a model and the memory of this
    /// machine; <see cref="Run"/> begins with it.</summary>
    /// <typeparam name="TCondition">What the model is conditioned on.</typeparam>
    /// <param name="data">The images and their conditions.</param>
    /// <param name="card">The model.</param>
    /// <param name="device">Where it is to be trained; the memory is checked on the CPU and on no other device.</param>
    /// <exception cref="DitException">They do not.</exception>
    public void RequireFit<TCondition>(TrainingSet<TCondition> data, ModelCard card, Device device)
        where TCondition : ICondition<TCondition>
    {
        recipe.Validate();
        var most = Array.MaxLength / (card.Input.Channels * card.Input.Height * card.Input.Width); // loaded as one array of bytes
        if (recipe.BatchSize > most)
            throw new DitException($"A batch of {recipe.BatchSize} images of {card.Input} is too large: at most {most} fit.");
        if (data.Count == 0) throw new DitException("There is nothing to train on: the data set holds no images.");
        if (data.Classes.Count > card.Classes)
            throw new DitException(
                $"The data set has {data.Classes.Count} classes and {card.Name} takes {card.Classes}: train a model with as many classes.");
        if (device.type == DeviceType.CPU) TrainingMemoryNeed.Of(card).Require(recipe.BatchSize, AvailableMemory.Bytes());
    }

    private TrainingResult Train<TModel, TCondition, TProcess>(
        TModel model, TrainingSet<TCondition> data, IProgress<TrainingProgress>? progress, CancellationToken cancellation)
        where TModel : nn.Module, IModel<TModel, TCondition, TProcess>
        where TCondition : ICondition<TCondition>
        where TProcess : IProcess
    {
        var process = TModel.Process;
        var trained = model.parameters().Where(p => p.requires_grad).ToArray();
        var losses = new List<StepLosses>();
        using var memory = new TrainingMemory();
        using var scope = TrainingScope.Open(EnvironmentKernels.Choice, memory);
        using var optimizer = new AdamWWithEma(model, recipe);
        using var inputs = new Prefetcher<StepInput<TCondition>>(StepInput.Sequence(recipe, TModel.Card, process, data), PreparedAhead);
        var clock = Stopwatch.StartNew();
        var saved = Array.Empty<string>();
        while (losses.Count < recipe.Steps && !cancellation.IsCancellationRequested)
        {
            using (var input = Next(inputs, State).To(trained[0].device))
                losses.Add(Step(losses.Count + 1, model, trained, optimizer, () => TrainingStep.Backward(model, process, input)));
            progress?.Report(TrainingProgress.At(losses.Count, recipe, losses[^1], clock.Elapsed));
            if (losses.Count % folder.SaveEvery == 0) saved = [.. folder.SaveState(State())];
        }
        model.zero_grad(); // gradients are of no use to anyone now
        return Finish(State(), saved);

        TrainingState State() => new(losses.Count, recipe, TModel.Card, data.Classes, model, optimizer.Average, losses, data.Unreadable());
    }

    private StepInput<TCondition> Next<TCondition>(Prefetcher<StepInput<TCondition>> inputs, Func<TrainingState> state)
        where TCondition : ICondition<TCondition>
    {
        try
        {
            return inputs.Take();
        }
        catch (Exception e) when (state().Step > 0)
        {
            folder.SaveState(state()); // the steps made are good
            if (e is DitException mistake) throw WithKept(mistake);
            throw;
        }
    }

    // What ends a run late says what is left of the run.
    private DitException WithKept(DitException mistake) => new($"{mistake.Message.TrimEnd('.')}; {folder.Kept}.", mistake);

    private StepLosses Step(int step, nn.Module model, Parameter[] trained, AdamWWithEma optimizer, Func<StepLosses> backward)
    {
        using var scope = NewDisposeScope();
        model.zero_grad();
        var losses = backward();
        if (!double.IsFinite(losses.Total))
            throw new DitException(
                $"The loss is {losses.Total} at step {step}; {folder.Kept}. A smaller learning rate or a gradient clip may help.");
        if (recipe.GradientClip is { } norm) nn.utils.clip_grad_norm_(trained, norm);
        optimizer.Step(recipe.LearningRateAt(step));
        return losses;
    }

    private TrainingResult Finish(TrainingState state, string[] saved)
    {
        var cancelled = state.Step < recipe.Steps;
        if (state.Step == 0) return new(0, cancelled, []);
        if (state.Step % folder.SaveEvery != 0) saved = [.. folder.SaveState(state)];
        if (cancelled) return new(state.Step, cancelled, saved);
        try
        {
            return new(state.Step, cancelled, [folder.SaveWeights(state), .. saved]);
        }
        catch (DitException mistake) // such as weights that Float16 does not hold
        {
            throw WithKept(mistake);
        }
    }

    private static void Check(nn.Module model, ModelCard card)
    {
        if (model.parameters().First().dtype is not ScalarType.Float32 and var type)
            throw new DitException(
                $"{card.Name} is to be trained in {type}: create it in Float32, in which steps of this size are not rounded away.");
    }
}
