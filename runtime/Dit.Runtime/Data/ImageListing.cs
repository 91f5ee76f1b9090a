namespace Dit.Runtime;

/// <summary>Lists the images of folders, and counts what is left out.</summary>
internal sealed class ImageListing
{
    private readonly Dictionary<string, int> endings = new(StringComparer.Ordinal);
    private int beside, nested, hidden;

    /// <summary>What was left out so far.</summary>
    public LeftOut LeftOut => new(endings, beside, nested, hidden);

    /// <summary>The names of the folders in a folder, in ordinal order; files beside them are counted.</summary>
    /// <exception cref="DitException">A name is not UTF-8, or has control characters.</exception>
    public string[] Classes(string root)
    {
        beside += Images(root).Length;
        var names = Folders(root);
        if (names.FirstOrDefault(static name => name.Any(char.IsControl)) is { } odd)
            throw new DitException(
                $"The class folder '{Printable.Of(Path.Combine(root, odd))}' has a control character in its name, and the class is called "
                    + $"by it: rename the folder.");
        return names;
    }

    /// <summary>The names of the folders in a folder, in ordinal order.</summary>
    /// <exception cref="DitException">A name is not UTF-8.</exception>
    public string[] Folders(string root)
    {
        var folders = Visible(Directory.EnumerateDirectories(root));
        foreach (var name in folders)
        {
            var folder = Path.Combine(root, name);
            if (PathRules.IsNotUtf8(folder)) throw new DitException($"The folder {folder} {PathRules.WhyMissing(folder)}: rename it.");
        }
        return folders;
    }

    /// <summary>The paths of the images directly in a folder, in ordinal order; other files are counted.</summary>
    public string[] Images(string folder)
    {
        var names = Visible(Directory.EnumerateFiles(folder));
        foreach (var name in names.Where(static name => !ImageFile.HasImageExtension(name)))
        {
            var ending = Path.GetExtension(name).ToLowerInvariant();
            endings[ending] = endings.GetValueOrDefault(ending) + 1;
        }
        return [.. names.Where(ImageFile.HasImageExtension).Select(name => Path.Combine(folder, name))];
    }

    /// <summary>The images of a folder in which no further folders are looked for; those are counted.</summary>
    public string[] ImagesOfLast(string folder)
    {
        nested += Visible(Directory.EnumerateDirectories(folder)).Length;
        return Images(folder);
    }

    private string[] Visible(IEnumerable<string> paths)
    {
        string[] names = [.. paths.Select(static path => Path.GetFileName(path))];
        string[] visible = [.. names.Where(static name => !name.StartsWith('.')).Order(StringComparer.Ordinal)];
        hidden += names.Length - visible.Length;
        return visible;
    }
}
