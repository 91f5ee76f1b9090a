using Dit.Runtime;

namespace Dit.Commands;

/// <summary>
/// The grids of samples of a run, as pictures in its page: the newest large, some earlier ones small.
/// </summary>
internal static class ReportSamples
{
    private const int MostEarlier = 8;
    private const int EarlierWidth = 360; // pixels
    private const int MostBytesOfPng = 1_500_000, Quality = 90, EarlierQuality = 85;

    /// <summary>The section; nothing where the run has no grids.</summary>
    public static Html Of(RunFacts run)
    {
        if (run.Grids is not [.., var newest]) return Html.None;
        var earlier = run.Grids.Take(run.Grids.Count - 1).ToArray();
        var small = Html.Lines(Spread(earlier).Select(grid => Figure(
            grid.Step, Jpeg(Shrunk(ImageFile.Read(grid.Path)), EarlierQuality))));
        return Html.Of($"""
            <section class="samples">
            <h2>Samples</h2>
            <p>Drawn with the averaged weights, always from the same noise.</p>
            {Figure(newest.Step, Large(newest.Path))}
            <div class="earlier">
            {small}
            </div>
            </section>
            """);
    }

    private static Html Figure(int step, string source) => Html.Of(
        $"""<figure><figcaption>Step {Amount.Whole(step)}</figcaption><img src="{source}" alt="Grid of samples at step {step}"/></figure>""");

    // The first, and others at about equal distances.
    private static IEnumerable<(int Step, string Path)> Spread(IReadOnlyList<(int Step, string Path)> grids) =>
        grids.Count <= MostEarlier
            ? grids
            : Enumerable.Range(0, MostEarlier).Select(i => grids[i * (grids.Count - 1) / (MostEarlier - 1)]);

    private static string Large(string path) => new FileInfo(path).Length <= MostBytesOfPng
        ? $"data:image/png;base64,{Convert.ToBase64String(File.ReadAllBytes(path))}"
        : Jpeg(ImageFile.Read(path), Quality);

    private static RgbImage Shrunk(RgbImage image) => image.Width <= EarlierWidth
        ? image
        : ImageTransforms.CenterCrop(image, Math.Max(1, image.Height * EarlierWidth / image.Width), EarlierWidth);

    private static string Jpeg(RgbImage image, int quality)
    {
        using var stream = new MemoryStream();
        ImageFile.WriteJpeg(stream, image, quality);
        return $"data:image/jpeg;base64,{Convert.ToBase64String(stream.ToArray())}";
    }
}
