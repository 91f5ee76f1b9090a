using System.CommandLine;
using Dit.Runtime;

namespace Dit.Commands;

/// <summary><c>dit report</c>: the page of a training run.</summary>
internal static class ReportCommand
{
    public static Command Create(CommandContext context)
    {
        var run = new Argument<string>("RUN") { Description = "The folder of a run of 'dit train'." };
        var output = new Option<string?>("--out", "-o")
        {
            Description = $"The page, an HTML file. [default: {ReportPage.FileName} in the folder]",
            HelpName = "FILE",
        };
        var command = new Command(
            "report",
            "Write the page of a training run: curves, samples, model, recipe, data and machine in one HTML file that opens from a disk.")
        {
            run,
            output,
        };
        command.SetAction(parsed =>
        {
            var target = parsed.GetValue(output);
            if (target is not null && Path.GetExtension(target).ToLowerInvariant() is not (".html" or ".htm"))
                throw new DitException($"--out is '{target}': a report is an HTML file, so name one that ends in .html.");
            var written = ReportPage.Write(parsed.GetRequiredValue(run), target, context.Name, context.Cancellation);
            context.Out.WriteLine($"Wrote {written}");
        });
        return command;
    }
}
