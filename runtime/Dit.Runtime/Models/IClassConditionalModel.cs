using TorchSharp;
using static TorchSharp.torch;

namespace Dit.Runtime;

/// <summary>A denoiser conditioned on class labels, as every generated class-conditional model is.</summary>
public interface IClassConditionalModel : IDisposable
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
}

/// <summary>What the type of a generated class-conditional model offers without an instance.</summary>
/// <typeparam name="TSelf">The generated model.</typeparam>
public interface IClassConditionalModel<TSelf> : IClassConditionalModel
    where TSelf : nn.Module<Tensor, Tensor, Tensor, Tensor>, IClassConditionalModel<TSelf>
{
    /// <summary>The model's constants.</summary>
    static abstract ModelCard Card { get; }

    /// <summary>The diffusion process the model is trained for.</summary>
    static abstract GaussianDiffusion Diffusion { get; }

    /// <summary>Every tensor of a checkpoint, in the order of the state dict.</summary>
    static abstract IReadOnlyList<CheckpointEntry> CheckpointMap { get; }

    /// <summary>The samplers declared in the spec, in its order.</summary>
    static abstract IReadOnlyList<Sampler<TSelf>> AllSamplers { get; }

    /// <summary>A new model with the paper's initialisation.</summary>
    /// <param name="device">Where the parameters live; the CPU by default.</param>
    /// <param name="dtype">Type of the parameters; float32 by default.</param>
    /// <param name="seed">The same seed gives the same parameters.</param>
    static abstract TSelf Create(Device? device = null, ScalarType? dtype = null, long seed = 0);

    /// <summary>A model with the parameters of a checkpoint: every name and shape must match.</summary>
    /// <param name="path">A <c>.safetensors</c> or <c>.pt</c> file.</param>
    /// <param name="device">Where the parameters live; the CPU by default.</param>
    /// <param name="dtype">Type of the parameters; float32 by default.</param>
    /// <exception cref="DitException">The file cannot be read, or its tensors are not this model's.</exception>
    static abstract TSelf Load(string path, Device? device = null, ScalarType? dtype = null);
}
