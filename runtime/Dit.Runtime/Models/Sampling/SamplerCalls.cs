using TorchSharp;
using static TorchSharp.torch;

namespace Dit.Runtime;

/// <summary>Shorter calls of samplers: labels as a list of numbers, and a count for models that are conditioned on
/// nothing.</summary>
public static class SamplerCalls
{
    /// <summary>Draws one sample per label.</summary>
    /// <param name="sampler">A sampler of a class-conditional model.</param>
    /// <param name="model">The model.</param>
    /// <param name="labels">Classes, N of them.</param>
    /// <param name="guidance">Classifier-free guidance: a scale, or a <see cref="Guidance"/> with channels and
    /// interval. None by default.</param>
    /// <param name="seed">The same seed gives the same samples.</param>
    /// <param name="options">Progress, cancellation, a session, a start and the like.</param>
    /// <returns>Samples in float32 on the model's device, (N, C, Y, X).</returns>
    /// <exception cref="NonFiniteSampleException">A sample is NaN or infinite.</exception>
    /// <exception cref="DitException">A label or number is out of range, or the session belongs to a different
    /// model.</exception>
    public static Tensor Sample<TModel, TProcess>(
        this Sampler<TModel, ClassLabels, TProcess> sampler,
        TModel model,
        IReadOnlyList<int> labels,
        Guidance? guidance = null,
        long seed = 0,
        SamplingOptions<ClassLabels>? options = null)
        where TModel : nn.Module, IModel<TModel, ClassLabels, TProcess>
        where TProcess : IProcess
    {
        using var condition = ClassLabels.Of(labels);
        return sampler.Sample(model, condition, guidance, seed, options);
    }

    /// <summary>Finds the noise that leads to these samples.</summary>
    /// <param name="sampler">A sampler of a class-conditional model.</param>
    /// <param name="model">The model.</param>
    /// <param name="samples">Samples, (N, C, Y, X).</param>
    /// <param name="labels">Their classes, N of them.</param>
    /// <param name="guidance">Classifier-free guidance; none by default.</param>
    /// <param name="options">Progress, cancellation, a session.</param>
    /// <returns>Noise in float32 on the model's device, (N, C, Y, X).</returns>
    /// <exception cref="NonFiniteSampleException">Noise of a sample is NaN or infinite.</exception>
    /// <exception cref="DitException">
    /// The solver is not deterministic, a label or number is out of range, or the session belongs to a different model.
    /// </exception>
    public static Tensor Invert<TModel, TProcess>(
        this Sampler<TModel, ClassLabels, TProcess> sampler,
        TModel model,
        Tensor samples,
        IReadOnlyList<int> labels,
        Guidance? guidance = null,
        SamplingOptions<ClassLabels>? options = null)
        where TModel : nn.Module, IModel<TModel, ClassLabels, TProcess>
        where TProcess : IProcess
    {
        using var condition = ClassLabels.Of(labels);
        return sampler.Invert(model, samples, condition, guidance, options);
    }

    /// <summary>Draws samples of a model that is conditioned on nothing.</summary>
    /// <param name="sampler">A sampler of an unconditional model.</param>
    /// <param name="model">The model.</param>
    /// <param name="count">How many, N.</param>
    /// <param name="seed">The same seed gives the same samples.</param>
    /// <param name="options">Progress, cancellation, a session, a start and the like.</param>
    /// <returns>Samples in float32 on the model's device, (N, C, Y, X).</returns>
    /// <exception cref="NonFiniteSampleException">A sample is NaN or infinite.</exception>
    /// <exception cref="DitException">The count is not positive, or the session belongs to a different
    /// model.</exception>
    public static Tensor Sample<TModel, TProcess>(
        this Sampler<TModel, NoCondition, TProcess> sampler,
        TModel model,
        int count,
        long seed = 0,
        SamplingOptions<NoCondition>? options = null)
        where TModel : nn.Module, IModel<TModel, NoCondition, TProcess>
        where TProcess : IProcess =>
        sampler.Sample(model, new NoCondition(count), seed: seed, options: options);

    /// <summary>Finds the noise that leads to these samples of a model that is conditioned on nothing.</summary>
    /// <param name="sampler">A sampler of an unconditional model.</param>
    /// <param name="model">The model.</param>
    /// <param name="samples">Samples, (N, C, Y, X).</param>
    /// <param name="options">Progress, cancellation, a session.</param>
    /// <returns>Noise in float32 on the model's device, (N, C, Y, X).</returns>
    /// <exception cref="NonFiniteSampleException">Noise of a sample is NaN or infinite.</exception>
    /// <exception cref="DitException">The solver is not deterministic, or the session belongs to a different
    /// model.</exception>
    public static Tensor Invert<TModel, TProcess>(
        this Sampler<TModel, NoCondition, TProcess> sampler, TModel model, Tensor samples, SamplingOptions<NoCondition>? options = null)
        where TModel : nn.Module, IModel<TModel, NoCondition, TProcess>
        where TProcess : IProcess =>
        // The shape of the samples is checked later.
        sampler.Invert(model, samples, new NoCondition(samples.dim() == 0 ? 0 : checked((int)samples.shape[0])), options: options);
}
