using Dit.Runtime;

namespace Dit.Cli.Commands;

/// <summary>Looks at samples while they are being drawn.</summary>
internal interface ISampleWatcher
{
    /// <summary>Shown the state of a batch after each step.</summary>
    /// <param name="first">The first sample of the batch.</param>
    /// <param name="state">The state; it lives until this returns.</param>
    void Observe(int first, SamplingState state);

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
/// <param name="pictures">Makes pictures.</param>
internal sealed class SamplePreview(string path, int every, SampleRows rows, SamplePictures pictures) : ISampleWatcher
{
    private bool isWritten;

    public string? Kept => isWritten ? $"the last preview is {path}" : null;

    public void Observe(int first, SamplingState state)
    {
        if (state.Progress.Step % every != 0) return;
        var count = (int)state.PredictedStart.shape[0];
        var part = rows.Part(count);
        var canvas = new ImageGridCanvas(count, pictures.Height, pictures.Width, part.Layout(pictures.Height));
        for (var i = 0; i < count; i++)
        {
            using var sample = state.PredictedStart[i];
            canvas.Place(i, pictures.Draw(sample));
        }
        ImageFile.WritePng(path, canvas.Picture);
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
    private readonly SamplePictures pictures;
    private readonly int[] steps;
    private readonly ImageGridCanvas[] frames;
    private readonly bool dither;

    /// <param name="path">The .gif file.</param>
    /// <param name="rows">All samples.</param>
    /// <param name="stepsInAll">Steps of the sampler.</param>
    /// <param name="pictures">Makes pictures.</param>
    /// <exception cref="DitException">The frames are too large to be held.</exception>
    public SampleAnimation(string path, SampleRows rows, int stepsInAll, SamplePictures pictures)
    {
        (this.path, this.pictures, steps) = (path, pictures, Steps(stepsInAll));
        var layout = rows.Layout(pictures.Height);
        if (!ImageGrid.Fits((int)Math.Min(rows.Count, int.MaxValue), pictures.Height, pictures.Width, layout, MostBytes / (3 * steps.Length)))
            throw new DitException($"An animation of {Amount.Of(rows.Count, "image")} in {steps.Length} frames takes more than {Amount.Bytes(MostBytes)} of memory: draw fewer images, or leave --gif out.");
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

    public void Observe(int first, SamplingState state)
    {
        var frame = Array.BinarySearch(steps, state.Progress.Step);
        if (frame < 0) return;
        for (var i = 0; i < state.PredictedStart.shape[0]; i++)
        {
            using var sample = state.PredictedStart[i];
            frames[frame].Place(first + i, pictures.Draw(sample));
        }
    }

    public string? Finish()
    {
        GifFile.Write(path, [.. frames.Select((frame, i) => new GifFrame(frame.Picture, i == frames.Length - 1 ? Last : Each))], dither);
        return $"Wrote {Amount.Of(frames.Length, "frame")} ({Amount.Bytes(new FileInfo(path).Length)}) to {path}";
    }
}
