using System.Diagnostics;
using Dit.Definitions;
using Dit.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace Dit.Benchmarks;

/// <summary>
/// Training with its images: a run of <see cref="Trainer"/> against the same steps written plainly, with images that
/// are decoded one after the other in the loop.
/// </summary>
/// <remarks>
/// Both read the same JPEG files, with the same decoder, in the same order, and take the same steps; their losses are
/// compared. Each image is read once, and no decoded one is kept. A run of ours is timed from its call to the end of
/// its last step: the start of its threads and its metrics count, and only the files that it leaves at its end do not.
/// </remarks>
internal sealed class TrainingDataPart(Bench bench) : BenchPart
{
    private const int Steps = 8, Rounds = 5, DefaultBatch = 64;
    private static readonly int[] Sides = [256, 512];

    /// <summary>Whether a model can be measured: a class-conditional DiT of pixels.</summary>
    public static bool Fits(ModelCard card) => card is { Autoencoder: null, Input.Channels: 3 } && OfficialGraph.Fits(card);

    /// <summary>The model that is measured where none of the chosen ones can be: the demo's.</summary>
    public static ModelDefinition Demo => DitModels.All.First(static model => model.Card.Name == "Shapes");

    protected override IEnumerable<BenchRow> Measure<TModel, TCondition, TProcess>()
    {
        var folder = Directory.CreateTempSubdirectory("dit-bench-");
        try
        {
            foreach (var side in Sides)
                if (Row<TModel, TCondition, TProcess>(folder, side) is { } row) yield return row;
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private BenchRow? Row<TModel, TCondition, TProcess>(DirectoryInfo folder, int side)
        where TModel : nn.Module, IModel<TModel, TCondition, TProcess>
        where TCondition : ICondition<TCondition>
        where TProcess : IProcess
    {
        var (card, n) = (TModel.Card, bench.Options.Batch ?? DefaultBatch);
        var name = $"training on {side} px JPEG {card.Name} b{n}";
        bench.Status.Show($"{name}  preparing");
        var images = Written(Path.Combine(folder.FullName, $"{side}"), Math.Max(Steps * n, card.Classes), side, card.Classes);
        var recipe = new TrainingRecipe { Steps = Steps, BatchSize = n };
        var run = 0;
        var (baselineLoss, ourLoss) = (0.0, 0.0);
        Baseline();
        Ours(); // both are warm
        BenchModel.RequireSame("The loss of ours", Math.Abs(ourLoss - baselineLoss), Math.Abs(baselineLoss));
        return bench.Pair(name, Rounds, Baseline, Ours) is not { } times ? null : new BenchRow(name, "training-data")
        {
            Model = card.Name,
            Batch = n,
            Baseline = BaselineName,
            MaxDifference = Math.Abs(ourLoss - baselineLoss),
            MaxValue = Math.Abs(baselineLoss),
        }.With(times);

        double Baseline()
        {
            using var model = BenchModel.Create<TModel>(bench.Device);
            using var training = new PlainTraining(model, card, TModel.Process, recipe);
            var clock = Stopwatch.StartNew();
            foreach (var input in StepInput.Sequence(recipe, card, TModel.Process, InTheLoop<TCondition>(images, card.Input)).Take(Steps))
                using (var there = input.To(bench.Device))
                    baselineLoss = training.Step(LabelsOf(there.Condition), there.Images, there.Times, there.Noise);
            return clock.Elapsed.TotalMilliseconds;
        }

        double Ours()
        {
            using var model = BenchModel.Create<TModel>(bench.Device);
            var (clock, time) = (Stopwatch.StartNew(), 0.0);
            new Trainer(recipe, new(Path.Combine(folder.FullName, $"run-{side}-{run++}"))).Run<TModel, TCondition, TProcess>(
                model,
                TrainingSet.Of<TCondition>(images, card.Input),
                new Each(now => (ourLoss, time) = (now.Losses.Total, clock.Elapsed.TotalMilliseconds)),
                bench.Cancellation);
            bench.Cancellation.ThrowIfCancellationRequested(); // such a run was not whole
            return time;
        }
    }

    private static Tensor LabelsOf<TCondition>(TCondition condition) => condition is ClassLabels classes
        ? classes.Values
        : throw new InvalidOperationException("Only class-conditional models are measured.");

    // What a plain loop does for a batch: read, decode and crop one image after the other.
    private static TrainingSet<TCondition> InTheLoop<TCondition>(ImageFolder images, ImageShape shape)
        where TCondition : ICondition<TCondition> => new(images.Count, (indices, flips) =>
        {
            using var scope = NewDisposeScope();
            var batch = new List<Tensor>();
            foreach (var (index, flip) in indices.Zip(flips))
            {
                var image = ImageTransforms.CenterCrop(ImageFile.Read(images.Files[index].Path), shape.Height, shape.Width).ToTensor();
                batch.Add(flip ? image.flip(-1) : image);
            }
            var labels = tensor(Array.ConvertAll(indices, i => (long)images.Files[i].Label));
            var pixels = stack(batch).to(ScalarType.Float32).div_(127.5).sub_(1);
            return (pixels.MoveToOuterDisposeScope(), Of<TCondition>(labels.MoveToOuterDisposeScope()));
        })
        {
            Classes = images.Classes,
        };

    private ImageFolder Written(string root, int count, int side, int classes)
    {
        foreach (var label in Enumerable.Range(0, classes)) Directory.CreateDirectory(Path.Combine(root, $"{label:D4}"));
        Parallel.For(0, count, new ParallelOptions { CancellationToken = bench.Cancellation }, i => ImageFile.WriteJpeg(
            Path.Combine(root, $"{i % classes:D4}", $"{i:D4}.jpg"), ShapesDataset.Render(seed: 1, i, side)));
        return ImageFolder.Open(root, cacheBytes: 0);
    }

    private sealed class Each(Action<TrainingProgress> report) : IProgress<TrainingProgress>
    {
        public void Report(TrainingProgress value) => report(value);
    }
}
