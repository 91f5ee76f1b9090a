using System.CommandLine;
using Dit.Runtime;

namespace Dit.Commands;

/// <summary><c>dit decode</c>: pictures of latents.</summary>
internal static class DecodeCommand
{
    public static Command Create(CommandContext context)
    {
        var autoencoder = new AutoencoderOptions(context);
        var input = new Option<string>("--in", "-i")
        {
            Description = "Samples in a .safetensors file of 'dit sample', or a folder of 'dit encode'.",
            HelpName = "FILE|DIR",
            Required = true,
        };
        var output = new Option<string>("--out", "-o")
        {
            Description = "A .png or .jpg picture of all, or a folder for single ones.",
            HelpName = "FILE|DIR",
            DefaultValueFactory = _ => "decoded.png",
        };
        var count = CommonOptions.Number<int>("--count", "How many to decode, from the first on. [default: all]");
        var command = new Command("decode", "Make pictures of latents; the model is the one that drew them, where the file says so.")
        {
            input,
            output,
            count,
        };
        foreach (var option in autoencoder.All) command.Options.Add(option);
        command.SetAction(parsed =>
        {
            TensorLibrary.Require();
            var target = SampleTarget.Of(parsed.GetRequiredValue(output));
            if (!target.IsOfPictures)
                throw new DitException($"Latents are decoded to a .png or .jpg picture or into a folder, not to '{target.Path}'.");
            using var source = LatentSource.Open(parsed.GetRequiredValue(input), context);
            return Run(context, source, autoencoder.Read(parsed, source.Autoencoder), target, CountOf(source, parsed.GetValue(count)));
        });
        return command;
    }

    private static int CountOf(LatentSource source, int? asked) => asked is null or >= 1
        ? Math.Min(source.Count, asked ?? source.Count)
        : throw new DitException($"{asked} latents cannot be decoded: at least 1 is needed.");

    private static int Run(CommandContext context, LatentSource source, AutoencoderChoice choice, SampleTarget target, int count)
    {
        if (source.Autoencoder is { } own && own.WithoutStatistics != choice.Card.WithoutStatistics)
            throw new DitException(
                $"The latents are those of {own.Name}, and {choice.Card.Name} is another autoencoder or another scale: leave --model and "
                    + $"--autoencoder out.");
        if (source.Autoencoder is { Statistics: not null } normalized) choice = choice with { Card = normalized };
        var (shape, rows) = (source.Shape, source.Rows(count));
        if (target is SampleTarget.Grid && choice.Card.PixelShape(shape) is var (_, height, width))
            target.RequireFits(ImageGrid.Layout(count, height, width, rows.Layout(height)));
        var tiling = choice.TilingOf(shape.Height, shape.Width);
        var autoencoder = choice.Load();
        using var pictures = SamplePictures.OfLatentsOf(autoencoder, choice.Weights, shape, tiling, context.Cancellation);
        source.Require(autoencoder);
        source.RequireFinite(count);
        using var output = SampleOutput.OfPictures(target, rows, pictures, context.Out.WriteLine);
        try
        {
            Progress.Show(context, progress => Decode(source, count, output, progress, context.Cancellation));
            context.Out.WriteLine($"Wrote {Amount.Of(count, "picture")} of latents of {shape} to {output.Written}");
            return 0;
        }
        catch (OperationCanceledException) when (context.Cancellation.IsCancellationRequested)
        {
            context.Say($"stopped; {output.Kept}.");
            return DitCommand.Stopped;
        }
        catch (DitException e)
        {
            throw output.Refuse(e);
        }
    }

    private static int Decode(
        LatentSource source,
        int count,
        SampleOutput output,
        IProgress<WorkProgress> progress,
        CancellationToken cancellation)
    {
        for (var n = 0; n < count; n++)
        {
            cancellation.ThrowIfCancellationRequested();
            using var latents = source.Read(n);
            output.Add(n, latents);
            progress.Report(new((n + 1.0) / count, $"picture {n + 1}/{count}"));
        }
        output.Finish();
        return count;
    }
}
