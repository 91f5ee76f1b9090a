namespace Dit.Snapshots;

/// <summary>
/// One snapshot on disk, in Verify's conventions: the text that was accepted, and beside it the one that was received
/// and differs.
/// </summary>
/// <remarks>The build task and the package Dit.Testing compile this file, so that both write alike.</remarks>
/// <param name="Folder">The folder.</param>
/// <param name="Name">The name up to <c>.verified</c>.</param>
/// <param name="Extension">What follows it, without a dot.</param>
internal sealed record SnapshotFile(string Folder, string Name, string Extension)
{
    /// <summary><c>NAME.verified.EXTENSION</c>, which is committed.</summary>
    public string Verified => Path.Combine(Folder, $"{Name}.verified.{Extension}");

    /// <summary><c>NAME.received.EXTENSION</c>, which is there while the two differ.</summary>
    public string Received => Path.Combine(Folder, $"{Name}.received.{Extension}");

    /// <summary>A text as it is compared: a checkout may have made line ends of Windows.</summary>
    public static string Normal(string text) => text.Replace("\r\n", "\n");

    /// <summary>The accepted text; null where there is none.</summary>
    public string? Read() => File.Exists(Verified) ? Normal(File.ReadAllText(Verified)) : null;

    /// <summary>Leaves a text that differs beside the accepted one.</summary>
    public void Receive(string text) => Write(Received, text);

    /// <summary>Removes what was received.</summary>
    public void Forget()
    {
        if (File.Exists(Received)) File.Delete(Received);
    }

    /// <summary>Makes a text the accepted one.</summary>
    public void Accept(string text)
    {
        Write(Verified, text);
        Forget();
    }

    // Beside it under a name that repositories ignore, then renamed. A file that is right is left alone, so that a
    // watcher of the folder sees no change.
    private void Write(string path, string text)
    {
        if (File.Exists(path) && File.ReadAllText(path) == text) return;
        Directory.CreateDirectory(Path.GetDirectoryName(path) ?? Folder);
        var beside = Received + "." + Guid.NewGuid().ToString("N");
        try
        {
            File.WriteAllText(beside, text);
            Rename(beside, path);
        }
        finally
        {
            if (File.Exists(beside)) File.Delete(beside);
        }
    }

    private static void Rename(string from, string to)
    {
        try
        {
            if (!File.Exists(to)) File.Move(from, to);
            else File.Replace(from, to, destinationBackupFileName: null);
        }
        catch (IOException) when (File.Exists(from) && File.Exists(to)) // a build of a second framework was faster
        {
            File.Replace(from, to, destinationBackupFileName: null);
        }
    }
}
