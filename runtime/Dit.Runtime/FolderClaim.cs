namespace Dit.Runtime;

/// <summary>A folder that one run writes to, and no other run meanwhile.</summary>
/// <remarks>
/// The claim is a lock that the operating system holds on an open file: it ends with the process, however that ends, so
/// no lock is ever left behind. Folders that were created for the run go again when the run leaves nothing in them.
/// </remarks>
public sealed class FolderClaim : IDisposable
{
    /// <summary>The file that is locked; it is there while a run is.</summary>
    internal const string LockName = ".dit.lock";

    private readonly IReadOnlyList<string> created; // the innermost first
    private readonly FileStream held;

    private FolderClaim(string folder, IReadOnlyList<string> created, FileStream held) =>
        (Folder, this.created, this.held) = (folder, created, held);

    /// <summary>The full path of the folder.</summary>
    public string Folder { get; }

    /// <summary>Claims a folder; it is created when missing.</summary>
    /// <param name="folder">The folder.</param>
    /// <exception cref="DitException">A different run is writing to it, or it cannot be created or written.</exception>
    public static FolderClaim Take(string folder)
    {
        var path = Path.TrimEndingDirectorySeparator(AtomicFile.FullPath(folder));
        string[] missing = [.. Ancestry(path).TakeWhile(static part => !Directory.Exists(part))];
        AtomicFile.CreateFolder(path);
        try
        {
            return new(path, missing, Lock(path));
        }
        catch
        {
            RemoveEmpty(missing);
            throw;
        }
    }

    /// <summary>Finds out whether this is a claim of a folder.</summary>
    /// <exception cref="DitException">It is a claim of a different one.</exception>
    internal void Require(string folder)
    {
        if (Path.TrimEndingDirectorySeparator(AtomicFile.FullPath(folder)) is var wanted && wanted != Folder)
            throw new DitException(
                $"The run writes to {wanted}, and what was claimed for it is {Folder}: claim the folder that is written to.");
    }

    /// <summary>Gives the folder up, and removes it if it was created for nothing.</summary>
    public void Dispose()
    {
        held.Dispose(); // which deletes the file
        RemoveEmpty(created);
    }

    private static FileStream Lock(string folder)
    {
        var file = Path.Combine(folder, LockName);
        try
        {
            return new FileStream(
                file, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None, bufferSize: 1, FileOptions.DeleteOnClose);
        }
        catch (IOException e) when (File.Exists(file))
        {
            throw new DitException(
                $"A different run is writing to '{folder}' at present: name another folder, or wait until that run has ended.",
                e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            AtomicFile.RequireWritable(file); // says why in the words that every writer has
            throw new DitException($"Cannot write in '{folder}': {e.Message.TrimEnd('.')}.", e);
        }
    }

    private static IEnumerable<string> Ancestry(string path)
    {
        for (string? part = path; part is not null; part = Path.GetDirectoryName(part)) yield return part;
    }

    private static void RemoveEmpty(IReadOnlyList<string> folders)
    {
        try
        {
            foreach (var folder in folders)
            {
                if (!Directory.Exists(folder) || Directory.EnumerateFileSystemEntries(folder).Any()) return;
                Directory.Delete(folder);
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // An empty folder that stays does no harm; what ended the run is being reported already.
        }
    }
}
