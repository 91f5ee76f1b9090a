using System.CommandLine;
using Dit.Runtime;

namespace Dit.Commands;

/// <summary><c>dit data</c>: data sets to train on.</summary>
internal static class DataCommand
{
    private const int DefaultCount = 40_000;

    public static Command Create(CommandContext context) =>
        new("data", "Make a data set.") { Shapes(context) };

    private static Command Shapes(CommandContext context)
    {
        var folder = new Option<string>("--out", "-o")
        {
            Description = "A folder that is empty or does not exist.",
            HelpName = "DIR",
            Required = true,
        };
        var count = CommonOptions.Number("--count", "Number of images.", DefaultCount);
        var seed = CommonOptions.Number("--seed", "Names the data set: the same seed gives the same images.", 0L);
        var size = CommonOptions.Number(
            "--size",
            $"Height and width of an image in pixels, up to {ShapesDataset.LargestSize}.",
            ShapesDataset.DefaultSize);
        var command = new Command("shapes", "Draw images of ten shapes, a folder for each: what the demo model is trained on.")
        {
            folder,
            count,
            seed,
            size,
        };
        command.SetAction(parsed => Run(
            context, parsed.GetRequiredValue(folder), parsed.GetValue(count), parsed.GetValue(seed), parsed.GetValue(size)));
        return command;
    }

    private static void Run(CommandContext context, string folder, int count, long seed, int size)
    {
        var target = AtomicFile.FullPath(folder);
        var classes = Progress.Show(context, progress => ShapesDataset.Write(
            target,
            count,
            seed,
            progress.Select<int>(done => new((double)done / count, $"image {done}/{count}")),
            context.Cancellation,
            size));
        context.Out.WriteLine(
            $"Wrote {Amount.Of(count, "image")} of {size} x {size} pixels in {Amount.Of(classes.Count, "class", "classes")} to {target}");
    }
}
