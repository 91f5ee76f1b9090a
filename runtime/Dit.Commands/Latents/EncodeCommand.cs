using System.CommandLine;
using Dit.Runtime;
using static TorchSharp.torch;

namespace Dit.Commands;

/// <summary>
/// <c>dit encode</c>: a folder of images to a folder of latents, which models of latents are trained on.
/// </summary>
internal static class EncodeCommand
{
    private static readonly Dictionary<string, ScalarType> Types = new() { ["f32"] = ScalarType.Float32, ["f16"] = ScalarType.Float16 };

    public static Command Create(CommandContext context)
    {
        var standard = new LatentOptions();
        var autoencoder = new AutoencoderOptions(context);
        var data = new Option<string>("--data", "-d")
        {
            Description = "A folder with one folder of images for each class, or any folder of images.",
            HelpName = "DIR",
            Required = true,
        };
        var folder = new Option<string>("--out", "-o")
        {
            Description = "The folder for the latents; one of a run that was stopped is gone on with.",
            HelpName = "DIR",
            Required = true,
        };
        var size = CommonOptions.Number<int>("--size", "Height and width in pixels that images are cropped to. [default: the model's]");
        var batch = CommonOptions.Number("--batch", "Images that are read at once; it changes the speed, not the latents.", standard.Batch);
        var flip = new Option<bool>("--flip")
        {
            Description = "Encode each image mirrored as well, for training that mirrors half of the images.",
        };
        var type = new Option<string>("--dtype")
        {
            Description = "Type of the numbers: f16 takes half the room and rounds a little.",
            DefaultValueFactory = _ => "f32",
        };
        type.AcceptOnlyFromAmong([.. Types.Keys]);
        var shard = CommonOptions.Number<int>("--shard-images", "Images of each file. [default: as many as fit in 256 MB, at most 4,096]");
        var unreadable = new UnreadableOptions();
        var command = new Command("encode", """
            Encode images to the moments of their latents, once, for training on them.

            A run that is stopped keeps what is encoded, and the same command goes on from there, also when images were repaired, removed or added.
            """)
        {
            data, folder, size, batch, flip, type, shard,
        };
        foreach (var option in unreadable.All.Concat(autoencoder.All)) command.Options.Add(option);
        command.SetAction(parsed =>
        {
            TensorLibrary.Require();
            var choice = autoencoder.Read(parsed);
            var (height, width) = SizeOf(choice, parsed.GetValue(size));
            return Run(
                context,
                choice,
                parsed.GetRequiredValue(data),
                AtomicFile.FullPath(parsed.GetRequiredValue(folder)),
                (height, width),
                new LatentOptions
                {
                    Mirrored = parsed.GetValue(flip),
                    Type = Types[parsed.GetRequiredValue(type)],
                    Tiling = choice.TilingOf(height / choice.Card.Factor, width / choice.Card.Factor),
                    Batch = parsed.GetValue(batch),
                    ImagesPerShard = parsed.GetValue(shard),
                },
                unreadable.Read(parsed));
        });
        return command;
    }

    private static (int Height, int Width) SizeOf(AutoencoderChoice choice, int? size)
    {
        if (size is { } side) return (side, side);
        if (choice.Model is not { } model)
            throw new DitException("The size of the images is a model's: name one with --model, or give --size N.");
        var (_, height, width) = choice.Card.PixelShape(model.Input);
        return (height, width);
    }

    private static int Run(
        CommandContext context,
        AutoencoderChoice choice,
        string data,
        string folder,
        (int Height, int Width) size,
        LatentOptions options,
        UnreadableChoice unreadable)
    {
        PathRules.RequireOutside(folder, data);
        var all = Open(data, choice.Model);
        using var autoencoder = choice.Load();
        // the options' mistakes, before the images are looked at, which takes a while
        _ = new LatentEncoding(all, size, autoencoder, options);
        using var claim = FolderClaim.Take(folder);
        var (images, sizes) = ImageData.Survey(context, all, unreadable);
        var encoding = new LatentEncoding(images, size, autoencoder, options);
        var made = encoding.Description;
        context.Out.WriteLine(
            $"Encoding {Amount.Of(images.Count, "image")}{(made.Classes is { } classes ? $" of {Amount.Of(classes.Count, "class", "classes")}" : " without labels")} "
            + $"at {made.Height} x {made.Width} pixels by {choice.Card.Name}: latents of {made.Shape}, {Amount.Bytes(made.Bytes)} in "
            + $"{Amount.Of(made.Shards, "file")}");
        if (ImageData.Comparison(0, 0, sizes, choice.Card.PixelShape(made.Shape)) is { } note) context.Out.WriteLine(note);
        var result = Progress.Show(context, progress =>
            encoding.Run(folder, progress.Select<LatentProgress>(Describe), context.Cancellation, claim));
        var code = Report(context, folder, result);
        ImageData.Report(context, result.Unreadable, Path.Combine(folder, TrainingFolder.UnreadableName));
        return code;
    }

    // Labels are what a model of classes cannot do without; otherwise they are taken where the folder has them.
    private static ImageFolder Open(string data, ModelCard? model)
    {
        var labeled = model?.Condition is ModelCondition.Classes
            || (
                Directory.Exists(data)
                && Directory.EnumerateDirectories(data).Any()
                && !Directory.EnumerateFiles(data).Any(ImageFile.HasImageExtension));
        return labeled ? ImageFolder.Open(data, cacheBytes: 0) : ImageFolder.OpenUnlabeled(data, cacheBytes: 0); // every image is read once
    }

    private static int Report(CommandContext context, string folder, LatentResult result)
    {
        var images = result.Description.Images;
        if (!result.Cancelled)
        {
            var kept =
                result.Kept == 0 ? ""
                : result.Kept == images ? ", all of which were there,"
                : $", {Amount.Whole(result.Kept)} of which were there,";
            context.Out.WriteLine($"Wrote the latents of {Amount.Of(images, "image")}{kept} to {folder}");
            return 0;
        }
        context.Say(result.Done == 0
            ? "stopped; nothing was written."
            : $"stopped with the latents of {Amount.Whole(result.Done)} of {Amount.Of(images, "image")} in {folder}; the same command goes "
                + $"on from there.");
        return DitCommand.Stopped;
    }

    private static WorkProgress Describe(LatentProgress now) => new(
        (double)(now.Done - now.Kept) / (now.Total - now.Kept),
        FormattableString.Invariant($"image {now.Done}/{now.Total}"), FormattableString.Invariant($"{now.ImagesPerSecond:F1} images/s"));
}
