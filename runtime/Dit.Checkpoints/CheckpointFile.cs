using System.Text;

namespace Dit.Checkpoints;

/// <summary>Opens checkpoints of any accepted format.</summary>
public static class CheckpointFile
{
    private const int StartBytes = 512;
    private const int TarMagicAt = 257;
    private const string Accepted = "a safetensors file, one of torch.save or an index of shards is accepted";

    // What other files start with.
    private static readonly (byte[] Start, string What)[] Others =
    [
        ([0x80, 0x02], "looks like a bare Python pickle"),
        ([0x80, 0x03], "looks like a bare Python pickle"),
        ([0x80, 0x04], "looks like a bare Python pickle"),
        ([0x80, 0x05], "looks like a bare Python pickle"),
        ([0x1f, 0x8b], "looks like a gzip archive"),
        ([0x89, (byte)'H', (byte)'D', (byte)'F'], "looks like an HDF5 file"),
        ([0x93, (byte)'N', (byte)'U', (byte)'M'], "looks like a NumPy array"),
        ("GGUF"u8.ToArray(), "looks like a GGUF file"),
        ("version https://git-lfs"u8.ToArray(), "is a Git LFS pointer; run git lfs pull to get the file itself"),
        ("<"u8.ToArray(), "looks like a web page, as a failed download leaves"),
    ];

    /// <summary>
    /// Opens a checkpoint: a safetensors file, one of <c>torch.save</c>, an index of shards, or a folder as diffusers
    /// writes it.
    /// </summary>
    /// <remarks>The content of a file decides how it is read, not its name.</remarks>
    /// <param name="path">The file or folder.</param>
    /// <param name="component">
    /// Which part of a pipeline's folder to open; a file, and the folder of one component, are opened as they are.
    /// </param>
    /// <exception cref="DitException">
    /// There is nothing of that name, it is of another format, or it is damaged.
    /// </exception>
    public static ICheckpointFile Open(string path, CheckpointComponent component)
    {
        if (Directory.Exists(path))
            return CheckpointFolder.Open(path, component);
        return IsIndex(path) ? ShardedCheckpoint.Open(path) : OpenOne(path);
    }

    /// <summary>
    /// Opens a checkpoint; of a pipeline's folder, the denoiser. See <see cref="Open(string, CheckpointComponent)"/>.
    /// </summary>
    /// <param name="path">The file or folder.</param>
    /// <exception cref="DitException">
    /// There is nothing of that name, it is of another format, or it is damaged.
    /// </exception>
    public static ICheckpointFile Open(string path) => Open(path, CheckpointComponent.Denoiser);

    /// <summary>Opens one file with tensors in it.</summary>
    internal static ICheckpointFile OpenOne(string path)
    {
        var file = SourceFile.Open(path);
        try
        {
            var start = Start(file);
            return start.StartsWith("PK"u8) ? TorchArchive.Open(file)
                : LegacyTorchFile.IsStart(start) ? LegacyTorchFile.Open(file)
                : IsSafeTensors(start) ? SafeTensorsFile.Open(file)
                : throw new DitException($"'{path}' {Looks(start)}; {Accepted}.");
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    private static bool IsIndex(string path)
    {
        using var file = SourceFile.Open(path);
        var start = Start(file);
        return !IsSafeTensors(start) && start.TrimStart(" \t\r\n"u8).StartsWith("{"u8);
    }

    private static ReadOnlySpan<byte> Start(SourceFile file) => file.Read(0, (int)Math.Min(file.Length, StartBytes));

    // A length of fewer than 2^32 bytes, and a JSON object.
    private static bool IsSafeTensors(ReadOnlySpan<byte> start) =>
        start.Length > 8 && start[8] == (byte)'{' && !start[4..8].ContainsAnyExcept((byte)0);

    private static string Looks(ReadOnlySpan<byte> start)
    {
        foreach (var (bytes, what) in Others)
            if (start.StartsWith(bytes))
                return what;
        if (start.Length > TarMagicAt && start[TarMagicAt..].StartsWith("ustar"u8))
            return "looks like a tar archive; one of torch.save before PyTorch 0.1.10 must be loaded there and saved again";
        var shown = start[..Math.Min(8, start.Length)];
        return shown.ContainsAnyExceptInRange((byte)' ', (byte)'~')
            ? $"starts with the bytes {Convert.ToHexStringLower(shown)}, as no checkpoint does"
            : $"starts with the text '{Encoding.ASCII.GetString(shown)}', as no checkpoint does";
    }
}
