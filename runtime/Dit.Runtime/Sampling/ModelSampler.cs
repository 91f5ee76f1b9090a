using System.Runtime.CompilerServices;
using TorchSharp;
using static TorchSharp.torch;

namespace Dit.Runtime;

/// <summary>A named sampler of <typeparamref name="TModel"/>: it takes no other model.</summary>
/// <typeparam name="TModel">A generated class-conditional model.</typeparam>
public sealed class Sampler<TModel> : Sampler
    where TModel : nn.Module<Tensor, Tensor, Tensor, Tensor>, IClassConditionalModel<TModel>
{
    internal Sampler(SamplerSettings settings) : base(settings) { }

    /// <inheritdoc/>
    public override Sampler<TModel> WithSteps(int steps) => new(Settings.WithSteps(steps));

    /// <summary>Draws one sample per label.</summary>
    /// <param name="model">The model.</param>
    /// <param name="labels">Classes, int64, (N,), on any device.</param>
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
    /// <exception cref="DitException">A label or number is out of range, or the session is another model's.</exception>
    public Tensor Sample(
        TModel model,
        Tensor labels,
        double guidance = 1.0,
        long seed = 0,
        IProgress<SamplingProgress>? progress = null,
        CancellationToken cancellation = default,
        GuidanceChannels channels = GuidanceChannels.FirstThree,
        long firstIndex = 0,
        Action<SamplingState>? observe = null,
        GuidanceInterval? interval = null,
        InferenceSession<ClassLabels>? session = null,
        Tensor? start = null,
        INoiseSource? noise = null) =>
        Sample(model, OnHost(labels), guidance, seed, progress, cancellation, channels, firstIndex, observe, interval, session, start, noise);

    /// <summary>Draws one sample per label.</summary>
    /// <param name="model">The model.</param>
    /// <param name="labels">Classes, N of them.</param>
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
    /// <exception cref="DitException">A label or number is out of range, or the session is another model's.</exception>
    /// <remarks>Preferred for an <c>int[]</c>, which converts to a tensor as well.</remarks>
    [OverloadResolutionPriority(1)]
    public Tensor Sample(
        TModel model,
        IReadOnlyList<int> labels,
        double guidance = 1.0,
        long seed = 0,
        IProgress<SamplingProgress>? progress = null,
        CancellationToken cancellation = default,
        GuidanceChannels channels = GuidanceChannels.FirstThree,
        long firstIndex = 0,
        Action<SamplingState>? observe = null,
        GuidanceInterval? interval = null,
        InferenceSession<ClassLabels>? session = null,
        Tensor? start = null,
        INoiseSource? noise = null) =>
        With(model, session, labels, new(guidance, channels, interval), (denoiseAt, device) =>
            Draw(denoiseAt, device, TModel.Card, labels.Count, new(seed, firstIndex, start, noise), progress, cancellation, observe));

    /// <summary>Finds the noise that leads to these samples (DDIM inversion).</summary>
    /// <param name="model">The model.</param>
    /// <param name="samples">Samples, (N, C, Y, X).</param>
    /// <param name="labels">Their classes, N of them.</param>
    /// <param name="guidance">Guidance scale; 1 is no guidance.</param>
    /// <param name="progress">Told after each step.</param>
    /// <param name="cancellation">Looked at before each step.</param>
    /// <param name="channels">The channels to guide.</param>
    /// <param name="interval">The noise levels at which guidance acts; at all of them by default.</param>
    /// <param name="session">A session of this model, for one call after another; without it the weights are packed anew for each. It is of the weights as they were when it was made.</param>
    /// <returns>Noise in float32 on the model's device, (N, C, Y, X).</returns>
    /// <exception cref="NonFiniteSampleException">Noise of a sample is NaN or infinite.</exception>
    /// <exception cref="DitException">The method is not DDIM with eta 0, a label or number is out of range, or the session is another model's.</exception>
    public Tensor Invert(
        TModel model,
        Tensor samples,
        IReadOnlyList<int> labels,
        double guidance = 1.0,
        IProgress<SamplingProgress>? progress = null,
        CancellationToken cancellation = default,
        GuidanceChannels channels = GuidanceChannels.FirstThree,
        GuidanceInterval? interval = null,
        InferenceSession<ClassLabels>? session = null) =>
        With(model, session, labels, new(guidance, channels, interval), (denoiseAt, device) =>
        {
            using var x0 = Images(TModel.Card, nameof(samples), samples, labels.Count, device);
            return Loop.Invert(denoiseAt, x0, progress, cancellation, null);
        });

    /// <summary>Binds labels and guidance to the model, and runs. Samples of one class share what is computed from it.</summary>
    private Tensor With(TModel model, InferenceSession<ClassLabels>? session, IReadOnlyList<int> labels, GuidanceUse guidance, Func<Func<int, Denoiser>, Device, Tensor> run)
    {
        RequireLabels(labels);
        int[] distinct = [.. labels.Concat(guidance.Acts ? [TModel.Card.NullClass] : []).Distinct().Order()];
        int[] rows = [.. labels.Select(label => Array.IndexOf(distinct, label))];
        return With(model, TModel.Card, new(session, model.CreateSession), Conditions, guidance, run);

        SampleConditions<ClassLabels> Conditions(Device device) => new(
            new(tensor(Array.ConvertAll(distinct, static label => (long)label), device: device)),
            rows,
            guidance.Acts ? Array.IndexOf(distinct, TModel.Card.NullClass) : null);
    }

    private static void RequireLabels(IReadOnlyList<int> labels)
    {
        var card = TModel.Card;
        if (labels.Count == 0)
            throw new DitException($"No label was given: {card.Name} draws one sample per label.");
        foreach (var label in labels)
        {
            if (!Guard.IsLabel(card, label)) throw new DitException($"Label {label} does not exist: {Guard.LabelsOf(card)}.");
        }
    }

    private static int[] OnHost(Tensor labels)
    {
        if (labels.dim() != 1 || !labels.is_integral() || labels.dtype == ScalarType.Bool)
            throw new DitException($"Labels of type {labels.dtype} and shape ({string.Join(", ", labels.shape)}) were given: they must be whole numbers, (N,).");
        using var scope = NewDisposeScope();
        return [.. labels.to(ScalarType.Int64, CPU).data<long>().Select(label => (int)Math.Clamp(label, int.MinValue, int.MaxValue))];
    }
}
