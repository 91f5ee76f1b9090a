using Dit.Runtime;
using static TorchSharp.torch;

namespace Dit.Cli.Commands;

/// <summary>Where samples go: a picture, or the numbers as they are.</summary>
/// <param name="path">The full path of the file.</param>
/// <param name="card">The model.</param>
internal abstract class SampleOutput(string path, ModelCard card)
{
    private const int CellPixels = 96;

    /// <summary>The full path of the file.</summary>
    public string Path { get; } = path;

    /// <summary>The output of a file name; what cannot work is found here, before the samples are drawn.</summary>
    /// <exception cref="DitException">The name has another ending, the file cannot be written, or latents were to be drawn.</exception>
    public static SampleOutput For(string path, ModelCard card)
    {
        var full = AtomicFile.FullPath(path);
        SampleOutput output = System.IO.Path.GetExtension(path).ToLowerInvariant() switch
        {
            ".safetensors" => new Numbers(full, card),
            ".png" when card.IsPixelSpace => new Picture(full, card),
            ".png" => throw new DitException(
                $"{card.Name} draws latents of {card.Autoencoder}, and this version has no autoencoder to make pictures of them: --out NAME.safetensors saves the latents."),
            _ => throw new DitException($"Samples are written to a .png or a .safetensors file, not to '{path}'."),
        };
        AtomicFile.RequireWritable(full);
        return output;
    }

    /// <summary>Finds out before drawing whether the file can hold so many samples.</summary>
    /// <param name="classes">The label of each row.</param>
    /// <param name="each">Samples of each class.</param>
    /// <param name="names">What the classes are called.</param>
    /// <exception cref="DitException">There are too many.</exception>
    public virtual void RequireRoom(int[] classes, int each, ClassNames names)
    {
        var (channels, height, width) = card.Input;
        if ((long)classes.Length * each * channels * height * width > int.MaxValue)
            throw new DitException($"{Amount.Whole((long)classes.Length * each)} samples of {card.Input} are too many for one file: draw fewer, with several seeds.");
    }

    /// <summary>Writes the file, whole or not at all.</summary>
    /// <param name="samples">(N, C, Y, X), class after class.</param>
    /// <param name="labels">The label of each, N of them.</param>
    /// <param name="classes">The label of each row.</param>
    /// <param name="names">What the classes are called.</param>
    public abstract void Write(Tensor samples, int[] labels, int[] classes, ClassNames names);

    private sealed class Picture(string path, ModelCard card) : SampleOutput(path, card)
    {
        private readonly ImageShape input = card.Input;

        public override void RequireRoom(int[] classes, int each, ClassNames names)
        {
            base.RequireRoom(classes, each, names);
            ImageGrid.Layout(classes.Length * each, input.Height, input.Width, Options(classes, each, names));
        }

        public override void Write(Tensor samples, int[] labels, int[] classes, ClassNames names) =>
            ImageGrid.Write(Path, samples, Options(classes, labels.Length / classes.Length, names));

        private ImageGridOptions Options(int[] classes, int each, ClassNames names) =>
            new(each, Scale: Math.Max(1, CellPixels / input.Height), RowLabels: [.. classes.Select(names.NameOf)]);
    }

    private sealed class Numbers(string path, ModelCard card) : SampleOutput(path, card)
    {
        private readonly string model = card.Name;

        public override void Write(Tensor samples, int[] labels, int[] classes, ClassNames names)
        {
            using var stored = tensor(labels.Select(label => (long)label).ToArray());
            SafeTensors.Save(Path, [("samples", samples), ("labels", stored)], new Dictionary<string, string> { ["dit.model"] = model });
        }
    }
}
