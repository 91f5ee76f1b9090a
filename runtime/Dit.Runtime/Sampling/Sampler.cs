using TorchSharp;
using static TorchSharp.torch;

namespace Dit.Runtime;

/// <summary>A named sampler, seen without the type of its model: what it is called and does. Only <see cref="Sampler{TModel}"/> draws.</summary>
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
