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
    private const int OfStep = 3, OfSample = 3; // numbers that are added: three losses; of a sample, its time, loss and error

    private readonly GradientReducer? reducer =
        processes.Size == 1 ? null : new(model, trained, processes, SumFor(processes, trained[0].device));

    /// <summary>Adds the gradient of the whole batch to the gradients of the model.</summary>
    /// <param name="model">The model.</param>
    /// <param name="process">Its process.</param>
    /// <param name="input">This process's part of the batch.</param>
    /// <param name="watch">Receives the losses of the samples of the whole batch.</param>
    /// <param name="scale">How many times as large the gradients are.</param>
    /// <returns>The losses of the whole batch.</returns>
    public StepLosses Backward<TModel, TCondition, TProcess>(
        IModel<TModel, TCondition, TProcess> model, TProcess process, StepInput<TCondition> input, SampleLosses watch, double scale)
        where TModel : nn.Module, IModel<TModel, TCondition, TProcess>
        where TCondition : ICondition<TCondition>
        where TProcess : IProcess
    {
        if (reducer is null) return TrainingStep.Backward(model, process, input, recipe, watch, scale);
        var seen = new List<double>();
        var losses = TrainingStep.Backward(model, process, input, recipe, Keep, scale, new(recipe.BatchSize, reducer.Arm));
        reducer.Finish();
        return Sum(losses, seen, watch);

        void Keep(double[] times, Tensor total, Tensor error)
        {
            foreach (var (time, loss, squared) in times.Zip(Numbers(total), Numbers(error))) seen.AddRange([time, loss, squared]);
        }
    }

    // Each process has places of its own among the samples, so that the order is that of the batch.
    private StepLosses Sum(StepLosses losses, List<double> seen, SampleLosses watch)
    {
        var n = recipe.BatchSize;
        var numbers = new double[OfStep + OfSample * n];
        (numbers[0], numbers[1], numbers[2]) = (losses.Total, losses.Mse, losses.VariationalBound);
        seen.CopyTo(numbers, OfStep + OfSample * processes.Share.Of(n).From);
        processes.Sum(numbers);
        using var scope = NewDisposeScope();
        watch(Column(0), tensor(Column(1)), tensor(Column(2)));
        return new(numbers[0], numbers[1], numbers[2]);

        double[] Column(int at) => [.. Enumerable.Range(0, n).Select(i => numbers[OfStep + OfSample * i + at])];
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
