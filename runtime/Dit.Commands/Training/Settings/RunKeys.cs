using System.CommandLine;
using Dit.Runtime;

namespace Dit.Commands;

/// <summary>
/// Every setting of a training run, written once: the key of run files, the option, its help, what it takes, and where
/// it goes. The command line, run files, their JSON schema and their page are made from this list.
/// </summary>
internal static partial class RunKeys
{
    private static readonly Dictionary<string, LearningRateSchedule> Schedules = new()
    {
        ["constant"] = LearningRateSchedule.Constant,
        ["linear"] = LearningRateSchedule.Linear,
        ["cosine"] = LearningRateSchedule.Cosine,
    };

    private static readonly Dictionary<string, StartRecipe> Recipes = new()
    {
        ["auto"] = StartRecipe.Auto,
        ["short"] = StartRecipe.Short,
        ["paper"] = StartRecipe.Paper,
    };

    private const double MostMinutes = 1e6;
    private const int MostTimeBuckets = 16;
    private const int MostAverages = 16;

    /// <summary>All of them, in the order of the help.</summary>
    public static IReadOnlyList<RunKey> All =>
    [
        .. OfTask, .. OfLora, .. OfOptimizer, .. OfMemory, .. OfAverages, .. OfFiles, .. OfWatching, .. OfData, .. OfReading, .. OfDevice,
    ];

    /// <summary>Settings with all values that a command line gives.</summary>
    /// <exception cref="DitException">A value is no legal one.</exception>
    public static RunSettings Given(ParseResult parsed, RunSettings settings) =>
        All.Aggregate(settings, (before, key) => key.Given(parsed, before));

    private static IEnumerable<RunKey> OfTask =>
    [
        new RunKey<RunPath?>(
            "data", "--data", DataHelp, new PathType("a folder such as data/shapes", "DIR"),
            static run => run.Data, static (run, value) => run with { Data = value })
        {
            Common = static _ => new Option<string?>("--data", "-d") { Description = DataHelp, HelpName = "DIR" },
        },
        new RunKey<RunPath?>(
            "model", "--model", CommonOptions.ModelHelp(),
            new PathType("a name of 'dit models', or a spec such as my.dit.yaml", ModelSource.Help)
            {
                IsName = static word => ModelSource.SpecPath(word) is null,
            },
            static run => run.Model, static (run, value) => run with { Model = value })
        {
            Common = static context => CommonOptions.Model(context, context.Usual()?.Card.Name),
        },
        new RunKey<RunPath?>(
            "out", "--out", OutHelp, new PathType("a folder such as runs/first", "DIR"),
            static run => new(run.Folder.Path, ""),
            static (run, value) => run with { Folder = run.Folder with { Path = value?.Value ?? "" } })
        {
            IsPlace = true,
            Common = static _ =>
                new Option<string>("--out", "-o") { Description = OutHelp, HelpName = "DIR", DefaultValueFactory = static _ => "run" },
        },
        new RunKey<RunPath?>(
            "from", "--from",
            "Start from the weights of a checkpoint, of other classes or a different image size too: what fits is loaded, and what does "
                + "not fit is listed before the first step.",
            new PathType("a checkpoint such as weights.safetensors", "FILE"),
            static run => run.From, static (run, value) => run with { From = value }),
    ];

    private static IEnumerable<RunKey> OfOptimizer =>
    [
        new RunKey<StartRecipe>(
            "recipe", "--recipe", StartRecipes.Help, new WordType<StartRecipe>(Recipes),
            static run => run.Start, static (run, recipe) => run with { Start = recipe }),
        OfRecipe(
            "steps", "--steps", "Optimizer steps.", Count,
            static recipe => recipe.Steps, static (recipe, n) => recipe with { Steps = n }),
        OfRecipe(
            "batch", "--batch", "Images of one step.", Count,
            static recipe => recipe.BatchSize, static (recipe, n) => recipe with { BatchSize = n }),
        OfRecipe(
            "accumulate", "--accumulate", "Parts that a batch is computed in, to save memory.", Count,
            static recipe => recipe.Accumulation, static (recipe, n) => recipe with { Accumulation = n }),
        OfRecipe(
            "learning_rate", "--lr", "Learning rate of AdamW.", new RealType(NumberRange.Positive),
            static recipe => recipe.LearningRate, static (recipe, x) => recipe with { LearningRate = x }) with
        {
            Alias = "--learning-rate",
        },
        OfRecipe(
            "warmup", "--warmup", "Steps over which the learning rate rises.", new WholeType<int>(0, int.MaxValue),
            static recipe => recipe.WarmupSteps, static (recipe, n) => recipe with { WarmupSteps = n }),
        OfRecipe(
            "schedule", "--schedule", "The learning rate after the warm-up.", new WordType<LearningRateSchedule>(Schedules),
            static recipe => recipe.Schedule, static (recipe, schedule) => recipe with { Schedule = schedule }),
        OfRecipe(
            "weight_decay", "--weight-decay", "Decoupled weight decay of AdamW.", new RealType(NumberRange.AtLeast0),
            static recipe => recipe.WeightDecay, static (recipe, x) => recipe with { WeightDecay = x }),
        OfRecipe(
            "decay_matrices", "--decay-matrices", "Decay matrices and convolutions only: no biases, norms, embeddings or positions.",
            new SwitchType(), static recipe => !recipe.DecayAll, static (recipe, on) => recipe with { DecayAll = !on }),
        OfRecipe(
            "beta1", "--beta1", "Decay of AdamW's mean of gradients.", new RealType(NumberRange.Decay),
            static recipe => recipe.Beta1, static (recipe, x) => recipe with { Beta1 = x }),
        OfRecipe(
            "beta2", "--beta2", "Decay of AdamW's mean of squared gradients.", new RealType(NumberRange.Decay),
            static recipe => recipe.Beta2, static (recipe, x) => recipe with { Beta2 = x }),
        OfRecipe(
            "clip", "--clip", "Largest norm of the gradient; without it, none is too large.",
            new OptionalRealType(NumberRange.Positive),
            static recipe => recipe.GradientClip, static (recipe, x) => recipe with { GradientClip = x }),
        OfRecipe(
            "min_snr", "--min-snr", "Gamma of min-SNR weighting, 5 in its paper; without it, all samples count alike.",
            new OptionalRealType(NumberRange.Positive),
            static recipe => recipe.MinSnrGamma, static (recipe, x) => recipe with { MinSnrGamma = x }),
        OfRecipe(
            "seed", "--seed", "The same seed gives the same weights.", new WholeType<long>(long.MinValue, long.MaxValue),
            static recipe => recipe.Seed, static (recipe, n) => recipe with { Seed = n }),
    ];

    private static IEnumerable<RunKey> OfAverages =>
    [
        OfRecipe(
            "ema", "--ema",
            "Decay of the moving average of the weights, which is what is sampled from. Several, as in 0.999,0.9999, keep an average each: "
                + "the first is that of checkpoints and of weights.safetensors, the others become files such as "
                + "weights-0.9999.safetensors.",
            new RealsType(NumberRange.Decay, MostAverages, "[0.999, 0.9999]"),
            static recipe => [recipe.EmaDecay, .. recipe.FurtherEma?.Values ?? []],
            static (recipe, decays) => recipe with
            {
                EmaDecay = decays[0],
                FurtherEma = decays.Count > 1 ? new([.. decays.Skip(1)]) : null,
            }),
        OfRecipe(
            "ema_warmup", "--ema-warmup", "Begin the moving average with a small decay, so that it soon leaves the untrained start.",
            new SwitchType(), static recipe => recipe.EmaWarmup, static (recipe, on) => recipe with { EmaWarmup = on }),
        OfRecipe(
            "post_hoc_ema", "--post-hoc-ema",
            "Keep two power-function averages, from which 'dit average' makes one of any length after the run.",
            new SwitchType(), static recipe => recipe.PostHocEma is not null,
            static (recipe, on) => recipe with { PostHocEma = on ? recipe.PostHocEma ?? new() : null }),
    ];

    private static IEnumerable<RunKey> OfFiles =>
    [
        OfFolder(
            "save_every", "--save-every", "Steps from one checkpoint to the next.", Count,
            static folder => folder.SaveEvery, static (folder, n) => folder with { SaveEvery = n }),
        OfFolder(
            "save_minutes", "--save-minutes", "Minutes after which a checkpoint is saved besides.",
            new RealType(new NumberRange(0, MostMinutes) { WithoutMin = true }),
            static folder => folder.SaveAfter.TotalMinutes, static (folder, x) => folder with { SaveAfter = Minutes(x) }),
        OfFolder(
            "keep", "--keep", "Checkpoints that are kept, the newest included; the best one stays besides.", Count,
            static folder => folder.Keep, static (folder, n) => folder with { Keep = n }),
        OfFolder(
            "weights_dtype", "--weights-dtype", "Type of the finished weights.",
            new WordType<TorchSharp.torch.ScalarType>(CommonOptions.RealTypes),
            static folder => folder.WeightsType, static (folder, type) => folder with { WeightsType = type }),
        OfFolder(
            "time_buckets", "--time-buckets", "Intervals of the process's time in which the squared error is measured, 1 to 16.",
            new WholeType<int>(1, MostTimeBuckets),
            static folder => folder.TimeBuckets,
            static (folder, n) => folder with { TimeBuckets = n }),
        OfFolder(
            "tensorboard", "--tensorboard", "Write an event file for TensorBoard into the folder, too.", new SwitchType(),
            static folder => folder.TensorBoard, static (folder, on) => folder with { TensorBoard = on }),
    ];

    private static IEnumerable<RunKey> OfData =>
    [
        new RunKey<bool>(
            "flip", "--flip", "Mirror half of the images; of latents, where they were encoded mirrored.", new SwitchType(),
            static run => run.Recipe.HorizontalFlip,
            static (run, on) => run with { Recipe = run.Recipe with { HorizontalFlip = on }, FlipAsked = on })
        {
            Fixed = ("--no-flip", "Never mirror an image.", false),
        },
        new RunKey<bool>(
            "skip_unreadable", "--skip-unreadable", UnreadableChoice.SkipHelp, new SwitchType(),
            static run => run.SkipUnreadable, static (run, on) => run with { SkipUnreadable = on }),
    ];

    private static IEnumerable<RunKey> OfDevice =>
    [
        new RunKey<string>(
            "device", "--device", CommonOptions.DeviceHelp, new TextType("a device such as cuda:0", "DEVICE"),
            static run => run.Device, static (run, value) => run with { Device = value })
        {
            Common = static _ => CommonOptions.Device(),
        },
        new RunKey<bool>(
            "tf32", "--tf32", CommonOptions.TensorFloat32Help, new SwitchType(),
            static run => run.TensorFloat32, static (run, on) => run with { TensorFloat32 = on }),
    ];

    private static WholeType<int> Count { get; } = new(1, int.MaxValue);

    private const string DataHelp =
        "A folder with one folder of images for each class; for a model without classes, any folder of images; for a model of latents, "
            + "what 'dit encode' wrote.";

    private const string OutHelp = "The folder for checkpoint, weights and losses.";

    private static RunKey<T> OfRecipe<T>(
        string name,
        string option,
        string help,
        RunType<T> type,
        Func<TrainingRecipe, T> get,
        Func<TrainingRecipe, T, TrainingRecipe> set) =>
        new(name, option, help, type, run => get(run.Recipe), (run, value) => run with { Recipe = set(run.Recipe, value) });

    private static RunKey<T> OfFolder<T>(
        string name,
        string option,
        string help,
        RunType<T> type,
        Func<TrainingFolder, T> get,
        Func<TrainingFolder, T, TrainingFolder> set) =>
        new(name, option, help, type, run => get(run.Folder), (run, value) => run with { Folder = set(run.Folder, value) });

    private static TimeSpan Minutes(double minutes) => minutes is > 0 and <= MostMinutes
        ? TimeSpan.FromMinutes(minutes)
        : throw new DitException(FormattableString.Invariant($"--save-minutes is {minutes}: it is a number above 0, at most a million."));
}
