using System.Text;

namespace Dit.Checkpoints;

/// <summary>
/// Texts beside the tensors of an archive: entries <c>extra/NAME</c>, where torch.jit.save puts its
/// <c>_extra_files</c>.
/// </summary>
/// <remarks>torch.load ignores them, and torch.save writes none. Read, they are metadata.</remarks>
internal static class ExtraFiles
{
    /// <summary>Longer texts are neither read nor written.</summary>
    public const int MaxBytes = 400_000;

    private const string Folder = "extra/";
    private const string YamlEnding = ".yaml";
    private const int MaxFiles = 16;

    private static readonly UTF8Encoding Strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>
    /// The texts of an archive by name. An entry that is no text, or too long for one, is ignored: it must not block
    /// the weights.
    /// </summary>
    /// <param name="file">The archive.</param>
    /// <param name="entries">Its entries.</param>
    /// <param name="root">The folder in which all entries lie.</param>
    public static IEnumerable<KeyValuePair<string, string>> Read(SourceFile file, Dictionary<string, StoredZip.Entry> entries, string root)
    {
        var folder = root + Folder;
        var files = entries.Where(entry => entry.Key.StartsWith(folder, StringComparison.Ordinal)
            && IsName(entry.Key[folder.Length..]) && entry.Value.Length <= MaxBytes);
        foreach (var (name, entry) in files.Take(MaxFiles))
            if (Decode(file.Read(entry.Offset, (int)entry.Length)) is { } text)
                yield return KeyValuePair.Create(name[folder.Length..], text);
    }

    /// <summary>The entries of an archive that hold texts, in the order of their names.</summary>
    /// <exception cref="DitException">
    /// A name is not a plain file name, a text is too long, or there are too many.
    /// </exception>
    public static (string Name, byte[] Content)[] Entries(string path, IReadOnlyDictionary<string, string> files)
    {
        if (files.Count > MaxFiles)
            throw new DitException($"Cannot save '{path}': at most {MaxFiles} extra files are allowed, and {files.Count} are given.");
        if (files.Keys.FirstOrDefault(static name => !IsName(name)) is { } wrong)
            throw new DitException($"Cannot save '{path}': '{Printable.Of(wrong)}' is not a plain name for an extra file.");
        foreach (var (name, text) in files)
            if (Encoding.UTF8.GetByteCount(text) is > MaxBytes and var count)
                throw new DitException($"Cannot save '{path}': '{name}' has {count} bytes, and an extra file has at most {MaxBytes}.");
        return [.. files.OrderBy(static file => file.Key, StringComparer.Ordinal)
            .Select(static file => (Folder + file.Key, Encoding.UTF8.GetBytes(file.Value)))];
    }

    /// <summary>
    /// The texts that a copy of a checkpoint keeps: metadata whose key is the name of a YAML file, such as
    /// <c>dit.spec.yaml</c>.
    /// </summary>
    public static IReadOnlyDictionary<string, string> Of(ICheckpointFile source) => source.Metadata
        .Where(static entry => entry.Key.EndsWith(YamlEnding, StringComparison.Ordinal) && IsName(entry.Key)
            && Encoding.UTF8.GetByteCount(entry.Value) <= MaxBytes)
        .Take(MaxFiles).ToDictionary(StringComparer.Ordinal);

    private static bool IsName(string name) => name.Length > 0 && name.AsSpan().IndexOfAny('/', '\\') < 0 && !name.Any(char.IsControl);

    private static string? Decode(byte[] bytes)
    {
        try
        {
            return Strict.GetString(bytes);
        }
        catch (DecoderFallbackException)
        {
            return null;
        }
    }
}
