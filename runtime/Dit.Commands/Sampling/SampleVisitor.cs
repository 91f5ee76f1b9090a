using Dit.Runtime;
using Dit.Spec;
using TorchSharp;
using static TorchSharp.torch;

namespace Dit.Commands;

/// <summary>Draws samples of a model, whatever it is conditioned on.</summary>
internal sealed class SampleVisitor(CommandContext context, SampleRequest request) : IModelVisitor<int>
{
    private const int ClassesTold = 8; // in the closing line

    private SampleFiles Files => request.Output;

    /// <summary>The autoencoder that was named, or else the one in the folder of a whole pipeline.</summary>
    private string? Autoencoder => Files.Autoencoder ?? (request.Checkpoint is { } folder && Directory.Exists(Path.Combine(folder, "vae")) ? folder : null);

    public int VisitClassConditional<TModel>()
        where TModel : nn.Module<Tensor, Tensor, Tensor, Tensor>, IClassConditionalModel<TModel>
    {
        var card = TModel.Card;
        if (request.Text is not null) throw new DitException($"{card.Name} is conditioned on classes: choose them with --classes, and leave --text out.");
        var target = Target(card);
        var sampler = Chosen(TModel.AllSamplers, card, static (chosen, steps) => chosen.WithSteps(steps));
        var guidance = request.GuidanceFor(card);
        var checkpoint = request.Checkpoint ?? Weights.Of(card);
        var names = ClassNames.Of(card, checkpoint);
        var classes = names.Labels(request.Classes);
        var plan = new Plan(target, checkpoint, SampleRows.OfClasses(classes, names, request.Count), sampler, How(guidance), request.Classes.Count > 0 ? Told(classes, names) : "");
        return Draw<TModel, ClassLabels>(plan, static model => model.CreateSession(), (model, ready, batch) => sampler.Sample(
            model, Array.ConvertAll(batch.Rows, row => classes[row]), guidance, request.Seed, batch.Progress, context.Cancellation, request.Channels, batch.First, batch.Observe, request.Interval, ready));
    }

    public int VisitTextConditional<TModel>()
        where TModel : nn.Module<Tensor, Tensor, TextEmbeddings, Tensor>, ITextConditionalModel<TModel>
    {
        var card = TModel.Card;
        if (request.Classes.Count > 0) throw new DitException($"{card.Name} is conditioned on text: give it with --text FILE, and leave --classes out.");
        using var texts = TextFile.Read(request.Text, card);
        var target = Target(card);
        var sampler = Chosen(TModel.AllSamplers, card, static (chosen, steps) => chosen.WithSteps(steps));
        var guidance = request.GuidanceFor(card);
        var plan = new Plan(target, request.Checkpoint ?? Weights.Of(card), SampleRows.OfTexts((int)texts.shape[0], request.Count), sampler, How(guidance), "");
        return Draw<TModel, TextEmbeddings>(plan, static model => model.CreateSession(), (model, ready, batch) =>
        {
            using var which = tensor(Array.ConvertAll(batch.Rows, row => (long)row));
            using var text = new TextEmbeddings(texts.index_select(0, which).to(request.Type));
            return sampler.Sample(model, text, guidance, request.Seed, batch.Progress, context.Cancellation, request.Channels, batch.First, batch.Observe, request.Interval, ready);
        });
    }

    public int VisitUnconditional<TModel>()
        where TModel : nn.Module<Tensor, Tensor, Tensor>, IUnconditionalModel<TModel>
    {
        var card = TModel.Card;
        var given = request.Classes.Count > 0 ? "--classes" : request.Text is not null ? "--text" : request.Guidance is not null ? "--cfg" : request.Interval is not null ? "--cfg-interval" : null;
        if (given is not null) throw new DitException($"{card.Name} is conditioned on nothing: leave {given} out; --count N draws N images.");
        var target = Target(card);
        var sampler = Chosen(TModel.AllSamplers, card, static (chosen, steps) => chosen.WithSteps(steps));
        var plan = new Plan(target, request.Checkpoint ?? Weights.Of(card), SampleRows.OfNothing(request.Count), sampler, "", "");
        return Draw<TModel, NoCondition>(plan, static model => model.CreateSession(), (model, ready, batch) =>
            sampler.Sample(model, batch.Rows.Length, request.Seed, batch.Progress, context.Cancellation, batch.First, batch.Observe, ready));
    }

    /// <summary>Where the samples go; what cannot work is found here, before anything large is read.</summary>
    private SampleTarget Target(ModelCard card)
    {
        if (card.IsPixelSpace && Files.Autoencoder is not null)
            throw new DitException($"{card.Name} draws pixels, with no autoencoder: leave --vae out.");
        if (request.First < 0) throw new DitException($"Images are counted from 0: --first {request.First} names none.");
        if (Files.PreviewEvery is < 1) throw new DitException($"A preview can be written every 1 or more steps, not every {Files.PreviewEvery}.");
        if (Files.Animation is { Length: > 0 } file && !(file.EndsWith(".gif", StringComparison.OrdinalIgnoreCase) && Path.GetFileNameWithoutExtension(file).Length > 0))
            throw new DitException($"An animation is written to a .gif file, not to '{file}'.");
        var target = SampleTarget.Of(Files.Out);
        if (target.IsOfPictures || Files.IsWatched) SamplePictures.Require(card, Autoencoder);
        foreach (var beside in FilesBeside(target)) AtomicFile.RequireWritable(beside);
        return target;
    }

    /// <summary>What else is written, less what lies in a folder that may still have to be created.</summary>
    private IEnumerable<string> FilesBeside(SampleTarget target)
    {
        var isInFolder = target is SampleTarget.Folder;
        if (Files.PreviewEvery is not null && !isInFolder) yield return target.PreviewPath;
        if (Files.Animation is { } animation && (animation.Length > 0 || !isInFolder)) yield return AnimationPath(target, animation);
    }

    private static string AnimationPath(SampleTarget target, string named) => named.Length > 0 ? AtomicFile.FullPath(named) : target.AnimationPath;

    private int Draw<TModel, TCondition>(Plan plan, Func<TModel, InferenceSession<TCondition>> makeReady, Func<TModel, InferenceSession<TCondition>, SampleBatch, Tensor> draw)
        where TModel : nn.Module, IModel<TModel>
        where TCondition : ICondition<TCondition>
    {
        var (card, rows) = (TModel.Card, plan.Rows);
        SampleOutput.RequireRoom(plan.Target, card, rows);
        var batch = SampleRows.Positive(request.Batch, "images at once");
        using var pictures = new SamplePictureSource(card, Autoencoder, request.Device, context.Notice);
        using var output = SampleOutput.Open(plan.Target, card, rows, request.First, pictures, context.Out.WriteLine);
        var shown = Files.IsWatched ? pictures.Value : null; // read before anything is drawn, so that a wrong file is found at once
        var watchers = shown is null ? [] : Watchers(plan, shown);
        using var model = Load<TModel>(plan.Checkpoint);
        using var ready = makeReady(model);
        var run = new SampleRun(rows, batch, request.First, plan.Checkpoint, output, watchers, shown, context.Cancellation);
        try
        {
            var more = Progress.Show(context, progress => run.Draw(part => draw(model, ready, part), progress));
            context.Out.WriteLine($"Wrote {Amount.Of(rows.Count, "sample")} of {card.Name} ({plan.Sampler.Name}{plan.How}, seed {request.Seed}) to {output.Written}{plan.Told}");
            foreach (var line in more) context.Out.WriteLine(line);
            context.Out.WriteLine(ComputedWith(ready.Engine, ready.PackedBytes));
            return 0;
        }
        catch (OperationCanceledException) when (context.Cancellation.IsCancellationRequested)
        {
            string[] kept = [output.Kept, .. watchers.Select(static watcher => watcher.Kept).OfType<string>()];
            context.Say($"stopped; {string.Join("; ", kept)}.");
            return DitCommand.Stopped;
        }
        catch (DitException e)
        {
            throw output.Refuse(e);
        }
    }

    private IReadOnlyList<ISampleWatcher> Watchers(Plan plan, SamplePictures pictures)
    {
        var watchers = new List<ISampleWatcher>();
        if (Files.PreviewEvery is { } every) watchers.Add(new SamplePreview(plan.Target.PreviewPath, every, plan.Rows));
        if (Files.Animation is { } named) watchers.Add(new SampleAnimation(AnimationPath(plan.Target, named), plan.Rows, plan.Sampler.Steps, pictures));
        return watchers;
    }

    private TModel Load<TModel>(string checkpoint)
        where TModel : nn.Module, IModel<TModel>
    {
        var grid = request.RecomputePositions ? CheckpointGrid.Recompute(context.Out.WriteLine) : CheckpointGrid.MustMatch;
        using var file = CheckpointFile.Open(checkpoint);
        if (CarriedDifference.Unnoticed(file, TModel.Card) is { } difference) context.Notice(difference);
        try
        {
            return TModel.Load(file, request.Device, request.Type, grid, request.Weights, context.Notice);
        }
        catch (CheckpointMismatchException) when (CarriedDifference.Refusal(file, TModel.Card) is { } edited)
        {
            throw new DitException(edited);
        }
        catch (CheckpointMismatchException) when (
            file.Metadata.GetValueOrDefault(ModelCard.NameKey) != TModel.Card.Name && ForeignCard.Describe(file.Metadata, context.Models) is { } other)
        {
            throw new DitException($"'{checkpoint}' is {other}, and not of {TModel.Card.Name}.");
        }
    }

    private TSampler Chosen<TSampler>(IReadOnlyList<TSampler> declared, ModelCard card, Func<TSampler, int, TSampler> withSteps)
        where TSampler : Sampler
    {
        string[] known = [.. declared.Select(sampler => sampler.Name)];
        var name = request.Sampler ?? known.FirstOrDefault() ?? throw new DitException($"The spec of {card.Name} declares no sampler.");
        var chosen = declared.FirstOrDefault(sampler => string.Equals(sampler.Name, name, StringComparison.OrdinalIgnoreCase))
            ?? throw new DitException($"{card.Name} has no sampler '{name}'{DidYouMean.Suggest(name, known) ?? $"; it has {string.Join(", ", known)}."}");
        if (request.Steps is not { } steps) return chosen;
        var (fewest, most) = chosen.StepsRange;
        return steps >= fewest && steps <= most
            ? withSteps(chosen, steps)
            : throw new DitException($"--steps {steps} is out of range: {card.Name} is sampled in {fewest} to {most} steps.");
    }

    private static string ComputedWith(string engine, long packedBytes) =>
        packedBytes == 0 ? $"Computed with {engine}." : FormattableString.Invariant($"Computed with {engine}; packed weights took {packedBytes / 1e6:0.#} MB.");

    private string How(double guidance) => $", guidance {guidance}{(request.Interval is { } interval ? $" for sigma {interval}" : "")}";

    private static string Told(int[] classes, ClassNames names)
    {
        var told = classes.Take(ClassesTold).Select(names.Describe);
        return $": {string.Join(", ", classes.Length > ClassesTold ? told.Append($"and {classes.Length - ClassesTold} more") : told)}";
    }

    /// <summary>A run that is known to be possible.</summary>
    /// <param name="Target">Where the samples go.</param>
    /// <param name="Checkpoint">The weights.</param>
    /// <param name="Rows">The samples.</param>
    /// <param name="Sampler">How they are drawn.</param>
    /// <param name="How">What the closing line says of guidance.</param>
    /// <param name="Told">What it says of classes.</param>
    private sealed record Plan(SampleTarget Target, string Checkpoint, SampleRows Rows, Sampler Sampler, string How, string Told);
}
