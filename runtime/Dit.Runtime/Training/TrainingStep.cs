using Dit.Runtime.Kernels;
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
    /// <param name="recipe">In how many parts the batch is computed, how samples are weighted, whether activations are
    /// kept, and in which type; null for one part, equal weights, kept activations and float32.</param>
    /// <returns>The losses, means over the batch; the mean squared error is that before weighting.</returns>
    /// <exception cref="DitException">The process has no weights of the kind that the recipe asks for.</exception>
    public static StepLosses Backward<TModel, TCondition, TProcess>(
        IModel<TModel, TCondition, TProcess> model, TProcess process, StepInput<TCondition> input, TrainingRecipe? recipe = null)
        where TModel : nn.Module, IModel<TModel, TCondition, TProcess>
        where TCondition : ICondition<TCondition>
        where TProcess : IProcess => Backward(model, process, input, recipe, byTime: null);

    /// <summary>
    /// As the public method; <paramref name="byTime"/> receives the error of each sample, and the gradients are
    /// <paramref name="scale"/> times as large.
    /// </summary>
    internal static StepLosses Backward<TModel, TCondition, TProcess>(
        IModel<TModel, TCondition, TProcess> model,
        TProcess process,
        StepInput<TCondition> input,
        TrainingRecipe? recipe,
        LossByTime? byTime,
        double scale = 1)
        where TModel : nn.Module, IModel<TModel, TCondition, TProcess>
        where TCondition : ICondition<TCondition>
        where TProcess : IProcess
    {
        if (recipe is not { Accumulation: > 1 and var count }) return Part(model, process, input, recipe, new(Share: 1, scale), byTime);
        using var scope = NewDisposeScope();
        var sum = default(StepLosses);
        foreach (var part in input.Split(count))
        {
            using var inner = NewDisposeScope();
            var weight = new Weight((double)part.Times.Length / input.Times.Length, scale);
            var losses = Part(model, process, part, recipe, weight, byTime);
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
        Weight weight,
        LossByTime? byTime)
        where TModel : nn.Module, IModel<TModel, TCondition, TProcess>
        where TCondition : ICondition<TCondition>
        where TProcess : IProcess
    {
        using var scope = NewDisposeScope();
        using var blocks = BlockScope.Open(recipe?.ActivationCheckpointing == true, recipe?.Precision.ComputedType());
        using var losses = process.TrainingLosses((x, t) => model.Predict(x, t, input.Condition), input.Images, input.Times, input.Noise);
        var each = losses.Total;
        if (recipe?.MinSnrGamma is { } gamma)
        {
            var error = losses.Mse ?? each;
            double[] weights = [.. input.Times.Select(t => MinSnr.WeightOf(process, t, gamma) - 1)];
            each = each + error * tensor(weights, dtype: error.dtype, device: error.device);
        }
        var total = Times(each.mean(), weight.Share);
        Times(total, weight.Scale).backward();
        blocks.ThrowIfFailed();
        byTime?.Add(input.Times, losses.Mse ?? losses.Total);
        return new(total.item<float>(), Mean(losses.Mse) * weight.Share, Mean(losses.VariationalBound) * weight.Share);
    }

    private static Tensor Times(Tensor loss, double factor)
    {
        if (factor == 1) return loss;
        using Scalar number = factor;
        return loss * number;
    }

    /// <summary>What a part's loss is multiplied by: its share of the batch, and for the gradient a scale.</summary>
    private readonly record struct Weight(double Share, double Scale);

    private static double Mean(Tensor? perSample) => perSample is null ? 0 : perSample.mean().item<float>();
}
