using static TorchSharp.torch;

namespace Dit.Runtime;

/// <summary>A denoiser seen through the type of its condition: what training needs of a model, one piece of code for every kind of condition.</summary>
/// <typeparam name="TCondition"><see cref="ClassLabels"/>, <see cref="TextEmbeddings"/> or <see cref="NoCondition"/>.</typeparam>
public interface IConditionedOn<in TCondition>
{
    /// <summary>Predicts the noise (or the image) and, when learned, the variance: the model's <c>forward</c>.</summary>
    /// <param name="x">Noised inputs, (N, C, Y, X).</param>
    /// <param name="t">Timesteps of the original process, whole or fractional, (N,).</param>
    /// <param name="condition">The condition of N samples.</param>
    /// <returns>(N, C or 2 C, Y, X).</returns>
    Tensor Predict(Tensor x, Tensor t, TCondition condition);
}
