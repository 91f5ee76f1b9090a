using System.Collections.Concurrent;
using System.Runtime.ExceptionServices;
using static TorchSharp.torch;

namespace Dit.Runtime;

// How images become bytes and batches.
public sealed partial class ImageFolder
{
    // Decoded, cropped images, (C, Y, X) each. Filled until the budget is spent and never evicted: every epoch visits
    // every image once, in a new order, and for that pattern replacing entries gains nothing.
    private readonly ConcurrentDictionary<(int Index, ImageShape Shape), byte[]> cache = new();
    private long cachedBytes;

    /// <summary>Bytes of decoded images held at present.</summary>
    internal long CachedBytes => Interlocked.Read(ref cachedBytes);

    /// <summary>
    /// Loads images and their labels, decoding in parallel; images of another size are cropped as
    /// <see cref="ImageTransforms.CenterCrop"/> does.
    /// </summary>
    /// <param name="indices">Indices into <see cref="Files"/>, N of them.</param>
    /// <param name="shape">(C, Y, X) wanted; C is 3, or 1 for gray.</param>
    /// <param name="flips">Which images to mirror left to right, N of them; none when empty.</param>
    /// <returns>Images, float32 in [-1, 1], (N, C, Y, X), and labels, int64, (N,), on the CPU.</returns>
    /// <exception cref="DitException">An image cannot be read, or an argument does not fit.</exception>
    public (Tensor Images, Tensor Labels) LoadBatch(ReadOnlySpan<int> indices, ImageShape shape, ReadOnlySpan<bool> flips = default)
    {
        using var scope = NewDisposeScope();
        var batch = Load(indices, shape, flips);
        return (batch.Images.MoveToOuterDisposeScope(), LabelsOf(batch.Used).MoveToOuterDisposeScope());
    }

    /// <summary>Loads images as <see cref="LoadBatch"/> does, without their labels.</summary>
    /// <param name="indices">Indices into <see cref="Files"/>, N of them.</param>
    /// <param name="shape">(C, Y, X) wanted; C is 3, or 1 for gray.</param>
    /// <param name="flips">Which images to mirror left to right, N of them; none when empty.</param>
    /// <returns>Images, float32 in [-1, 1], (N, C, Y, X), on the CPU.</returns>
    /// <exception cref="DitException">An image cannot be read, or an argument does not fit.</exception>
    public Tensor LoadImages(ReadOnlySpan<int> indices, ImageShape shape, ReadOnlySpan<bool> flips = default) =>
        Load(indices, shape, flips).Images;

    /// <summary>Loads images as <see cref="LoadImages"/> does; none takes the place of another.</summary>
    /// <exception cref="UnreadableImageException">An image cannot be read.</exception>
    internal Tensor LoadExactly(int[] indices, ImageShape shape, bool[] flips) =>
        InParallel(indices, shape, flips, index => new(index, Load(index, shape))).Images;

    /// <summary>
    /// Loads images as <see cref="LoadImages"/> does, and says which took the place of unreadable ones.
    /// </summary>
    internal LoadedImages Load(ReadOnlySpan<int> indices, ImageShape shape, ReadOnlySpan<bool> flips)
    {
        CheckArguments(indices, shape, flips);
        return InParallel(indices.ToArray(), shape, flips.ToArray(), index => Decode(index, shape));
    }

    /// <summary>The labels of images, int64, (N,).</summary>
    internal Tensor LabelsOf(int[] indices) => tensor(Array.ConvertAll(indices, i => (long)Files[i].Label));

    /// <summary>
    /// One image, from the cache or from its file, or the one in its place where unreadable images are left out.
    /// </summary>
    /// <exception cref="DitException">It cannot be read, and is not to be left out.</exception>
    internal DecodedImage Decode(int index, ImageShape shape) =>
        largestPart is { } part ? LoadOrNext(index, shape, part) : new(index, Load(index, shape));

    private static LoadedImages InParallel(int[] indices, ImageShape shape, bool[] flips, Func<int, DecodedImage> decode)
    {
        var batch = new ImageBatch(indices.Length, shape);
        InParallel(indices.Length, n => batch.Put(n, decode(indices[n]), flips.Length > 0 && flips[n]));
        return batch.ToImages();
    }

    private void CheckArguments(ReadOnlySpan<int> indices, ImageShape shape, ReadOnlySpan<bool> flips)
    {
        if (indices.IsEmpty) throw new DitException("A batch needs at least one index.");
        foreach (var index in indices)
            if (index < 0 || index >= Count)
                throw new DitException($"There is no image {index} in {Root}: it holds {Count}, counted from 0.");
        RequireShape(shape);
        if (!flips.IsEmpty && flips.Length != indices.Length)
            throw new DitException($"{flips.Length} flips were given for {indices.Length} images: one for each is wanted, or none.");
    }

    /// <summary>Makes sure that images can have a shape.</summary>
    /// <exception cref="DitException">They cannot.</exception>
    internal static void RequireShape(ImageShape shape)
    {
        if (shape.Channels is not (1 or 3) || shape.Height < 1 || shape.Width < 1)
            throw new DitException($"Images cannot be loaded as {shape}: they have 3 channels, or 1 for gray, and at least one pixel.");
    }

    /// <summary>One image, (C, Y, X), from the cache or from its file.</summary>
    private byte[] Load(int index, ImageShape shape)
    {
        if (cache.TryGetValue((index, shape), out var known)) return known;
        var (read, problem) = ImageFile.TryRead(Files[index].Path);
        if (read is null) throw new UnreadableImageException(new(Files[index].Path, problem));
        var image = ImageTransforms.CenterCrop(read, shape.Height, shape.Width);
        var planes = shape.Channels == 1 ? Gray(image) : Planes(image);
        if (Interlocked.Add(ref cachedBytes, planes.Length) > cacheBytes || !cache.TryAdd((index, shape), planes))
            Interlocked.Add(ref cachedBytes, -planes.Length);
        return planes;
    }

    private static byte[] Planes(RgbImage image)
    {
        var area = image.Width * image.Height;
        var planes = new byte[3 * area];
        for (var i = 0; i < area; i++)
            for (var c = 0; c < 3; c++)
                planes[c * area + i] = image.Data[3 * i + c];
        return planes;
    }

    // Luma of ITU-R BT.601, in thousandths.
    private static byte[] Gray(RgbImage image)
    {
        var gray = new byte[image.Width * image.Height];
        for (var i = 0; i < gray.Length; i++)
            gray[i] = (byte)((299 * image.Data[3 * i] + 587 * image.Data[3 * i + 1] + 114 * image.Data[3 * i + 2] + 500) / 1000);
        return gray;
    }

    /// <summary>Runs every item, and throws the mistake of the first item that has one, as it is.</summary>
    internal static void InParallel(int count, Action<int> item, CancellationToken cancellation = default)
    {
        var mistakes = new ConcurrentDictionary<int, DitException>();
        // Each picture that is being decoded takes memory: no more of them at once than there are processors.
        var options = new ParallelOptions { MaxDegreeOfParallelism = Environment.ProcessorCount, CancellationToken = cancellation };
        Parallel.For(0, count, options, (i, state) =>
        {
            try
            {
                item(i);
            }
            catch (DitException mistake)
            {
                mistakes[i] = mistake;
                state.Break(); // all items before it still run, and one of them may be the first
            }
        });
        if (mistakes.Count > 0) ExceptionDispatchInfo.Throw(mistakes.MinBy(static pair => pair.Key).Value);
    }
}
