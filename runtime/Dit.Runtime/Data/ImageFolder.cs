using System.Collections.Concurrent;
using static TorchSharp.torch;

namespace Dit.Runtime;

/// <summary>One file of an <see cref="ImageFolder"/>.</summary>
/// <param name="Path">Where it is.</param>
/// <param name="Label">
/// Its class, an index into <see cref="ImageFolder.Classes"/>; 0 in a folder that was opened without classes.
/// </param>
public sealed record LabeledFile(string Path, int Label);

/// <summary>
/// A data set of images in folders named after their classes: <c>root/class/*.png</c>, jpg, jpeg, webp or bmp.
/// </summary>
/// <remarks>
/// Classes and files are in ordinal order, so that labels do not depend on the machine. Names that begin with a dot,
/// other files, and folders inside a class are left out. Safe to use from several threads.
/// </remarks>
public sealed class ImageFolder
{
    /// <summary>Bytes of decoded images that are kept by default: 1 GiB.</summary>
    public const long DefaultCacheBytes = 1L << 30;

    // Decoded, cropped images, (C, Y, X) each. Filled until the budget is spent and never evicted: every epoch visits
    // every image once, in a new order, and for that pattern replacing entries gains nothing.
    private readonly ConcurrentDictionary<(int Index, ImageShape Shape), byte[]> cache = new();
    private readonly long cacheBytes;
    private long cachedBytes;

    private readonly ConcurrentDictionary<int, UnreadableImage> skipped = new(); // found while loading
    private readonly IReadOnlyList<UnreadableImage> without;
    private readonly bool skips;

    private ImageFolder(
        string root,
        IReadOnlyList<string> classes,
        IReadOnlyList<LabeledFile> files,
        LeftOut leftOut,
        long cacheBytes,
        IReadOnlyList<UnreadableImage>? without = null)
    {
        (Root, Classes, Files, LeftOut, this.cacheBytes) = (root, classes, files, leftOut, cacheBytes);
        (this.without, skips) = (without ?? [], without is not null);
    }

    /// <summary>The folder that holds the class folders.</summary>
    public string Root { get; }

    /// <summary>
    /// The names of the classes; a label is an index into them. None in a folder that was opened without classes.
    /// </summary>
    public IReadOnlyList<string> Classes { get; }

    /// <summary>Every image, class by class.</summary>
    public IReadOnlyList<LabeledFile> Files { get; }

    /// <summary>Number of images.</summary>
    public int Count => Files.Count;

    /// <summary>What lies in the folder and is no part of the data set.</summary>
    public LeftOut LeftOut { get; }

    /// <summary>
    /// The images that are left out because they cannot be read, in ordinal order of their paths: those of
    /// <see cref="SkippingUnreadable"/>, and those found since.
    /// </summary>
    public IReadOnlyList<UnreadableImage> Unreadable =>
        [.. without.Concat(skipped.Values).OrderBy(static image => image.Path, StringComparer.Ordinal)];

    /// <summary>Whether an image that cannot be read is left out rather than an error.</summary>
    internal bool Skips => skips;

    /// <summary>Bytes of decoded images held at present.</summary>
    internal long CachedBytes => Interlocked.Read(ref cachedBytes);

    /// <summary>Lists the images of a folder; none is decoded yet.</summary>
    /// <param name="root">The folder that holds one folder for each class.</param>
    /// <param name="cacheBytes">
    /// How many bytes of decoded images to keep, at one byte for each channel of each pixel.
    /// </param>
    /// <exception cref="DitException">
    /// The folder does not exist, holds no class folders, or one of them has no images.
    /// </exception>
    public static ImageFolder Open(string root, long cacheBytes = DefaultCacheBytes) => Listed(root, listing =>
    {
        var classes = listing.Classes(root);
        if (classes.Length == 0)
            throw new DitException(
                $"The image folder {root} holds no class folders: images are expected in {Path.Combine(root, "CLASS", "NAME.png")}.");
        LabeledFile[] files = [.. classes.SelectMany((name, label) => FilesOf(listing, Path.Combine(root, name), label))];
        return new ImageFolder(root, classes, files, listing.LeftOut, cacheBytes);
    });

    /// <summary>
    /// Lists the images of a folder and of the folders directly in it, without classes: what unconditional models learn
    /// from.
    /// </summary>
    /// <param name="root">The folder.</param>
    /// <param name="cacheBytes">
    /// How many bytes of decoded images to keep, at one byte for each channel of each pixel.
    /// </param>
    /// <exception cref="DitException">The folder does not exist or holds no images.</exception>
    public static ImageFolder OpenUnlabeled(string root, long cacheBytes = DefaultCacheBytes) => Listed(root, listing =>
    {
        LabeledFile[] files =
        [
            .. listing
                .Images(root)
                .Concat(listing.Folders(root).SelectMany(name => listing.ImagesOfLast(Path.Combine(root, name))))
                .Select(static path => new LabeledFile(path, 0)),
        ];
        if (files.Length == 0)
            throw new DitException(
                $"The image folder {root} holds no images: PNG, JPEG, WebP or BMP files are expected in it or in folders of it.");
        return new ImageFolder(root, [], files, listing.LeftOut, cacheBytes);
    });

    /// <summary>
    /// Reads the header of every image, in parallel, and finds those that cannot be read
    /// (<see cref="ImageFile.ReadHeader"/>).
    /// </summary>
    /// <param name="progress">Reports the number of images read so far, about a hundred times.</param>
    /// <param name="cancellation">Stops it.</param>
    public ImageSurvey Survey(IProgress<int>? progress = null, CancellationToken cancellation = default)
    {
        var found = new (ImageHeader? Header, string Problem)[Count];
        var (seen, stride, reporting) = (0, Math.Max(1, Count / 100), new Lock());
        Parallel.For(
            0,
            Count,
            new ParallelOptions { CancellationToken = cancellation, MaxDegreeOfParallelism = 2 * Environment.ProcessorCount },
            i =>
            {
                found[i] = ImageFile.ReadHeader(Files[i].Path);
                lock (reporting) // reports come one at a time and rise
                    if (++seen % stride == 0 || seen == Count)
                        progress?.Report(seen);
            });
        return new(
            [
                .. Files
                    .Zip(found)
                    .Where(static pair => pair.Second.Header is null)
                    .Select(static pair => new UnreadableImage(pair.First.Path, pair.Second.Problem)),
            ],
            ImageSizes.Of(found.Select(static one => one.Header).OfType<ImageHeader>()));
    }

    /// <summary>Decodes every image, in parallel, and finds those that cannot be read.</summary>
    internal IReadOnlyList<UnreadableImage> Undecodable(CancellationToken cancellation)
    {
        var problems = new string[Count];
        Parallel.For(
            0,
            Count,
            new ParallelOptions { CancellationToken = cancellation, MaxDegreeOfParallelism = Environment.ProcessorCount },
            i => problems[i] = ImageFile.TryRead(Files[i].Path).Problem);
        return
        [
            .. Files
                .Zip(problems)
                .Where(static pair => pair.Second.Length > 0)
                .Select(static pair => new UnreadableImage(pair.First.Path, pair.Second)),
        ];
    }

    /// <summary>
    /// The same images without some that cannot be read. An image that cannot be read when it is needed is left out as
    /// well: the next one of the folder that can be read takes its place.
    /// </summary>
    /// <param name="unreadable">Images of this folder, as <see cref="Survey"/> found them.</param>
    /// <exception cref="DitException">No image is left, or none of a class.</exception>
    public ImageFolder SkippingUnreadable(IReadOnlyList<UnreadableImage> unreadable)
    {
        var paths = unreadable.Select(static image => image.Path).ToHashSet(StringComparer.Ordinal);
        LabeledFile[] files = [.. Files.Where(file => !paths.Contains(file.Path))];
        if (files.Length == 0) throw new DitException($"No image in {Root} can be read: {unreadable[0]}.");
        var hollow = Enumerable
            .Range(0, Classes.Count)
            .Except(files.Select(static file => file.Label))
            .Select(label => Classes[label])
            .FirstOrDefault();
        if (hollow is not null)
            throw new DitException(
                $"No image of the class folder {Path.Combine(Root, hollow)} can be read: repair one, or remove the folder.");
        return new(Root, Classes, files, LeftOut, cacheBytes, [.. Unreadable, .. unreadable]);
    }

    private static ImageFolder Listed(string root, Func<ImageListing, ImageFolder> list)
    {
        if (!Directory.Exists(root)) throw new DitException($"The image folder {root} {PathRules.WhyMissing(root)}.");
        try
        {
            return list(new ImageListing());
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new DitException($"The image folder {root} cannot be read: {e.Message}", e);
        }
    }

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
        CheckArguments(indices, shape, flips);
        var used = indices.ToArray();
        using var scope = NewDisposeScope();
        var images = Decode(used, shape, flips.ToArray(), skips);
        var labels = tensor(Array.ConvertAll(used, i => (long)Files[i].Label));
        return (images.MoveToOuterDisposeScope(), labels.MoveToOuterDisposeScope());
    }

    /// <summary>Loads images as <see cref="LoadBatch"/> does, without their labels.</summary>
    /// <param name="indices">Indices into <see cref="Files"/>, N of them.</param>
    /// <param name="shape">(C, Y, X) wanted; C is 3, or 1 for gray.</param>
    /// <param name="flips">Which images to mirror left to right, N of them; none when empty.</param>
    /// <returns>Images, float32 in [-1, 1], (N, C, Y, X), on the CPU.</returns>
    /// <exception cref="DitException">An image cannot be read, or an argument does not fit.</exception>
    public Tensor LoadImages(ReadOnlySpan<int> indices, ImageShape shape, ReadOnlySpan<bool> flips = default)
    {
        CheckArguments(indices, shape, flips);
        return Decode(indices.ToArray(), shape, flips.ToArray(), skips);
    }

    /// <summary>Loads images as <see cref="LoadImages"/> does; none takes the place of another.</summary>
    /// <exception cref="UnreadableImageException">An image cannot be read.</exception>
    internal Tensor LoadExactly(int[] indices, ImageShape shape, bool[] flips) => Decode(indices, shape, flips, skip: false);

    // Where an image is left out, the index of the one in its place is written over its own.
    private Tensor Decode(int[] which, ImageShape shape, bool[] mirrored, bool skip)
    {
        var size = shape.Channels * shape.Height * shape.Width;
        var batch = new byte[checked((long)size * which.Length)];
        InParallel(which.Length, n =>
        {
            var (used, image) = skip ? LoadOrNext(which[n], shape) : (which[n], Load(which[n], shape));
            which[n] = used;
            var into = batch.AsSpan(n * size, size);
            if (mirrored.Length > 0 && mirrored[n]) Mirror(image, shape.Width, into);
            else image.CopyTo(into);
        });

        using var scope = NewDisposeScope();
        return tensor(batch, shape.Batch(which.Length)).to(ScalarType.Float32).div_(127.5).sub_(1).MoveToOuterDisposeScope();
    }

    // What takes the place of an image depends on the files alone, not on what was loaded before.
    private (int Used, byte[] Image) LoadOrNext(int index, ImageShape shape)
    {
        for (var tries = 0; tries < Count; tries++)
        {
            var at = (index + tries) % Count;
            if (skipped.ContainsKey(at)) continue;
            try
            {
                return (at, Load(at, shape));
            }
            catch (UnreadableImageException e)
            {
                skipped.TryAdd(at, e.Image);
            }
        }
        throw new DitException($"No image in {Root} can be read any more.");
    }

    private void CheckArguments(ReadOnlySpan<int> indices, ImageShape shape, ReadOnlySpan<bool> flips)
    {
        if (indices.IsEmpty) throw new DitException("A batch needs at least one index.");
        foreach (var index in indices)
            if (index < 0 || index >= Count)
                throw new DitException($"There is no image {index} in {Root}: it holds {Count}, counted from 0.");
        if (shape.Channels is not (1 or 3) || shape.Height < 1 || shape.Width < 1)
            throw new DitException($"Images cannot be loaded as {shape}: they have 3 channels, or 1 for gray, and at least one pixel.");
        if (!flips.IsEmpty && flips.Length != indices.Length)
            throw new DitException($"{flips.Length} flips were given for {indices.Length} images: one for each is wanted, or none.");
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

    private static void Mirror(byte[] planes, int width, Span<byte> into)
    {
        planes.CopyTo(into);
        for (var row = 0; row < into.Length; row += width) into.Slice(row, width).Reverse();
    }

    private static IEnumerable<LabeledFile> FilesOf(ImageListing listing, string folder, int label)
    {
        var images = listing.ImagesOfLast(folder);
        if (images.Length == 0)
            throw new DitException($"The class folder {folder} holds no images: PNG, JPEG, WebP or BMP files are expected in it.");
        return images.Select(path => new LabeledFile(path, label));
    }

    /// <summary>Runs every item, and throws the mistake of the first item that has one as it is.</summary>
    internal static void InParallel(int count, Action<int> item, CancellationToken cancellation = default)
    {
        try
        {
            // Each picture that is being decoded takes memory: no more of them at once than there are processors.
            Parallel.For(
                0,
                count,
                new ParallelOptions { MaxDegreeOfParallelism = Environment.ProcessorCount, CancellationToken = cancellation },
                item);
        }
        catch (AggregateException e) when (e.InnerExceptions.OfType<DitException>().FirstOrDefault() is { } mistake)
        {
            throw mistake is UnreadableImageException unreadable
                ? new UnreadableImageException(unreadable.Image)
                : new DitException(mistake.Message, mistake);
        }
    }
}
