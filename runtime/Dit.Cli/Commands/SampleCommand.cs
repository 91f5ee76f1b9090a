using System.CommandLine;
using Dit.Runtime;
using Dit.Spec;
using TorchSharp;
using static TorchSharp.torch;

namespace Dit.Cli.Commands;

/// <summary>What to draw.</summary>
/// <param name="Checkpoint">The weights; null for those that come with the program.</param>
/// <param name="Weights">Which weights of a training checkpoint.</param>
/// <param name="Classes">Class names or numbers, comma separated; none for all, or the first of many.</param>
/// <param name="Text">A file of embedded texts, for text-conditional models.</param>
/// <param name="Sampler">A sampler of the model; null for its first.</param>
/// <param name="Steps">Steps; null for the sampler's own.</param>
/// <param name="Guidance">Guidance scale; 1 is no guidance; null for the model's usual.</param>
/// <param name="Channels">The channels that guidance changes.</param>
/// <param name="Seed">Image i is a function of the seed and i.</param>
/// <param name="Count">Images of each class or text, or in all for a model of neither.</param>
/// <param name="Batch">Images drawn at once; the images do not depend on it.</param>
/// <param name="Out">A .png or .safetensors file.</param>
/// <param name="Device">Where to compute.</param>
/// <param name="RecomputePositions">Whether a checkpoint of another grid of patches is taken, its positions computed anew.</param>
internal sealed record SampleRequest(
    string? Checkpoint, CheckpointWeights Weights, IReadOnlyList<string> Classes, string? Text, string? Sampler, int? Steps, double? Guidance, GuidanceChannels Channels,
    long Seed, int Count, int Batch, string Out, Device Device, bool RecomputePositions);

/// <summary><c>dit sample</c>: images of a trained model.</summary>
internal static class SampleCommand
{
    private const double UsualGuidance = 2;

    private static readonly Dictionary<string, CheckpointWeights> WeightsWords = new()
    {
        ["auto"] = CheckpointWeights.Auto,
        ["ema"] = CheckpointWeights.Ema,
        ["model"] = CheckpointWeights.Model,
    };

    public static Command Create(CommandContext context)
    {
        var model = CommonOptions.Model(context);
        var checkpoint = new Option<string?>("--checkpoint", "-c") { Description = "Weights, .safetensors or .pt; the demo model brings its own.", HelpName = "FILE" };
        var weights = new Option<string>("--weights") { Description = "Of a training checkpoint: the averaged weights (ema), the trained ones (model), or the first of these that it has.", DefaultValueFactory = _ => "auto" };
        weights.AcceptOnlyFromAmong([.. WeightsWords.Keys]);
        var classes = new Option<string[]>("--classes") { Description = $"Class names or numbers, comma separated. [default: all, or the first {ClassNames.DrawnWithoutAsking} of more]", HelpName = "LIST", AllowMultipleArgumentsPerToken = true };
        var text = new Option<string?>("--text") { Description = "For models of text: a .safetensors file with one tensor named text, (N, tokens, width), of embedded texts.", HelpName = "FILE" };
        var sampler = new Option<string?>("--sampler", "-s")
        {
            Description = "A sampler of the model. [default: the first in its spec]",
            HelpName = "NAME",
            CompletionSources = { completion => SamplersOf(context, completion.ParseResult.GetValue(model)) },
        };
        var steps = CommonOptions.Number<int>("--steps", "Sampling steps. [default: the sampler's]");
        var guidance = CommonOptions.Number<double>("--cfg", $"Guidance scale; 1 is no guidance. [default: {UsualGuidance}, or 1 for a model without a null class or text]");
        var channels = new Option<string>("--cfg-channels") { Description = "Channels that guidance changes.", DefaultValueFactory = _ => "3" };
        channels.AcceptOnlyFromAmong("3", "all");
        var seed = CommonOptions.Number("--seed", "The same seed gives the same images.", 0L);
        var count = CommonOptions.Number("--count", "Images of each class or text; of a model of neither, images in all.", 8);
        var batch = CommonOptions.Number("--batch", "Images drawn at once; it changes the speed, not the images.", 40);
        var file = new Option<string>("--out", "-o") { Description = "A .png picture, or a .safetensors file with the samples as they are.", HelpName = "FILE", DefaultValueFactory = _ => "samples.png" };
        var device = CommonOptions.Device();
        var recompute = new Option<bool>("--recompute-positions") { Description = "Take a checkpoint of another grid of patches (another image size) and compute the positions anew." };
        var command = new Command("sample", "Draw images: a row of samples for each class or text.")
        {
            model, checkpoint, weights, classes, text, sampler, steps, guidance, channels, seed, count, batch, file, device, recompute,
        };
        command.SetAction(parsed =>
        {
            TensorLibrary.Require();
            var definition = context.FindModel(parsed.GetRequiredValue(model));
            definition.Accept(new SampleVisitor(context, new SampleRequest(
                parsed.GetValue(checkpoint), WeightsWords[parsed.GetRequiredValue(weights)], parsed.GetValue(classes) ?? [], parsed.GetValue(text),
                parsed.GetValue(sampler), parsed.GetValue(steps), parsed.GetValue(guidance),
                parsed.GetValue(channels) == "all" ? GuidanceChannels.All : GuidanceChannels.FirstThree, parsed.GetValue(seed), parsed.GetValue(count),
                parsed.GetValue(batch), parsed.GetRequiredValue(file), CommonOptions.ParseDevice(parsed.GetRequiredValue(device)), parsed.GetValue(recompute))));
        });
        return command;
    }

    /// <summary>The guidance to draw with: what was asked for, or what is usual for such a model.</summary>
    /// <exception cref="DitException">The model cannot be guided.</exception>
    internal static double GuidanceOf(ModelCard card, double? asked)
    {
        var guidance = asked ?? (card.CanBeGuided ? UsualGuidance : 1);
        return guidance == 1 || card.CanBeGuided
            ? guidance
            : throw new DitException($"{card.Name} cannot be guided: its spec has conditioning.dropout 0, so it has no null {(card.Condition is ModelCondition.Text ? "text" : "class")}; draw with --cfg 1.");
    }

    private static IEnumerable<string> SamplersOf(CommandContext context, string? model) =>
        context.Models.Where(definition => definition.Card.Name == model).SelectMany(definition => definition.Accept(new SamplerNames()));

    private sealed class SamplerNames : IModelVisitor<IEnumerable<string>>
    {
        public IEnumerable<string> VisitClassConditional<TModel>()
            where TModel : nn.Module<Tensor, Tensor, Tensor, Tensor>, IClassConditionalModel<TModel> => TModel.AllSamplers.Select(sampler => sampler.Name);

        public IEnumerable<string> VisitTextConditional<TModel>()
            where TModel : nn.Module<Tensor, Tensor, TextEmbeddings, Tensor>, ITextConditionalModel<TModel> => TModel.AllSamplers.Select(sampler => sampler.Name);

        public IEnumerable<string> VisitUnconditional<TModel>()
            where TModel : nn.Module<Tensor, Tensor, Tensor>, IUnconditionalModel<TModel> => TModel.AllSamplers.Select(sampler => sampler.Name);
    }
}
