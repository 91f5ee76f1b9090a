using System.Text;

namespace Dit.Checkpoints;

/// <summary>Writes whole files: a reader sees the old file or the new one, never a part of either.</summary>
public static class AtomicFile
{
    /// <summary>
    /// Writes <paramref name="path"/> through a temporary file in the same folder, flushed to disk and then renamed
    /// over it.
    /// </summary>
    /// <param name="path">The file to create or replace; its folder must exist.</param>
    /// <param name="write">Writes the content, from the first byte to the last.</param>
    /// <exception cref="DitException">The folder is missing or cannot be written, or the disk refuses. What <paramref
    /// name="write"/> throws otherwise passes through. In every case the old file stays and the temporary one
    /// goes.</exception>
    public static void Write(string path, Action<Stream> write) => WithTemporary(path, (temporary, target) =>
    {
        using (var stream = Create(temporary))
        {
            write(stream);
            stream.Flush(flushToDisk: true);
        }
        File.Move(temporary, target, overwrite: true);
    });

    /// <summary>Writes <paramref name="text"/> as UTF-8 without a byte order mark.</summary>
    /// <param name="path">The file to create or replace; its folder must exist.</param>
    /// <param name="text">The whole content.</param>
    /// <exception cref="DitException">The file cannot be written.</exception>
    public static void WriteText(string path, string text) => Write(path, stream => stream.Write(Encoding.UTF8.GetBytes(text)));

    /// <summary>
    /// Finds out before long work whether <see cref="Write"/> can keep its result; a file that is there stays as it is.
    /// </summary>
    /// <param name="path">The file to be created or replaced; its folder must exist.</param>
    /// <exception cref="DitException">The file cannot be written.</exception>
    public static void RequireWritable(string path) => WithTemporary(path, (temporary, _) => Create(temporary).Dispose());

    /// <summary>Creates a folder, and those above it, where it is missing.</summary>
    /// <exception cref="DitException">It cannot be created.</exception>
    public static void CreateFolder(string folder)
    {
        try
        {
            Directory.CreateDirectory(FullPath(folder));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new DitException($"The folder '{folder}' cannot be created: {WriteFailure.Reason(e, FullPath(folder), folder)}.", e);
        }
    }

    /// <summary>The full path of a file or folder that is to be written.</summary>
    /// <exception cref="DitException">The path is empty or holds a null character.</exception>
    public static string FullPath(string path)
    {
        if (string.IsNullOrWhiteSpace(path) || path.Contains('\0'))
            throw new DitException("The path to write to is empty or holds a null character; name a file or a folder.");
        return Path.GetFullPath(path);
    }

    private static FileStream Create(string temporary) => new(temporary, FileMode.CreateNew, FileAccess.Write, FileShare.None, 1 << 16);

    /// <summary>Hands out a temporary path beside the target, and removes what is left there.</summary>
    private static void WithTemporary(string path, Action<string, string> act)
    {
        var target = FullPath(path);
        if (Directory.Exists(target))
            throw CannotWrite(path, "it is a folder");
        var folder = Path.GetDirectoryName(target) ?? target;
        if (!Directory.Exists(folder))
            throw CannotWrite(path, File.Exists(folder) ? $"'{folder}' is a file, not a folder" : $"the folder '{folder}' does not exist");

        // A name of fixed length: the target's own may already be as long as the file system allows.
        var temporary = Path.Combine(folder, $".{Guid.NewGuid():N}.tmp");
        try
        {
            RequireNameThatFits(target);
            act(temporary, target);
        }
        catch (Exception e) when (WriteFailure.Of(e) is { } refusal)
        {
            throw CannotWrite(path, refusal is UnauthorizedAccessException
                ? $"writing in '{folder}' is not permitted"
                : WriteFailure.Reason(refusal, temporary, path), e);
        }
        finally
        {
            DeleteIfThere(temporary);
        }
    }

    // The temporary name is short; that the file's own is too long would come out at the end of the work.
    private static void RequireNameThatFits(string target)
    {
        try
        {
            if (!File.Exists(target)) _ = File.GetAttributes(target);
        }
        catch (FileNotFoundException)
        {
            // A name that may be given.
        }
    }

    private static void DeleteIfThere(string temporary)
    {
        try
        {
            File.Delete(temporary);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // Whatever kept the file from being written is being reported already, and says more than this.
        }
    }

    private static DitException CannotWrite(string path, string why, Exception? inner = null)
    {
        var message = $"Cannot write '{path}': {why}.";
        return inner is null ? new DitException(message) : new DitException(message, inner);
    }
}
