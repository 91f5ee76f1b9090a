namespace Dit.Checkpoints;

/// <summary>Writes whole folders: a reader sees all of a folder or none of it.</summary>
public static class AtomicFolder
{
    /// <summary>Writes a folder beside its place and renames it when it is complete.</summary>
    /// <param name="path">The folder to create; its own folder must exist, and it must not.</param>
    /// <param name="write">Writes the content into the folder it is given.</param>
    /// <exception cref="DitException">The folder exists, or it cannot be written. What <paramref name="write"/> throws
    /// otherwise passes through. In every case nothing is left behind.</exception>
    public static void Write(string path, Action<string> write)
    {
        var target = Path.TrimEndingDirectorySeparator(AtomicFile.FullPath(path));
        RequireFree(path, target);
        var temporary = Path.Combine(Path.GetDirectoryName(target) ?? target, $".{Guid.NewGuid():N}.tmp");
        try
        {
            Directory.CreateDirectory(temporary);
            write(temporary);
            RequireFree(path, target); // it may have come to be meanwhile
            Directory.Move(temporary, target);
        }
        catch (DitException e) when (e.Message.Contains(temporary, StringComparison.Ordinal))
        {
            // a file in the folder could not be written
            throw new DitException(WriteFailure.InTermsOf(e.Message, temporary, Path.TrimEndingDirectorySeparator(path)), e);
        }
        catch (Exception e) when (WriteFailure.Of(e) is { } refusal)
        {
            throw new DitException($"Cannot write '{path}': {WriteFailure.Reason(refusal, temporary, path)}.", e);
        }
        finally
        {
            DeleteIfThere(temporary);
        }
    }

    /// <summary>Finds out before long work whether <see cref="Write"/> can keep its result.</summary>
    /// <param name="path">The folder to be created.</param>
    /// <exception cref="DitException">It exists, or it cannot be created.</exception>
    public static void RequireWritable(string path)
    {
        var target = Path.TrimEndingDirectorySeparator(AtomicFile.FullPath(path));
        RequireFree(path, target);
        AtomicFile.RequireWritable(target);
    }

    private static void RequireFree(string path, string target)
    {
        if (Path.Exists(target))
            throw new DitException($"'{path}' exists already, and a folder is only written as a new one: name another, or remove it.");
        if (Path.GetDirectoryName(target) is { } parent && !Directory.Exists(parent))
            throw new DitException($"Cannot write '{path}': the folder '{parent}' does not exist.");
    }

    private static void DeleteIfThere(string temporary)
    {
        try
        {
            if (Directory.Exists(temporary))
                Directory.Delete(temporary, recursive: true);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // Whatever kept the folder from being written is being reported already, and says more than this.
        }
    }
}
