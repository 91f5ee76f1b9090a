using Dit.Runtime;
using Dit.Spec;
using TorchSharp;
using static TorchSharp.torch;

namespace Dit.Cli.Commands;

/// <summary>Draws samples of a model, whatever it is conditioned on.</summary>
internal sealed class SampleVisitor(CommandContext context, SampleRequest request) : IModelVisitor<int>
{
    public int VisitClassConditional<TModel>()
        where TModel : nn.Module<Tensor, Tensor, Tensor, Tensor>, IClassConditionalModel<TModel>
    {
        var card = TModel.Card;
        if (request.Text is not null) throw new DitException($"{card.Name} is conditioned on classes: choose them with --classes, and leave --text out.");
        var output = SampleOutput.For(request.Out, card);
        var sampler = Chosen(TModel.AllSamplers, card, static (chosen, steps) => chosen.WithSteps(steps));
        var guidance = SampleCommand.GuidanceOf(card, request.Guidance);
        var checkpoint = request.Checkpoint ?? Weights.Of(card);
        var names = ClassNames.Of(card, checkpoint);
        var classes = names.Labels(request.Classes);
        var rows = SampleRows.OfClasses(classes, names, request.Count);
        return Draw<TModel>(output, checkpoint, rows, $"{sampler.Name}, guidance {guidance}", (model, batch) => sampler.Sample(
            model, Array.ConvertAll(batch.Rows, row => classes[row]), guidance, request.Seed, batch.Progress, context.Cancellation, request.Channels, batch.First));
    }

    public int VisitTextConditional<TModel>()
        where TModel : nn.Module<Tensor, Tensor, TextEmbeddings, Tensor>, ITextConditionalModel<TModel>
    {
        var card = TModel.Card;
        if (request.Classes.Count > 0) throw new DitException($"{card.Name} is conditioned on text: give it with --text FILE, and leave --classes out.");
        using var texts = TextFile.Read(request.Text, card);
        var output = SampleOutput.For(request.Out, card);
        var sampler = Chosen(TModel.AllSamplers, card, static (chosen, steps) => chosen.WithSteps(steps));
        var guidance = SampleCommand.GuidanceOf(card, request.Guidance);
        var rows = SampleRows.OfTexts((int)texts.shape[0], request.Count);
        return Draw<TModel>(output, request.Checkpoint ?? Weights.Of(card), rows, $"{sampler.Name}, guidance {guidance}", (model, batch) =>
        {
            using var which = tensor(Array.ConvertAll(batch.Rows, row => (long)row));
            using var text = new TextEmbeddings(texts.index_select(0, which));
            return sampler.Sample(model, text, guidance, request.Seed, batch.Progress, context.Cancellation, request.Channels, batch.First);
        });
    }

    public int VisitUnconditional<TModel>()
        where TModel : nn.Module<Tensor, Tensor, Tensor>, IUnconditionalModel<TModel>
    {
        var card = TModel.Card;
        var given = request.Classes.Count > 0 ? "--classes" : request.Text is not null ? "--text" : request.Guidance is not null ? "--cfg" : null;
        if (given is not null) throw new DitException($"{card.Name} is conditioned on nothing: leave {given} out; --count N draws N images.");
        var output = SampleOutput.For(request.Out, card);
        var sampler = Chosen(TModel.AllSamplers, card, static (chosen, steps) => chosen.WithSteps(steps));
        return Draw<TModel>(output, request.Checkpoint ?? Weights.Of(card), SampleRows.OfNothing(request.Count), sampler.Name, (model, batch) =>
            sampler.Sample(model, batch.Rows.Length, request.Seed, batch.Progress, context.Cancellation, batch.First));
    }

    private int Draw<TModel>(SampleOutput output, string checkpoint, SampleRows rows, string how, Func<TModel, Batch, Tensor> draw)
        where TModel : nn.Module, IModel<TModel>
    {
        output.RequireRoom(rows);
        var batch = SampleRows.Positive(request.Batch, "images at once");
        using var model = Load<TModel>(checkpoint);
        using var samples = Progress.Show(context, progress => All(rows, batch, progress, part => draw(model, part)));
        output.Write(samples, rows);
        context.Out.WriteLine($"Wrote {Amount.Of(rows.Count, "sample")} of {TModel.Card.Name} ({how}, seed {request.Seed}) to {output.Path}");
        return 0;
    }

    /// <summary>All samples, (N, C, Y, X), batch after batch.</summary>
    private static Tensor All(SampleRows rows, int batch, IProgress<WorkProgress> progress, Func<Batch, Tensor> draw)
    {
        using var scope = NewDisposeScope();
        var (done, all) = (new List<Tensor>(), (int)rows.Count);
        foreach (var samples in Enumerable.Range(0, all).Chunk(batch))
        {
            var (first, count) = (samples[0], samples.Length);
            done.Add(draw(new(first, Array.ConvertAll(samples, rows.RowOf), progress.Select<SamplingProgress>(now => Describe(now, first, count, all)))).cpu());
        }
        return cat(done).MoveToOuterDisposeScope();
    }

    private TModel Load<TModel>(string checkpoint)
        where TModel : nn.Module, IModel<TModel>
    {
        var card = TModel.Card;
        var grid = request.RecomputePositions ? CheckpointGrid.Recompute(context.Out.WriteLine) : CheckpointGrid.MustMatch;
        return request.Weights == CheckpointWeights.Auto
            ? TModel.Load(checkpoint, request.Device, grid: grid) // spares the initialisation
            : Checkpoint.Load(checkpoint, card.Name, TModel.CheckpointMap, PositionTable.Of(card), grid, () => TModel.Create(request.Device), request.Weights);
    }

    private TSampler Chosen<TSampler>(IReadOnlyList<TSampler> declared, ModelCard card, Func<TSampler, int, TSampler> withSteps)
        where TSampler : Sampler
    {
        string[] known = [.. declared.Select(sampler => sampler.Name)];
        var name = request.Sampler ?? known.FirstOrDefault() ?? throw new DitException($"The spec of {card.Name} declares no sampler.");
        var chosen = declared.FirstOrDefault(sampler => string.Equals(sampler.Name, name, StringComparison.OrdinalIgnoreCase))
            ?? throw new DitException($"{card.Name} has no sampler '{name}'{DidYouMean.Suggest(name, known) ?? $"; it has {string.Join(", ", known)}."}");
        return request.Steps is { } steps ? withSteps(chosen, steps) : chosen;
    }

    private static WorkProgress Describe(SamplingProgress now, int first, int batch, int all) => new(
        (first + (double)batch * now.Step / now.Steps) / all, $"images {first + 1} to {first + batch} of {all}, step {now.Step}/{now.Steps}");

    /// <summary>Samples that are drawn at once.</summary>
    /// <param name="First">The number of the first.</param>
    /// <param name="Rows">The row of each.</param>
    /// <param name="Progress">Where to report.</param>
    private sealed record Batch(int First, int[] Rows, IProgress<SamplingProgress> Progress);
}
