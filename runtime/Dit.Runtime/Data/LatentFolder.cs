using System.Text.Json;
using static TorchSharp.torch;

namespace Dit.Runtime;

/// <summary>
/// A data set of latents: the moments that an encoder gave of every image of a folder, and the images' labels.
/// </summary>
/// <remarks>
/// Moments and not samples, so that every epoch draws latents of its own. Written by <see cref="LatentEncoding"/>. What
/// is read is one image at a time, in any order; nothing but the labels is kept in memory. Safe to use from several
/// threads.
/// </remarks>
public sealed class LatentFolder : IDisposable
{
    /// <summary>The file that makes a folder one of latents; written last.</summary>
    public const string IndexName = "latents.json";

    /// <summary>
    /// The file with the names of the images, a JSON string on a line each, by which captions are found.
    /// </summary>
    public const string NamesName = "images.jsonl";

    private readonly IReadOnlyList<SafeTensorsFile> shards;
    private readonly long[] labels; // of every image; empty without classes

    private LatentFolder(string root, LatentDescription description, IReadOnlyList<SafeTensorsFile> shards, long[] labels) =>
        (Root, Description, this.shards, this.labels) = (root, description, shards, labels);

    /// <summary>The folder, as given.</summary>
    public string Root { get; }

    /// <summary>What it holds and how it was made.</summary>
    public LatentDescription Description { get; }

    /// <summary>Number of images.</summary>
    public int Count => Description.Images;

    /// <summary>
    /// The names of the classes; a label is an index into them. None where the images have no labels.
    /// </summary>
    public IReadOnlyList<string> Classes => Description.Classes ?? [];

    /// <summary>Whether a folder is one of latents, as far as its index tells.</summary>
    public static bool IsAt(string root) => File.Exists(IndexOf(root));

    /// <summary>
    /// Whether a folder holds shards of latents and no index, as a run of encoding that was stopped leaves it.
    /// </summary>
    public static bool IsBegunAt(string root) =>
        Directory.Exists(root) && !IsAt(root) && (ShardsIn(root).Any() || Directory.Exists(KeptLatents.FolderOf(root)));

    /// <summary>Opens a folder: its index and the header of every shard are checked, no moments are read yet.</summary>
    /// <param name="root">The folder that <see cref="LatentEncoding"/> filled.</param>
    /// <exception cref="DitException">
    /// It is no such folder, or a shard is missing, damaged, or of another one.
    /// </exception>
    public static LatentFolder Open(string root)
    {
        var description = ReadIndex(root);
        var shards = new List<SafeTensorsFile>();
        try
        {
            for (var shard = 0; shard < description.Shards; shard++)
                shards.Add(LatentShard.Open(root, description, shard));
            return new LatentFolder(
                root,
                description,
                shards,
                description.Classes is { } classes ? [.. shards.SelectMany(file => LabelsOf(file, classes.Count))] : []);
        }
        catch
        {
            foreach (var shard in shards) shard.Dispose();
            throw;
        }
    }

    /// <summary>The moments of some images.</summary>
    /// <param name="indices">Which, N of them, from 0.</param>
    /// <param name="flips">Which of them mirrored left to right, N of them; none when empty.</param>
    /// <returns>(N, 2 C, Y, X) in float32 on the CPU; the caller owns them.</returns>
    /// <exception cref="DitException">
    /// There is no such image, mirrored images were not encoded, or a file cannot be read.
    /// </exception>
    public LatentMoments Load(ReadOnlySpan<int> indices, ReadOnlySpan<bool> flips = default)
    {
        CheckArguments(indices, flips);
        using var scope = NewDisposeScope();
        var (c, y, x) = Description.Shape;
        var moments = empty([indices.Length, 2 * c, y, x], ScalarType.Float32);
        for (var n = 0; n < indices.Length; n++)
        {
            using var into = moments[n];
            var (shard, row) = Math.DivRem(indices[n], Description.ImagesPerShard);
            shards[shard].CopyRowInto(!flips.IsEmpty && flips[n] ? LatentShard.MirroredMoments : LatentShard.Moments, row, into);
        }
        return new LatentMoments(moments, Description.Autoencoder);
    }

    /// <summary>The labels of some images, int64, (N,), on the CPU.</summary>
    /// <exception cref="DitException">There is no such image, or the images have no labels.</exception>
    public Tensor LoadLabels(ReadOnlySpan<int> indices)
    {
        CheckArguments(indices, []);
        if (Description.Classes is null) throw new DitException($"The latents in {Root} have no labels.");
        return tensor(Array.ConvertAll(indices.ToArray(), i => labels[i]));
    }

    /// <summary>Finds out whether these latents are an autoencoder's, whatever the weights of its decoder.</summary>
    /// <exception cref="DitException">
    /// It is another one, scales them in another way, or its encoder has other weights.
    /// </exception>
    public void Require(AutoencoderKL autoencoder)
    {
        if (autoencoder.Card != Description.Autoencoder)
            throw new DitException(
                $"{Root} holds latents of {LatentDescription.Described(Description.Autoencoder)}, not of "
                    + $"{LatentDescription.Described(autoencoder.Card)}.");
        if (LatentHash.OfEncoder(autoencoder) is var hash && hash != Description.Encoder)
            throw new DitException(
                $"The latents in {Root} were encoded by other weights of {autoencoder.Card.Name} ({Description.Encoder}) than these "
                    + $"({hash}): give the file that they were encoded with, or one with the same encoder.");
    }

    /// <summary>
    /// The paths of the images that were encoded, in their folder and with slashes, in the order of the latents.
    /// </summary>
    /// <exception cref="DitException">
    /// An earlier version has encoded them, or the file of the names is damaged.
    /// </exception>
    internal IReadOnlyList<string> Names()
    {
        var path = Path.Combine(Root, NamesName);
        if (!File.Exists(path))
            throw new DitException(
                $"The latent folder {Root} has no {NamesName} with the names of its images, since an earlier version made it: the same "
                    + "'dit encode' writes it, and keeps the latents.");
        string[] names = [.. File.ReadLines(path).Select((line, i) => NameIn(path, line, i))];
        return names.Length == Count
            ? names
            : throw new DitException(
                $"'{path}' names {names.Length} images, and there are latents of {Count}: the same 'dit encode' writes it again.");
    }

    private static string NameIn(string path, string line, int i)
    {
        try
        {
            return JsonSerializer.Deserialize(line, LatentJson.Default.String) ?? "";
        }
        catch (JsonException e)
        {
            throw new DitException($"Line {i + 1} of '{path}' is not the name of an image: the same 'dit encode' writes it again.", e);
        }
    }

    /// <summary>Writes the names of the images of a folder; a file that has them is left as it is.</summary>
    internal static void WriteNames(string root, ImageFolder images)
    {
        var path = Path.Combine(root, NamesName);
        var lines = images.Names.Select(static name => JsonSerializer.Serialize(name, LatentJson.Default.String));
        if (File.Exists(path) && File.ReadLines(path).SequenceEqual(lines)) return;
        AtomicFile.Write(path, stream =>
        {
            using var writer = new StreamWriter(stream, leaveOpen: true);
            foreach (var line in lines) writer.Write(line + "\n");
        });
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var shard in shards) shard.Dispose();
    }

    /// <summary>The path of a folder's index.</summary>
    internal static string IndexOf(string root) => Path.Combine(root, IndexName);

    /// <exception cref="DitException">There is none, or it cannot be read.</exception>
    internal static LatentDescription ReadIndex(string root)
    {
        if (!Directory.Exists(root)) throw new DitException($"The latent folder {root} does not exist.");
        if (!IsAt(root))
            throw new DitException(IsBegunAt(root)
                ? $"The latent folder {root} is not finished, since it has shards and no {IndexName}: the same 'dit encode' goes on where "
                    + $"it was stopped."
                : $"{root} is no folder of latents, since it has no {IndexName}: 'dit encode' makes one from a folder of images.");
        return JsonFile.Read(IndexOf(root), "an index of latents", index => LatentDescription.Parse(index.GetRawText(), IndexOf(root)));
    }

    /// <summary>The names of all shards that lie in a folder, of whatever run.</summary>
    internal static IEnumerable<string> ShardsIn(string root) =>
        Directory
            .EnumerateFiles(root, "latents-*-of-*.safetensors")
            .Select(static path => Path.GetFileName(path))
            .Order(StringComparer.Ordinal);

    private static long[] LabelsOf(SafeTensorsFile shard, int classes)
    {
        using var read = shard.Read(LatentShard.Labels);
        var labels = read.data<long>().ToArray();
        foreach (var label in labels)
            if (label < 0 || label >= classes)
                throw new DitException(
                    $"'{shard.Path}' has the label {label}, and there are {classes} classes, counted from 0: encode the images again.");
        return labels;
    }

    private void CheckArguments(ReadOnlySpan<int> indices, ReadOnlySpan<bool> flips)
    {
        if (indices.IsEmpty) throw new DitException("A batch needs at least one index.");
        foreach (var index in indices)
            if (index < 0 || index >= Count)
                throw new DitException($"There is no image {index} in {Root}: it holds {Count}, counted from 0.");
        if (!flips.IsEmpty && flips.Length != indices.Length)
            throw new DitException($"{flips.Length} flips were given for {indices.Length} images: one for each is wanted, or none.");
        if (flips.Contains(true) && !Description.Mirrored)
            throw new DitException(
                $"The latents in {Root} are not there mirrored, and a latent cannot be mirrored: train without flips (--no-flip), or "
                    + $"encode again with --flip.");
    }
}
