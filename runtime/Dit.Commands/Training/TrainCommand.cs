using System.CommandLine;
using Dit.Runtime;

namespace Dit.Commands;

/// <summary><c>dit train</c>: a model from a folder of images.</summary>
internal static class TrainCommand
{
    public static Command Create(CommandContext context)
    {
        var file = RunFileArgument();
        var resume = new Option<bool>("--resume")
        {
            Description =
                "Go on with the run in --out from its newest checkpoint, with its settings; --steps makes it longer, and --data says where "
                    + "the data are now.",
        };
        var verify = new Option<bool>("--verify-resume")
        {
            Description =
                $"Train {ResumeProof.UsualSteps} steps of the run twice, once stopped and resumed in the middle, and compare all bits; "
                    + "nothing is left of it.",
        };
        var command = new Command("train", """
            Train a model on a folder of images: by the recipe of the DiT paper, or by one for short runs where model and images are
            small; --recipe chooses.

            The settings are options, or lines of a run file, which 'dit schema --of run' describes; an option wins over the file.

            A run that is stopped leaves a checkpoint that 'dit sample' takes. With --resume it goes on, and ends with the same weights,
            bit for bit, as if it had not been stopped.
            """) { file };
        foreach (var option in RunKeys.All.SelectMany(key => key.CreateOptions(context))) command.Add(option);
        command.Add(resume);
        command.Add(verify);
        command.SetAction(parsed =>
        {
            TensorLibrary.Require();
            return SeveralProcesses.Run(context, (seen, processes) =>
                Run(seen, processes, parsed, parsed.GetValue(file), parsed.GetValue(resume), parsed.GetValue(verify)));
        });
        return command;
    }

    // A word that looks like an option is parsed as the argument: DitCommand says that it is none.
    private static Argument<string?> RunFileArgument()
    {
        var file = new Argument<string?>("RUN_FILE")
        {
            Description = "A YAML file of settings, such as run.yaml.",
            Arity = ArgumentArity.ZeroOrOne,
            CompletionSources = { static _ => ModelSource.RunFiles() },
        };
        file.Validators.Add(result =>
        {
            if (result.Tokens.Any(static token => token.Value.StartsWith('-'))) result.AddError("This is not an option.");
        });
        return file;
    }

    private static int Run(
        CommandContext context, ProcessGroup processes, ParseResult parsed, string? file, bool resume, bool verify)
    {
        if (resume && verify)
            throw new DitException("--verify-resume tries a run before it begins, and --resume goes on with one: give one of them.");
        if (verify && processes.Size > 1)
            throw new DitException("--verify-resume is for one process: start it without mpirun or srun.");
        Func<RunSettings, RunSettings> ofFile = file is null ? static settings => settings : RunFile.Read(context, file);
        var asked = Asked(new());
        var from = resume ? TrainingCheckpoint.Newest(asked.Folder) : null;
        if (from is { Recipe.Lora: null } && asked.From is not null)
            throw new DitException("--from starts a new run from a checkpoint, and --resume goes on with a run: give one of them.");
        foreach (var note in from?.Notes ?? []) context.Say(note);
        var begun = from is null ? null : SettingsOf(from, asked.Folder.Path);
        var known = begun is null ? asked : Asked(begun);
        using var checkpoint = Begin(known, from);
        var model = ModelOf(context, asked.Model?.Value, from?.Path ?? checkpoint?.Path);
        var settings = begun is null ? Started(model.Card) : OfSameStart(known, begun);
        var device = TorchDevice.Parse(processes.DeviceOf(settings.Device), settings.TensorFloat32);
        return model.Accept(new TrainVisitor(context, settings, from, checkpoint, device, processes, verify));

        RunSettings Started(ModelCard card)
        {
            var start = StartRecipes.Settings(asked.Start, card);
            return Asked(start) with { Start = start.Start };
        }

        RunSettings Asked(RunSettings before)
        {
            var all = RunKeys.Given(parsed, ofFile(before));
            return all with { Folder = all.Folder with { Path = AtomicFile.FullPath(all.Folder.Path) } };
        }
    }

    private static RunSettings OfSameStart(RunSettings settings, RunSettings begun) =>
        settings.Start == begun.Start || begun.Start == StartRecipe.Auto
            ? settings
            : throw new DitException("--recipe is where a new run starts from, and --resume goes on with a run's own: leave it out.");

    // Adapters are trained for weights, which their checkpoint does not hold.
    private static ICheckpointFile? Begin(RunSettings settings, TrainingCheckpoint? from)
    {
        if (from is not null && settings.Recipe.Lora is null) return null;
        if (settings.From is { } path) return CheckpointFile.Open(path.Value);
        if (settings.Recipe.Lora is null) return null;
        throw new DitException(
            from is null
                ? "--lora trains adapters of weights that are trained already: name them with --from FILE."
                : "This run trains adapters: name the weights that it began with, too, with --from FILE.");
    }

    // Checkpoints of earlier versions carry the recipe alone.
    private static RunSettings SettingsOf(TrainingCheckpoint from, string folder)
    {
        var settings = from.RunText is not { } text ? new() : RunFile.Parse(text, folder).Match(
            static set => set(new()),
            errors => throw new DitException(
                $"The settings that '{from.Path}' carries cannot be read, so a later version wrote them: {errors[0].Message}."));
        return settings with { Recipe = from.Recipe };
    }

    // A checkpoint says which model it is of.
    private static ModelDefinition ModelOf(CommandContext context, string? named, string? checkpoint)
    {
        if (named is not null || checkpoint is null) return context.FindOrUsual(named);
        using var file = CheckpointFile.Open(checkpoint);
        return context.CarriedBy(file) ?? context.Named(file) ?? context.FindOrUsual(null);
    }
}
