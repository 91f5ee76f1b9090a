using Dit.Runtime;

namespace Dit.Commands;

// What comes with the images, how they are read, and at which times the network sees them.
internal static partial class RunKeys
{
    private static readonly Dictionary<string, TimeSampling> TimeSamplings = new()
    {
        ["uniform"] = TimeSampling.Uniform,
        ["loss-second-moment"] = TimeSampling.LossSecondMoment,
    };


    private static IEnumerable<RunKey> OfReading =>
    [
        new RunKey<RunPath?>(
            "captions", "--captions", CaptionChoice.Help, new PathType("a file such as captions.safetensors", "FILE"),
            static run => run.Captions, static (run, value) => run with { Captions = value }),
        new RunKey<int>(
            "workers", "--workers", "Threads that decode images ahead of their step; 0 decodes them between the steps.",
            new WholeType<int>(0, Trainer.MostWorkers), static run => run.Workers, static (run, n) => run with { Workers = n })
        {
            IsOfMachine = true,
        },
        new RunKey<bool>(
            "strict", "--strict", UnreadableChoice.StrictHelp, new SwitchType(),
            static run => run.Strict, static (run, on) => run with { Strict = on }),
        OfRecipe(
            "time_sampling", "--time-sampling",
            "How timesteps are drawn: all alike, or by the second moment of their loss, for a diffusion that learns its variance.",
            new WordType<TimeSampling>(TimeSamplings),
            static recipe => recipe.TimeSampling, static (recipe, sampling) => recipe with { TimeSampling = sampling }),
    ];
}
