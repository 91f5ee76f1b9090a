namespace Dit.Runtime;

/// <summary>The images of a folder in a known order, decoded by several threads before they are wanted.</summary>
internal sealed class ImageReader : IDisposable
{
    /// <summary>Bytes of decoded images that wait at most, besides those that are being decoded.</summary>
    public const long MostBytes = 1L << 27;

    private const int BatchesAhead = 2;

    private readonly ImageShape shape;
    private readonly OrderedWorkers<int, DecodedImage> decoded;

    /// <summary>Begins to decode.</summary>
    /// <param name="folder">The images.</param>
    /// <param name="shape">(C, Y, X) wanted.</param>
    /// <param name="reading">In which order, and by how many threads, at least 1.</param>
    public ImageReader(ImageFolder folder, ImageShape shape, ReadingPlan reading)
    {
        ImageFolder.RequireShape(shape);
        this.shape = shape;
        var most = (int)Math.Min((long)BatchesAhead * reading.Batch, MostBytes / ((long)shape.Channels * shape.Height * shape.Width));
        decoded = new(
            reading.Batches.SelectMany(static batch => batch),
            index => folder.Decode(index, shape),
            reading.Workers,
            Math.Max(most, reading.Workers),
            reading.Cancellation);
    }

    /// <summary>The next batch of the order.</summary>
    /// <param name="flips">Which images to mirror left to right, N of them.</param>
    /// <exception cref="DitException">An image cannot be read; the first one of the order is named.</exception>
    public LoadedImages Next(bool[] flips)
    {
        var batch = new ImageBatch(flips.Length, shape);
        for (var n = 0; n < flips.Length; n++) batch.Put(n, decoded.Take(), flips[n]);
        return batch.ToImages();
    }

    /// <inheritdoc/>
    public void Dispose() => decoded.Dispose();
}

/// <summary>How the images of a run are read.</summary>
/// <param name="Batches">The indices of every step's images, N of them each; a pure sequence, without end.</param>
/// <param name="Batch">N.</param>
/// <param name="Workers">How many threads decode; 0 decodes a batch when it is wanted.</param>
/// <param name="Cancellation">Ends the reading.</param>
internal sealed record ReadingPlan(IEnumerable<int[]> Batches, int Batch, int Workers, CancellationToken Cancellation);

/// <summary>Loads the batches of a run, in order.</summary>
/// <typeparam name="TCondition">What the images come with.</typeparam>
/// <param name="next">Given the indices of the next batch and which images to mirror: images and conditions.</param>
/// <param name="resource">What is disposed of with it.</param>
internal sealed class BatchReader<TCondition>(
    Func<int[], bool[], (TorchSharp.torch.Tensor Images, TCondition Condition)> next, IDisposable? resource = null) : IDisposable
{
    /// <summary>The next batch: new tensors on the CPU.</summary>
    public (TorchSharp.torch.Tensor Images, TCondition Condition) Next(int[] indices, bool[] flips) => next(indices, flips);

    /// <inheritdoc/>
    public void Dispose() => resource?.Dispose();
}
