using System.Text;

namespace Dit.Runtime;

/// <summary>Opens checkpoints of any accepted format.</summary>
public static class CheckpointFile
{
    private const string Accepted = "a safetensors file or one of torch.save (PyTorch 1.6 or later) is accepted";

    // What other files start with. The long one is the number that torch.save wrote before 1.6.
    private static readonly (byte[] Start, string What)[] Others =
    [
        ([0x80, 0x02, 0x8a, 0x0a, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19],
            "looks like a file of torch.save before PyTorch 1.6; load it there and save it again"),
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

    /// <summary>Opens a safetensors file or one of <c>torch.save</c>, told apart by content, whatever the name.</summary>
    /// <param name="path">The file.</param>
    /// <exception cref="DitException">There is no such file, it is of another format, or it is damaged.</exception>
    public static ICheckpointFile Open(string path)
    {
        var file = SourceFile.Open(path);
        try
        {
            var start = file.Read(0, (int)Math.Min(file.Length, 32)).AsSpan();
            if (start.StartsWith("PK"u8))
                return TorchArchive.Open(file);
            // A length of fewer than 2^32 bytes, and a JSON object.
            if (start.Length <= 8 || start[8] != (byte)'{' || start[4..8].ContainsAnyExcept((byte)0))
                throw new DitException($"'{path}' {Looks(start)}; {Accepted}.");
            return SafeTensorsFile.Open(file);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    private static string Looks(ReadOnlySpan<byte> start)
    {
        foreach (var (bytes, what) in Others)
            if (start.StartsWith(bytes))
                return what;
        var shown = start[..Math.Min(8, start.Length)];
        return shown.ContainsAnyExceptInRange((byte)' ', (byte)'~')
            ? $"starts with the bytes {Convert.ToHexStringLower(shown)}, as no checkpoint does"
            : $"starts with the text '{Encoding.ASCII.GetString(shown)}', as no checkpoint does";
    }
}
