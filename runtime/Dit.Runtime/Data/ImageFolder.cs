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
public sealed partial class ImageFolder
{
    /// <summary>Bytes of decoded images that are kept by default: 1 GiB.</summary>
    public const long DefaultCacheBytes = 1L << 30;

    private readonly long cacheBytes;
    private readonly IReadOnlyList<UnreadableImage> without; // left out from the start
    private readonly double? largestPart; // of the images that may be left out; null where none may

    private ImageFolder(
        string root,
        IReadOnlyList<string> classes,
        IReadOnlyList<LabeledFile> files,
        LeftOut leftOut,
        long cacheBytes,
        IReadOnlyList<UnreadableImage>? without = null,
        double? largestPart = null)
    {
        (Root, Classes, Files, LeftOut, this.cacheBytes) = (root, classes, files, leftOut, cacheBytes);
        (this.without, this.largestPart) = (without ?? [], largestPart);
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

    /// <summary>The paths of the images in the folder, with slashes.</summary>
    internal IReadOnlyList<string> Names =>
        [.. Files.Select(file => Path.GetRelativePath(Root, file.Path).Replace(Path.DirectorySeparatorChar, '/'))];

    /// <summary>What lies in the folder and is no part of the data set.</summary>
    public LeftOut LeftOut { get; }

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

    private static IEnumerable<LabeledFile> FilesOf(ImageListing listing, string folder, int label)
    {
        var images = listing.ImagesOfLast(folder);
        if (images.Length == 0)
            throw new DitException($"The class folder {folder} holds no images: PNG, JPEG, WebP or BMP files are expected in it.");
        return images.Select(path => new LabeledFile(path, label));
    }
}
