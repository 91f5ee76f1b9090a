using Microsoft.Win32.SafeHandles;

namespace Dit.Checkpoints;

/// <summary>A file open for reading at any place.</summary>
/// <remarks>
/// Reads at a position rather than a memory map: the bytes are copied once as well, from the system's cache to the
/// tensor, but a file that shrinks or a disk that fails meanwhile is an exception here and the end of the process
/// there.
/// </remarks>
internal sealed class SourceFile : IDisposable
{
    private readonly SafeFileHandle _handle;

    private SourceFile(string path, SafeFileHandle handle, long length) => (Path, _handle, Length) = (path, handle, length);

    public string Path { get; }

    public long Length { get; }

    /// <exception cref="DitException">
    /// There is no such file, it is a folder, it is empty, or it cannot be read.
    /// </exception>
    public static SourceFile Open(string path)
    {
        if (string.IsNullOrWhiteSpace(path) || path.Contains('\0'))
            throw new DitException("The path of a checkpoint is empty or holds a null character; give the path of a file.");
        if (Directory.Exists(path))
            throw new DitException($"'{path}' is a folder; give the path of a .safetensors or .pt file.");
        if (!File.Exists(path))
            throw new DitException($"There is no file '{path}'.");
        var handle = OpenHandle(path);
        try
        {
            var length = RandomAccess.GetLength(handle);
            if (length == 0)
                throw new DitException($"'{path}' is empty; a checkpoint was expected.");
            return new SourceFile(path, handle, length);
        }
        catch (Exception e)
        {
            handle.Dispose();
            if (e is IOException or NotSupportedException)
                throw new DitException($"Cannot read '{path}': {e.Message.TrimEnd('.')}.", e);
            throw;
        }
    }

    /// <summary>Fills <paramref name="into"/> with the bytes from <paramref name="offset"/> on.</summary>
    /// <exception cref="DitException">The file ends before, or the disk fails.</exception>
    public void Read(long offset, Span<byte> into)
    {
        try
        {
            while (into.Length > 0)
            {
                var count = RandomAccess.Read(_handle, into, offset);
                if (count == 0)
                    throw new DitException($"'{Path}' ended at byte {offset} while it was being read; was it changed meanwhile?");
                into = into[count..];
                offset += count;
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new DitException($"Cannot read '{Path}': {e.Message.TrimEnd('.')}.", e);
        }
    }

    public byte[] Read(long offset, int count)
    {
        var bytes = new byte[count];
        Read(offset, bytes);
        return bytes;
    }

    public void Dispose() => _handle.Dispose();

    private static SafeFileHandle OpenHandle(string path)
    {
        try
        {
            return File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.Read | FileShare.Delete, FileOptions.RandomAccess);
        }
        catch (UnauthorizedAccessException e)
        {
            throw new DitException($"Reading '{path}' is not permitted.", e);
        }
        catch (IOException e)
        {
            throw new DitException($"Cannot read '{path}': {e.Message.TrimEnd('.')}.", e);
        }
    }
}
