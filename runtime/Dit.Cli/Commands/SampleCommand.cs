using System.CommandLine;
using Dit.Runtime;
using Dit.Spec;
using TorchSharp;
using static TorchSharp.torch;

namespace Dit.Cli.Commands;

/// <summary>What to draw.</summary>
/// <param name="Checkpoint">The weights; null for those that come with the program.</param>
/// <param name="Classes">Class names or numbers, comma separated; none for all.</param>
/// <param name="Sampler">A sampler of the model; null for its first.</param>
/// <param name="Steps">Steps; null for the sampler's own.</param>
/// <param name="Guidance">Guidance scale; 1 is no guidance.</param>
/// <param name="Channels">The channels that guidance changes.</param>
/// <param name="Seed">Image i is a function of the seed and i.</param>
/// <param name="Count">Images of each class.</param>
/// <param name="Batch">Images drawn at once; the images do not depend on it.</param>
/// <param name="Out">A .png or .safetensors file.</param>
/// <param name="Device">Where to compute.</param>
internal sealed record SampleRequest(
    string? Checkpoint, IReadOnlyList<string> Classes, string? Sampler, int? Steps, double Guidance, GuidanceChannels Channels,
    long Seed, int Count, int Batch, string Out, Device Device);

/// <summary><c>dit sample</c>: images of a trained model.</summary>
internal static class SampleCommand
{
    public static Command Create(CommandContext context)
    {
        var model = CommonOptions.Model(context);
        var checkpoint = new Option<string?>("--checkpoint", "-c") { Description = "Weights, .safetensors or .pt; the demo model brings its own.", HelpName = "FILE" };
        var classes = new Option<string[]>("--classes") { Description = "Class names or numbers, comma separated. [default: all]", HelpName = "LIST", AllowMultipleArgumentsPerToken = true };
        var sampler = new Option<string?>("--sampler", "-s")
        {
            Description = "A sampler of the model. [default: the first in its spec]",
            HelpName = "NAME",
            CompletionSources = { completion => SamplersOf(context, completion.ParseResult.GetValue(model)) },
        };
        var steps = new Option<int?>("--steps") { Description = "Sampling steps. [default: the sampler's]", HelpName = "N" };
        var guidance = CommonOptions.Number("--cfg", "Guidance scale; 1 is no guidance.", 2.0);
        var channels = new Option<string>("--cfg-channels") { Description = "Channels that guidance changes.", DefaultValueFactory = _ => "3" };
        channels.AcceptOnlyFromAmong("3", "all");
        var seed = CommonOptions.Number("--seed", "The same seed gives the same images.", 0L);
        var count = CommonOptions.Number("--count", "Images of each class.", 8);
        var batch = CommonOptions.Number("--batch", "Images drawn at once; it changes the speed, not the images.", 40);
        var file = new Option<string>("--out", "-o") { Description = "A .png picture, or a .safetensors file with the samples as they are.", HelpName = "FILE", DefaultValueFactory = _ => "samples.png" };
        var device = CommonOptions.Device();
        var command = new Command("sample", "Draw images: a row of samples for each class.")
        {
            model, checkpoint, classes, sampler, steps, guidance, channels, seed, count, batch, file, device,
        };
        command.SetAction(parsed =>
        {
            var definition = context.FindModel(parsed.GetRequiredValue(model));
            definition.Accept(new Visitor(context, new SampleRequest(
                parsed.GetValue(checkpoint), parsed.GetValue(classes) ?? [], parsed.GetValue(sampler), parsed.GetValue(steps), parsed.GetValue(guidance),
                parsed.GetValue(channels) == "all" ? GuidanceChannels.All : GuidanceChannels.FirstThree, parsed.GetValue(seed), parsed.GetValue(count),
                parsed.GetValue(batch), parsed.GetRequiredValue(file), CommonOptions.ParseDevice(parsed.GetRequiredValue(device)))));
        });
        return command;
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
            var output = SampleOutput.For(request.Out, TModel.Card);
            var sampler = ChosenSampler<TModel>();
            var checkpoint = request.Checkpoint ?? Weights.Of(TModel.Card);
            var names = ClassNames.Of(TModel.Card, checkpoint);
            int[] labels = [.. names.Labels(request.Classes).SelectMany(label => Enumerable.Repeat(label, AtLeastOne(request.Count, "images of each class")))];
            using var model = TModel.Load(checkpoint, request.Device);
            using var samples = Progress.Show(context, progress => Draw(model, sampler, labels, progress));
            output.Write(samples, labels, request.Count, names);
            context.Out.WriteLine($"Wrote {labels.Length} samples of {TModel.Card.Name} ({sampler.Name}, guidance {request.Guidance}, seed {request.Seed}) to {Path.GetFullPath(request.Out)}");
            return 0;
        }

        /// <summary>All samples, (N, C, Y, X), batch after batch.</summary>
        private Tensor Draw<TModel>(TModel model, Sampler<TModel> sampler, int[] labels, IProgress<WorkProgress> progress)
            where TModel : nn.Module<Tensor, Tensor, Tensor, Tensor>, IClassConditionalModel<TModel>
        {
            using var scope = NewDisposeScope();
            var done = new List<Tensor>();
            foreach (var batch in labels.Chunk(AtLeastOne(request.Batch, "images at once")))
            {
                var first = done.Sum(samples => (int)samples.shape[0]);
                done.Add(sampler.Sample(
                    model, batch, request.Guidance, request.Seed, progress.Select<SamplingProgress>(now => Describe(now, first, batch.Length, labels.Length)),
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
