using Dit.Runtime;

namespace Dit.Commands;

/// <summary>Looks at samples while they are being drawn.</summary>
internal interface ISampleWatcher
{
    /// <summary>Shown how far a batch is after each step.</summary>
    /// <param name="first">The first sample of the batch.</param>
    /// <param name="progress">The step.</param>
    /// <param name="soFar">
    /// What each image of the batch looks like so far; drawn when the first watcher asks, for all of them.
    /// </param>
    void Observe(int first, SamplingProgress progress, Lazy<IReadOnlyList<RgbImage>> soFar);

    /// <summary>Called when all samples are drawn.</summary>
    /// <returns>What was written, or null where there is nothing to say.</returns>
    string? Finish();

    /// <summary>What is kept when drawing was stopped, or null.</summary>
    string? Kept { get; }
}

/// <summary>Writes what the images of the batch look like so far, now and then.</summary>
/// <param name="path">The picture, replaced each time.</param>
/// <param name="every">Steps from one to the next.</param>
/// <param name="rows">All samples.</param>
/// <param name="recipe">How they are made.</param>
internal sealed class SamplePreview(string path, int every, SampleRows rows, SampleRecipe recipe) : ISampleWatcher
{
    private bool isWritten;

    public string? Kept => isWritten ? $"the last preview is {path}" : null;

    public void Observe(int first, SamplingProgress progress, Lazy<IReadOnlyList<RgbImage>> soFar)
    {
        if (progress.Step % every != 0) return;
        var images = soFar.Value;
        var (height, width) = (images[0].Height, images[0].Width);
        var canvas = new ImageGridCanvas(images.Count, height, width, rows.Part(images.Count).Layout(height));
        foreach (var (i, image) in images.Index()) canvas.Place(i, image);
        ImageFile.WritePng(path, canvas.Picture, recipe.OfStep(progress));
        isWritten = true;
    }

    public string? Finish() => null;
}

/// <summary>Keeps what all images look like at some steps, and writes it as an animation.</summary>
internal sealed class SampleAnimation : ISampleWatcher
{
    private const int MostFrames = 32;
    private const long MostBytes = 1L << 30; // of frames, which are held until the last batch is drawn

    private static readonly TimeSpan Each = TimeSpan.FromMilliseconds(80), Last = TimeSpan.FromSeconds(2);

    private readonly string path;
    private readonly int[] steps;
    private readonly ImageGridCanvas[] frames;
    private readonly bool dither;
    private readonly SampleRecipe recipe;

    /// <param name="path">The .gif file.</param>
    /// <param name="rows">All samples.</param>
    /// <param name="stepsInAll">Steps of the sampler.</param>
    /// <param name="pictures">What pictures are like.</param>
    /// <param name="recipe">How the images are made.</param>
    /// <exception cref="DitException">The frames are too large to be held.</exception>
    public SampleAnimation(string path, SampleRows rows, int stepsInAll, SamplePictures pictures, SampleRecipe recipe)
    {
        (this.path, steps, this.recipe) = (path, Steps(stepsInAll), recipe);
        var layout = rows.Layout(pictures.Height);
        if (
            !ImageGrid.Fits(
                (int)Math.Min(rows.Count, int.MaxValue), pictures.Height, pictures.Width, layout, MostBytes / (3 * steps.Length)))
            throw new DitException(
                $"An animation of {Amount.Of(rows.Count, "image")} in {steps.Length} frames takes more than {Amount.Bytes(MostBytes)} of "
                    + $"memory: draw fewer images, or leave --gif out.");
        dither = layout.Scale == 1; // enlarged pixels are flat squares, and stay so: a fraction of the size
        frames = [.. steps.Select(_ => new ImageGridCanvas((int)rows.Count, pictures.Height, pictures.Width, layout))];
    }

    public string? Kept => null;

    /// <summary>The steps that are shown, counted from 1: evenly spread, the last among them.</summary>
    internal static int[] Steps(int inAll)
    {
        var count = Math.Min(inAll, MostFrames);
        return [.. Enumerable.Range(1, count).Select(i => (int)((long)i * inAll / count))];
    }

    public void Observe(int first, SamplingProgress progress, Lazy<IReadOnlyList<RgbImage>> soFar)
    {
        var frame = Array.BinarySearch(steps, progress.Step);
        if (frame < 0) return;
        foreach (var (i, image) in soFar.Value.Index()) frames[frame].Place(first + i, image);
    }

    public string? Finish()
    {
        GifFrame[] shown = [.. frames.Select((frame, i) => new GifFrame(frame.Picture, i == frames.Length - 1 ? Last : Each))];
        GifFile.Write(path, shown, dither, recipe.OfRun());
        return $"Wrote {Amount.Of(frames.Length, "frame")} ({Amount.Bytes(new FileInfo(path).Length)}) to {path}";
    }
}
