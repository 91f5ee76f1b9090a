using Dit.Runtime;
using static TorchSharp.torch;

namespace Dit.Commands;

/// <summary>Takes samples as they are finished, and writes them.</summary>
internal abstract class SampleOutput : IDisposable
{
    private const string Nothing = "nothing was written";

    /// <summary>What is said of the place when all is written.</summary>
    public abstract string Written { get; }

    /// <summary>What is said of it when drawing was stopped.</summary>
    public virtual string Kept => Nothing;

    /// <summary>Opens a target for so many samples.</summary>
    /// <param name="target">Where to.</param>
    /// <param name="card">The model.</param>
    /// <param name="rows">What will come.</param>
    /// <param name="first">The number of the first image.</param>
    /// <param name="pictures">Makes pictures; asked for by targets of pictures only.</param>
    /// <param name="recipe">How the images are made, for the files of pictures.</param>
    /// <param name="processes">The processes that draw together.</param>
    /// <param name="notice">Receives a sentence for each thing that the target cannot hold.</param>
    /// <exception cref="DitException">A folder cannot be created.</exception>
    public static SampleOutput Open(
        SampleTarget target,
        ModelCard card,
        SampleRows rows,
        int first,
        SamplePictureSource pictures,
        SampleRecipe recipe,
        ProcessGroup processes,
        Action<string> notice) =>
        target.Match<SampleOutput>(
            grid => new Grid(grid.Path, rows, pictures.Value, recipe, new(processes)),
            folder => new SampleFolder(folder.Path, rows, first, pictures.Value, recipe, new(processes), notice),
            numbers => new Numbers(numbers.Path, card, rows, new(processes)));

    /// <summary>Opens a target of pictures for so many samples.</summary>
    /// <param name="target">Where to.</param>
    /// <param name="rows">What will come.</param>
    /// <param name="pictures">Makes the pictures.</param>
    /// <param name="notice">Receives a sentence for each thing that the target cannot hold.</param>
    /// <exception cref="DitException">A folder cannot be created.</exception>
    public static SampleOutput OfPictures(SampleTarget target, SampleRows rows, SamplePictures pictures, Action<string> notice) =>
        target.Match<SampleOutput>(
            grid => new Grid(grid.Path, rows, pictures, recipe: null, new(ProcessGroup.Single)),
            folder => new SampleFolder(folder.Path, rows, first: 0, pictures, recipe: null, new(ProcessGroup.Single), notice),
            static numbers => throw new InvalidOperationException($"'{numbers.Path}' is no target of pictures."));

    /// <summary>Finds out before anything is read whether the target can hold so many samples.</summary>
    /// <exception cref="DitException">There are too many.</exception>
    public static void RequireRoom(SampleTarget target, ModelCard card, SampleRows rows)
    {
        var (channels, height, width) = card.Input;
        var isFolder = target is SampleTarget.Folder;
        if ((isFolder ? rows.Count : (Int128)rows.Count * channels * height * width) > int.MaxValue)
            throw new DitException(
                $"{Amount.Whole(rows.Count)} samples of {card.Input} are too many for one {(isFolder ? "run" : "file")}: draw fewer, with "
                    + $"several seeds.");
        if (target is not SampleTarget.Grid) return;
        var picture = card.Autoencoder?.PixelShape(card.Input) ?? card.Input;
        target.RequireFits(ImageGrid.Layout((int)rows.Count, picture.Height, picture.Width, rows.Layout(picture.Height)));
    }

    /// <summary>Takes one sample.</summary>
    /// <param name="n">Which, from 0.</param>
    /// <param name="sample">(C, Y, X).</param>
    public abstract void Add(int n, Tensor sample);

    /// <summary>Brings what several processes have drawn to the first of them, which finishes; all call it at the same
    /// time.</summary>
    public abstract void Collect(ProcessGroup processes);

    /// <summary>A mistake that ended the drawing, with what is kept of it.</summary>
    public DitException Refuse(DitException mistake) => new($"{mistake.Message.TrimEnd('.')}; {Kept}.", mistake);

    /// <summary>Writes what is written when all samples are there.</summary>
    public abstract void Finish();

    /// <inheritdoc/>
    public virtual void Dispose() { }

    private sealed class Grid(string path, SampleRows rows, SamplePictures pictures, SampleRecipe? recipe, GatheredRecords records)
        : SampleOutput
    {
        private readonly ImageGridCanvas canvas = new((int)rows.Count, pictures.Height, pictures.Width, rows.Layout(pictures.Height));

        public override string Written => path;

        public override void Add(int n, Tensor sample)
        {
            var picture = pictures.Draw(sample);
            canvas.Place(n, picture);
            records.Keep(n, () => picture.Pixels.ToArray());
        }

        public override void Collect(ProcessGroup processes) => records.Gather((n, pixels) => canvas.Place(n, pictures.Of(pixels)));

        public override void Finish() => ImageFile.Write(path, canvas.Picture, recipe?.OfRun());
    }

    private sealed class Numbers(string path, ModelCard card, SampleRows rows, GatheredRecords records) : SampleOutput
    {
        private readonly SortedDictionary<int, Tensor> samples = [];

        public override string Written => path;

        public override void Add(int n, Tensor sample)
        {
            samples.Add(n, sample.clone().DetachFromDisposeScope());
            records.Keep(n, () => sample.contiguous().bytes.ToArray());
        }

        public override void Collect(ProcessGroup processes) => records.Gather((n, bytes) =>
        {
            var sample = empty(card.Input.Channels, card.Input.Height, card.Input.Width);
            bytes.CopyTo(sample.bytes);
            samples.Add(n, sample.DetachFromDisposeScope());
        });

        public override void Finish()
        {
            using var scope = NewDisposeScope();
            (string, Tensor)[] labels = rows.Labels is { } classes
                ? [("labels", tensor([.. classes.SelectMany(label => Enumerable.Repeat((long)label, rows.Each))]))]
                : [];
            var metadata = new Dictionary<string, string> { [ModelCard.NameKey] = card.Name };
            if (card.Spec is { } spec) metadata[ModelCard.SpecKey] = spec;
            if (rows.Labels is { } named)
                metadata[ClassNameMetadata.MapKey] = ClassNameMetadata.ToMap(
                    named.Zip(rows.Rows, static (label, row) => (label, row.Name)));
            SafeTensors.Save(path, [("samples", stack(samples.Values)), .. labels], metadata);
        }

        public override void Dispose()
        {
            foreach (var sample in samples.Values) sample.Dispose();
        }
    }
}
