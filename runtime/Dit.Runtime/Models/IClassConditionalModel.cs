using TorchSharp;
using static TorchSharp.torch;

namespace Dit.Runtime;

/// <summary>A denoiser conditioned on class labels, as every generated class-conditional model is.</summary>
public interface IClassConditionalModel : IConditionedOn<ClassLabels>, IDisposable
{
    /// <summary>Predicts the noise (or the image) and, when learned, the variance.</summary>
    /// <param name="x">Noised inputs, (N, C, Y, X).</param>
    /// <param name="t">Timesteps of the original process, whole or fractional, (N,).</param>
    /// <param name="labels">Classes, the null class allowed, (N,).</param>
    /// <returns>(N, C or 2 C, Y, X).</returns>
    Tensor forward(Tensor x, Tensor t, Tensor labels);

    /// <summary>The prediction under classifier-free guidance: one pass over the batch twice, with its labels and with the null class.</summary>
    /// <param name="x">Noised inputs, (N, C, Y, X).</param>
    /// <param name="t">Timesteps, (N,).</param>
    /// <param name="labels">Classes, (N,).</param>
    /// <param name="scale">Guidance scale; 1 is no guidance.</param>
    /// <param name="channels">The channels to guide.</param>
    /// <returns>(N, C or 2 C, Y, X).</returns>
    Tensor ForwardWithGuidance(Tensor x, Tensor t, Tensor labels, double scale, GuidanceChannels channels = GuidanceChannels.FirstThree);

    /// <summary>The same prediction made ready for inference. Generated models have one that is faster than this, which only calls the model.</summary>
    /// <returns>A session, the caller's to dispose.</returns>
    InferenceSession<ClassLabels> CreateSession() =>
        new ForwardSession<ClassLabels>(this, (x, t, condition, scale, channels) => ForwardWithGuidance(x, t, condition.Values, scale, channels));
}

/// <summary>What the type of a generated class-conditional model offers without an instance.</summary>
/// <typeparam name="TSelf">The generated model.</typeparam>
public interface IClassConditionalModel<TSelf> : IClassConditionalModel, IModel<TSelf>
    where TSelf : nn.Module<Tensor, Tensor, Tensor, Tensor>, IClassConditionalModel<TSelf>
{
    /// <summary>The samplers declared in the spec, in its order.</summary>
    static abstract IReadOnlyList<Sampler<TSelf>> AllSamplers { get; }

    // Through call and not forward, so that hooks run in training as they do in sampling.
    Tensor IConditionedOn<ClassLabels>.Predict(Tensor x, Tensor t, ClassLabels condition) => ((TSelf)this).call(x, t, condition.Values);
}
