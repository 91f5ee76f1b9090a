using System.CommandLine;
using Dit.Runtime;

namespace Dit.Commands;

/// <summary><c>dit train</c>: a model from a folder of images.</summary>
internal static class TrainCommand
{
    public static Command Create(CommandContext context)
    {
        var resume = new Option<bool>("--resume")
        {
            Description =
                "Go on with the run in --out from its newest checkpoint. The recipe is that of the run; --steps makes it longer.",
        };
        var command = new Command("train", """
            Train a model on a folder of images, by the recipe of the DiT paper unless told otherwise.

            A run that is stopped leaves a checkpoint that 'dit sample' takes. With --resume it goes on, and ends with the same weights,
            bit for bit, as if it had not been stopped.
            """);
        foreach (var option in RunKeys.All.SelectMany(key => key.CreateOptions(context))) command.Add(option);
        command.Add(resume);
        command.SetAction(parsed =>
        {
            TensorLibrary.Require();
            return SeveralProcesses.Run(context, (seen, processes) => Run(seen, processes, parsed, parsed.GetValue(resume)));
        });
        return command;
    }

    private static int Run(CommandContext context, ProcessGroup processes, ParseResult parsed, bool resume)
    {
        var asked = WithFullPath(RunKeys.Given(parsed, new()));
        var from = resume ? TrainingCheckpoint.Newest(asked.Folder) : null;
        foreach (var note in from?.Notes ?? []) context.Say(note);
        var settings = from is null ? asked : WithFullPath(RunKeys.Given(parsed, new() { Recipe = from.Recipe }));
        using var checkpoint = Begin(settings.From, from);
        return ModelOf(context, settings.Model, from?.Path ?? checkpoint?.Path).Accept(new TrainVisitor(
            context,
            settings,
            from,
            checkpoint,
            TorchDevice.Parse(processes.DeviceOf(settings.Device), settings.TensorFloat32),
            processes));
    }

    private static RunSettings WithFullPath(RunSettings settings) =>
        settings with { Folder = settings.Folder with { Path = AtomicFile.FullPath(settings.Folder.Path) } };

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
}
