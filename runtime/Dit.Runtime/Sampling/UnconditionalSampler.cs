using TorchSharp;
using static TorchSharp.torch;

namespace Dit.Runtime;

/// <summary>A named sampler of <typeparamref name="TModel"/>: it takes no other model, and no condition.</summary>
/// <typeparam name="TModel">A generated unconditional model.</typeparam>
public sealed class UnconditionalSampler<TModel> : Sampler
    where TModel : nn.Module<Tensor, Tensor, Tensor>, IUnconditionalModel<TModel>
{
    internal UnconditionalSampler(SamplerSettings settings) : base(settings) { }

    /// <inheritdoc/>
    public override UnconditionalSampler<TModel> WithSteps(int steps) => new(Settings.WithSteps(steps));

    /// <summary>Draws samples.</summary>
    /// <param name="model">The model.</param>
    /// <param name="count">How many, N.</param>
    /// <param name="seed">The same seed gives the same samples.</param>
    /// <param name="progress">Told after each step.</param>
    /// <param name="cancellation">Looked at before each step.</param>
    /// <param name="firstIndex">Index of the first sample in a larger run: sample i of a run is the same in whatever batch it is drawn.</param>
    /// <param name="observe">Shown the state after each step.</param>
    /// <param name="session">A session of this model, for one call after another; without it the weights are packed anew for each. It is of the weights as they were when it was made.</param>
    /// <param name="start">x_T, (N, C, Y, X), real, on any device; it stays the caller's. By default it is drawn. The noise that the steps draw of a seed does not depend on it.</param>
    /// <param name="noise">Where noise comes from instead of from <paramref name="seed"/> and <paramref name="firstIndex"/>: the start, unless that is given, then noise for each step that needs it; it stays the caller's.</param>
    /// <returns>Samples in float32 on the model's device, (N, C, Y, X).</returns>
    /// <exception cref="NonFiniteSampleException">A sample is NaN or infinite: which, from which step on, and which weight of the model is the cause.</exception>
    /// <exception cref="DitException">The count is not positive, or the session is another model's.</exception>
    public Tensor Sample(
        TModel model,
        int count,
        long seed = 0,
        IProgress<SamplingProgress>? progress = null,
        CancellationToken cancellation = default,
        long firstIndex = 0,
        Action<SamplingState>? observe = null,
        InferenceSession<NoCondition>? session = null,
        Tensor? start = null,
        INoiseSource? noise = null) =>
        With(model, session, count, (denoiseAt, device) =>
            Draw(denoiseAt, device, TModel.Card, count, new(seed, firstIndex, start, noise), progress, cancellation, observe));

    /// <summary>Finds the noise that leads to these samples (DDIM inversion).</summary>
    /// <param name="model">The model.</param>
    /// <param name="samples">Samples, (N, C, Y, X).</param>
    /// <param name="progress">Told after each step.</param>
    /// <param name="cancellation">Looked at before each step.</param>
    /// <param name="session">A session of this model, for one call after another; without it the weights are packed anew for each. It is of the weights as they were when it was made.</param>
    /// <returns>Noise in float32 on the model's device, (N, C, Y, X).</returns>
    /// <exception cref="NonFiniteSampleException">Noise of a sample is NaN or infinite.</exception>
    /// <exception cref="DitException">The method is not DDIM with eta 0, or the session is another model's.</exception>
    public Tensor Invert(TModel model, Tensor samples, IProgress<SamplingProgress>? progress = null, CancellationToken cancellation = default, InferenceSession<NoCondition>? session = null) =>
        With(model, session, CountOf(samples), (denoiseAt, device) =>
        {
            using var x0 = Images(TModel.Card, nameof(samples), samples, CountOf(samples), device);
            return Loop.Invert(denoiseAt, x0, progress, cancellation, null);
        });

    private Tensor With(TModel model, InferenceSession<NoCondition>? session, int count, Func<Func<int, Denoiser>, Device, Tensor> run) =>
        With(model, TModel.Card, new RunSession<NoCondition>(session, model.CreateSession), _ => new SampleConditions<NoCondition>(new(), new int[Math.Max(0, count)], null), GuidanceUse.None, run);

    // The shape is looked at later, with all of it.
    private static int CountOf(Tensor samples) => samples.dim() == 0 ? 0 : checked((int)samples.shape[0]);
}

/// <summary>Makes samplers of unconditional models; generated code calls it.</summary>
public static class UnconditionalSampler
{
    /// <inheritdoc cref="Sampler.Ddpm{TModel}"/>
    public static UnconditionalSampler<TModel> Ddpm<TModel>(string name, int steps, bool clipDenoised = false)
        where TModel : nn.Module<Tensor, Tensor, Tensor>, IUnconditionalModel<TModel> =>
        new(SamplerSettings.Ddpm(name, TModel.Diffusion, steps, clipDenoised));

    /// <inheritdoc cref="Sampler.Ddim{TModel}"/>
    public static UnconditionalSampler<TModel> Ddim<TModel>(string name, int steps, double eta = 0, bool clipDenoised = false)
        where TModel : nn.Module<Tensor, Tensor, Tensor>, IUnconditionalModel<TModel> =>
        new(SamplerSettings.Ddim(name, TModel.Diffusion, steps, eta, clipDenoised));
}
