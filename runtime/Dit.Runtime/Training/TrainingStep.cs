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
    /// <returns>The losses, means over the batch.</returns>
    public static StepLosses Backward<TModel, TCondition, TProcess>(
        IModel<TModel, TCondition, TProcess> model, TProcess process, StepInput<TCondition> input)
        where TModel : nn.Module, IModel<TModel, TCondition, TProcess>
        where TCondition : ICondition<TCondition>
        where TProcess : IProcess
    {
        using var scope = NewDisposeScope();
        using var losses = process.TrainingLosses((x, t) => model.Predict(x, t, input.Condition), input.Images, input.Times, input.Noise);
        var total = losses.Total.mean();
        total.backward();
        return new(total.item<float>(), Mean(losses.Mse), Mean(losses.VariationalBound));
    }

    private static double Mean(Tensor? perSample) => perSample is null ? 0 : perSample.mean().item<float>();
}
