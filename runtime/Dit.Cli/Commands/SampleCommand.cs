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
/// <param name="Sampler">A sampler of the model; null for its first.</param>
/// <param name="Steps">Steps; null for the sampler's own.</param>
/// <param name="Guidance">Guidance scale; 1 is no guidance; null for the model's usual.</param>
/// <param name="Channels">The channels that guidance changes.</param>
/// <param name="Seed">Image i is a function of the seed and i.</param>
/// <param name="Count">Images of each class.</param>
/// <param name="Batch">Images drawn at once; the images do not depend on it.</param>
/// <param name="Out">A .png or .safetensors file.</param>
/// <param name="Device">Where to compute.</param>
internal sealed record SampleRequest(
    string? Checkpoint, CheckpointWeights Weights, IReadOnlyList<string> Classes, string? Sampler, int? Steps, double? Guidance, GuidanceChannels Channels,
    long Seed, int Count, int Batch, string Out, Device Device);

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
        var sampler = new Option<string?>("--sampler", "-s")
        {
            Description = "A sampler of the model. [default: the first in its spec]",
            HelpName = "NAME",
            CompletionSources = { completion => SamplersOf(context, completion.ParseResult.GetValue(model)) },
        };
        var steps = CommonOptions.Number<int>("--steps", "Sampling steps. [default: the sampler's]");
        var guidance = CommonOptions.Number<double>("--cfg", $"Guidance scale; 1 is no guidance. [default: {UsualGuidance}, or 1 for a model without a null class]");
        var channels = new Option<string>("--cfg-channels") { Description = "Channels that guidance changes.", DefaultValueFactory = _ => "3" };
        channels.AcceptOnlyFromAmong("3", "all");
        var seed = CommonOptions.Number("--seed", "The same seed gives the same images.", 0L);
        var count = CommonOptions.Number("--count", "Images of each class.", 8);
        var batch = CommonOptions.Number("--batch", "Images drawn at once; it changes the speed, not the images.", 40);
        var file = new Option<string>("--out", "-o") { Description = "A .png picture, or a .safetensors file with the samples as they are.", HelpName = "FILE", DefaultValueFactory = _ => "samples.png" };
        var device = CommonOptions.Device();
        var command = new Command("sample", "Draw images: a row of samples for each class.")
        {
            model, checkpoint, weights, classes, sampler, steps, guidance, channels, seed, count, batch, file, device,
        };
        command.SetAction(parsed =>
        {
            TensorLibrary.Require();
            var definition = context.FindModel(parsed.GetRequiredValue(model));
            definition.Accept(new Visitor(context, new SampleRequest(
                parsed.GetValue(checkpoint), WeightsWords[parsed.GetRequiredValue(weights)], parsed.GetValue(classes) ?? [],
                parsed.GetValue(sampler), parsed.GetValue(steps), parsed.GetValue(guidance),
                parsed.GetValue(channels) == "all" ? GuidanceChannels.All : GuidanceChannels.FirstThree, parsed.GetValue(seed), parsed.GetValue(count),
                parsed.GetValue(batch), parsed.GetRequiredValue(file), CommonOptions.ParseDevice(parsed.GetRequiredValue(device)))));
        });
        return command;
    }

    /// <summary>The guidance to draw with: what was asked for, or what is usual for such a model.</summary>
    /// <exception cref="DitException">The model cannot be guided.</exception>
    internal static double GuidanceOf(ModelCard card, double? asked)
    {
        var guidance = asked ?? (card.HasNullClass ? UsualGuidance : 1);
        return guidance == 1 || card.HasNullClass
            ? guidance
            : throw new DitException($"{card.Name} cannot be guided: its spec has conditioning.dropout 0, so it has no null class; draw with --cfg 1.");
    }

    private static IEnumerable<string> SamplersOf(CommandContext context, string? model) =>
        context.Models.Where(definition => definition.Card.Name == model).SelectMany(definition => definition.Accept(new SamplerNames()));

    private sealed class SamplerNames : IModelVisitor<IEnumerable<string>>
    {
        public IEnumerable<string> VisitClassConditional<TModel>()
            where TModel : nn.Module<Tensor, Tensor, Tensor, Tensor>, IClassConditionalModel<TModel> => TModel.AllSamplers.Select(sampler => sampler.Name);
    }

    private sealed class Visitor(CommandContext context, SampleRequest request) : IModelVisitor<int>
    {
        public int VisitClassConditional<TModel>()
            where TModel : nn.Module<Tensor, Tensor, Tensor, Tensor>, IClassConditionalModel<TModel>
        {
            var card = TModel.Card;
            var output = SampleOutput.For(request.Out, card);
            var sampler = ChosenSampler<TModel>();
            var guidance = GuidanceOf(card, request.Guidance);
            var checkpoint = request.Checkpoint ?? Weights.Of(card);
            var names = ClassNames.Of(card, checkpoint);
            var classes = names.Labels(request.Classes);
            output.RequireRoom(classes, AtLeastOne(request.Count, "images of each class"), names);
            int[] labels = [.. classes.SelectMany(label => Enumerable.Repeat(label, request.Count))];
            using var model = request.Weights == CheckpointWeights.Auto
                ? TModel.Load(checkpoint, request.Device) // spares the initialisation
                : Checkpoint.Load(checkpoint, card.Name, TModel.CheckpointMap, () => TModel.Create(request.Device), request.Weights);
            using var samples = Progress.Show(context, progress => Draw(model, sampler, labels, guidance, progress));
            output.Write(samples, labels, classes, names);
            context.Out.WriteLine($"Wrote {Amount.Of(labels.Length, "sample")} of {card.Name} ({sampler.Name}, guidance {guidance}, seed {request.Seed}) to {output.Path}");
            return 0;
        }

        /// <summary>All samples, (N, C, Y, X), batch after batch.</summary>
        private Tensor Draw<TModel>(TModel model, Sampler<TModel> sampler, int[] labels, double guidance, IProgress<WorkProgress> progress)
            where TModel : nn.Module<Tensor, Tensor, Tensor, Tensor>, IClassConditionalModel<TModel>
        {
            using var scope = NewDisposeScope();
            var done = new List<Tensor>();
            foreach (var batch in labels.Chunk(AtLeastOne(request.Batch, "images at once")))
            {
                var first = done.Sum(samples => (int)samples.shape[0]);
                done.Add(sampler.Sample(
                    model, batch, guidance, request.Seed, progress.Select<SamplingProgress>(now => Describe(now, first, batch.Length, labels.Length)),
                    context.Cancellation, request.Channels, first).cpu());
            }
            return cat(done).MoveToOuterDisposeScope();
        }

        private Sampler<TModel> ChosenSampler<TModel>()
            where TModel : nn.Module<Tensor, Tensor, Tensor, Tensor>, IClassConditionalModel<TModel>
        {
            string[] known = [.. TModel.AllSamplers.Select(sampler => sampler.Name)];
            var name = request.Sampler ?? known.FirstOrDefault() ?? throw new DitException($"The spec of {TModel.Card.Name} declares no sampler.");
            var chosen = TModel.AllSamplers.FirstOrDefault(sampler => string.Equals(sampler.Name, name, StringComparison.OrdinalIgnoreCase))
                ?? throw new DitException($"{TModel.Card.Name} has no sampler '{name}'{DidYouMean.Suggest(name, known) ?? $"; it has {string.Join(", ", known)}."}");
            return request.Steps is { } steps ? chosen.WithSteps(steps) : chosen;
        }

        private static int AtLeastOne(int number, string what) => number >= 1 ? number : throw new DitException($"{number} {what} cannot be drawn: at least 1 is needed.");
    }

    private static WorkProgress Describe(SamplingProgress now, int first, int batch, int all) => new(
        (first + (double)batch * now.Step / now.Steps) / all, $"images {first + 1} to {first + batch} of {all}, step {now.Step}/{now.Steps}");
}
