using System.CommandLine;
using System.Globalization;
using Dit.Runtime;
using Dit.Spec;
using TorchSharp;
using static TorchSharp.torch;

namespace Dit.Commands;

/// <summary><c>dit train</c>: a model from a folder of images.</summary>
internal static class TrainCommand
{
    private static readonly Dictionary<string, LearningRateSchedule> Schedules = new()
    {
        ["constant"] = LearningRateSchedule.Constant,
        ["linear"] = LearningRateSchedule.Linear,
        ["cosine"] = LearningRateSchedule.Cosine,
    };

    public static Command Create(CommandContext context)
    {
        var (recipe, standard) = (new TrainingRecipe(), new TrainingFolder(""));
        var data = new Option<string>("--data", "-d")
        {
            Description =
                "A folder with one folder of images for each class; for a model without classes, any folder of images; for a model of "
                    + "latents, what 'dit encode' wrote.",
            HelpName = "DIR",
            Required = true,
        };
        var model = CommonOptions.Model(context, context.Usual()?.Card.Name);
        var folder = new Option<string>("--out", "-o")
        {
            Description = "The folder for checkpoint, weights and losses.",
            HelpName = "DIR",
            DefaultValueFactory = static _ => "run",
        };
        var steps = CommonOptions.Number("--steps", "Optimizer steps.", recipe.Steps);
        var batch = CommonOptions.Number("--batch", "Images of one step.", recipe.BatchSize);
        var rate = CommonOptions.Number("--lr", "Learning rate of AdamW.", recipe.LearningRate);
        var decay = CommonOptions.Number("--ema", "Decay of the moving average of the weights.", recipe.EmaDecay);
        var emaWarmup = new Option<bool>("--ema-warmup")
        {
            Description = "Begin the moving average with a small decay, so that it soon leaves the untrained start.",
        };
        var postHoc = new Option<bool>("--post-hoc-ema")
        {
            Description = "Keep two power-function averages, from which 'dit average' makes one of any length after the run.",
        };
        var weightDecay = CommonOptions.Number("--weight-decay", "Decoupled weight decay of AdamW.", recipe.WeightDecay);
        var decayMatrices = new Option<bool>("--decay-matrices")
        {
            Description = "Decay matrices and convolutions only: no biases, norms, embeddings or positions.",
        };
        var warmup = CommonOptions.Number("--warmup", "Steps over which the learning rate rises.", recipe.WarmupSteps);
        var accumulate = CommonOptions.Number("--accumulate", "Parts that a batch is computed in, to save memory.", recipe.Accumulation);
        var schedule = new Option<string>("--schedule")
        {
            Description = $"The learning rate after the warm-up: {string.Join(", ", Schedules.Keys)}.",
            HelpName = "WORD",
            DefaultValueFactory = static _ => "constant",
        };
        var minSnr = CommonOptions.Number<double>(
            "--min-snr",
            "Gamma of min-SNR weighting, 5 in its paper; without it, all samples count alike.");
        var clip = CommonOptions.Number<double>("--clip", "Largest norm of the gradient; without it, none is too large.");
        var seed = CommonOptions.Number("--seed", "The same seed gives the same weights.", recipe.Seed);
        var every = CommonOptions.Number("--save-every", "Steps from one checkpoint to the next.", standard.SaveEvery);
        var minutes = CommonOptions.Number(
            "--save-minutes", "Minutes after which a checkpoint is saved besides.", standard.SaveAfter.TotalMinutes);
        var keep = CommonOptions.Number(
            "--keep",
            "Checkpoints that are kept, the newest included; the best one stays besides.",
            standard.Keep);
        var resume = new Option<bool>("--resume")
        {
            Description =
                "Go on with the run in --out from its newest checkpoint. The recipe is that of the run; --steps makes it longer.",
        };
        var buckets = CommonOptions.Number(
            "--time-buckets", "Intervals of the process's time in which the squared error is measured, 1 to 16.", standard.TimeBuckets);
        var tensorBoard = new Option<bool>("--tensorboard") { Description = "Write an event file for TensorBoard into the folder, too." };
        var begin = new Option<string?>("--from")
        {
            Description =
                "Start from the weights of a checkpoint, of other classes or a different image size too: what fits is loaded, and what "
                    + "does not fit is listed before the first step.",
            HelpName = "FILE",
        };
        var type = CommonOptions.RealType("--weights-dtype", "Type of the finished weights.");
        var flip = new Option<bool>("--flip")
        {
            Description = "Mirror half of the images; of latents, where they were encoded mirrored.",
            DefaultValueFactory = _ => recipe.HorizontalFlip,
        };
        var noFlip = new Option<bool>("--no-flip") { Description = "Never mirror an image." };
        var skip = ImageData.SkipUnreadable();
        var (device, tensorFloat32) = (CommonOptions.Device(), CommonOptions.TensorFloat32());
        var command = new Command("train", """
            Train a model on a folder of images, by the recipe of the DiT paper unless told otherwise.

            A run that is stopped leaves a checkpoint that 'dit sample' takes. With --resume it goes on, and ends with the same weights,
            bit for bit, as if it had not been stopped.
            """)
        {
            data,
            model,
            folder,
            steps,
            batch,
            rate,
            weightDecay,
            decayMatrices,
            decay,
            emaWarmup,
            postHoc,
            warmup,
            schedule,
            accumulate,
            minSnr,
            clip,
            seed,
            every,
            minutes,
            keep,
            resume,
            buckets,
            tensorBoard,
            begin,
            type,
            flip,
            noFlip,
            skip,
            device,
            tensorFloat32,
        };
        command.SetAction(parsed =>
        {
            TensorLibrary.Require();
            return SeveralProcesses.Run(context, (seen, processes) => Train(seen, processes));

            int Train(CommandContext context, ProcessGroup processes)
            {
            var run = new TrainingFolder(
                AtomicFile.FullPath(parsed.GetRequiredValue(folder)), parsed.GetValue(every),
                CommonOptions.RealTypes[parsed.GetRequiredValue(type)])
            {
                SaveAfter = Minutes(parsed.GetValue(minutes)),
                Keep = parsed.GetValue(keep),
                TimeBuckets = parsed.GetValue(buckets),
                TensorBoard = parsed.GetValue(tensorBoard),
            };
            var from = parsed.GetValue(resume) ? TrainingCheckpoint.Newest(run) : null;
            foreach (var note in from?.Notes ?? []) context.Say(note);
            var start = from?.Recipe ?? recipe;
            using var checkpoint = Begin(parsed.GetValue(begin), from);
            return ModelOf(context, parsed.GetValue(model), from?.Path ?? checkpoint?.Path).Accept(new Visitor(
                context,
                parsed.GetRequiredValue(data),
                start with
                {
                    Steps = Given(parsed, steps, start.Steps),
                    BatchSize = Given(parsed, batch, start.BatchSize),
                    LearningRate = Given(parsed, rate, start.LearningRate),
                    WeightDecay = Given(parsed, weightDecay, start.WeightDecay),
                    DecayAll = start.DecayAll && !parsed.GetValue(decayMatrices),
                    EmaDecay = Given(parsed, decay, start.EmaDecay),
                    EmaWarmup = Given(parsed, emaWarmup, start.EmaWarmup),
                    PostHocEma = parsed.GetValue(postHoc) ? start.PostHocEma ?? new() : start.PostHocEma,
                    WarmupSteps = Given(parsed, warmup, start.WarmupSteps),
                    Schedule = ScheduleOf(Given(parsed, schedule, "")) ?? start.Schedule,
                    Accumulation = Given(parsed, accumulate, start.Accumulation),
                    MinSnrGamma = Given(parsed, minSnr, start.MinSnrGamma),
                    GradientClip = Given(parsed, clip, start.GradientClip),
                    Seed = Given(parsed, seed, start.Seed),
                    HorizontalFlip = Given(parsed, flip, start.HorizontalFlip) && !parsed.GetValue(noFlip),
                },
                parsed.GetResult(flip) is { Implicit: false },
                parsed.GetValue(skip),
                run,
                from,
                checkpoint,
                TorchDevice.Parse(processes.DeviceOf(parsed.GetRequiredValue(device)), parsed.GetValue(tensorFloat32)),
                processes));
            }
        });
        return command;
    }

    private static LearningRateSchedule? ScheduleOf(string word) =>
        word.Length == 0 ? null
        : Schedules.TryGetValue(word, out var schedule) ? schedule
        : throw new DitException($"--schedule is '{word}': it is {string.Join(", ", Schedules.Keys)}.");

    // The option's value where it was given: a resumed run has values of its own.
    private static T Given<T>(ParseResult parsed, Option<T> option, T otherwise) =>
        parsed.GetResult(option) is { Implicit: false } && parsed.GetValue(option) is { } value ? value : otherwise;

    private static TimeSpan Minutes(double minutes) => minutes is > 0 and <= 1e6
        ? TimeSpan.FromMinutes(minutes)
        : throw new DitException(FormattableString.Invariant($"--save-minutes is {minutes}: it is a number above 0, at most a million."));

    private static ICheckpointFile? Begin(string? path, TrainingCheckpoint? from) => path is null ? null
        : from is null ? CheckpointFile.Open(path)
        : throw new DitException("--from starts a new run from a checkpoint, and --resume goes on with a run: give one of them.");

    // A checkpoint says which model it is of.
    private static ModelDefinition ModelOf(CommandContext context, string? named, string? checkpoint)
    {
        if (named is not null || checkpoint is null) return context.FindOrUsual(named);
        using var file = CheckpointFile.Open(checkpoint);
        return context.CarriedBy(file) ?? context.Named(file) ?? context.FindOrUsual(null);
    }

    private sealed class Visitor(
        CommandContext context,
        string data,
        TrainingRecipe recipe,
        bool flipAsked,
        bool skip,
        TrainingFolder folder,
        TrainingCheckpoint? from,
        ICheckpointFile? checkpoint,
        Device device,
        ProcessGroup processes) : IModelVisitor<int>
    {
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
            recipe.Validate();
            if (from is not null) RequireSameSpec(card, from);
            PathRules.RequireOutside(folder.Path, data);
            foreach (var sentence in Start<TModel>(context.Notice)?.Sentences() ?? []) context.Out.WriteLine(sentence);
            using var latents = Latents(card);
            if (latents is not null)
                return TrainOnLatents<TModel, TCondition, TProcess>(TrainingSet.OfLatents<TCondition>(latents, card), RecipeOf(latents));
            var images = labels == ImageLabels.Classes ? ImageFolder.Open(data) : ImageFolder.OpenUnlabeled(data);
            return TrainOnImages<TModel, TCondition, TProcess>(images);
        }

        public int VisitJoint<TModel>()
            where TModel : nn.Module, IJointModel<TModel> =>
            throw new DitException(
                $"{TModel.Card.Name} denoises images and texts jointly, and 'dit train' knows images and classes only: train it from "
                    + $"code.");

        /// <summary>What a new run takes over from the checkpoint of <c>--from</c>; null without one.</summary>
        private FineTuning? Start<TModel>(Action<string>? notice = null)
            where TModel : nn.Module, IModel<TModel> =>
            checkpoint is null ? null : FineTuning.Of<TModel>(checkpoint, notice: notice);

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
            if (flipAsked)
                throw new DitException(
                    $"The latents in {latents.Root} are not there mirrored, and a latent cannot be mirrored: leave --flip out, or encode "
                        + $"again with --flip.");
            context.Out.WriteLine("No image is mirrored, since the latents were encoded without --flip.");
            return recipe with { HorizontalFlip = false };
        }

        private int TrainOnImages<TModel, TCondition, TProcess>(ImageFolder images)
            where TModel : nn.Module, IModel<TModel, TCondition, TProcess>
            where TCondition : ICondition<TCondition>
            where TProcess : IProcess
        {
            var trainer = new Trainer(recipe, folder) { Processes = processes };
            trainer.RequireFit(SetOf(images), TModel.Card, device); // before the images are checked, which takes a while
            using var claim = Claim();
            var (readable, sizes) = Survey(images);
            return Train<TModel, TCondition, TProcess>(trainer, SetOf(readable), recipe, claim, sizes);

            static TrainingSet<TCondition> SetOf(ImageFolder images) => TrainingSet.Of<TCondition>(images, TModel.Card.Input);
        }

        // The first process writes.
        private FolderClaim? Claim()
        {
            FolderClaim? claim = null;
            processes.InFirst(() => claim = folder.Claim(resume: from is not null));
            return claim;
        }

        private (ImageFolder Images, ImageSizes? Sizes) Survey(ImageFolder images)
        {
            (ImageFolder, ImageSizes?) seen = default;
            processes.Agree(() => seen = ImageData.Survey(context, images, skip));
            return seen;
        }

        private int TrainOnLatents<TModel, TCondition, TProcess>(TrainingSet<TCondition> latents, TrainingRecipe recipe)
            where TModel : nn.Module, IModel<TModel, TCondition, TProcess>
            where TCondition : ICondition<TCondition>
            where TProcess : IProcess
        {
            var trainer = new Trainer(recipe, folder) { Processes = processes };
            trainer.RequireFit(latents, TModel.Card, device);
            using var claim = Claim();
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
                $"{(from is null ? "Training" : $"Going on after step {from.Step} with")} {card.Name} "
                    + $"({Amount.Of(card.Parameters, "parameter")}) on "
                    + $"{Amount.Of(images.Count, "image")}{(count == 0 ? "" : $" of {Amount.Of(count, "class", "classes")}")}");
            if (ImageData.Comparison(count, card.Classes, sizes, card.Input, LargeBatch(recipe.BatchSize, images.Count)) is { } note)
                context.Out.WriteLine(note);
            if (SlowAverage(recipe) is { } warning) context.Out.WriteLine(warning);
            using var model = TModel.Create(device, seed: recipe.Seed);
            Start<TModel>()?.Fill(model);
            try
            {
                return Report(Progress.Show(context, progress => trainer.Run<TModel, TCondition, TProcess>(
                    model, images, progress.Select<TrainingProgress>(now => Describe(now, card)), context.Cancellation, claim, from)));
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
                foreach (var file in result.Files) context.Out.WriteLine($"Wrote {file}");
                if (recipe.PostHocEma is not null) context.Out.WriteLine($"Wrote {folder.Averages}, for 'dit average'");
                return 0;
            }
            var kept = result.Files.Count == 0 && from is null
                ? "nothing was written"
                : $"the checkpoint is in {folder.Checkpoint}, and --resume goes on from it";
            context.Say($"stopped after step {result.Step} of {recipe.Steps}; {kept}.");
            return DitCommand.Stopped;
        }
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
    private static WorkProgress Describe(TrainingProgress now, ModelCard card)
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
        return new((double)now.Step / now.Steps, [.. speed, .. parts, $"memory {Amount.Bytes(now.MemoryBytes)}"]);

        static string Text(FormattableString text) => FormattableString.Invariant(text);
    }
}
