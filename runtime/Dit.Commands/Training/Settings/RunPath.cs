namespace Dit.Commands;

/// <summary>A path, or a name that may stand for one, as it was written.</summary>
/// <param name="Written">The text.</param>
/// <param name="Folder">Where it counts from; empty for the current folder.</param>
internal sealed record RunPath(string Written, string Folder)
{
    /// <summary>Whether it is a name: then it counts from nowhere.</summary>
    public bool IsName { get; init; }

    /// <summary>The name, or the path from the current folder.</summary>
    public string Value =>
        CountsFromNowhere || Folder.Length == 0 ? Written
        : Path.IsPathRooted(Folder) ? Path.GetFullPath(Path.Combine(Folder, Written))
        : Path.GetRelativePath(".", Path.Combine(Folder, Written));

    /// <summary>
    /// The path as a file in a different folder writes it: absolute paths stay as they are, relative ones count from
    /// that folder.
    /// </summary>
    /// <param name="folder">That folder.</param>
    public string SeenFrom(string folder) => CountsFromNowhere || folder == Folder
        ? Written
        : Path.GetRelativePath(folder, Path.GetFullPath(Value)).Replace('\\', '/');

    private bool CountsFromNowhere => IsName || Path.IsPathRooted(Written);
}
