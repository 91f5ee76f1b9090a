using Dit.Runtime;

namespace Dit.Commands;

/// <summary>
/// Images that a run is about to read: what is said of them before it, and what was left out after it.
/// </summary>
internal static class ImageData
{
    private const int Listed = 20; // at the end of a run

    /// <summary>
    /// Checks the header of every image before anything is done with them, and says what of the folder is not part of
    /// the data.
    /// </summary>
    /// <param name="context">Where to say it.</param>
    /// <param name="images">The images.</param>
    /// <param name="unreadable">What to do about images that cannot be read.</param>
    /// <returns>The images to go on with, and their sizes.</returns>
    /// <exception cref="DitException">Some cannot be read and are not to be left out, or none is left.</exception>
    public static (ImageFolder Images, ImageSizes? Sizes) Survey(CommandContext context, ImageFolder images, UnreadableChoice unreadable)
    {
        if (images.LeftOut.Count > 0) context.Out.WriteLine($"Left out: {images.LeftOut}");
        var survey = Progress.Show(context, progress => images.Survey(
            progress.Select<int>(seen => new((double)seen / images.Count, $"{seen} of {Amount.Of(images.Count, "image")} checked")),
            context.Cancellation));
        var found = survey.Unreadable;
        if (unreadable.LargestPart is not { } part)
            return found.Count == 0 ? (images, survey.Sizes) : throw new DitException(
                $"{UnreadableImage.Describe(found, found.Count, images.Count)}. With --strict none is left out: repair, rename or remove "
                    + $"them.");
        var readable = images.SkippingUnreadable(found, part);
        if (found.Count > 0)
            context.Out.WriteLine(
                $"{UnreadableImage.Describe(found, found.Count, images.Count)}. {(found.Count == 1 ? "It is" : "They are")} left out.");
        return (readable, survey.Sizes);
    }

    /// <summary>What is different between data and model, on one line; null where nothing is.</summary>
    /// <param name="classes">Classes of the data; 0 where they have none.</param>
    /// <param name="modelClasses">Classes of the model.</param>
    /// <param name="sizes">Sizes of the images; null where they are not known.</param>
    /// <param name="input">What the images become.</param>
    /// <param name="more">What else there is to say.</param>
    public static string? Comparison(int classes, int modelClasses, ImageSizes? sizes, ImageShape input, params string?[] more)
    {
        var untrained = modelClasses - classes;
        string?[] parts =
        [
            classes == 0 || untrained <= 0
                ? null
                : $"{Amount.Of(classes, "class", "classes")} in the data, {modelClasses} in the model: {untrained} "
                    + $"{(untrained == 1 ? "stays" : "stay")} untrained",
            sizes is null || sizes.AreAll(input) ? null : $"images {sizes} to {input}",
            .. more,
        ];
        string[] said = [.. parts.OfType<string>()];
        return said.Length == 0 ? null : $"Note: {string.Join("; ", said)}";
    }

    /// <summary>Says which images were left out because they cannot be read.</summary>
    public static void Report(CommandContext context, IReadOnlyList<UnreadableImage> left, string list)
    {
        if (left.Count == 0) return;
        context.Out.WriteLine(
            $"Left out {Amount.Of(left.Count, "image")} that cannot be read{(File.Exists(list) ? $", listed in {list}" : "")}:");
        foreach (var image in left.Take(Listed)) context.Out.WriteLine($"  {image}");
        if (left.Count > Listed) context.Out.WriteLine($"  and {Amount.Whole(left.Count - Listed)} more");
    }
}
