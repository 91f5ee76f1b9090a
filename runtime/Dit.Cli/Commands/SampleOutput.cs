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
                $"{card.Name} draws latents of {card.Autoencoder?.Name}, and this version has no autoencoder to make pictures of them: --out NAME.safetensors saves the latents."),
            _ => throw new DitException($"Samples are written to a .png or a .safetensors file, not to '{path}'."),
        };
        AtomicFile.RequireWritable(full);
        return output;
    }

    /// <summary>Finds out before drawing whether the file can hold so many samples.</summary>
    /// <exception cref="DitException">There are too many.</exception>
    public virtual void RequireRoom(SampleRows rows)
    {
        var (channels, height, width) = card.Input;
        if ((Int128)rows.Count * channels * height * width > int.MaxValue)
            throw new DitException($"{Amount.Whole(rows.Count)} samples of {card.Input} are too many for one file: draw fewer, with several seeds.");
    }

    /// <summary>Writes the file, whole or not at all.</summary>
    /// <param name="samples">(N, C, Y, X), row after row.</param>
    /// <param name="rows">What they are of.</param>
    public abstract void Write(Tensor samples, SampleRows rows);

    private sealed class Picture(string path, ModelCard card) : SampleOutput(path, card)
    {
        private readonly ImageShape input = card.Input;

        public override void RequireRoom(SampleRows rows)
        {
            base.RequireRoom(rows);
            ImageGrid.Layout((int)rows.Count, input.Height, input.Width, Options(rows));
        }

        public override void Write(Tensor samples, SampleRows rows) => ImageGrid.Write(Path, samples, Options(rows));

        private ImageGridOptions Options(SampleRows rows) =>
            new(rows.Columns, Scale: Math.Max(1, CellPixels / input.Height), RowLabels: rows.Names.Count > 0 ? rows.Names : null);
    }

    private sealed class Numbers(string path, ModelCard card) : SampleOutput(path, card)
    {
        private readonly string model = card.Name;

        public override void Write(Tensor samples, SampleRows rows)
        {
            using var scope = NewDisposeScope();
            (string, Tensor)[] labels = rows.Labels is { } classes
                ? [("labels", tensor([.. classes.SelectMany(label => Enumerable.Repeat((long)label, rows.Each))]))]
                : [];
            SafeTensors.Save(Path, [("samples", samples), .. labels], new Dictionary<string, string> { ["dit.model"] = model });
        }
    }
}
