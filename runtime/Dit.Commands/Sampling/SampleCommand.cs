using System.CommandLine;

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
            return context.FindModel(parsed.GetRequiredValue(options.Model)).Accept(new SampleVisitor(context, options.Read(parsed)));
        });
        return command;
    }
}
