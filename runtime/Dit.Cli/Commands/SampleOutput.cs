using Dit.Runtime;
using static TorchSharp.torch;

namespace Dit.Cli.Commands;

/// <summary>Where samples go: a picture, or the numbers as they are.</summary>
internal abstract class SampleOutput
{
    private const int CellPixels = 96;

    /// <summary>The output of a file name; what cannot work is found here, before the samples are drawn.</summary>
    /// <exception cref="DitException">The name has another ending, its folder cannot be written, or latents were to be drawn.</exception>
    public static SampleOutput For(string path, ModelCard card)
    {
        SampleOutput output = Path.GetExtension(path).ToLowerInvariant() switch
        {
            ".safetensors" => new Numbers(path, card),
            ".png" when card.IsPixelSpace => new Picture(path),
            ".png" => throw new DitException(
                $"{card.Name} draws latents of {card.Autoencoder}, and this version has no autoencoder to make pictures of them: --out NAME.safetensors saves the latents."),
            _ => throw new DitException($"Samples are written to a .png or a .safetensors file, not to '{path}'."),
        };
        WritableFolder.Require(Path.GetDirectoryName(Path.GetFullPath(path)) ?? path);
        return output;
    }

    /// <summary>Writes the file, whole or not at all.</summary>
    /// <param name="samples">(N, C, Y, X), class after class.</param>
    /// <param name="labels">The label of each, N of them.</param>
    /// <param name="columns">Samples of each class.</param>
    /// <param name="names">What the classes are called.</param>
    public abstract void Write(Tensor samples, int[] labels, int columns, ClassNames names);

    private sealed class Picture(string path) : SampleOutput
    {
        public override void Write(Tensor samples, int[] labels, int columns, ClassNames names)
        {
            var scale = (int)Math.Max(1, CellPixels / samples.shape[2]);
            string[] rows = [.. labels.Chunk(columns).Select(row => names.NameOf(row[0]))];
            using var drawable = samples.clamp(-1, 1);
            ImageGrid.Write(path, drawable, new ImageGridOptions(columns, Scale: scale, RowLabels: rows));
        }
    }

    private sealed class Numbers(string path, ModelCard card) : SampleOutput
    {
        public override void Write(Tensor samples, int[] labels, int columns, ClassNames names)
        {
            using var classes = tensor(labels.Select(label => (long)label).ToArray());
            SafeTensors.Save(path, [("samples", samples), ("labels", classes)], new Dictionary<string, string> { ["dit.model"] = card.Name });
        }
    }
}
