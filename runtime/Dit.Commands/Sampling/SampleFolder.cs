using System.Globalization;
using Dit.Runtime;
using static TorchSharp.torch;

namespace Dit.Commands;

/// <summary>Single pictures in a folder, each written when it is finished, and one of all at the end.</summary>
internal sealed class SampleFolder : SampleOutput
{
    internal const string GridName = "grid.png";

    private const long MostGridPixels = 1L << 26; // held while single pictures are drawn: 200 MB
    private const int Digits = 4;

    private readonly string path;
    private readonly SampleRows rows;
    private readonly int first;
    private readonly SamplePictures pictures;
    private readonly SampleRecipe? recipe;
    private readonly GatheredRecords records;
    private readonly ImageGridCanvas? grid;
    private readonly bool created;
    private int written, replaced;

    /// <param name="path">The folder; it is created when missing.</param>
    /// <param name="rows">What will come.</param>
    /// <param name="first">The number of the first image.</param>
    /// <param name="pictures">Makes the pictures.</param>
    /// <param name="recipe">How the images are made; null where that is not known.</param>
    /// <param name="records">The pictures of several processes, for the grid.</param>
    /// <param name="notice">Receives a sentence if there are too many samples for one grid.</param>
    public SampleFolder(
        string path, SampleRows rows, int first, SamplePictures pictures, SampleRecipe? recipe, GatheredRecords records,
        Action<string> notice)
    {
        (this.path, this.rows, this.first, this.pictures, this.recipe, this.records) = (path, rows, first, pictures, recipe, records);
        created = !Directory.Exists(path);
        AtomicFile.CreateFolder(path);
        AtomicFile.RequireWritable(Path.Combine(path, GridName));
        var layout = rows.Layout(pictures.Height);
        if (ImageGrid.Fits((int)rows.Count, pictures.Height, pictures.Width, layout, MostGridPixels))
            grid = new((int)rows.Count, pictures.Height, pictures.Width, layout);
        else notice($"One picture of all {Amount.Of(rows.Count, "image")} would be too large: only single ones are written.");
    }

    /// <inheritdoc/>
    public override string Written =>
        $"{path} ({Amount.Of(written, "picture")}{(grid is null ? "" : $" and {GridName}")}{(replaced == 0 ? "" : $", {Amount.Of(replaced, "file")} replaced")})";

    /// <inheritdoc/>
    public override string Kept =>
        written == 0
            ? base.Kept
            : $"{Amount.Of(written, "finished picture")} of {Amount.Whole(rows.Count)} {(written == 1 ? "is" : "are")} in {path}";

    /// <inheritdoc/>
    public override void Add(int n, Tensor sample)
    {
        var picture = pictures.Draw(sample);
        Write(FileName(n), picture, recipe?.OfImage(n));
        written++;
        if (grid is null) return;
        grid.Place(n, picture);
        records.Keep(n, () => picture.Pixels.ToArray());
    }

    /// <inheritdoc/>
    /// <remarks>Every process writes the files of its pictures itself.</remarks>
    public override void Collect(ProcessGroup processes)
    {
        records.Gather((n, pixels) => grid?.Place(n, pictures.Of(pixels)));
        int[][] counts =
        [
            .. processes.Exchange([.. BitConverter.GetBytes(written), .. BitConverter.GetBytes(replaced)])
                .Select(static bytes => (int[])[BitConverter.ToInt32(bytes), BitConverter.ToInt32(bytes, sizeof(int))]),
        ];
        (written, replaced) = (counts.Sum(static one => one[0]), counts.Sum(static one => one[1]));
    }

    /// <inheritdoc/>
    public override void Finish()
    {
        if (grid is not null) Write(GridName, grid.Picture, recipe?.OfRun());
    }

    /// <summary>Takes the folder away again when nothing was kept in it.</summary>
    public override void Dispose()
    {
        if (created && Directory.Exists(path) && !Directory.EnumerateFileSystemEntries(path).Any()) Directory.Delete(path);
    }

    /// <summary><c>0000-207-golden-retriever.png</c>.</summary>
    private string FileName(int n)
    {
        var (number, what) = (((long)first + n).ToString($"D{Digits}", CultureInfo.InvariantCulture), rows.FileNameOf(n));
        return what.Length == 0 ? $"{number}.png" : $"{number}-{what}.png";
    }

    private void Write(string name, RgbImage picture, IReadOnlyDictionary<string, string>? texts)
    {
        var file = Path.Combine(path, name);
        if (File.Exists(file)) replaced++;
        ImageFile.WritePng(file, picture, texts);
    }
}
