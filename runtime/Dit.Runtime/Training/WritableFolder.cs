namespace Dit.Runtime;

/// <summary>Finds out before long work whether its result can be kept.</summary>
public static class WritableFolder
{
    /// <summary>Makes sure that a folder exists and that files can be created in it.</summary>
    /// <exception cref="DitException">It does not exist, or they cannot.</exception>
    public static void Require(string folder)
    {
        if (!Directory.Exists(folder)) throw new DitException($"The folder '{folder}' does not exist.");
        try
        {
            using var probe = new FileStream(
                Path.Combine(folder, $".{Guid.NewGuid():N}.tmp"), FileMode.CreateNew, FileAccess.Write, FileShare.None, 1, FileOptions.DeleteOnClose);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new DitException($"No file can be written in the folder '{folder}': {e.Message.TrimEnd('.')}.", e);
        }
    }

    /// <summary>Creates a folder if it is missing and makes sure that files can be created in it.</summary>
    /// <exception cref="DitException">It cannot be created, or they cannot.</exception>
    public static void Create(string folder)
    {
        try
        {
            Directory.CreateDirectory(folder);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new DitException($"The folder '{folder}' cannot be created: {e.Message.TrimEnd('.')}.", e);
        }
        Require(folder);
    }
}
