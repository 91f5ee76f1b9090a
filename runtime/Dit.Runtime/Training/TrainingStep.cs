using TorchSharp;
using static TorchSharp.torch;

namespace Dit.Runtime;

/// <summary>The heart of training: loss and gradients of one batch.</summary>
public static class TrainingStep
{
    /// <summary>Adds the gradient of the batch's mean loss to the gradients of the model's parameters.</summary>
    /// <remarks>
    /// The model's process defines the loss: for a Gaussian diffusion the mean squared error, plus the variational
    /// bound where the variance is
    /// learned (Improved DDPM, arXiv 2102.09672, section 3.1).
    /// </remarks>
    /// <typeparam name="TModel">The model.</typeparam>
    /// <typeparam name="TCondition">What it is conditioned on.</typeparam>
    /// <typeparam name="TProcess">The process it is trained for.</typeparam>
    /// <param name="model">The model.</param>
    /// <param name="process">Its process.</param>
    /// <param name="input">Images, conditions after dropout, times and noise.</param>
    /// <param name="recipe">In how many parts the batch is computed, and how samples are weighted; null for one part
    /// and equal weights.</param>
    /// <returns>The losses, means over the batch; the mean squared error is that before weighting.</returns>
    /// <exception cref="DitException">The process has no weights of the kind that the recipe asks for.</exception>
    public static StepLosses Backward<TModel, TCondition, TProcess>(
        IModel<TModel, TCondition, TProcess> model, TProcess process, StepInput<TCondition> input, TrainingRecipe? recipe = null)
        where TModel : nn.Module, IModel<TModel, TCondition, TProcess>
        where TCondition : ICondition<TCondition>
        where TProcess : IProcess => Backward(model, process, input, recipe, new());

    /// <summary>As the public method, of a batch or of a process's part of it.</summary>
    internal static StepLosses Backward<TModel, TCondition, TProcess>(
        IModel<TModel, TCondition, TProcess> model,
        TProcess process,
        StepInput<TCondition> input,
        TrainingRecipe? recipe,
        StepWatch watch)
        where TModel : nn.Module, IModel<TModel, TCondition, TProcess>
        where TCondition : ICondition<TCondition>
        where TProcess : IProcess
    {
        var (held, batch) = (input.Times.Length, watch.Batch ?? input.Times.Length);
        var count = Math.Min(recipe?.Accumulation ?? 1, held);
        if (count == 1)
        {
            watch.BeforeLast();
            return Part(model, process, input, recipe, (double)held / batch, watch);
        }
        using var scope = NewDisposeScope();
        var sum = default(StepLosses);
        foreach (var (i, part) in input.Split(count).Index())
        {
            using var inner = NewDisposeScope();
            if (i == count - 1) watch.BeforeLast();
            var losses = Part(model, process, part, recipe, (double)part.Times.Length / batch, watch);
            sum = new(sum.Total + losses.Total, sum.Mse + losses.Mse, sum.VariationalBound + losses.VariationalBound);
        }
        return sum;
    }

    // The gradient of a part counts by its share of the batch, and so do its losses.
    private static StepLosses Part<TModel, TCondition, TProcess>(
        IModel<TModel, TCondition, TProcess> model,
        TProcess process,
        StepInput<TCondition> input,
        TrainingRecipe? recipe,
        double share,
        StepWatch watch)
        where TModel : nn.Module, IModel<TModel, TCondition, TProcess>
        where TCondition : ICondition<TCondition>
        where TProcess : IProcess
    {
        using var scope = NewDisposeScope();
        using var losses = process.TrainingLosses((x, t) => model.Predict(x, t, input.Condition), input.Images, input.Times, input.Noise);
        var each = losses.Total;
        if (recipe?.MinSnrGamma is { } gamma)
        {
            var error = losses.Mse ?? each;
            double[] weights = [.. input.Times.Select(t => MinSnr.WeightOf(process, t, gamma) - 1)];
            each = each + error * tensor(weights, dtype: error.dtype, device: error.device);
        }
        var total = each.mean();
        if (share != 1)
        {
            using Scalar scale = share;
            total = total * scale;
        }
        total.backward();
        watch.Errors(input.Times, losses.Mse ?? losses.Total);
        return new(total.item<float>(), Mean(losses.Mse) * share, Mean(losses.VariationalBound) * share);
    }

    private static double Mean(Tensor? perSample) => perSample is null ? 0 : perSample.mean().item<float>();
}

/// <summary>What is told of a step while it is computed, and what part of a batch it is.</summary>
internal sealed record StepWatch
{
    /// <summary>The samples of the batch that the input is a part of; null where it is the whole batch.</summary>
    public int? Batch { get; init; }

    /// <summary>Receives the times and the errors of samples, (N,).</summary>
    public Action<double[], Tensor> Errors { get; init; } = static (_, _) => { };

    /// <summary>Called before the last forward and backward pass.</summary>
    public Action BeforeLast { get; init; } = static () => { };
}
