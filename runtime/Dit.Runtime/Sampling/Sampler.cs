using TorchSharp;
using static TorchSharp.torch;

namespace Dit.Runtime;

/// <summary>A named sampler of one class-conditional model, seen without the model's type.</summary>
public abstract class Sampler
{
    private protected Sampler(GaussianSampler loop) => Loop = loop;

    /// <summary>The name in the spec file, for instance <c>ddpm-250</c>.</summary>
    public string Name => Loop.Name;

    /// <summary>How it steps.</summary>
    public SamplingMethod Method => Loop.Method;

    /// <summary>Steps from noise to data.</summary>
    public int Steps => Loop.Steps;

    /// <summary>Calls of the network per image; under guidance each call is two passes.</summary>
    public int Evaluations => Loop.Steps;

    /// <summary>The loop itself, for a denoiser or noise of one's own.</summary>
    public GaussianSampler Loop { get; }

    /// <summary>The same method at another number of steps.</summary>
    /// <exception cref="DitException">The model's process has fewer timesteps.</exception>
    public abstract Sampler WithSteps(int steps);

    /// <summary>Draws one sample per label.</summary>
    /// <param name="model">The model this sampler belongs to.</param>
    /// <param name="labels">Classes, N of them.</param>
    /// <param name="guidance">Guidance scale; 1 is no guidance.</param>
    /// <param name="seed">The same seed gives the same samples.</param>
    /// <param name="progress">Told after each step.</param>
    /// <param name="cancellation">Looked at before each step.</param>
    /// <param name="channels">The channels to guide.</param>
    /// <param name="firstIndex">Index of the first sample in a larger run: sample i of a run is the same in whatever batch it is drawn.</param>
    /// <param name="observe">Shown the state after each step.</param>
    /// <returns>Samples in float32 on the model's device, (N, C, Y, X).</returns>
    /// <exception cref="DitException">The model is of another type, or a label or number is out of range.</exception>
    public abstract Tensor Sample(
        IClassConditionalModel model,
        IReadOnlyList<int> labels,
        double guidance = 1.0,
        long seed = 0,
        IProgress<SamplingProgress>? progress = null,
        CancellationToken cancellation = default,
        GuidanceChannels channels = GuidanceChannels.FirstThree,
        long firstIndex = 0,
        Action<SamplingState>? observe = null);

    /// <summary>Ancestral sampling over evenly spaced timesteps (DDPM; Improved DDPM, section 4).</summary>
    /// <param name="name">The name in the spec file.</param>
    /// <param name="process">The process the model is trained for.</param>
    /// <param name="steps">Steps, 1 to the process's timesteps.</param>
    /// <param name="clipDenoised">Whether the predicted data is clipped to [-1, 1] at each step; for pixels, not for latents.</param>
    /// <exception cref="DitException">The number of steps is out of range.</exception>
    public static Sampler<TModel> Ddpm<TModel>(string name, GaussianDiffusion process, int steps, bool clipDenoised = false)
        where TModel : nn.Module<Tensor, Tensor, Tensor, Tensor>, IClassConditionalModel<TModel> =>
        new(name, new SamplingMethod.Ddpm(), process, steps, clipDenoised);

    /// <summary>DDIM over every k-th timestep where a whole k gives exactly so many steps, else over evenly spaced ones.</summary>
    /// <param name="name">The name in the spec file.</param>
    /// <param name="process">The process the model is trained for.</param>
    /// <param name="steps">Steps, 1 to the process's timesteps.</param>
    /// <param name="eta">0 is deterministic, 1 has the variance of DDPM.</param>
    /// <param name="clipDenoised">Whether the predicted data is clipped to [-1, 1] at each step; for pixels, not for latents.</param>
    /// <exception cref="DitException">The number of steps or eta is out of range.</exception>
    public static Sampler<TModel> Ddim<TModel>(string name, GaussianDiffusion process, int steps, double eta = 0, bool clipDenoised = false)
        where TModel : nn.Module<Tensor, Tensor, Tensor, Tensor>, IClassConditionalModel<TModel> =>
        new(name, new SamplingMethod.Ddim(eta), process, steps, clipDenoised);
}
