using System.Collections.Concurrent;

namespace Dit.Runtime;

// Images that cannot be read: how they are found, and what is left out.
public sealed partial class ImageFolder
{
    /// <summary>
    /// The part of the images that training leaves out without being asked, if they cannot be read: with more of them,
    /// the folder is more likely the wrong one.
    /// </summary>
    public const double UsualUnreadablePart = 0.01;

    private readonly ConcurrentDictionary<int, UnreadableImage> skipped = new(); // found while loading

    /// <summary>
    /// The images that are left out because they cannot be read, in ordinal order of their paths: those of
    /// <see cref="SkippingUnreadable"/>, and those found since.
    /// </summary>
    public IReadOnlyList<UnreadableImage> Unreadable =>
        [.. without.Concat(skipped.Values).OrderBy(static image => image.Path, StringComparer.Ordinal)];

    /// <summary>The largest part of the images that is left out if it cannot be read; null where none is.</summary>
    internal double? LargestUnreadablePart => largestPart;

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
    /// <param name="largestPart">
    /// The largest part of the images that may be left out, from 0 to 1; beyond it, reading an image is an error.
    /// </param>
    /// <exception cref="DitException">
    /// No image is left, or none of a class, or more than the largest part would be left out.
    /// </exception>
    public ImageFolder SkippingUnreadable(IReadOnlyList<UnreadableImage> unreadable, double largestPart = 1)
    {
        if (largestPart is not (>= 0 and <= 1))
            throw new DitException(FormattableString.Invariant(
                $"The part of the images that may be left out is a number from 0 to 1, not {largestPart}."));
        IReadOnlyList<UnreadableImage> all = [.. Unreadable, .. unreadable];
        RequireFew(all, all.Count, largestPart);
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
        return new(Root, Classes, files, LeftOut, cacheBytes, all, largestPart);
    }

    private void RequireFew(IEnumerable<UnreadableImage> found, int count, double part)
    {
        var total = Count + without.Count;
        if (count == 0 || count <= Math.Floor(part * total)) return;
        throw new DitException(FormattableString.Invariant(
            $"{UnreadableImage.Describe(found, count, total)}. Up to {100 * part:0.##} % are left out, and these are more. ")
                + "Repair, rename or remove them, or leave them out with --skip-unreadable.");
    }

    // What takes the place of an image depends on the files alone, not on what was loaded before.
    private DecodedImage LoadOrNext(int index, ImageShape shape, double part)
    {
        for (var tries = 0; tries < Count; tries++)
        {
            var at = (index + tries) % Count;
            if (skipped.ContainsKey(at)) continue;
            try
            {
                return new(at, Load(at, shape));
            }
            catch (UnreadableImageException e)
            {
                skipped.TryAdd(at, e.Image);
                RequireFew(without.Concat(skipped.Values), without.Count + skipped.Count, part);
            }
        }
        throw new DitException($"No image in {Root} can be read any more.");
    }
}
