using System.Globalization;
using Dit.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace Dit.Benchmarks;

/// <summary>A short run of training on noise, and the most memory that the process has held.</summary>
/// <param name="recipe">How to train; its steps are those of the run.</param>
/// <param name="output">Receives a line for each step if asked for, and one at the end.</param>
/// <param name="every">Steps from one line to the next; 0 for none.</param>
/// <param name="cancellation">Ends the run.</param>
internal sealed class MemoryRun(TrainingRecipe recipe, TextWriter output, int every, CancellationToken cancellation) : IModelVisitor<int>
{
    private const int Images = 4096;

    public int Visit<TModel, TCondition, TProcess>()
        where TModel : nn.Module, IModel<TModel, TCondition, TProcess>
        where TCondition : ICondition<TCondition>
        where TProcess : IProcess
    {
        var card = TModel.Card;
        var data = new TrainingSet<TCondition>(Images, (indices, _) => Load<TCondition>(card, indices));
        var folder = Directory.CreateTempSubdirectory("dit-memory-");
        try
        {
            using var model = TModel.Create();
            var plan = TrainingMemoryPlan.Of(card, recipe);
            var (seconds, begin) = (0.0, PeakMemory.HeldMegabytes());
            var progress = new Watch(now =>
            {
                seconds = 1 / now.StepsPerSecond;
                if (every > 0 && now.Step % every == 0)
                    output.WriteLine(Line($"step {now.Step}: {PeakMemory.HeldMegabytes():F0} MB, loss {now.Losses.Total:R}"));
            });
            new Trainer(recipe, new TrainingFolder(Path.Combine(folder.FullName, "run"))).Run(model, data, progress, cancellation);
            var peak = PeakMemory.Megabytes() ?? 0;
            var (planned, name) = (plan.Total / 1e6, $"{card.Name} batch {recipe.BatchSize}");
            output.WriteLine(Line($"{name}: peak {peak:F0} MB, planned {planned:F0} MB, ratio {planned / peak:F3}"));
            output.WriteLine(Line($"{begin:F0} MB at the start, {seconds:F2} s for a step; {plan}"));
            return 0;
        }
        finally
        {
            folder.Delete(recursive: true);
        }

        static string Line(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
    }

    private static (Tensor Images, TCondition Condition) Load<TCondition>(ModelCard card, int[] indices)
        where TCondition : ICondition<TCondition>
    {
        var input = BenchModel.Input(card, indices.Length, CPU, seed: (ulong)indices[0]);
        input.T.Dispose();
        return (input.X, input.Condition<TCondition>(card));
    }

    private sealed class Watch(Action<TrainingProgress> report) : IProgress<TrainingProgress>
    {
        public void Report(TrainingProgress value) => report(value);
    }
}
