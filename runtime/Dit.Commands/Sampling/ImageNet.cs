namespace Dit.Commands;

/// <summary>The classes of ILSVRC-2012 in their usual order, which the official checkpoints' labels follow.</summary>
internal static class ImageNet
{
    private const string Resource = "imagenet-1k.txt";

    private static readonly Lazy<IReadOnlyList<IReadOnlyList<string>>> All = new(Read);

    /// <summary>
    /// Of each of the 1000 labels its names, the usual one first: <c>Names[207]</c> is golden retriever.
    /// </summary>
    public static IReadOnlyList<IReadOnlyList<string>> Names => All.Value;

    private static IReadOnlyList<IReadOnlyList<string>> Read()
    {
        using var stream = typeof(ImageNet).Assembly.GetManifestResourceStream(Resource)
            ?? throw new InvalidOperationException($"The program was built without {Resource}.");
        using var reader = new StreamReader(stream);
        return
        [
            .. reader
                .ReadToEnd()
                .Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)
                .Select(ClassNameMetadata.Split),
        ];
    }
}
