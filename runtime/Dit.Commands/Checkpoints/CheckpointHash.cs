using System.Security.Cryptography;

namespace Dit.Commands;

/// <summary>SHA-256 of the bytes of a checkpoint's files, one after another, computed beside other work.</summary>
/// <param name="cancellation">Ends the work.</param>
internal sealed class CheckpointHash(CancellationToken cancellation)
{
    private Task<string?> work = Task.FromResult<string?>(null);

    /// <summary><c>sha256:</c> and 64 digits; null where a file could not be read, or nothing was started.</summary>
    /// <remarks>Waits for the end of the work.</remarks>
    public string? Value => work.GetAwaiter().GetResult();

    /// <summary>Begins.</summary>
    /// <param name="files">The files: see <see cref="Dit.Checkpoints.ICheckpointFile.Files"/>.</param>
    public void Start(IReadOnlyList<string> files) => work = Task.Run(() => Of(files), cancellation);

    private string? Of(IReadOnlyList<string> files)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var buffer = new byte[1 << 20];
        try
        {
            foreach (var path in files)
            {
                using var file = File.OpenRead(path);
                while (file.Read(buffer) is > 0 and var read)
                {
                    cancellation.ThrowIfCancellationRequested();
                    hash.AppendData(buffer, 0, read);
                }
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null; // the weights have been read: a hash is no reason to lose what is drawn with them
        }
        return $"sha256:{Convert.ToHexStringLower(hash.GetHashAndReset())}";
    }
}
