using TorchSharp;
using static TorchSharp.torch;

namespace Dit.Runtime;

/// <summary>A named sampler of <typeparamref name="TModel"/>: it takes no other model, and no other condition.</summary>
/// <typeparam name="TModel">A generated text-conditional model.</typeparam>
public sealed class TextSampler<TModel> : Sampler
    where TModel : nn.Module<Tensor, Tensor, TextEmbeddings, Tensor>, ITextConditionalModel<TModel>
{
    internal TextSampler(SamplerSettings settings) : base(settings) { }

    /// <inheritdoc/>
    public override TextSampler<TModel> WithSteps(int steps) => new(Settings.WithSteps(steps));

    /// <summary>Draws one sample per text.</summary>
    /// <param name="model">The model.</param>
    /// <param name="text">Embedded texts, N of them, on any device; they stay the caller's.</param>
    /// <param name="guidance">Guidance scale; 1 is no guidance, one pass per step.</param>
    /// <param name="seed">The same seed gives the same samples.</param>
    /// <param name="progress">Told after each step.</param>
    /// <param name="cancellation">Looked at before each step.</param>
    /// <param name="channels">The channels to guide.</param>
    /// <param name="firstIndex">Index of the first sample in a larger run: sample i of a run is the same in whatever batch it is drawn.</param>
    /// <param name="observe">Shown the state after each step.</param>
    /// <param name="interval">The noise levels at which guidance acts; at all of them by default.</param>
    /// <param name="session">A session of this model, for one call after another; without it the weights are packed anew for each. It is of the weights as they were when it was made.</param>
    /// <param name="start">x_T, (N, C, Y, X), real, on any device; it stays the caller's. By default it is drawn. The noise that the steps draw of a seed does not depend on it.</param>
    /// <param name="noise">Where noise comes from instead of from <paramref name="seed"/> and <paramref name="firstIndex"/>: the start, unless that is given, then noise for each step that needs it; it stays the caller's.</param>
    /// <returns>Samples in float32 on the model's device, (N, C, Y, X).</returns>
    /// <exception cref="NonFiniteSampleException">A sample is NaN or infinite: which, from which step on, and which weight of the model is the cause.</exception>
    /// <exception cref="DitException">The texts' shape is not the model's, a number is out of range, or the session is another model's.</exception>
    public Tensor Sample(
        TModel model,
        TextEmbeddings text,
        double guidance = 1.0,
        long seed = 0,
        IProgress<SamplingProgress>? progress = null,
        CancellationToken cancellation = default,
        GuidanceChannels channels = GuidanceChannels.FirstThree,
        long firstIndex = 0,
        Action<SamplingState>? observe = null,
        GuidanceInterval? interval = null,
        InferenceSession<TextEmbeddings>? session = null,
        Tensor? start = null,
        INoiseSource? noise = null) =>
        With(model, session, text, new(guidance, channels, interval), (denoiseAt, device) =>
            Draw(denoiseAt, device, TModel.Card, CountOf(text), new(seed, firstIndex, start, noise), progress, cancellation, observe));

    /// <summary>Finds the noise that leads to these samples (DDIM inversion).</summary>
    /// <param name="model">The model.</param>
    /// <param name="samples">Samples, (N, C, Y, X).</param>
    /// <param name="text">Their texts, N of them.</param>
    /// <param name="guidance">Guidance scale; 1 is no guidance.</param>
    /// <param name="progress">Told after each step.</param>
    /// <param name="cancellation">Looked at before each step.</param>
    /// <param name="channels">The channels to guide.</param>
    /// <param name="interval">The noise levels at which guidance acts; at all of them by default.</param>
    /// <param name="session">A session of this model, for one call after another; without it the weights are packed anew for each. It is of the weights as they were when it was made.</param>
    /// <returns>Noise in float32 on the model's device, (N, C, Y, X).</returns>
    /// <exception cref="NonFiniteSampleException">Noise of a sample is NaN or infinite.</exception>
    /// <exception cref="DitException">The method is not DDIM with eta 0, a shape or number is out of range, or the session is another model's.</exception>
    public Tensor Invert(
        TModel model,
        Tensor samples,
        TextEmbeddings text,
        double guidance = 1.0,
        IProgress<SamplingProgress>? progress = null,
        CancellationToken cancellation = default,
        GuidanceChannels channels = GuidanceChannels.FirstThree,
        GuidanceInterval? interval = null,
        InferenceSession<TextEmbeddings>? session = null) =>
        With(model, session, text, new(guidance, channels, interval), (denoiseAt, device) =>
        {
            using var x0 = Images(TModel.Card, nameof(samples), samples, CountOf(text), device);
            return Loop.Invert(denoiseAt, x0, progress, cancellation, null);
        });

    private Tensor With(TModel model, InferenceSession<TextEmbeddings>? session, TextEmbeddings text, GuidanceUse guidance, Func<Func<int, Denoiser>, Device, Tensor> run)
    {
        var n = CountOf(text);
        return With(model, TModel.Card, new(session, model.CreateSession), Conditions, guidance, run);

        SampleConditions<TextEmbeddings> Conditions(Device device)
        {
            var there = text.To(device);
            if (TModel.Card.Condition is ModelCondition.Text of) Guard.Text(TModel.Card.Name, there, there.Values, of.Tokens, of.Width, of.HasNull);
            return new(guidance.Acts ? there.WithNull().Select(values => values.narrow(0, 0, n + 1)) : there, [.. Enumerable.Range(0, n)], guidance.Acts ? n : null);
        }
    }

    private static int CountOf(TextEmbeddings text) => text.Values.shape is [> 0 and <= int.MaxValue and var n, _, _]
        ? (int)n
        : throw new DitException($"{TModel.Card.Name}: text must be embeddings of at least one text, (N, L, W), but has the shape ({string.Join(", ", text.Values.shape)}).");
}

/// <summary>Makes samplers of text-conditional models; generated code calls it.</summary>
public static class TextSampler
{
    /// <inheritdoc cref="Sampler.Ddpm{TModel}"/>
    public static TextSampler<TModel> Ddpm<TModel>(string name, int steps, bool clipDenoised = false)
        where TModel : nn.Module<Tensor, Tensor, TextEmbeddings, Tensor>, ITextConditionalModel<TModel> =>
        new(SamplerSettings.Ddpm(name, TModel.Diffusion, steps, clipDenoised));

    /// <inheritdoc cref="Sampler.Ddim{TModel}"/>
    public static TextSampler<TModel> Ddim<TModel>(string name, int steps, double eta = 0, bool clipDenoised = false)
        where TModel : nn.Module<Tensor, Tensor, TextEmbeddings, Tensor>, ITextConditionalModel<TModel> =>
        new(SamplerSettings.Ddim(name, TModel.Diffusion, steps, eta, clipDenoised));
}
