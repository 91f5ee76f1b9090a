using static TorchSharp.torch;

namespace Dit.Runtime;

/// <summary>The likelihood of data under a model of a flow.</summary>
public static class LikelihoodCalls
{
    /// <summary>The likelihood of data.</summary>
    /// <typeparam name="TModel">The model's type.</typeparam>
    /// <typeparam name="TCondition">What it is conditioned on.</typeparam>
    /// <param name="likelihood">How it is estimated.</param>
    /// <param name="model">The model; its <c>forward</c> is called, and its parameters and their gradients stay as they
    /// are.</param>
    /// <param name="data">Latents or pixels as the model was trained on, real, (N, C, Y, X); they stay the
    /// caller's.</param>
    /// <param name="condition">The condition of N samples; it stays the caller's.</param>
    /// <param name="seed">The same seed gives the same probes.</param>
    /// <param name="cancellation">Checked before each step.</param>
    /// <exception cref="DitException">The data or the condition is not one of the model, or a tolerance cannot be
    /// met.</exception>
    public static LikelihoodResult Of<TModel, TCondition>(
        this Likelihood likelihood, TModel model, Tensor data, TCondition condition, long seed = 0,
        CancellationToken cancellation = default)
        where TModel : nn.Module, IModel<TModel, TCondition, Flow>
        where TCondition : ICondition<TCondition>
    {
        using var scope = NewDisposeScope();
        var parameter = model.parameters().First();
        var (dtype, device) = (parameter.dtype, parameter.device);
        if (data.dim() == 4 && data.shape[0] != condition.Count)
            throw new DitException($"{TModel.Card.Name}: {data.shape[0]} samples were given with conditions for {condition.Count}.");
        var rows = condition.Distinct(TModel.Card, device, withNull: false);
        var values = rows.Values.At(rows.Rows);
        var result = likelihood.Of(
            TModel.Process, (x, t) => model.Predict(x.to(dtype), t, values), data.to(device), seed, cancellation);
        return result.MoveToOuterScope();
    }
}
