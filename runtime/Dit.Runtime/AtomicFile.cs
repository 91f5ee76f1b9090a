namespace Dit.Runtime;

/// <summary>Files that are whole or absent.</summary>
public static class AtomicFile
{
    /// <summary>Writes a file beside <paramref name="path"/>, flushes it to disk and renames it, so that nobody sees half of it.</summary>
    /// <param name="path">The file to create or replace; missing folders are created.</param>
    /// <param name="write">Writes the content.</param>
    /// <exception cref="DitException">The folder or the file cannot be written.</exception>
    public static void Write(string path, Action<Stream> write)
    {
        var target = Path.GetFullPath(path);
        var beside = target + "." + Guid.NewGuid().ToString("N") + ".tmp";
        try
        {
            Directory.CreateDirectory(Path.GetDirectoryName(target) ?? target);
            using (var stream = new FileStream(beside, FileMode.CreateNew, FileAccess.Write))
            {
                write(stream);
                stream.Flush(flushToDisk: true);
            }
            File.Move(beside, target, overwrite: true);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new DitException($"{path} cannot be written: {e.Message}", e);
        }
        finally
        {
            if (File.Exists(beside)) File.Delete(beside);
        }
    }
}
