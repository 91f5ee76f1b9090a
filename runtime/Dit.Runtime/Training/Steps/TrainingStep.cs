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
        where TProcess : IProcess => Backward(model, process, input, recipe, watch: null);

    /// <summary>
    /// As the public method, of a batch or of a process's part of it; <paramref name="watch"/> receives the losses of
    /// each sample, and the gradients are <paramref name="scale"/> times as large.
    /// </summary>
    internal static StepLosses Backward<TModel, TCondition, TProcess>(
        IModel<TModel, TCondition, TProcess> model,
        TProcess process,
        StepInput<TCondition> input,
        TrainingRecipe? recipe,
        SampleLosses? watch,
        double scale = 1,
        PartOfBatch? of = null)
        where TModel : nn.Module, IModel<TModel, TCondition, TProcess>
        where TCondition : ICondition<TCondition>
        where TProcess : IProcess
    {
        var (held, batch) = (input.Times.Length, of?.Batch ?? input.Times.Length);
        var count = Math.Min(recipe?.Accumulation ?? 1, held);
        if (count == 1)
        {
            of?.BeforeLast();
            return Part(model, process, input, recipe, new((double)held / batch, scale), watch);
        }
        using var scope = NewDisposeScope();
        var sum = default(StepLosses);
        foreach (var (i, part) in input.Split(count).Index())
        {
            using var inner = NewDisposeScope();
            if (i == count - 1) of?.BeforeLast();
            var weight = new Weight((double)part.Times.Length / batch, scale);
            var losses = Part(model, process, part, recipe, weight, watch);
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
        SampleLosses? watch)
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
            double[] more = [.. input.Times.Select(t => MinSnr.WeightOf(process, t, gamma) - 1)];
            each = each + error * tensor(more, dtype: error.dtype, device: error.device);
        }
        watch?.Invoke(input.Times, each, losses.Mse ?? losses.Total);
        using var weights = input.Weights is { } given ? tensor(given, dtype: each.dtype, device: each.device) : null;
        var total = Times(Mean(each, weights), weight.Share);
        Times(total, weight.Scale).backward();
        blocks.ThrowIfFailed();
        return new(
            total.item<float>(),
            ValueOf(losses.Mse, weights) * weight.Share,
            ValueOf(losses.VariationalBound, weights) * weight.Share);
    }

    private static Tensor Times(Tensor loss, double factor)
    {
        if (factor == 1) return loss;
        using Scalar number = factor;
        return loss * number;
    }

    private static double ValueOf(Tensor? perSample, Tensor? weights) => perSample is null ? 0 : Mean(perSample, weights).item<float>();

    private static Tensor Mean(Tensor perSample, Tensor? weights) => (weights is null ? perSample : perSample * weights).mean();

    /// <summary>What a part's loss is multiplied by: its share of the batch, and for the gradient a scale.</summary>
    private readonly record struct Weight(double Share, double Scale);
}

/// <summary>Receives the losses of samples, before weights of importance sampling.</summary>
/// <param name="times">Their times, N of them.</param>
/// <param name="total">What is minimized, (N,).</param>
/// <param name="error">Their mean squared errors, or what is minimized where there are none, (N,).</param>
internal delegate void SampleLosses(double[] times, Tensor total, Tensor error);

/// <summary>The batch that an input is a part of.</summary>
/// <param name="Batch">Its samples.</param>
/// <param name="BeforeLast">Called before the last forward and backward pass of the part.</param>
internal sealed record PartOfBatch(int Batch, Action BeforeLast);
