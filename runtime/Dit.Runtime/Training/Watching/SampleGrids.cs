using TorchSharp;
using static TorchSharp.torch;

namespace Dit.Runtime;

/// <summary>
/// Draws a grid of samples with the averaged weights from time to time, so that a run can be watched. The noise is the
/// same each time, and the run is not changed by a bit.
/// </summary>
/// <remarks>
/// A row for each class, or for the texts of the first images. A grid has up to 80 samples, fewer of a large model, and
/// takes 20 evaluations of each.
/// </remarks>
/// <typeparam name="TModel">The model.</typeparam>
/// <typeparam name="TCondition">What it is conditioned on.</typeparam>
/// <typeparam name="TProcess">The process it is trained for.</typeparam>
internal sealed class SampleGrids<TModel, TCondition, TProcess> : IDisposable
    where TModel : nn.Module, IModel<TModel, TCondition, TProcess>
    where TCondition : ICondition<TCondition>
    where TProcess : IProcess
{
    private readonly TrainingFolder folder;
    private readonly int last;
    private readonly SampleGridLayout layout;
    private readonly TCondition conditions; // one for each row; of no named rows, as many as samples
    private readonly IReadOnlyList<string>? names;
    private readonly AutoencoderKL? decoder;
    private readonly Sampler<TModel, TCondition, TProcess> sampler;

    private SampleGrids(
        TrainingFolder folder,
        int last,
        SampleGridLayout layout,
        (TCondition Values, IReadOnlyList<string>? Names) rows,
        AutoencoderKL? decoder)
    {
        (this.folder, this.last, this.layout, this.decoder) = (folder, last, layout, decoder);
        (conditions, names) = rows;
        sampler = CreateSampler();
    }

    /// <summary>Prepares the grids of a run.</summary>
    /// <param name="folder">Where they go, and how often they are drawn.</param>
    /// <param name="recipe">How the run trains.</param>
    /// <param name="data">The images; texts are read from it, before anything else is.</param>
    /// <param name="decoder">Makes pictures of latents; null for none.</param>
    /// <returns>The grids; null where none are wanted, or no pictures can be made of the samples.</returns>
    public static SampleGrids<TModel, TCondition, TProcess>? Of(
        TrainingFolder folder, TrainingRecipe recipe, TrainingSet<TCondition> data, AutoencoderKL? decoder)
    {
        var card = TModel.Card;
        if (folder.SampleEvery == 0 || !SampleGridLayout.HasPictures(card, decoder is not null)) return null;
        var kinds = TCondition.Labels switch
        {
            ImageLabels.None => SampleGridLayout.RowsOfOne,
            ImageLabels.Classes => data.Classes.Count > 0 ? data.Classes.Count : card.Classes,
            _ => data.Count,
        };
        var layout = SampleGridLayout.Of(card, kinds);
        return new(folder, recipe.Steps, layout, Rows(data, layout), decoder);
    }

    /// <summary>Draws the grid of a step and writes it, where one is due.</summary>
    /// <param name="step">The step, from 1.</param>
    /// <param name="model">The model that is trained; its weights are those of the average meanwhile.</param>
    /// <param name="average">The average.</param>
    /// <param name="cancellation">Ends the drawing.</param>
    /// <returns>The grid; null where none is due, or the run was canceled.</returns>
    /// <exception cref="NonFiniteSampleException">A sample is not finite.</exception>
    /// <exception cref="DitException">The file cannot be written.</exception>
    public RgbImage? Draw(int step, TModel model, ExponentialMovingAverage average, CancellationToken cancellation)
    {
        if (!folder.HasSamplesAt(step, last)) return null;
        try
        {
            using var averaged = average.Exchange();
            var grid = Drawn(model, cancellation);
            AtomicFile.CreateFolder(folder.Samples);
            ImageFile.WritePng(folder.SamplesAt(step), grid);
            return grid;
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            return null;
        }
    }

    /// <inheritdoc/>
    public void Dispose() => conditions.Dispose();

    private RgbImage Drawn(TModel model, CancellationToken cancellation)
    {
        using var scope = NewDisposeScope();
        using var noGradients = no_grad();
        int[] rows = [.. Enumerable.Range(0, layout.Count).Select(n => n / layout.Columns)];
        var condition = TCondition.Labels == ImageLabels.None ? conditions : conditions.At(rows);
        var samples = sampler.Sample(
            model, condition, SampleGridLayout.GuidanceFor(TModel.Card), seed: 0, new() { Cancellation = cancellation });
        RgbImage[] pictures = [.. Enumerable.Range(0, layout.Count).Select(n => Picture(samples[n], cancellation))];
        var canvas = new ImageGridCanvas(
            layout.Count, pictures[0].Height, pictures[0].Width, layout.Options(pictures[0].Height, names));
        for (var n = 0; n < pictures.Length; n++) canvas.Place(n, pictures[n]);
        return canvas.Picture;
    }

    // One latent at a time: a decoder takes much memory.
    private RgbImage Picture(Tensor sample, CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        if (decoder is null) return RgbImage.FromTensor(sample);
        using var scope = NewDisposeScope();
        using var latents = ScaledLatents.Of(sample.unsqueeze(0), decoder.Card);
        var tiling = AutoencoderTiling.For(TModel.Card.Input.Height, TModel.Card.Input.Width, decoder.Card.Factor);
        return RgbImage.FromTensor(decoder.Decode(latents, tiling, cancellation)[0]);
    }

    private static (TCondition Values, IReadOnlyList<string>? Names) Rows(TrainingSet<TCondition> data, SampleGridLayout layout)
    {
        using var scope = NewDisposeScope();
        using var noGradients = no_grad();
        switch (TCondition.Labels)
        {
            case ImageLabels.None:
                return (TCondition.OfImages(null, layout.Count), null);
            case ImageLabels.Classes:
                var labels = tensor(Enumerable.Range(0, layout.Rows).Select(static row => (long)row).ToArray());
                return (
                    TCondition.OfImages(labels.MoveToOuterDisposeScope(), layout.Rows),
                    SampleGridLayout.Names(data.Classes, layout.Rows));
            default:
                var (images, texts) = data.Load([.. Enumerable.Range(0, layout.Rows)], new bool[layout.Rows]);
                images.Dispose();
                using (texts) return (texts.Map(static text => text.clone().DetachFromDisposeScope()), null);
        }
    }

    private static Sampler<TModel, TCondition, TProcess> CreateSampler()
    {
        const int Evaluations = 20;
        var (steps, process) = (Evaluations, TModel.Process);
        var solver = new DpmSolverPlusPlus<TProcess>(steps, ClipDenoised: TModel.Card.IsPixelSpace);
        if (new SamplingLoop<TProcess>("grid", solver, process).StepsRange is var (_, most)) steps = Math.Min(steps, most);
        return new("grid", solver with { Steps = steps });
    }
}

/// <summary>How many samples a grid has.</summary>
/// <param name="Rows">Rows, each of a class or a text.</param>
/// <param name="Columns">Samples of a row.</param>
internal sealed record SampleGridLayout(int Rows, int Columns)
{
    /// <summary>Rows where all samples are of a kind.</summary>
    public const int RowsOfOne = 4;

    private const int MostRows = 10, MostColumns = 8, MostLatents = 16;
    private const int Passes = 40; // 20 evaluations, two passes each with guidance
    private const long MostMacs = 2_000_000_000_000; // some seconds of a processor
    private const double GuidanceOfPixels = 2, GuidanceOfLatents = 4; // as 'dit sample' has it
    private const int CellPixels = 96; // smaller pictures are enlarged
    private const int LongestName = 24;

    /// <summary>Samples in all.</summary>
    public int Count => Rows * Columns;

    /// <summary>The layout of a model's grids.</summary>
    /// <param name="card">The model.</param>
    /// <param name="kinds">Classes or texts that there are.</param>
    public static SampleGridLayout Of(ModelCard card, int kinds)
    {
        var rows = Math.Clamp(kinds, 1, MostRows);
        var most = card.IsPixelSpace ? rows * MostColumns : MostLatents;
        var count = (int)Math.Clamp(MostMacs / (Passes * Math.Max(1, card.Macs)), 1, most);
        rows = Math.Min(rows, count);
        return new(rows, Math.Clamp(count / rows, 1, MostColumns));
    }

    /// <summary>Whether samples of a model can be shown.</summary>
    /// <param name="card">The model.</param>
    /// <param name="hasDecoder">Whether there is a decoder for latents.</param>
    public static bool HasPictures(ModelCard card, bool hasDecoder) =>
        card.IsPixelSpace ? card.Input.Channels is 1 or 3 : hasDecoder;

    /// <summary>The guidance that samples of a model are drawn with.</summary>
    public static Guidance GuidanceFor(ModelCard card) =>
        !card.CanBeGuided ? Guidance.None : card.IsPixelSpace ? GuidanceOfPixels : GuidanceOfLatents;

    /// <summary>The names of the first classes, as they are drawn beside the rows; null where they have none.</summary>
    public static IReadOnlyList<string>? Names(IReadOnlyList<string> classes, int rows) => classes.Count < rows
        ? null
        : [.. classes.Take(rows).Select(static name => name.Length <= LongestName ? name : $"{name[..(LongestName - 3)]}...")];

    /// <summary>How the grid is drawn.</summary>
    /// <param name="height">Height of the picture of one sample.</param>
    /// <param name="names">What the rows are called; null for nothing.</param>
    public ImageGridOptions Options(int height, IReadOnlyList<string>? names) =>
        new(Columns, Scale: Math.Max(1, CellPixels / height), RowLabels: names);
}
