using Dit.Runtime;

namespace Dit.Commands;

/// <summary>Where samples are to go: a picture, a folder of pictures, or the numbers as they are.</summary>
/// <remarks>
/// A closed sum: <see cref="Grid"/>, <see cref="Folder"/> or <see cref="Numbers"/>; <see cref="Match"/> is the way in.
/// </remarks>
/// <param name="Path">The full path of the file or folder.</param>
internal abstract record SampleTarget(string Path)
{
    /// <summary>The target of a path, found to be writable before anything is drawn.</summary>
    /// <exception cref="DitException">The name has another ending, or cannot be written.</exception>
    public static SampleTarget Of(string path)
    {
        var full = AtomicFile.FullPath(path);
        var target = OfName(path, full);
        target.RequireWritable();
        return target;
    }

    private static SampleTarget OfName(string path, string full)
    {
        var name = System.IO.Path.GetFileName(path);
        if (
            System.IO.Path.EndsInDirectorySeparator(path)
            || name is "." or ".."
            || Directory.Exists(full) && !ImageFile.HasWritableExtension(path))
            return new Folder(System.IO.Path.TrimEndingDirectorySeparator(full));
        if (ImageFile.HasWritableExtension(path)) return new Grid(full);
        if (!name.Contains('.')) return new Folder(full);
        return
            System.IO.Path.GetExtension(name).Equals(".safetensors", StringComparison.OrdinalIgnoreCase)
            && System.IO.Path.GetFileNameWithoutExtension(name).Length > 0
            ? new Numbers(full)
            : throw new DitException(
                $"Samples are written to a .png, .jpg or .safetensors file, or into a folder, whose name ends with / or has no dot, not to "
                    + $"'{path}'.");
    }

    /// <summary>Whether it takes pictures rather than numbers.</summary>
    public bool IsOfPictures => this is not Numbers;

    /// <summary>Where previews go.</summary>
    public string PreviewPath => Beside("preview.png");

    /// <summary>Where embeddings go that are drawn together with images.</summary>
    public string EmbeddingsPath => Beside("embeddings.safetensors");

    /// <summary>Where the animation goes when no name was given for it.</summary>
    public string AnimationPath => Match(
        static grid => System.IO.Path.ChangeExtension(grid.Path, ".gif"),
        static folder => System.IO.Path.Combine(folder.Path, "grid.gif"),
        static numbers => System.IO.Path.ChangeExtension(numbers.Path, ".gif"));

    /// <summary>One function per case.</summary>
    public T Match<T>(Func<Grid, T> grid, Func<Folder, T> folder, Func<Numbers, T> numbers) => this switch
    {
        Grid target => grid(target),
        Folder target => folder(target),
        Numbers target => numbers(target),
        _ => throw new InvalidOperationException("SampleTarget is a closed sum."),
    };

    /// <summary>
    /// Finds out whether it can be written; a folder that is missing is found out when it is created.
    /// </summary>
    private protected virtual void RequireWritable() => AtomicFile.RequireWritable(Path);

    /// <summary>
    /// Finds out before anything is drawn whether a picture of all can be written in the target's format.
    /// </summary>
    /// <exception cref="DitException">It is too large for the format.</exception>
    public void RequireFits(ImageGridLayout layout)
    {
        if (this is Grid) ImageFile.RequireWritable(Path, layout.Width, layout.Height);
    }

    private string Beside(string name) =>
        this is Folder ? System.IO.Path.Combine(Path, name) : System.IO.Path.ChangeExtension(Path, name);

    /// <summary>One picture with a row for each class or text.</summary>
    public sealed record Grid(string Path) : SampleTarget(Path);

    /// <summary>A folder for single pictures and one of all.</summary>
    public sealed record Folder(string Path) : SampleTarget(Path)
    {
        private protected override void RequireWritable()
        {
            if (File.Exists(Path))
                throw new DitException(
                    $"Pictures cannot be written into '{Path}', for it is a file: name a folder, or a .png or .jpg file.");
            if (Directory.Exists(Path)) AtomicFile.RequireWritable(System.IO.Path.Combine(Path, SampleFolder.GridName));
        }
    }

    /// <summary>A file of the samples as they are.</summary>
    public sealed record Numbers(string Path) : SampleTarget(Path);
}
