using TorchSharp;
using static TorchSharp.torch;

namespace Dit.Runtime;

/// <summary>A denoiser conditioned on sequences of text embeddings, as every generated text-conditional model is.</summary>
public interface ITextConditionalModel : IConditionedOn<TextEmbeddings>, IDisposable
{
    /// <summary>Predicts the noise (or the image) and, when learned, the variance.</summary>
    /// <param name="x">Noised inputs, (N, C, Y, X).</param>
    /// <param name="t">Timesteps of the original process, whole or fractional, (N,).</param>
    /// <param name="text">Embedded texts, N of them.</param>
    /// <returns>(N, C or 2 C, Y, X).</returns>
    Tensor forward(Tensor x, Tensor t, TextEmbeddings text);

    /// <summary>The prediction under classifier-free guidance: one pass over the batch twice, with its texts and with the null text.</summary>
    /// <param name="x">Noised inputs, (N, C, Y, X).</param>
    /// <param name="t">Timesteps, (N,).</param>
    /// <param name="text">Embedded texts, N of them.</param>
    /// <param name="scale">Guidance scale; 1 is no guidance.</param>
    /// <param name="channels">The channels to guide.</param>
    /// <returns>(N, C or 2 C, Y, X).</returns>
    Tensor ForwardWithGuidance(Tensor x, Tensor t, TextEmbeddings text, double scale, GuidanceChannels channels = GuidanceChannels.FirstThree);

    /// <summary>The same prediction made ready for inference. Generated models have one that is faster than this, which only calls the model.</summary>
    /// <returns>A session, the caller's to dispose.</returns>
    InferenceSession<TextEmbeddings> CreateSession() =>
        new ForwardSession<TextEmbeddings>(this, (x, t, condition, scale, channels) => ForwardWithGuidance(x, t, condition, scale, channels));
}

/// <summary>What the type of a generated text-conditional model offers without an instance.</summary>
/// <typeparam name="TSelf">The generated model.</typeparam>
public interface ITextConditionalModel<TSelf> : ITextConditionalModel, IModel<TSelf>
    where TSelf : nn.Module<Tensor, Tensor, TextEmbeddings, Tensor>, ITextConditionalModel<TSelf>
{
    /// <summary>The samplers declared in the spec, in its order.</summary>
    static abstract IReadOnlyList<TextSampler<TSelf>> AllSamplers { get; }

    // Through call and not forward, so that hooks run in training as they do in sampling.
    Tensor IConditionedOn<TextEmbeddings>.Predict(Tensor x, Tensor t, TextEmbeddings condition) => ((TSelf)this).call(x, t, condition);
}
