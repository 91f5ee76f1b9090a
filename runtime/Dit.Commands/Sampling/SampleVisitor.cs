using Dit.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace Dit.Commands;

/// <summary>Draws samples of a model, whatever it is conditioned on.</summary>
internal sealed partial class SampleVisitor(CommandContext context, SampleRequest request, ProcessGroup processes) : IModelVisitor<int>
{
    private const int MaxClasses = 8; // in the closing line

    private SampleFiles Files => request.Output;

    /// <summary>The autoencoder that was named, or else the one in the folder of a whole pipeline.</summary>
    private string? Autoencoder =>
        Files.Autoencoder ?? (request.Checkpoint is { } folder && Directory.Exists(Path.Combine(folder, "vae")) ? folder : null);

    public int Visit<TModel, TCondition, TProcess>()
        where TModel : nn.Module, IModel<TModel, TCondition, TProcess>
        where TCondition : ICondition<TCondition>
        where TProcess : IProcess
    {
        var card = TModel.Card.At(request.Size);
        request.RequireFits(card);
        var target = Target(card);
        var (declared, sampler) = SamplerChoice.Of<TModel, TCondition, TProcess>().Of(request);
        var guidance = request.GuidanceFor(card);
        var checkpoint = request.Checkpoint ?? Weights.Of(card);
        using var conditions = TCondition.Read(card, request.Source(card, checkpoint));
        using var negative = Negative<TCondition>(card, checkpoint, conditions.Names.Count);
        var rows = SampleRows.Of(conditions, request.Count);
        var job = Job(
            card, target, checkpoint, rows, sampler, declared, GuidedPasses.OfCondition(guidance),
            isGuided: card.Condition is not ModelCondition.None) with
        {
            Classes = request.Classes.Count > 0 ? ClassesText(conditions.Names) : "",
        };
        return Draw<TModel>(job, model =>
        {
            var session = model.CreateSession(request.Size);
            return new(Draw, () => ComputedWith(session.Engine, session.PackedBytes), session);

            Tensor Draw(SampleBatch batch)
            {
                using var scope = NewDisposeScope();
                var condition = conditions.Values.At(batch.Rows);
                return sampler.Sample(model, condition, guidance, request.Seed, new()
                {
                    Progress = batch.Progress,
                    Cancellation = context.Cancellation,
                    FirstIndex = batch.First,
                    Observe = batch.Observe,
                    Session = session,
                    Size = request.Size,
                    Negative = negative is null ? default : negative.Values.At(negative.Names.Count == 1 ? [0] : batch.Rows),
                }).MoveToOuterDisposeScope();
            }
        });
    }

    private SampleJob Job(
        ModelCard card, SampleTarget target, string checkpoint, SampleRows rows, Sampler sampler, string declared, GuidedPasses guided,
        bool isGuided)
    {
        var hash = new CheckpointHash(context.Cancellation);
        var program = $"{context.Name.Value} {ShowVersion.OfProgram}";
        var known = isGuided ? guided.Guidance : null;
        return new(
            card, target, checkpoint, rows, sampler, guided, isGuided, hash,
            new(card, request, declared, sampler, known, rows, hash, program));
    }

    /// <summary>
    /// What guidance leads away from: one text for all, or one for each row of samples; null for none.
    /// </summary>
    private NamedConditions<TCondition>? Negative<TCondition>(ModelCard card, string checkpoint, int rows)
        where TCondition : ICondition<TCondition>
    {
        if (request.NegativeSource(card, checkpoint) is not { } source) return null;
        var texts = TCondition.Read(card, source);
        if (texts.Names.Count == 1 || texts.Names.Count == rows) return texts;
        using (texts)
            throw new DitException(
                $"'{source.TextFile}' holds {texts.Names.Count} texts, and --text {Amount.Of(rows, "text")}: --negative takes one for all, "
                    + "or one for each.");
    }

    /// <summary>Where the samples go; what cannot work is found here, before anything large is read.</summary>
    private SampleTarget Target(ModelCard card)
    {
        if (card.IsPixelSpace && Files.Autoencoder is not null)
            throw new DitException($"{card.Name} draws pixels, with no autoencoder: leave --vae out.");
        if (request.First < 0) throw new DitException($"Images are counted from 0: --first {request.First} names none.");
        if (processes.Size > 1 && Files.IsWatched)
            throw new DitException(
                $"{(Files.Animation is null ? "A preview" : "An animation")} shows what one process draws, and there are {processes.Size}: "
                    + $"leave {(Files.Animation is null ? "--preview" : "--gif")} out, or start one process.");
        if (Files.PreviewEvery is < 1)
            throw new DitException($"A preview can be written every 1 or more steps, not every {Files.PreviewEvery}.");
        if (
            Files.Animation is { Length: > 0 } file
            && !(file.EndsWith(".gif", StringComparison.OrdinalIgnoreCase) && Path.GetFileNameWithoutExtension(file).Length > 0))
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

    private static string AnimationPath(SampleTarget target, string named) =>
        named.Length > 0 ? AtomicFile.FullPath(named) : target.AnimationPath;

    private int Draw<TModel>(SampleJob job, Func<TModel, SampleDrawer> prepare)
        where TModel : nn.Module, IModel<TModel>
    {
        var (card, rows) = (job.Card, job.Rows);
        SampleOutput.RequireRoom(job.Target, card, rows);
        var batch = SampleRows.Positive(request.Batch, "images at once");
        using var pictures = new SamplePictureSource(card, Autoencoder, request.Device, context.Notice);
        using var output = SampleOutput.Open(job.Target, card, rows, request.First, pictures, job.Recipe, processes, context.Out.WriteLine);
        var shown = Files.IsWatched ? pictures.Value : null; // read before anything is drawn, so that a wrong file is found at once
        IReadOnlyList<ISampleWatcher> watchers = [.. shown is null ? [] : Watchers(job, shown), .. job.Watchers];
        using var model = Load<TModel>(job.Checkpoint, job.Hash);
        using var drawer = prepare(model);
        if (DrawnSize.Notice(TModel.Card, card) is { } notice) context.Out.WriteLine(notice);
        context.Out.WriteLine(
            $"Drawing {Amount.Of(rows.Count, "sample")} of {card.Name} with {job.Sampler.Name}: "
                + $"{EvaluationCount.Before(job.Sampler, job.Guided)}.");
        var run = new SampleRun(rows, batch, request.First, job.Checkpoint, output, processes, watchers, shown, context.Cancellation);
        if (IdleProcesses(run.Batches, rows.Count) is { } idle) context.Notice(idle);
        processes.Agree(static () => { }); // all have what they need
        try
        {
            var more = Progress.Show(context, progress => run.Draw(drawer.Draw, progress));
            context.Out.WriteLine(
                $"Wrote {Amount.Of(rows.Count, "sample")} of {card.Name} ({job.Sampler.Name}{How(job)}, "
                    + $"seed {request.Seed}) to {output.Written}{job.Classes}");
            foreach (var line in more) context.Out.WriteLine(line);
            context.Out.WriteLine(drawer.ComputedWith());
            context.Out.WriteLine($"It took {EvaluationCount.After(run.Evaluations, job.Guided)}.");
            return 0;
        }
        catch (OperationCanceledException) when (context.Cancellation.IsCancellationRequested)
        {
            string[] kept = [output.Kept, .. watchers.Select(static watcher => watcher.Kept).OfType<string>()];
            context.Say($"stopped; {string.Join("; ", kept)}.");
            if (processes.Size > 1) processes.Abort(DitCommand.Stopped); // the others may wait for this one
            return DitCommand.Stopped;
        }
        catch (DitException e)
        {
            throw output.Refuse(e);
        }
    }

    private string? IdleProcesses(long batches, long count) => batches >= processes.Size
        ? null
        : $"{Amount.Of(batches, "batch", "batches")} for {processes.Size} processes: the others draw nothing; with --batch "
            + $"{Math.Max(1, count / processes.Size)} they do.";

    private IReadOnlyList<ISampleWatcher> Watchers(SampleJob job, SamplePictures pictures)
    {
        var watchers = new List<ISampleWatcher>();
        if (Files.PreviewEvery is { } every) watchers.Add(new SamplePreview(job.Target.PreviewPath, every, job.Rows, job.Recipe));
        if (Files.Animation is { } named)
            watchers.Add(
                new SampleAnimation(AnimationPath(job.Target, named), job.Rows, StepsOf(job.Sampler), pictures, job.Recipe));
        return watchers;
    }

    private static int StepsOf(Sampler sampler) => sampler.Steps
        ?? throw new DitException(
            $"An animation needs to know the steps in advance, and {sampler.Name} chooses them as it goes: leave --gif out.");

    private TModel Load<TModel>(string checkpoint, CheckpointHash hash)
        where TModel : nn.Module, IModel<TModel>
    {
        var grid = request.RecomputePositions ? CheckpointGrid.Recompute(context.Out.WriteLine) : CheckpointGrid.MustMatch;
        using var file = CheckpointFile.Open(checkpoint);
        if (CarriedDifference.Unnoticed(file, TModel.Card) is { } difference) context.Notice(difference);
        try
        {
            var model = TModel.Load(file, request.Device, request.Type, grid, request.Weights, context.Notice);
            hash.Start(file.Files); // its bytes were just read, so that no disk is waited for
            return LoraChoice.Fuse(model, request.Lora, context.Out.WriteLine);
        }
        catch (CheckpointMismatchException) when (CarriedDifference.Refusal(file, TModel.Card) is { } edited)
        {
            throw new DitException(edited);
        }
        catch (CheckpointMismatchException)
            when (file.Metadata.GetValueOrDefault(ModelCard.NameKey) != TModel.Card.Name
                && ForeignCard.Describe(file.Metadata, context.Models) is { } other)
        {
            throw new DitException($"'{checkpoint}' is {other}, and not of {TModel.Card.Name}.");
        }
    }

    private static string ComputedWith(string engine, long packedBytes) =>
        packedBytes == 0
            ? $"Computed with {engine}."
            : FormattableString.Invariant($"Computed with {engine}; packed weights took {packedBytes / 1e6:0.#} MB.");

    private static string How(SampleJob job)
    {
        if (!job.IsGuided) return "";
        var guidance = job.Guided.Guidance;
        var convention = guidance.Convention == GuidanceConvention.Dit ? "" : $" as {guidance.Convention.Word()}";
        var interval = guidance.Interval is { } levels ? $" for sigma {levels}" : "";
        var rescale = guidance.Rescale > 0 ? FormattableString.Invariant($" rescaled by {guidance.Rescale}") : "";
        var projection = guidance.Projection is { } apg ? $" projected with {apg}" : "";
        return FormattableString.Invariant($", guidance {guidance.Scale}{convention}{interval}{rescale}{projection}");
    }

    private static string ClassesText(IReadOnlyList<ConditionName> names)
    {
        var shown = names.Take(MaxClasses).Select(static name => name.Title);
        return $": {string.Join(", ", names.Count > MaxClasses ? shown.Append($"and {names.Count - MaxClasses} more") : shown)}";
    }

    /// <summary>A run that is known to be possible.</summary>
    /// <param name="Card">The model at the size that is drawn.</param>
    /// <param name="Target">Where the samples go.</param>
    /// <param name="Checkpoint">The weights.</param>
    /// <param name="Rows">The samples.</param>
    /// <param name="Sampler">How they are drawn.</param>
    /// <param name="Guided">The guidance, and what it takes.</param>
    /// <param name="IsGuided">Whether the model knows guidance.</param>
    /// <param name="Hash">The hash of the weights, which begins when they are read.</param>
    /// <param name="Recipe">What is written beside the pixels.</param>
    private sealed record SampleJob(
        ModelCard Card,
        SampleTarget Target,
        string Checkpoint,
        SampleRows Rows,
        Sampler Sampler,
        GuidedPasses Guided,
        bool IsGuided,
        CheckpointHash Hash,
        SampleRecipe Recipe)
    {
        /// <summary>The classes, as the closing line names them.</summary>
        public string Classes { get; init; } = "";

        /// <summary>What else watches the drawing.</summary>
        public IReadOnlyList<ISampleWatcher> Watchers { get; init; } = [];
    }

    /// <summary>A loaded model that is ready to draw.</summary>
    /// <param name="Draw">Draws a batch, (N, C, Y, X).</param>
    /// <param name="ComputedWith">What it is computed with, a sentence that is true behind the run.</param>
    /// <param name="Session">What is disposed with it; null for nothing.</param>
    private sealed record SampleDrawer(Func<SampleBatch, Tensor> Draw, Func<string> ComputedWith, IDisposable? Session) : IDisposable
    {
        public void Dispose() => Session?.Dispose();
    }
}
