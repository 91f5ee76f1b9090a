namespace Dit.Runtime;

/// <summary>An image that cannot be read, and why.</summary>
/// <param name="Path">The file.</param>
/// <param name="Problem">The end of a sentence that begins with the path, without a full stop.</param>
public sealed record UnreadableImage(string Path, string Problem)
{
    /// <summary>The sentence, without a full stop.</summary>
    public override string ToString() => $"{Path} {Problem}";

    /// <summary>
    /// <c>4 of 20 images cannot be read: a.png is empty; ...; and 1 more</c>: a sentence that names the first three,
    /// without a full stop.
    /// </summary>
    /// <param name="found">The images that cannot be read.</param>
    /// <param name="count">How many there are.</param>
    /// <param name="total">How many images there are in all.</param>
    public static string Describe(IEnumerable<UnreadableImage> found, int count, int total)
    {
        const int MostNames = 3;
        UnreadableImage[] named = [.. found.Take(MostNames)];
        return FormattableString.Invariant($"{count:N0} of {total:N0} {(total == 1 ? "image" : "images")} cannot be read: ")
            + string.Join("; ", named.AsEnumerable())
            + (count > named.Length ? FormattableString.Invariant($"; and {count - named.Length:N0} more") : "");
    }
}

/// <summary>What the headers of a folder's images say.</summary>
/// <param name="Unreadable">The images that cannot be read, in the order of the folder.</param>
/// <param name="Sizes">The sizes of the others; null where there are none.</param>
public sealed record ImageSurvey(IReadOnlyList<UnreadableImage> Unreadable, ImageSizes? Sizes);

/// <summary>The sizes and kinds of some images.</summary>
/// <param name="Smallest">Y and X of the image with the fewest pixels.</param>
/// <param name="Largest">Y and X of the image with the most pixels.</param>
/// <param name="Images">How many there are.</param>
/// <param name="Gray">How many of them hold shades of gray only.</param>
public sealed record ImageSizes((int Height, int Width) Smallest, (int Height, int Width) Largest, int Images, int Gray)
{
    /// <summary>The sizes of images, from their headers; null where there are none.</summary>
    internal static ImageSizes? Of(IEnumerable<ImageHeader> headers)
    {
        ImageHeader[] all =
        [
            .. headers.OrderBy(static header => (long)header.Height * header.Width).ThenBy(static header => header.Height),
        ];
        return all.Length == 0
            ? null
            : new((all[0].Height, all[0].Width), (all[^1].Height, all[^1].Width), all.Length, all.Count(static header => header.IsGray));
    }

    /// <summary>Whether every image has the size and the kind of a shape, so that it is taken as it is.</summary>
    public bool AreAll(ImageShape shape) =>
        Smallest == Largest && Smallest == (shape.Height, shape.Width) && Gray == (shape.Channels == 1 ? Images : 0);

    /// <summary><c>28 x 28 gray</c>, <c>20 x 31 to 480 x 640, 12 of them gray</c>: height and width.</summary>
    public override string ToString()
    {
        var size = $"{Smallest.Height} x {Smallest.Width}";
        var sizes = Smallest == Largest ? size : $"{size} to {Largest.Height} x {Largest.Width}";
        return Gray == 0 ? sizes : Gray == Images ? $"{sizes} gray" : FormattableString.Invariant($"{sizes}, {Gray:N0} of them gray,");
    }
}

/// <summary>What lies in a folder of images and is no part of the data set.</summary>
/// <param name="Endings">
/// Files whose names do not end as images that can be read: how many, by ending in lower case, which may be empty.
/// </param>
/// <param name="BesideClasses">Images that lie beside the class folders rather than in one.</param>
/// <param name="NestedFolders">Folders that lie deeper than images are looked for.</param>
/// <param name="Hidden">Files and folders whose names begin with a dot.</param>
public sealed record LeftOut(IReadOnlyDictionary<string, int> Endings, int BesideClasses, int NestedFolders, int Hidden)
{
    private const int EndingsShown = 4;

    /// <summary>How many entries in all.</summary>
    public int Count => Endings.Values.Sum() + BesideClasses + NestedFolders + Hidden;

    /// <summary>
    /// <c>3 files of unknown type (.txt, .avif), 2 images beside the class folders, 1 nested folder</c>; empty where
    /// nothing is left out.
    /// </summary>
    public override string ToString() => string.Join(", ", Parts());

    private IEnumerable<string> Parts()
    {
        if (Endings.Count > 0)
        {
            string[] endings =
            [
                .. Endings
                    .OrderByDescending(static pair => pair.Value)
                    .ThenBy(static pair => pair.Key, StringComparer.Ordinal)
                    .Select(static pair => pair.Key.Length > 0 ? Printable.Of(pair.Key) : "no ending"),
            ];
            yield return $"{Some(Endings.Values.Sum(), "file")} of unknown type "
                + $"({string.Join(", ", endings.Take(EndingsShown))}{(endings.Length > EndingsShown ? ", ..." : "")})";
        }
        if (BesideClasses > 0) yield return $"{Some(BesideClasses, "image")} beside the class folders";
        if (NestedFolders > 0) yield return Some(NestedFolders, "nested folder");
        if (Hidden > 0) yield return $"{Some(Hidden, "entry", "entries")} with a name that begins with a dot";
    }

    private static string Some(int count, string one, string? many = null) =>
        FormattableString.Invariant($"{count:N0} {(count == 1 ? one : many ?? one + "s")}");
}

/// <summary>An image could not be read.</summary>
internal sealed class UnreadableImageException(UnreadableImage image) : DitException($"{image}.")
{
    /// <summary>Which, and why.</summary>
    public UnreadableImage Image { get; } = image;
}
