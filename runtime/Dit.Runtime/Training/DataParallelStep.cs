using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Dit.Runtime;

/// <summary>Loss and gradients of a batch that is divided among processes; of a process alone, of its batch.</summary>
/// <remarks>
/// Each process computes the gradient of its samples' share of the mean loss, and the sums over all processes are the
/// loss and the gradient of the whole batch, to float rounding.
/// </remarks>
/// <param name="processes">The processes.</param>
/// <param name="model">The model.</param>
/// <param name="trained">Its parameters that are trained.</param>
/// <param name="recipe">How it is trained.</param>
internal sealed class DataParallelStep(ProcessGroup processes, nn.Module model, Parameter[] trained, TrainingRecipe recipe) : IDisposable
{
    private const int OfStep = 3, OfSample = 2; // numbers that are added: three losses, a sample's time and error

    private readonly GradientReducer? reducer =
        processes.Size == 1 ? null : new(model, trained, processes, SumFor(processes, trained[0].device));

    /// <summary>Adds the gradient of the whole batch to the gradients of the model.</summary>
    /// <param name="model">The model.</param>
    /// <param name="process">Its process.</param>
    /// <param name="input">This process's part of the batch.</param>
    /// <param name="byTime">Receives the error of each sample of the whole batch.</param>
    /// <returns>The losses of the whole batch.</returns>
    public StepLosses Backward<TModel, TCondition, TProcess>(
        IModel<TModel, TCondition, TProcess> model, TProcess process, StepInput<TCondition> input, LossByTime byTime)
        where TModel : nn.Module, IModel<TModel, TCondition, TProcess>
        where TCondition : ICondition<TCondition>
        where TProcess : IProcess
    {
        if (reducer is null)
            return TrainingStep.Backward(model, process, input, recipe, new() { Errors = (times, errors) => byTime.Add(times, errors) });
        var seen = new List<double>();
        var losses = TrainingStep.Backward(model, process, input, recipe, new()
        {
            Batch = recipe.BatchSize,
            BeforeLast = reducer.Arm,
            Errors = (times, errors) =>
                seen.AddRange(times.Zip(Numbers(errors)).SelectMany(static one => (double[])[one.First, one.Second])),
        });
        reducer.Finish();
        return Sum(losses, seen, byTime);
    }

    // Each process has places of its own among the samples, so that the order is that of the batch.
    private StepLosses Sum(StepLosses losses, IReadOnlyList<double> seen, LossByTime byTime)
    {
        var numbers = new double[OfStep + OfSample * recipe.BatchSize];
        (numbers[0], numbers[1], numbers[2]) = (losses.Total, losses.Mse, losses.VariationalBound);
        var first = OfStep + OfSample * processes.Share.Of(recipe.BatchSize).From;
        for (var i = 0; i < seen.Count; i++) numbers[first + i] = seen[i];
        processes.Sum(numbers);
        foreach (var sample in numbers.Skip(OfStep).Chunk(OfSample)) byTime.Add(sample[0], sample[1]);
        return new(numbers[0], numbers[1], numbers[2]);
    }

    private static IGradientSum SumFor(ProcessGroup processes, Device device) =>
        NcclSum.TryCreate(processes, device) is { } nccl ? nccl : new FlatSum();

    private static float[] Numbers(Tensor errors)
    {
        using var scope = NewDisposeScope();
        return errors.detach().to(ScalarType.Float32).cpu().data<float>().ToArray();
    }

    /// <inheritdoc/>
    public void Dispose() => reducer?.Dispose();
}
