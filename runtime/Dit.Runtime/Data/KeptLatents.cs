using System.Globalization;
using static TorchSharp.torch;

namespace Dit.Runtime;

/// <summary>
/// Moments that earlier runs of encoding made and that are not in the shards of the present one, by the content of the
/// images' files.
/// </summary>
/// <remarks>They lie in a hidden folder in the folder of latents, which goes when that is finished.</remarks>
internal sealed class KeptLatents : IDisposable
{
    private readonly Dictionary<UInt128, (SafeTensorsFile File, int Row)> rows = [];
    private readonly List<SafeTensorsFile> files = [];

    private KeptLatents() { }

    /// <summary>How many images there are.</summary>
    public int Count => rows.Count;

    /// <summary>The hidden folder.</summary>
    public static string FolderOf(string folder) => Path.Combine(folder, ".kept");

    /// <summary>Opens what is kept in a folder of latents.</summary>
    public static KeptLatents Open(string folder)
    {
        var kept = new KeptLatents();
        try
        {
            foreach (var path in FilesIn(folder)) kept.Add(path);
            return kept;
        }
        catch
        {
            kept.Dispose();
            throw;
        }
    }

    /// <summary>The paths of the kept files.</summary>
    public static IReadOnlyList<string> FilesIn(string folder) =>
        Directory.Exists(FolderOf(folder))
            ? [.. Directory.EnumerateFiles(FolderOf(folder), "*.safetensors").Order(StringComparer.Ordinal)]
            : [];

    /// <summary>The path of the next kept file; the folder is created.</summary>
    public static string Next(string folder)
    {
        AtomicFile.CreateFolder(FolderOf(folder));
        var last = FilesIn(folder)
            .Select(static path =>
                int.TryParse(Path.GetFileNameWithoutExtension(path), CultureInfo.InvariantCulture, out var number) ? number : -1)
            .Append(-1)
            .Max();
        return Path.Combine(FolderOf(folder), string.Create(CultureInfo.InvariantCulture, $"{last + 1:D5}.safetensors"));
    }

    /// <summary>Removes all that is kept. Nothing may be open.</summary>
    public static void Remove(string folder)
    {
        if (Directory.Exists(FolderOf(folder))) Directory.Delete(FolderOf(folder), recursive: true);
    }

    /// <summary>Whether the moments of an image are there.</summary>
    public bool Holds(UInt128 source) => rows.ContainsKey(source);

    /// <summary>Copies the moments of an image.</summary>
    /// <param name="source">The digest of its file.</param>
    /// <param name="moments">(2 C, Y, X).</param>
    /// <param name="mirrored">(2 C, Y, X), of the mirrored image; null where they are not wanted.</param>
    public void Copy(UInt128 source, Tensor moments, Tensor? mirrored)
    {
        var (file, row) = rows[source];
        file.CopyRowInto(LatentShard.Moments, row, moments);
        if (mirrored is not null) file.CopyRowInto(LatentShard.MirroredMoments, row, mirrored);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var file in files) file.Dispose();
    }

    private void Add(string path)
    {
        var (file, description) = LatentShard.OpenAny(path);
        files.Add(file);
        var sources = LatentShard.SourcesOf(file);
        LatentShard.RequireMoments(file, description, sources.Count);
        foreach (var (row, source) in sources.Index()) rows.TryAdd(source, (file, row));
    }
}
