using Dit.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace Dit.Commands;

/// <remarks>
/// A joint model draws an image for each text of a file, or without one images and texts that belong together. Its
/// pictures are those of the latents; the embeddings that are drawn with them are written beside.
/// </remarks>
internal sealed partial class SampleVisitor
{
    public int VisitJoint<TModel>()
        where TModel : nn.Module, IJointModel<TModel>
    {
        request.RequireFitsJoint(TModel.Card);
        if (processes.Size > 1)
            throw new DitException($"{TModel.Card.Name} draws images and texts jointly, which one process does: start one.");
        var (card, shape) = (TModel.Card, TModel.Modalities);
        if (request.Text is null) return Drawn<TModel, NoCondition>(card, GuidedPasses.OfPairs, Pairs);
        var texts = card with { Condition = new ModelCondition.Text(shape.TextTokens, shape.TextWidth, Dropout: 0) };
        return Drawn<TModel, TextEmbeddings>(texts, GuidedPasses.OfCondition, Images);

        (JointImage Image, JointText? Text) Pairs(
            JointSampler<TModel> sampler, TModel model, NoCondition condition, Guidance guidance, JointOptions options)
        {
            var (image, text) = sampler.Joint(model, condition.Count, guidance, request.Seed, options);
            return (image, text);
        }

        (JointImage Image, JointText? Text) Images(
            JointSampler<TModel> sampler, TModel model, TextEmbeddings condition, Guidance guidance, JointOptions options) =>
            (sampler.TextToImage(model, new(condition.Values), guidance, request.Seed, options), null);
    }

    /// <summary>Draws the images of a batch, and their texts where these are drawn too.</summary>
    private delegate (JointImage Image, JointText? Text) JointWay<TModel, TCondition>(
        JointSampler<TModel> sampler, TModel model, TCondition condition, Guidance guidance, JointOptions options)
        where TModel : nn.Module, IJointModel<TModel>;

    private int Drawn<TModel, TCondition>(
        ModelCard conditioned, Func<Guidance, GuidedPasses> passes, JointWay<TModel, TCondition> draw)
        where TModel : nn.Module, IJointModel<TModel>
        where TCondition : ICondition<TCondition>
    {
        var card = TModel.Card.At(request.Size);
        var shape = TModel.Modalities with { Image = card.Input };
        var target = Target(card);
        var (declared, sampler) = SamplerChoice.OfJoint<TModel>().Of(request);
        var guidance = request.GuidanceForJoint(card);
        var checkpoint = request.Checkpoint ?? Weights.Of(card);
        if (target is not SampleTarget.Folder) AtomicFile.RequireWritable(target.EmbeddingsPath);
        using var conditions = TCondition.Read(conditioned, request.Source(conditioned, checkpoint));
        using var embeddings = new JointEmbeddings(target.EmbeddingsPath, card);
        var rows = SampleRows.Of(conditions, request.Count);
        var job = Job(card, target, checkpoint, rows, sampler, declared, passes(guidance), isGuided: true) with { Watchers = [embeddings] };
        return Draw<TModel>(job, model => new(
            batch =>
            {
                using var condition = conditions.Values.At(batch.Rows);
                var (image, text) = draw(sampler, model, condition, guidance, Options(batch, shape));
                using (image.Clip)
                using (text)
                    embeddings.Add(image.Clip, text?.Tokens);
                return image.Latents;
            },
            static () => "Computed with the model's own forward pass.",
            Session: null));
    }

    // What looks on sees images alone.
    private JointOptions Options(SampleBatch batch, JointShape shape) => new()
    {
        Progress = batch.Progress,
        Cancellation = context.Cancellation,
        FirstIndex = batch.First,
        Size = request.Size,
        Observe = batch.Observe is not { } observe ? null : state =>
        {
            using var scope = NewDisposeScope();
            observe(state with { State = shape.LatentsOf(state.State), PredictedStart = shape.LatentsOf(state.PredictedStart) });
        },
    };
}
