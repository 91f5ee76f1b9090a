using System.CommandLine;
using Dit.Runtime;

namespace Dit.Commands;

/// <summary><c>dit average</c>: an average of any length, after the run.</summary>
internal static class AverageCommand
{
    public static Command Create(CommandContext context)
    {
        var run = new Argument<string>("RUN") { Description = "The folder of a run that was trained with --post-hoc-ema." };
        var length = CommonOptions.Number<double>(
            "--length",
            "How far the average reaches back: its standard deviation as a part of the training time, such as 0.1.");
        length.Required = true;
        var file = new Option<string>("--out", "-o")
        {
            Description = "The file of weights to write, .safetensors.",
            HelpName = "FILE",
            Required = true,
        };
        var type = CommonOptions.RealType("--dtype", "Type of the numbers.");
        var command = new Command("average", """
            Reconstruct a moving average of the weights, of any length, from the snapshots of a run (post-hoc EMA, arXiv 2312.02696).

            The average is that at the last snapshot, and 'dit sample' takes the file. Draw from several lengths and keep the best one.
            """)
        {
            run,
            length,
            file,
            type,
        };
        command.SetAction(parsed =>
        {
            TensorLibrary.Require();
            var snapshots = AverageSnapshots.Of(parsed.GetRequiredValue(run));
            var (wanted, path) = (parsed.GetValue(length) ?? 0, AtomicFile.FullPath(parsed.GetRequiredValue(file)));
            var fit = Progress.Show(context, progress => snapshots.Write(
                wanted,
                path,
                CommonOptions.RealTypes[parsed.GetRequiredValue(type)],
                progress.Select<int>(done => new((double)done / snapshots.Count, $"snapshot {done}/{snapshots.Count}")),
                context.Cancellation));
            context.Out.WriteLine(FormattableString.Invariant(
                $"Wrote {path}: the average of length {wanted} at step {Amount.Whole(snapshots.Step)}, ")
                + FormattableString.Invariant($"from {Amount.Of(snapshots.Count, "snapshot")}; its profile is off by {fit.Error:P1}"));
        });
        return command;
    }
}
