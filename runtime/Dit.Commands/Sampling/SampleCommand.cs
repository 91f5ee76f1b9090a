using System.CommandLine;
using Dit.Runtime;

namespace Dit.Commands;

/// <summary><c>dit sample</c>: images of a trained model.</summary>
internal static class SampleCommand
{
    public static Command Create(CommandContext context)
    {
        var options = new SampleOptions(context);
        var command = new Command("sample", "Draw images: a row of samples for each class or text.");
        foreach (var option in options.All) command.Options.Add(option);
        command.SetAction(parsed =>
        {
            TensorLibrary.Require();
            return SeveralProcesses.Run(context, (seen, processes) =>
            {
                var request = options.Read(parsed, processes);
                return Model(seen, parsed.GetValue(options.Model), request).Accept(new SampleVisitor(seen, request, processes));
            });
        });
        return command;
    }

    // Weights say which model they are of.
    private static ModelDefinition Model(CommandContext context, string? named, SampleRequest request)
    {
        if (named is not null || request.Checkpoint is null) return context.FindOrUsual(named);
        using var file = CheckpointFile.Open(request.Checkpoint);
        return context.CarriedBy(file) ?? context.Named(file) ?? CheckpointMatch.Find(context, file, request.Weights, name: null).Model;
    }
}
