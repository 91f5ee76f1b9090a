namespace Dit.Runtime;

/// <summary>The file that lists images which were left out because they cannot be read.</summary>
internal static class UnreadableList
{
    /// <summary>Its name.</summary>
    public const string Name = "unreadable.txt";

    /// <summary>Writes a line for each image.</summary>
    public static void Write(string path, IReadOnlyList<UnreadableImage> images) =>
        AtomicFile.WriteText(path, string.Concat(images.Select(static image => $"{image.ToString().ReplaceLineEndings(" ")}\n")));
}
