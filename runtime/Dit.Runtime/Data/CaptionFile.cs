using System.Text.Json;
using static TorchSharp.torch;

namespace Dit.Runtime;

/// <summary>
/// The embedded texts of images in a safetensors file: what text-conditional models are trained on, beside the images.
/// </summary>
/// <remarks>
/// The file has the tensor <c>text</c>, (N, L, W), and for a model of masked texts <c>mask</c>, (N, L). Its metadata
/// <see cref="FilesKey"/> names the image of each row; without it, the rows are those of all images in the ordinal
/// order of their paths. Rows are read when they are needed, so the texts take no memory. Safe to use from several
/// threads.
/// </remarks>
public sealed class CaptionFile : IDisposable
{
    /// <summary>
    /// The metadata key of the images' names: a JSON array with the path of each row's image in the folder of the data,
    /// such as <c>cats/1.png</c>.
    /// </summary>
    public const string FilesKey = "files";

    private readonly SafeTensorsFile file;
    private readonly Tensor? mask; // (N, L)
    private readonly Dictionary<string, int> rows; // by the path of the image

    private CaptionFile(SafeTensorsFile file, ModelCard card, Tensor? mask, Dictionary<string, int> rows) =>
        (this.file, Card, this.mask, this.rows) = (file, card, mask, rows);

    /// <summary>The model that the texts are for.</summary>
    public ModelCard Card { get; }

    /// <summary>Opens the captions of a folder of images.</summary>
    /// <param name="path">The safetensors file.</param>
    /// <param name="card">The model, conditioned on text.</param>
    /// <param name="images">
    /// All images of the folder, those included that are left out later because they cannot be read.
    /// </param>
    /// <exception cref="DitException">
    /// The file cannot be read, its texts do not have the model's shape, or an image has no row.
    /// </exception>
    public static CaptionFile Open(string path, ModelCard card, ImageFolder images) => Open(path, card, images.Root, images.Names);

    /// <summary>Opens the captions of a folder of latents.</summary>
    /// <param name="path">The safetensors file.</param>
    /// <param name="card">The model, conditioned on text.</param>
    /// <param name="latents">The latents; the names are those of the images that they were encoded from.</param>
    /// <exception cref="DitException">
    /// The file cannot be read, its texts do not have the model's shape, or an image has no row; or the folder of
    /// latents does not have the names of its images.
    /// </exception>
    public static CaptionFile Open(string path, ModelCard card, LatentFolder latents) => Open(path, card, latents.Root, latents.Names());

    private static CaptionFile Open(string path, ModelCard card, string root, IReadOnlyList<string> images)
    {
        var file = SafeTensorsFile.Open(path);
        Tensor? mask = null;
        try
        {
            mask = TextEmbeddings.Require(file, card, "image");
            var count = file.Tensors[TextEmbeddings.TensorName].Shape[0];
            var rows = file.Metadata.TryGetValue(FilesKey, out var names)
                ? RowsOf(file, NamesIn(file, names), count)
                : InOrder(file, images, root, count);
            RequireAll(file, rows, images, root);
            return new(file, card, mask, rows);
        }
        catch
        {
            mask?.Dispose();
            file.Dispose();
            throw;
        }
    }

    /// <summary>The file in words: <c>a safetensors file with one tensor named text, ...</c>.</summary>
    /// <param name="card">The model, conditioned on text.</param>
    public static string Description(ModelCard card) => TextEmbeddings.FileFor(card, "image");

    /// <summary>The row of each image.</summary>
    /// <param name="images">Paths of images in the folder, with slashes.</param>
    internal int[] RowsOf(IEnumerable<string> images) => [.. images.Select(image => rows[image])];

    /// <summary>The texts of some rows, in float32 on the CPU; the caller owns them.</summary>
    internal TextEmbeddings Load(int[] which)
    {
        using var scope = NewDisposeScope();
        var shape = file.Tensors[TextEmbeddings.TensorName].Shape;
        var values = empty([which.Length, shape[1], shape[2]], ScalarType.Float32);
        for (var n = 0; n < which.Length; n++)
        {
            using var into = values[n];
            file.CopyRowInto(TextEmbeddings.TensorName, which[n], into);
        }
        return new(values.MoveToOuterDisposeScope())
        {
            Mask = mask is null ? null : ConditionTensor.At(mask, which).MoveToOuterDisposeScope(),
        };
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        mask?.Dispose();
        file.Dispose();
    }

    private static IReadOnlyList<string> NamesIn(SafeTensorsFile file, string json)
    {
        try
        {
            using var document = JsonDocument.Parse(json);
            return [.. document.RootElement.EnumerateArray().Select(static name => Normal(name.GetString() ?? ""))];
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            throw new DitException($"The metadata '{FilesKey}' of '{file.Path}' is not a JSON array of the paths of images.", e);
        }
    }

    private static string Normal(string name)
    {
        var path = name.Replace('\\', '/');
        return path.StartsWith("./", StringComparison.Ordinal) ? path[2..] : path;
    }

    private static Dictionary<string, int> RowsOf(SafeTensorsFile file, IReadOnlyList<string> names, long count)
    {
        if (names.Count != count)
            throw new DitException($"'{file.Path}' has {count} texts, and its metadata '{FilesKey}' names {names.Count} images.");
        var rows = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (var (row, name) in names.Index())
            if (!rows.TryAdd(name, row))
                throw new DitException(
                    $"The metadata '{FilesKey}' of '{file.Path}' names '{Printable.Of(name)}' twice: each image has one text.");
        return rows;
    }

    private static Dictionary<string, int> InOrder(SafeTensorsFile file, IReadOnlyList<string> images, string root, long count)
    {
        if (images.Count != count)
            throw new DitException(
                $"'{file.Path}' has {count} texts, and {root} has {images.Count} images: without the metadata '{FilesKey}', there is a row "
                    + "for each image, in the ordinal order of their paths.");
        return images
            .Order(StringComparer.Ordinal)
            .Index()
            .ToDictionary(static one => one.Item, static one => one.Index, StringComparer.Ordinal);
    }

    private static void RequireAll(SafeTensorsFile file, Dictionary<string, int> rows, IReadOnlyList<string> images, string root)
    {
        string[] missing = [.. images.Where(image => !rows.ContainsKey(image))];
        if (missing.Length > 0)
            throw new DitException(
                $"'{file.Path}' has no text for {missing.Length} of the {images.Count} images in {root}; the first one is "
                    + $"'{Printable.Of(missing[0])}'. The metadata '{FilesKey}' names the image of each row by its path in that folder.");
    }
}
