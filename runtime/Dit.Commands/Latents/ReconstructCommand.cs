using System.CommandLine;
using System.Globalization;
using Dit.Runtime;
using static TorchSharp.torch;

namespace Dit.Commands;

/// <summary><c>dit reconstruct</c>: what an autoencoder makes of images, beside them.</summary>
internal static class ReconstructCommand
{
    private const int White = 255;

    public static Command Create(CommandContext context)
    {
        var autoencoder = new AutoencoderOptions(context);
        var images = new Argument<string[]>("images")
        {
            Description = "PNG, JPEG, WebP or BMP files.",
            HelpName = "IMAGE",
            Arity = ArgumentArity.OneOrMore,
        };
        var file = new Option<string>("--out", "-o")
        {
            Description = "The .png or .jpg picture of images and reconstructions.",
            HelpName = "FILE",
            DefaultValueFactory = _ => "reconstruction.png",
        };
        var size = CommonOptions.Number<int>(
            "--size",
            "Height and width in pixels that images are cropped to. [default: their own, less what exceeds whole latent pixels]");
        var command = new Command("reconstruct", "Encode images, decode their latents again, and show both side by side.")
        {
            images,
            file,
            size,
        };
        foreach (var option in autoencoder.All) command.Options.Add(option);
        command.SetAction(parsed =>
        {
            TensorLibrary.Require();
            var path = PictureFile(parsed.GetRequiredValue(file));
            Run(context, autoencoder.Read(parsed), parsed.GetRequiredValue(images), path, parsed.GetValue(size));
        });
        return command;
    }

    private static string PictureFile(string path)
    {
        var full = AtomicFile.FullPath(path);
        if (!ImageFile.HasWritableExtension(path))
            throw new DitException($"Reconstructions are drawn into a .png or .jpg file, not into '{path}'.");
        AtomicFile.RequireWritable(full);
        return full;
    }

    private static void Run(CommandContext context, AutoencoderChoice choice, IReadOnlyList<string> paths, string file, int? size)
    {
        RgbImage[] images = [.. paths.Select(path => Cropped(path, choice.Card, size))]; // every mistake is found before the work
        var (height, width) = (images.Max(static image => image.Height), images.Max(static image => image.Width));
        var layout = ImageGrid.Layout(2 * images.Length, height, width, Layout([.. images.Select(static _ => Label(0))]));
        ImageFile.RequireWritable(file, layout.Width, layout.Height);
        using var autoencoder = choice.Load();
        var psnr = new double[images.Length];
        var picture = Progress.Show(context, progress =>
        {
            using var scope = NewDisposeScope();
            var cells = new List<Tensor>();
            foreach (var (i, image) in images.Index())
            {
                var again = Reconstructed(image, paths[i], autoencoder, choice, context.Cancellation);
                psnr[i] = ImageComparison.Psnr(image, again);
                cells.AddRange([OnWhite(image, height, width), OnWhite(again, height, width)]);
                progress.Report(new((i + 1.0) / images.Length, $"image {i + 1}/{images.Length}"));
            }
            return ImageGrid.Render(stack(cells), Layout([.. psnr.Select(Label)]));
        });
        ImageFile.Write(file, picture);
        foreach (var (i, image) in images.Index()) context.Out.WriteLine($"{paths[i]}  {image.Width} x {image.Height}  {Label(psnr[i])}");
        context.Out.WriteLine(
            $"Wrote {Amount.Of(images.Length, "image")} beside what {choice.Card.Name} makes of {(images.Length == 1 ? "it" : "them")} to "
                + $"{file}");
    }

    private static RgbImage Cropped(string path, AutoencoderCard card, int? size)
    {
        var image = ImageFile.Read(path);
        if (size is { } side)
            return side >= 1 && side % card.Factor == 0
                ? ImageTransforms.CenterCrop(image, side, side)
                : throw new DitException(
                    $"Images cannot be cropped to {side} pixels for {card.Name}: the size must be a multiple of {card.Factor}.");
        var (height, width) = (image.Height / card.Factor * card.Factor, image.Width / card.Factor * card.Factor);
        if (height == 0 || width == 0)
            throw new DitException(
                $"{path} has {image.Width} x {image.Height} pixels, and {card.Name} needs at least {card.Factor} of each; --size N "
                    + $"enlarges it.");
        using var scope = NewDisposeScope();
        return RgbImage.FromTensor(
            image.ToTensor().narrow(1, (image.Height - height) / 2, height).narrow(2, (image.Width - width) / 2, width));
    }

    private static RgbImage Reconstructed(
        RgbImage image,
        string path,
        AutoencoderKL autoencoder,
        AutoencoderChoice choice,
        CancellationToken cancellation)
    {
        using var scope = NewDisposeScope();
        var tiling = choice.TilingOf(image.Height / choice.Card.Factor, image.Width / choice.Card.Factor);
        var pixels = image.ToTensor().unsqueeze(0).to(ScalarType.Float32).div_(127.5).sub_(1); // (1, 3, Y, X) in [-1, 1]
        using var moments = autoencoder.Encode(pixels, tiling, cancellation);
        using var latents = moments.Mode();
        return autoencoder.PictureOf(latents, path, choice.Weights, tiling, cancellation);
    }

    // (3, height, width), the picture at its top left.
    private static Tensor OnWhite(RgbImage image, int height, int width)
    {
        var cell = full([3, height, width], White, ScalarType.Byte);
        using var scope = NewDisposeScope();
        cell.narrow(1, 0, image.Height).narrow(2, 0, image.Width).copy_(image.ToTensor());
        return cell;
    }

    private static ImageGridOptions Layout(IReadOnlyList<string> labels) => new(Columns: 2, RowLabels: labels);

    private static string Label(double psnr) =>
        double.IsPositiveInfinity(psnr) ? "equal" : string.Create(CultureInfo.InvariantCulture, $"{psnr:F2} dB");
}
