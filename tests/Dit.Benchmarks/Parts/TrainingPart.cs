using Dit.Runtime;
using Dit.Runtime.Kernels;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Dit.Benchmarks;

/// <summary>A step of training: loss, gradients, AdamW, moving average of the weights.</summary>
/// <remarks>
/// Each side trains a model of its own from the same weights on the same input; their losses are compared before and
/// after.
/// </remarks>
internal sealed class TrainingPart(Bench bench) : BenchPart
{
    private const int Rounds = 5;
    private static readonly TrainingRecipe Recipe = new();

    protected override IEnumerable<BenchRow> Measure<TModel, TCondition, TProcess>()
    {
        var card = TModel.Card;
        var n = bench.Options.BatchOf(card);
        var name = $"training {card.Name} b{n}";
        bench.Status.Show($"{name}  preparing");
        using var input = Input<TCondition>(card, n);
        var labels = input.Condition is ClassLabels classes
            ? classes.Values
            : throw new InvalidOperationException("Only class-conditional models are measured.");
        var peakAlone = PeakAlone<TModel, TCondition, TProcess>(input);
        using var plain = BenchModel.Create<TModel>(bench.Device);
        using var baseline = new PlainTraining(plain, card, TModel.Process, Recipe);
        var (baselineLoss, ourLoss) = (0.0, 0.0);
        var row = new BenchRow(name, "training")
        {
            Model = card.Name,
            Batch = n,
            Baseline = BaselineName,
            BaselinePeakRssMb = bench.PeakOf(Baseline),
        };
        using var model = BenchModel.Create<TModel>(bench.Device);
        using var ours = new OurTraining<TModel>(model, Recipe);
        Ours(); // warm, and as many steps as the baseline has made
        row = row with { PeakRssMb = peakAlone, MaxDifference = Math.Abs(ourLoss - baselineLoss), MaxValue = Math.Abs(baselineLoss) };
        BenchModel.RequireSame("The loss of ours", Math.Abs(ourLoss - baselineLoss), Math.Abs(baselineLoss));
        if (bench.Pair(name, Rounds, Baseline, Ours) is { } times)
            yield return row.With(times, 3.0 * card.Flops * n); // backward is two products for each one of forward

        void Baseline() => baselineLoss = baseline.Step(labels, input.Images, input.Times, input.Noise);
        void Ours() => ourLoss = OurStep<TModel, TCondition, TProcess>(ours, input);
    }

    /// <summary>Memory of a step of ours while there is no baseline.</summary>
    private double? PeakAlone<TModel, TCondition, TProcess>(StepInput<TCondition> input)
        where TModel : nn.Module, IModel<TModel, TCondition, TProcess>
        where TCondition : ICondition<TCondition>
        where TProcess : IProcess
    {
        using var model = BenchModel.Create<TModel>(bench.Device);
        using var ours = new OurTraining<TModel>(model, Recipe);
        return bench.PeakOf(() => OurStep<TModel, TCondition, TProcess>(ours, input));
    }

    // The one place that says how the library trains, see Trainer.
    private static double OurStep<TModel, TCondition, TProcess>(OurTraining<TModel> training, StepInput<TCondition> input)
        where TModel : nn.Module, IModel<TModel, TCondition, TProcess>
        where TCondition : ICondition<TCondition>
        where TProcess : IProcess
    {
        using var scope = NewDisposeScope();
        training.Model.zero_grad();
        var losses = TrainingStep.Backward(training.Model, TModel.Process, input);
        training.Optimizer.Step(Recipe.LearningRate);
        return losses.Total;
    }

    private StepInput<TCondition> Input<TCondition>(ModelCard card, int n)
        where TCondition : ICondition<TCondition>
    {
        using var drawn = BenchModel.Input(card, n, bench.Device);
        using var other = BenchModel.Input(card, n, bench.Device, seed: 4);
        double[] times = [.. Enumerable.Range(0, n).Select(static i => (double)(i * 997 % 1000))];
        return new(drawn.X.alias(), Of<TCondition>(Labels(drawn).alias()), times, other.X.alias());
    }
}

/// <summary>What the library trains a model with.</summary>
internal sealed class OurTraining<TModel> : IDisposable
    where TModel : nn.Module, IModel<TModel>
{
    private readonly TrainingMemory memory;
    private readonly TrainingScope scope;

    public OurTraining(TModel model, TrainingRecipe recipe)
    {
        memory = new();
        scope = TrainingScope.Open(EnvironmentKernels.Choice, memory);
        (Model, Optimizer) = (model, new(model, recipe));
    }

    public TModel Model { get; }

    public AdamWWithEma Optimizer { get; }

    public void Dispose()
    {
        Optimizer.Dispose();
        scope.Dispose();
        memory.Dispose();
    }
}

/// <summary>
/// The baseline of training: the plain graph, libtorch's operators for AdamW, and a loop over the averages.
/// </summary>
internal sealed class PlainTraining : IDisposable
{
    private readonly OfficialGraph graph;
    private readonly IProcess process;
    private readonly AdamW optimizer;
    private readonly (Tensor Average, Parameter Weight)[] averages;
    private readonly Tensor rate; // 1 - decay, a scalar

    public PlainTraining(nn.Module model, ModelCard card, IProcess process, TrainingRecipe recipe)
    {
        using var frozen = no_grad();
        Parameter[] trained = [.. model.parameters().Where(static p => p.requires_grad)];
        graph = new(card, model.state_dict());
        this.process = process;
        optimizer = optim.AdamW(trained, recipe.LearningRate, weight_decay: recipe.WeightDecay);
        averages = [.. trained.Select(static weight => (weight.detach().clone(), weight))];
        rate = tensor(1 - recipe.EmaDecay, dtype: ScalarType.Float32, device: trained[0].device);
    }

    /// <summary>One step.</summary>
    /// <returns>The loss before it.</returns>
    public double Step(Tensor labels, Tensor images, double[] times, Tensor noise)
    {
        using var scope = NewDisposeScope();
        optimizer.zero_grad();
        using var losses = process.TrainingLosses((x, t) => graph.Forward(x, t, labels), images, times, noise);
        var total = losses.Total.mean();
        total.backward();
        optimizer.step();
        using var frozen = no_grad();
        foreach (var (average, weight) in averages) average.lerp_(weight, rate);
        return total.item<float>();
    }

    public void Dispose()
    {
        optimizer.Dispose();
        foreach (var (average, _) in averages) average.Dispose();
        rate.Dispose();
    }
}
