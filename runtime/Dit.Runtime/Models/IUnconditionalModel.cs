using TorchSharp;
using static TorchSharp.torch;

namespace Dit.Runtime;

/// <summary>A denoiser conditioned on the timestep alone, as every generated unconditional model is.</summary>
public interface IUnconditionalModel : IConditionedOn<NoCondition>, IDisposable
{
    /// <summary>Predicts the noise (or the image) and, when learned, the variance.</summary>
    /// <param name="x">Noised inputs, (N, C, Y, X).</param>
    /// <param name="t">Timesteps of the original process, whole or fractional, (N,).</param>
    /// <returns>(N, C or 2 C, Y, X).</returns>
    Tensor forward(Tensor x, Tensor t);

    /// <summary>The same prediction made ready for inference. Generated models have one that is faster than this, which only calls the model.</summary>
    /// <returns>A session, the caller's to dispose.</returns>
    InferenceSession<NoCondition> CreateSession() => new ForwardSession<NoCondition>(this);
}

/// <summary>What the type of a generated unconditional model offers without an instance.</summary>
/// <typeparam name="TSelf">The generated model.</typeparam>
public interface IUnconditionalModel<TSelf> : IUnconditionalModel, IModel<TSelf>
    where TSelf : nn.Module<Tensor, Tensor, Tensor>, IUnconditionalModel<TSelf>
{
    /// <summary>The samplers declared in the spec, in its order.</summary>
    static abstract IReadOnlyList<UnconditionalSampler<TSelf>> AllSamplers { get; }

    // Through call and not forward, so that hooks run in training as they do in sampling.
    Tensor IConditionedOn<NoCondition>.Predict(Tensor x, Tensor t, NoCondition condition) => ((TSelf)this).call(x, t);
}
