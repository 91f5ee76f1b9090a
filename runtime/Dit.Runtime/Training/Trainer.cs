using System.Diagnostics;
using Dit.Runtime.Kernels;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Dit.Runtime;

/// <summary>Trains a model by a recipe and leaves checkpoints in a folder.</summary>
/// <remarks>
/// The compiler holds model and data together: a set of labeled images trains class-conditional models, a set of images
/// with texts text-conditional ones, and images alone unconditional ones.
/// </remarks>
/// <param name="recipe">How to train.</param>
/// <param name="folder">Where the files go.</param>
public sealed class Trainer(TrainingRecipe recipe, TrainingFolder folder)
{
    /// <summary>The most threads that decode images.</summary>
    public const int MostWorkers = 256;

    private const int PreparedAhead = 2;

    /// <summary>Threads that decode images by default: as many as there are processors, at most 8.</summary>
    public static int UsualWorkers => Math.Min(Environment.ProcessorCount, 8);

    /// <summary>
    /// Threads that decode images before their step, 0 to 256. With 0, everything a step takes is prepared between the
    /// steps. The numbers of a run do not depend on it.
    /// </summary>
    public int Workers { get; init; } = UsualWorkers;

    /// <summary>
    /// The processes that train together, each a part of every batch; all of them run the same trainer. A process alone
    /// by default.
    /// </summary>
    public ProcessGroup Processes { get; init; } = ProcessGroup.Single;

    /// <summary>
    /// Makes pictures of latents for <see cref="TrainingFolder.SampleEvery"/>; it stays the caller's. Without it, there
    /// are none of models of latents.
    /// </summary>
    public AutoencoderKL? Decoder { get; init; }

    /// <summary>
    /// What becomes of the run when its loss or the norm of its gradient is far above their usual values: by default it
    /// ends, with the last good checkpoint kept.
    /// </summary>
    public SpikeAction OnSpike { get; init; }

    /// <summary>Receives a sentence about something that went wrong and does not end the run.</summary>
    public Action<string>? Notice { get; init; }

    /// <summary>Whether float16 is for the CPU too, where it is slow: for tests.</summary>
    internal bool Float16OnAnyDevice { get; init; }

    /// <summary>Trains to the recipe's last step, or until cancelled.</summary>
    /// <remarks>
    /// The same recipe, data, initial model and number of threads give the same weights, whether the run was
    /// interrupted or not. A cancelled run saves where it is.
    /// <para>
    /// With <see cref="TrainingRecipe.Lora"/> the adapters are attached for the run, and are gone after it: the model
    /// is as it was, and <see cref="Lora.Load{TModel}(TModel, string)"/> attaches those of
    /// <see cref="TrainingFolder.Weights"/>. A run that goes on needs a model with the weights that the run began with.
    /// </para>
    /// </remarks>
    /// <typeparam name="TModel">The generated model.</typeparam>
    /// <typeparam name="TCondition">What it is conditioned on.</typeparam>
    /// <typeparam name="TProcess">The process it is trained for.</typeparam>
    /// <param name="model">The model to train, float32, in place; with adapters, the model to train them for.</param>
    /// <param name="data">The images and their conditions.</param>
    /// <param name="progress">Receives a report after each step, on this thread.</param>
    /// <param name="cancellation">Ends the run after the step at hand.</param>
    /// <param name="claim">The folder's claim, where <see cref="TrainingFolder.Claim"/> took it before; it stays the
    /// caller's. Without it, the run claims the folder.</param>
    /// <param name="from">The checkpoint of the folder from which the run goes on; null starts a new run.</param>
    /// <exception cref="DitException">
    /// The recipe, the data, the folder or the checkpoint is not fit for the model; an image cannot be read, and the
    /// steps made until then are saved; or the loss is no longer finite, and the last checkpoint stays as it is.
    /// </exception>
    public TrainingResult Run<TModel, TCondition, TProcess>(
        IModel<TModel, TCondition, TProcess> model,
        TrainingSet<TCondition> data,
        IProgress<TrainingProgress>? progress = null,
        CancellationToken cancellation = default,
        FolderClaim? claim = null,
        TrainingCheckpoint? from = null)
        where TModel : nn.Module, IModel<TModel, TCondition, TProcess>
        where TCondition : ICondition<TCondition>
        where TProcess : IProcess
    {
        var trained = (TModel)model;
        FolderClaim? taken = null; // a run that fails at its first image leaves nothing
        Processes.Agree(() =>
        {
            Check(trained, TModel.Card);
            RequireFit(data, TModel.Card, trained.parameters().First().device);
            if (recipe.MinSnrGamma is not null) MinSnr.Require(TModel.Process);
            if (recipe.TimeSampling == TimeSampling.LossSecondMoment) LossSecondMoment.Require(TModel.Process);
            claim?.Require(folder.Path);
            from?.Require(recipe, TModel.Card, data.Count, data.Classes);
            if (claim is null && Processes.IsFirst) taken = folder.Claim(resume: from is not null);
        });
        using var own = taken;
        try
        {
            return Train<TModel, TCondition, TProcess>(trained, data, from, progress, cancellation);
        }
        catch (ProcessLostException lost)
        {
            throw new ProcessLostException($"{lost.Message.TrimEnd('.')}; {folder.Kept}.");
        }
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
        if (recipe.Precision == TrainingPrecision.Float16 && device.type != DeviceType.CUDA && !Float16OnAnyDevice)
            throw new DitException(
                "Training in float16 (--precision f16) is for CUDA devices: train on one, or in bfloat16 (--precision bf16).");
        if (Workers is < 0 or > MostWorkers) throw new DitException($"Images are decoded by 0 to {MostWorkers} threads, not by {Workers}.");
        var most = Array.MaxLength / (card.Input.Channels * card.Input.Height * card.Input.Width); // loaded as one array of bytes
        if (recipe.BatchSize > most)
            throw new DitException($"A batch of {recipe.BatchSize} images of {card.Input} is too large: at most {most} fit.");
        if (recipe.BatchSize < Processes.Size)
            throw new DitException(
                $"A batch of {recipe.BatchSize} cannot be divided among {Processes.Size} processes, each of which takes 1 image or more: "
                    + $"start at most {recipe.BatchSize} processes, or make the batch larger.");
        if (data.Count == 0) throw new DitException("There is nothing to train on: the data set holds no images.");
        if (data.Classes.Count > card.Classes)
            throw new DitException(
                $"The data set has {data.Classes.Count} classes and {card.Name} takes {card.Classes}: train a model with as many classes.");
        if (device.type == DeviceType.CPU)
            TrainingMemoryAdvice.Require(card, recipe, TrainingMemoryPlan.Available / Processes.Local.Size, Processes.Size);
    }

    /// <summary>The memory that training takes on a processor, in each process.</summary>
    /// <param name="card">The model.</param>
    public TrainingMemoryPlan PlanMemory(ModelCard card) =>
        TrainingMemoryPlan.Of(card, TrainingMemoryAdvice.ShareOf(recipe, Processes.Size));

    private TrainingResult Train<TModel, TCondition, TProcess>(
        TModel model,
        TrainingSet<TCondition> data,
        TrainingCheckpoint? from,
        IProgress<TrainingProgress>? progress,
        CancellationToken cancellation)
        where TModel : nn.Module, IModel<TModel, TCondition, TProcess>
        where TCondition : ICondition<TCondition>
        where TProcess : IProcess
    {
        var process = TModel.Process;
        using var lora = recipe.Lora is { } options ? Lora.Attach(model, options, recipe.Seed) : null;
        var learned = LearnedState.Of(model, lora);
        var losses = new List<StepLosses>();
        using var memory = new TrainingMemory();
        using var scope = TrainingScope.Open(EnvironmentKernels.Choice, memory);
        using var optimizer = new AdamWWithEma(learned.State, recipe);
        var times = recipe.TimeSampling == TimeSampling.LossSecondMoment ? new LossSecondMoment(process, recipe.Seed) : null;
        var guarded = new GuardedStep(recipe, folder, learned, optimizer) { Processes = Processes, OnSpike = OnSpike, Notice = Notice };
        using var parallel = new DataParallelStep(Processes, model, learned.Parameters, recipe);
        if (from is not null) Processes.Agree(() => losses.AddRange(from.Restore(learned.State, lora, optimizer, times)));
        SameWeights.Require(Processes, model);
        if (lora is not null) SameWeights.Require(Processes, learned.State);
        using var log = OpenLog(process, after: losses.Count);
        using var grids = Grids<TModel, TCondition, TProcess>(data);
        using var inputs = new Prefetcher<StepInput<TCondition>>(
            stop => StepInput.Sequence(recipe, TModel.Card, process, data, first: losses.Count, Workers, stop, Processes.Share),
            Workers == 0 ? 0 : PreparedAhead,
            Processes.Size == 1 ? cancellation : default); // several stop together, at the head of the loop
        var (before, clock, sinceSaved) = (losses.Count, Stopwatch.StartNew(), Stopwatch.StartNew());
        var saved = new Saved(from?.Step ?? 0, []);
        while (losses.Count < recipe.Steps && !Processes.Any(cancellation.IsCancellationRequested))
        {
            var step = losses.Count + 1;
            using var input = log.Take(() => Next(inputs, State))?.To(learned.Parameters[0].device);
            if (input is null) break; // cancelled while it waited
            var timed = times?.Of(step, input, Processes.Share.Of(recipe.BatchSize)) ?? input;
            var made = guarded.Step(step, log.Spikes, scale => parallel.Backward(model, process, timed, Watch, scale));
            losses.Add(made.Losses);
            var metrics = Log(log, step, made);
            progress?.Report(TrainingProgress.At(step, recipe, made.Losses, clock.Elapsed, before).With(metrics, log.DataWait));
            var isDue = losses.Count % folder.SaveEvery == 0 || sinceSaved.Elapsed >= folder.SaveAfter;
            if (Processes.Any(isDue && Processes.IsFirst)) // clocks differ
            {
                saved = new(losses.Count, [.. Save(State())]);
                sinceSaved.Restart();
            }
            if (folder.HasSamplesAt(step, recipe.Steps))
                DrawSamples(step, log, () => grids?.Draw(step, model, optimizer.Average, cancellation));
        }
        learned.State.zero_grad(); // gradients are of no use to anyone now
        return Finish(State(), saved);

        TrainingState State() => new(
            losses.Count,
            recipe,
            TModel.Card,
            data.Classes,
            data.Count,
            learned.State,
            lora,
            optimizer,
            losses,
            data.Unreadable(),
            log.ByTime)
        {
            Times = times,
        };

        void Watch(double[] at, Tensor total, Tensor error)
        {
            log.ByTime.Add(at, error);
            times?.Add(at, total);
        }
    }

    private TrainingLog OpenLog(IProcess process, int after)
    {
        var log = Processes.Agree(() => TrainingLog.Open(folder, recipe, process, after, writes: Processes.IsFirst));
        Processes.Agree(() =>
        {
            if (!Processes.IsFirst) log.Follow(folder);
        });
        return log;
    }

    // The first process draws.
    private SampleGrids<TModel, TCondition, TProcess>? Grids<TModel, TCondition, TProcess>(TrainingSet<TCondition> data)
        where TModel : nn.Module, IModel<TModel, TCondition, TProcess>
        where TCondition : ICondition<TCondition>
        where TProcess : IProcess
    {
        SampleGrids<TModel, TCondition, TProcess>? grids = null;
        Processes.InFirst(() => grids = SampleGrids<TModel, TCondition, TProcess>.Of(folder, recipe, data, Decoder));
        return grids;
    }

    private StepInput<TCondition>? Next<TCondition>(Prefetcher<StepInput<TCondition>> inputs, Func<TrainingState> state)
        where TCondition : ICondition<TCondition>
    {
        try
        {
            return Processes.Agree(inputs.Take);
        }
        catch (Exception e) when (state().Step > 0 && (Processes.Size == 1 || e is SharedMistakeException))
        {
            Save(state()); // the steps made are good
            if (e is DitException mistake) throw WithKept(mistake);
            throw;
        }
    }

    private TrainingMetrics Log(TrainingLog log, int step, StepResult made)
    {
        try
        {
            return Processes.Agree(() => log.Add(step, made));
        }
        catch (DitException mistake) // such as a full disk
        {
            throw WithKept(mistake);
        }
    }

    private void DrawSamples(int step, TrainingLog log, Func<RgbImage?> draw)
    {
        try
        {
            Processes.InFirst(() =>
            {
                if (draw() is { } grid) log.Add(step, grid);
            });
        }
        catch (NonFiniteSampleException e) // of weights that are finite: later ones may do better
        {
            Notice?.Invoke($"There are no samples of step {step}: {e.Message}");
        }
        catch (DitException mistake) // such as a full disk
        {
            throw WithKept(mistake);
        }
    }

    private IEnumerable<string> Save(TrainingState state)
    {
        try
        {
            SameWeights.Require(Processes, state.Learned);
            string[] written = [];
            Processes.InFirst(() => written = [.. folder.SaveState(state)]);
            return written;
        }
        catch (DitException mistake) // such as a full disk
        {
            throw WithKept(mistake);
        }
    }

    // What ends a run late says what is left of the run.
    private DitException WithKept(DitException mistake) =>
        Processes.Shared(new($"{mistake.Message.TrimEnd('.')}; {folder.Kept}.", mistake));

    private TrainingResult Finish(TrainingState state, Saved saved)
    {
        var cancelled = state.Step < recipe.Steps;
        if (state.Step == 0) return new(0, cancelled, []);
        if (state.Step != saved.Step) saved = new(state.Step, [.. Save(state)]);
        if (cancelled) return new(state.Step, cancelled, saved.Files);
        try
        {
            string[] weights = [];
            Processes.InFirst(() => weights = [.. folder.SaveWeights(state)]);
            return new(state.Step, cancelled, [.. weights, .. saved.Files]);
        }
        catch (DitException mistake) // such as weights that Float16 does not hold
        {
            throw WithKept(mistake);
        }
    }

    /// <summary>What was saved last.</summary>
    private sealed record Saved(int Step, IReadOnlyList<string> Files);

    private static void Check(nn.Module model, ModelCard card)
    {
        if (model.parameters().First().dtype is not ScalarType.Float32 and var type)
            throw new DitException(
                $"{card.Name} is to be trained in {type}: create it in Float32, in which steps of this size are not rounded away.");
        if (!model.parameters().Any(static parameter => parameter.requires_grad))
            throw new DitException(
                $"{card.Name} has nothing to train: all its parameters are frozen, as they are while adapters are attached. To train "
                    + "adapters, dispose of those and set TrainingRecipe.Lora.");
    }
}
