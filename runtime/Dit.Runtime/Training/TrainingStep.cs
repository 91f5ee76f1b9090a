using static TorchSharp.torch;

namespace Dit.Runtime;

/// <summary>The heart of training: loss and gradients of one batch.</summary>
public static class TrainingStep
{
    /// <summary>Adds the gradient of the batch's mean loss to the gradients of the model's parameters.</summary>
    /// <typeparam name="TCondition">What the model is conditioned on.</typeparam>
    /// <param name="model">Predicts from (x, t, condition).</param>
    /// <param name="process">Defines the loss: mean squared error, plus the variational bound where the variance is learned (Improved DDPM, arXiv 2102.09672, section 3.1).</param>
    /// <param name="input">Images, conditions after dropout, timesteps and noise.</param>
    /// <returns>The losses, means over the batch.</returns>
    public static StepLosses Backward<TCondition>(IConditionedOn<TCondition> model, GaussianDiffusion process, StepInput<TCondition> input)
        where TCondition : ICondition<TCondition>
    {
        using var scope = NewDisposeScope();
        using var losses = process.TrainingLosses(
            (x, t) => model.Predict(x, t, input.Condition), input.Images, input.Timesteps, input.Noise, LossKind.Hybrid);
        var total = losses.Total.mean();
        total.backward();
        return new(total.item<float>(), Mean(losses.Mse), Mean(losses.VariationalBound));
    }

    private static double Mean(Tensor? perSample) => perSample is null ? 0 : perSample.mean().item<float>();
}
